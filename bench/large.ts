#!/usr/bin/env node
/**
 * What each route costs where the store is large: links, rows of the audit, and a hundredth as many queued updates, at a tenth of
 * the size and at all of it. Beside each route `/healthz` is asked all the time: how late it is shows what holds up the process.
 * `node dist/bench/large.js [size]`, by default 1,000,000, which takes some minutes; draws `bench/large.svg`.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { auditKeys } from '../src/store/auditKeys';
import { act } from '../src/store/changes';
import { openDatabase } from '../src/store/database';
import { createJournal } from '../src/store/journal';
import { createOperations } from '../src/store/operations';
import { type Series, seriesChart } from './chart';
import { Children, cpuMicros, originOf } from './children';
import { AUDIT_KEY, CLINICS, prepareGateway, type RunningGateway, startGateway } from './gateway';
import { markdownTable } from './report';
import { spread } from './statistics';
import { ROOT, workFolder } from './workFolder';

const TIMES = 40;
const BATCH = 2000;
const PROBE_EVERY_MS = 3;
/** What may hold up the process, in milliseconds. */
const MOST_MS = 20;

interface Route {
  title: string;
  method: 'GET' | 'PATCH' | 'PUT';
  /** For the request with this number. */
  path: (index: number) => string;
  body?: (index: number) => object;
  headers?: () => Record<string, string>;
  clinic?: keyof typeof CLINICS;
}

function routesOf(size: number, operationId: string): Route[] {
  const staff = (index: number) => `/staff/st-${1 + ((index * 7919) % size)}`;
  const changes = (query: string) => ({
    title: `GET /changes?${query}`,
    method: 'GET' as const,
    path: () => `/changes?${query}`,
  });
  return [
    { title: 'GET /staff/:id', method: 'GET', path: staff },
    {
      title: 'PATCH /staff/:id',
      method: 'PATCH',
      path: staff,
      body: (index) => ({ status: index % 2 === 0 ? 'inactive' : 'active' }),
    },
    {
      title: 'PATCH /staff/:id, queued',
      method: 'PATCH',
      path: (index) => staff(index + 4 * TIMES),
      body: () => ({ status: 'active' }),
      headers: () => ({ prefer: 'respond-async' }),
    },
    {
      title: 'PATCH /staff/:id with a new Idempotency-Key',
      method: 'PATCH',
      path: staff,
      body: () => ({ status: 'active' }),
      headers: () => ({ 'idempotency-key': randomUUID() }),
    },
    { title: 'GET /staff/:id/links', method: 'GET', path: (index) => `${staff(index)}/links` },
    {
      title: 'PUT /staff/:id/links/:vendor',
      method: 'PUT',
      path: (index) => `/staff/new-${index}/links/${CLINICS.clinikapi.vendor}`,
      body: (index) => ({ vendorRecordId: `pr_new_${index}` }),
    },
    { title: 'GET /operations/:id', method: 'GET', path: () => `/operations/${operationId}` },
    { title: 'GET /staff, of another clinic', method: 'GET', path: () => '/staff', clinic: 'cobalt' },
    changes('limit=50'),
    changes('kind=all'),
    changes('staffId=st-7'),
    changes('staffId=st-none'),
    changes('caller=bench-north'),
    changes('caller=retired-app'),
    changes('outcome=failed'),
    changes('outcome=unknown'),
    changes(`vendor=${CLINICS.clinikapi.vendor}`),
    changes('since=2026-01-01T00:10:00Z&until=2026-01-01T00:20:00Z'),
    { title: 'GET /readyz', method: 'GET', path: () => '/readyz' },
  ];
}

async function main(size: number): Promise<void> {
  const sizes = [size / 100, size / 10, size].map((part) => Math.max(100, Math.round(part)));
  const measured: { size: number; routes: Map<string, Figures> }[] = [];
  for (const each of sizes) measured.push({ size: each, routes: await measuredAt(each) });
  const titles = [...(measured[0]?.routes.keys() ?? [])];
  const rows = titles.map((title) => [
    title,
    ...measured.map(({ routes }) => shown(routes.get(title))),
    (measured.at(-1)?.routes.get(title)?.late ?? Number.NaN).toFixed(1),
  ]);
  console.log(
    markdownTable(
      ['CPU ms of a request, and from sending to the answer', ...sizes.map(String), 'held up, ms'],
      rows,
    ),
  );
  const series: Series[] = titles.map((title) => ({
    title,
    points: measured.map(({ size: at, routes }) => [at, routes.get(title)?.cpuMs ?? Number.NaN]),
  }));
  writeFileSync(
    join(ROOT, 'bench/large.svg'),
    seriesChart('CPU time of a request by the size of the store, ms', series),
  );
  const late = rows.filter((row) => Number(row.at(-1)) > MOST_MS);
  if (late.length > 0) process.exitCode = 1;
}

interface Figures {
  cpuMs: number;
  ms: number;
  /** How late a probe was at most. */
  late: number;
}

function shown(figures: Figures | undefined): string {
  return figures ? `${figures.cpuMs.toFixed(2)}, ${figures.ms.toFixed(1)}` : '–';
}

async function measuredAt(size: number): Promise<Map<string, Figures>> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  try {
    process.stderr.write(`${size} links, ${size} rows of the audit, ${size / 100} queued updates\n`);
    const vendorUrl = await originOf(children.fork('vendor stub', 'stub.js'));
    const own = join(folder, 'large');
    mkdirSync(own);
    const started = performance.now();
    await prepareGateway({ folder: own, vendorUrl, links: size, providers: 32 });
    process.stderr.write(
      `links imported in ${((performance.now() - started) / 1000).toFixed(1)} s, three a staff id\n`,
    );
    const operationId = await fill(`sqlite:${join(own, 'gateway.db')}`, size);
    const gateway = await startGateway(children, own);
    process.stderr.write(`started in ${gateway.startSeconds.toFixed(2)} s\n`);
    const figures = new Map<string, Figures>();
    for (const route of routesOf(size, operationId)) figures.set(route.title, await measure(gateway, route));
    return figures;
  } finally {
    await children.stopAll();
    remove();
  }
}

/** @returns the id of a queued operation */
async function fill(storeUrl: string, size: number): Promise<string> {
  const database = await openDatabase(storeUrl);
  const keys = auditKeys([AUDIT_KEY]);
  const journal = createJournal(database, {
    values: { kind: 'hashed', salt: 'bench' },
    keys,
    keyTtlMs: 1000,
  });
  const { clinic, vendor } = CLINICS.clinikapi;
  try {
    for (let from = 0; from < size; from += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, size - from) }, (_, index) => from + index);
      await Promise.all(indexes.map((index) => journal.end({ change: rowAt(index) })));
    }
    const operations = createOperations(database);
    let last = '';
    for (let index = 0; index < size / 100; index += 1) {
      const queued = await operations.enqueue({
        ...{ clinic, staffId: `queued-${index}`, caller: 'bench-north', requestId: `r-${index}` },
        patch: JSON.stringify({ changes: [{ field: 'status', value: 'active' }], members: ['status'] }),
        ...{ lenient: false, settle: false, target: { vendor, vendorRecordId: `pr_${index}` } },
      });
      last = queued.id;
    }
    // They stay where they are for as long as this takes.
    const later = new Date(Date.now() + 86_400_000).toISOString();
    await database.db.updateTable('operations').set({ available_at: later }).execute();
    return last;
  } finally {
    await journal.close();
    await database.close();
  }
}

function rowAt(index: number) {
  const { clinic, vendor } = CLINICS.clinikapi;
  return act({
    kind: 'update',
    at: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
    requestId: `r-${index}`,
    clinic,
    // What is rare is among the oldest, far from where a search begins.
    caller: index < 50 ? 'retired-app' : 'bench-north',
    staffId: `st-${index % 5000}`,
    vendor,
    vendorRecordId: `pr_${index % 5000}`,
    outcome: index % 1000 === 3 ? 'failed' : 'success',
    status: 200,
    durationMs: 3,
    fields: { '/status': 'verified' },
    values: { '/status': 'active' },
  });
}

async function measure({ origin, pid }: RunningGateway, route: Route): Promise<Figures> {
  const client = new Pool(origin, { connections: 4 });
  const probe = watchHealth(origin);
  const { method, path, body, headers, clinic = 'clinikapi' } = route;
  const authorization = `Bearer ${CLINICS[clinic].key}`;
  const ask = async (index: number) => {
    const json = body && JSON.stringify(body(index));
    const answer = await client.request({
      method,
      path: path(index),
      headers: { authorization, ...(json && { 'content-type': 'application/json' }), ...headers?.() },
      body: json ?? null,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400)
      throw new Error(`${route.title}: ${answer.statusCode} ${text.slice(0, 300)}`);
  };
  try {
    for (let index = 0; index < TIMES; index += 1) await ask(index);
    probe.begin();
    const before = cpuMicros(pid);
    const times: number[] = [];
    for (let index = TIMES; index < 2 * TIMES; index += 1) {
      const started = performance.now();
      await ask(index);
      times.push(performance.now() - started);
    }
    // Without what the probes take, which is the same for every route.
    const cpuMs = (cpuMicros(pid) - before) / 1000 / times.length;
    return { cpuMs, ms: spread(times).median, late: probe.late() };
  } finally {
    await probe.end();
    await client.close();
  }
}

function watchHealth(origin: string) {
  const client = new Pool(origin, { connections: 1 });
  let going = true;
  let late = 0;
  const done = (async () => {
    while (going) {
      const started = performance.now();
      const { body } = await client.request({ method: 'GET', path: '/healthz' });
      await body.dump();
      late = Math.max(late, performance.now() - started);
      await sleep(PROBE_EVERY_MS);
    }
  })();
  return {
    begin: () => {
      late = 0;
    },
    late: () => late,
    end: async () => {
      going = false;
      await done;
      await client.close();
    },
  };
}

main(Number(process.argv[2] ?? 1_000_000)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
