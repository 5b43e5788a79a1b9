#!/usr/bin/env node
/**
 * How the gateway's cost changes with what it carries: connections, links, vendor latency. One gateway for each setting, one
 * after the other; the figures are CPU time per ClinikAPI update and requests per second. See docs/performance.md.
 */
import { Command } from 'commander';
import { ask, Children, cpuMicros, memoryMb, originOf } from './children';
import { gatewayTraffic, prepareGateway, staffIds, startGateway } from './gateway';
import type { ClosedLoop, LoadReport } from './load';
import { workFolder } from './measure';
import { markdownTable } from './report';

interface Setting {
  title: string;
  connections: number;
  links: number;
  vendorLatencyMs: number;
}

const USUAL = { connections: 32, links: 1000, vendorLatencyMs: 0 };
/** How many links the load goes through; more would only measure the load generator. */
const LOADED_LINKS = 20_000;
const TURN_SECONDS = 5;

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
};

async function main(series: string[]): Promise<void> {
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
      ['Setting', 'in flight', 'CPU µs/request', 'requests/s', 'vendor allows at most', 'RSS MB'],
      rows,
    ),
  );
}

async function measured(setting: Setting): Promise<string[]> {
  const { connections, links, vendorLatencyMs } = setting;
  const children = new Children();
  const { folder, remove } = workFolder(children);
  try {
    const stub = children.fork('vendor stub', 'stub.js', { STUB_LATENCY_MS: String(vendorLatencyMs) });
    const load = children.fork('load', 'load.js');
    const vendorUrl = await originOf(stub);
    await prepareGateway({
      folder,
      vendorUrl,
      links,
      providers: 32,
      maxConcurrent: Math.max(100, connections),
    });
    const { pid, origin } = await startGateway(children, folder);
    const ids = staffIds(links);
    // Spread over the whole table, so that the store and not its first pages are measured.
    const step = Math.max(1, Math.floor(links / LOADED_LINKS));
    const traffic = gatewayTraffic(
      origin,
      'clinikapi',
      ids.filter((_, index) => index % step === 0),
    );
    const loaded = async (requests: number) => {
      const order: ClosedLoop = { kind: 'closed', traffic, connections, requests };
      const report = await ask<LoadReport>(load, order);
      if (report.complaints.length > 0) throw new Error(`${setting.title}: ${report.complaints.join('; ')}`);
      return report;
    };
    const warmUp = await loaded(Math.max(2000, connections * 3));
    const before = cpuMicros(pid);
    const report = await loaded(
      Math.max(connections * 4, Math.round((warmUp.requests / warmUp.seconds) * TURN_SECONDS)),
    );
    const cpu = (cpuMicros(pid) - before) / report.requests;
    const bound = vendorLatencyMs > 0 ? `${((connections * 1000) / vendorLatencyMs).toFixed(0)}/s` : '–';
    return [
      setting.title,
      String(connections),
      cpu.toFixed(0),
      (report.requests / report.seconds).toFixed(0),
      bound,
      memoryMb(pid, 'VmHWM').toFixed(0),
    ];
  } finally {
    await children.stopAll();
    remove();
  }
}

new Command('bench-scale')
  .description('measures the gateway under more and more of one thing')
  .argument('[series...]', `of ${Object.keys(SERIES).join(', ')}; default: all`)
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
