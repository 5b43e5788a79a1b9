#!/usr/bin/env node
/**
 * How the gateway's cost changes with what it carries: connections, links, vendor latency. One gateway for each setting, one
 * after the other; the figures are CPU time per ClinikAPI update and requests per second. See docs/performance.md.
 */
import type { ChildProcess } from 'node:child_process';
import { Command } from 'commander';
import { createPostgresDatabase } from '../test/support/postgres';
import { ask, Children, cpuMicros, memoryMb, originOf } from './children';
import {
  authorizationsOf,
  gatewayTraffic,
  prepareGateway,
  type RunningGateway,
  staffIds,
  startGateway,
} from './gateway';
import type { ClosedLoop, LoadReport } from './load';
import { markdownTable } from './report';
import type { Traffic } from './traffic';
import { workFolder } from './workFolder';

interface Setting {
  title: string;
  connections: number;
  links: number;
  vendorLatencyMs: number;
  vendorConnections?: number;
  /** Gateways that share a PostgreSQL; absent: one with SQLite. */
  replicas?: number;
}

const USUAL = { connections: 32, links: 1000, vendorLatencyMs: 0 };
/** How many links the load goes through; more would only measure the load generator. */
const LOADED_LINKS = 20_000;
const TURN_SECONDS = 5;
const WARM_UP_CONNECTIONS = 200;

const SERIES: Readonly<Record<string, readonly Setting[]>> = {
  connections: [1, 8, 64, 256].map((connections) => ({
    ...USUAL,
    connections,
    title: `${connections} connections`,
  })),
  links: [1000, 1_000_000].map((links) => ({ ...USUAL, links, title: `${links} links` })),
  latency: [0, 50, 500].map((vendorLatencyMs) => ({
    ...USUAL,
    vendorLatencyMs,
    links: 5000,
    connections: vendorLatencyMs === 500 ? 2000 : 200,
    title: `vendor latency ${vendorLatencyMs} ms`,
  })),
  vendors: [1, 50].map((vendorConnections) => ({
    ...USUAL,
    vendorConnections,
    title: `${vendorConnections} vendor connections`,
  })),
  replicas: [1, 2].map((replicas) => ({ ...USUAL, replicas, title: `${replicas} on one PostgreSQL` })),
};

/** Not one of the series, since it takes minutes: 200,000 requests, and what the process holds on the way. */
const ENDURANCE = 'endurance';
const ENDURANCE_STEPS = 10;
const ENDURANCE_STEP_REQUESTS = 20_000;

async function main(series: string[]): Promise<void> {
  if (series.includes(ENDURANCE)) return endurance();
  const names = series.length > 0 ? series : Object.keys(SERIES);
  const rows: string[][] = [];
  for (const setting of names.flatMap((name) => SERIES[name] ?? [])) {
    process.stderr.write(`${setting.title}\n`);
    const row = await measured(setting);
    process.stderr.write(`  ${row.slice(1).join(' · ')}\n`);
    rows.push(row);
  }
  console.log(
    markdownTable(
      [
        'Setting',
        'in flight',
        'CPU µs/request',
        'requests/s',
        'vendor allows at most',
        'RSS MB',
        'start to ready, s',
      ],
      rows,
    ),
  );
}

async function measured(setting: Setting): Promise<string[]> {
  const { connections, links, vendorLatencyMs, vendorConnections = 1, replicas } = setting;
  const children = new Children();
  const { folder, remove } = workFolder(children);
  const database = replicas === undefined ? undefined : await createPostgresDatabase();
  try {
    const stub = children.fork('vendor stub', 'stub.js', { STUB_LATENCY_MS: String(vendorLatencyMs) });
    const vendorUrl = await originOf(stub);
    await prepareGateway({
      folder,
      vendorUrl,
      links,
      providers: 32,
      vendorConnections,
      maxConcurrent: Math.max(100, connections),
      ...(database && { storeUrl: database.url }),
    });
    const gateways: Loaded[] = [];
    for (let replica = 0; replica < (replicas ?? 1); replica += 1) {
      gateways.push({
        load: children.fork(`load ${replica}`, 'load.js'),
        gateway: await startGateway(children, folder),
        traffic: trafficOf(setting, replica),
      });
    }
    // As much for each process: code that is not compiled yet costs several times as much.
    // And not all at once: thousands of first requests at code that has never run would only measure how long it is stuck.
    const few = { ...setting, connections: Math.min(connections, WARM_UP_CONNECTIONS) };
    const warmUp = await loaded(gateways, few, gateways.length * Math.max(4000, connections * 3));
    const before = cpuOf(gateways);
    const report = await loaded(
      gateways,
      setting,
      Math.max(connections * 4, Math.round(warmUp.perSecond * TURN_SECONDS)),
    );
    const cpu = (cpuOf(gateways) - before) / report.requests;
    const bound = vendorLatencyMs > 0 ? `${((connections * 1000) / vendorLatencyMs).toFixed(0)}/s` : '–';
    return [
      setting.title,
      String(connections),
      cpu.toFixed(0),
      report.perSecond.toFixed(0),
      bound,
      gateways.map(({ gateway }) => memoryMb(gateway.pid, 'VmHWM').toFixed(0)).join(' + '),
      gateways.map(({ gateway }) => gateway.startSeconds.toFixed(2)).join(', '),
    ];
  } finally {
    await children.stopAll();
    await database?.drop();
    remove();
  }
}

async function endurance(): Promise<void> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  const setting: Setting = { ...USUAL, title: ENDURANCE };
  try {
    const vendorUrl = await originOf(children.fork('vendor stub', 'stub.js'));
    await prepareGateway({ folder, vendorUrl, links: setting.links, providers: 32 });
    const gateway = await startGateway(children, folder);
    const gateways = [{ load: children.fork('load', 'load.js'), gateway, traffic: trafficOf(setting, 0) }];
    const rows: string[][] = [];
    for (let step = 1; step <= ENDURANCE_STEPS; step += 1) {
      const before = cpuOf(gateways);
      const { requests, perSecond } = await loaded(gateways, setting, ENDURANCE_STEP_REQUESTS);
      rows.push([
        String(step * ENDURANCE_STEP_REQUESTS),
        ((cpuOf(gateways) - before) / requests).toFixed(0),
        perSecond.toFixed(0),
        memoryMb(gateway.pid, 'VmRSS').toFixed(0),
        memoryMb(gateway.pid, 'VmHWM').toFixed(0),
      ]);
      process.stderr.write(`${rows.at(-1)?.join(' · ')}\n`);
    }
    console.log(markdownTable(['Requests', 'CPU µs/request', 'requests/s', 'RSS MB', 'peak RSS MB'], rows));
  } finally {
    await children.stopAll();
    remove();
  }
}

interface Loaded {
  load: ChildProcess;
  gateway: RunningGateway;
  traffic: Omit<Traffic, 'origin'>;
}

/** Spread over the whole table, so that the store and not its first pages are measured; to each replica its own records. */
function trafficOf({ links, vendorConnections, replicas = 1 }: Setting, replica: number): Loaded['traffic'] {
  const step = Math.max(1, Math.floor(links / LOADED_LINKS));
  const ids = staffIds(links).filter(
    (_, index) => index % step === 0 && (index / step) % replicas === replica,
  );
  return {
    ...gatewayTraffic('', 'clinikapi', ids),
    ...(vendorConnections !== undefined && { authorizations: authorizationsOf({ vendorConnections }) }),
  };
}

async function loaded(gateways: readonly Loaded[], { title, connections }: Setting, requests: number) {
  const share = gateways.length;
  const reports = await Promise.all(
    gateways.map(({ load, gateway, traffic }) => {
      const order: ClosedLoop = {
        kind: 'closed',
        traffic: { ...traffic, origin: gateway.origin },
        connections: Math.ceil(connections / share),
        requests: Math.ceil(requests / share),
      };
      return ask<LoadReport>(load, order);
    }),
  );
  const complaints = reports.flatMap((report) => report.complaints);
  if (complaints.length > 0) throw new Error(`${title}: ${complaints.join('; ')}`);
  return {
    requests: reports.reduce((sum, report) => sum + report.requests, 0),
    perSecond: reports.reduce((sum, report) => sum + report.requests / report.seconds, 0),
  };
}

function cpuOf(gateways: readonly Loaded[]): number {
  return gateways.reduce((sum, { gateway }) => sum + cpuMicros(gateway.pid), 0);
}

new Command('bench-scale')
  .description('measures the gateway under more and more of one thing')
  .argument('[series...]', `of ${Object.keys(SERIES).join(', ')}, which are the default, or ${ENDURANCE}`)
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
