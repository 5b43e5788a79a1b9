#!/usr/bin/env node
/**
 * What each route costs where the store is large: links, rows of the audit, and a hundredth as many queued updates, at a thousandth, a
 * hundredth and a tenth of the size and at all of it; and for how long each holds up the process.
 * `node dist/bench/large.js [size]`, by default 1,000,000, which takes some ten minutes; draws `bench/large.svg`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { Children, cpuMicros, originOf } from './children';
import { CLINICS, OPERATOR_KEY, prepareGateway, type RunningGateway, startGateway } from './gateway';
import { type LargeRoute, largeRoutes } from './largeRoutes';
import { fillStore } from './largeStore';
import { markdownTable } from './report';
import { seriesChart } from './seriesChart';
import { spread } from './statistics';
import { ROOT, workFolder } from './workFolder';

const ROUNDS = 3;
const TIMES = 100;
/** Until the process has told of the last time that it was held up. */
const TOLD_MS = 20;
/** What may hold up the process, in milliseconds. */
const MOST_MS = 20;

const GROUPS: readonly (readonly [LargeRoute['group'], string])[] = [
  ['staff', 'Staff, links and queued updates'],
  ['changes', 'The audit of one clinic'],
  ['operators', 'Metrics and the operators’ console'],
  ['streams', 'Streams and exports: as much as there is'],
];

/** One for each round. */
interface Figures {
  route: LargeRoute;
  /** Processor time of a request. */
  cpuMs: number[];
  /** From sending it to the answer. */
  ms: number[];
  /** For how long the main thread was held up at most, without what it waited for a processor. */
  held: number[];
}

async function main(size: number): Promise<void> {
  const sizes = [1000, 100, 10, 1].map((part) => Math.max(100, Math.round(size / part)));
  const measured: Map<string, Figures>[] = [];
  for (const each of sizes) measured.push(await measuredAt(each));
  const largest = [...(measured.at(-1)?.values() ?? [])];
  const at = (title: string) => measured.map((figures) => figures.get(title));
  const rows = largest.map(({ route: { title }, held }) => [
    title,
    ...at(title).map((figures) => least(figures?.cpuMs).toFixed(2)),
    least(at(title).at(-1)?.ms).toFixed(1),
    usual(held).toFixed(1),
  ]);
  const header = [
    'CPU ms of a request, by size',
    ...sizes.map((each) => each.toLocaleString('en')),
    'ms to the answer',
    'held up, ms',
  ];
  console.log(markdownTable(header, rows));
  const drawn = GROUPS.map(([group, title]) => ({
    title,
    series: largest.flatMap(({ route }) =>
      route.group === group
        ? {
            title: route.title,
            points: at(route.title).map((figures, index): [number, number] => [
              sizes[index] ?? Number.NaN,
              least(figures?.cpuMs),
            ]),
          }
        : [],
    ),
  }));
  writeFileSync(
    join(ROOT, 'bench/large.svg'),
    seriesChart('CPU time of a request by the size of the store, ms', drawn),
  );
  const late = largest.filter(({ held }) => usual(held) > MOST_MS);
  for (const { route, held } of late)
    console.log(`held up for more than ${MOST_MS} ms: ${route.title}: ${held.join(', ')}`);
  if (late.length > 0) process.exitCode = 1;
}

function least(values: readonly number[] = []): number {
  return spread(values).min;
}

/** What holds up the process does so in each round; a machine that stops for a moment, in one. */
function usual(held: readonly number[]): number {
  return spread(held).median;
}

function most(values: readonly number[]): number {
  return Math.max(0, ...values);
}

async function measuredAt(size: number): Promise<Map<string, Figures>> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  try {
    process.stderr.write(`${size} links, ${size} rows of the audit, ${size / 100} queued updates\n`);
    const vendorUrl = await originOf(children.fork('vendor stub', 'stub.js'));
    const own = join(folder, 'large');
    mkdirSync(own);
    await prepareGateway({ folder: own, vendorUrl, links: size, providers: 32 });
    const operationId = await fillStore(`sqlite:${join(own, 'gateway.db')}`, size);
    const heldFile = join(own, 'held');
    const gateway = await startGateway(children, own, {
      nodeArgs: ['--require', join(__dirname, 'subjects/held.js')],
      env: { BENCH_HELD: heldFile },
    });
    process.stderr.write(`started in ${gateway.startSeconds.toFixed(2)} s\n`);
    const session = await signedIn(gateway);
    const figures = new Map<string, Figures>();
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const route of largeRoutes(size, operationId)) {
        const found = figures.get(route.title) ?? { route, cpuMs: [], ms: [], held: [] };
        figures.set(route.title, found);
        const { cpuMs, ms, from } = await measure(gateway, route, round, session);
        // The first round only warms up.
        if (round === 0) continue;
        found.cpuMs.push(cpuMs);
        found.ms.push(ms);
        found.held.push(heldSince(heldFile, from));
      }
    }
    return figures;
  } finally {
    await children.stopAll();
    remove();
  }
}

/** The cookie of a session in the console. */
async function signedIn({ opsOrigin }: RunningGateway): Promise<string> {
  const answer = await fetch(`${opsOrigin}/console/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: OPERATOR_KEY }),
  });
  if (answer.status !== 201) throw new Error(`signing in: ${answer.status}`);
  return (answer.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
}

async function measure(gateway: RunningGateway, route: LargeRoute, round: number, session: string) {
  const { title, isOps, method, path, body, headers, clinic = 'clinikapi', times = TIMES } = route;
  const client = new Pool(isOps ? gateway.opsOrigin : gateway.origin, { connections: 1 });
  const own = isOps ? { cookie: session } : { authorization: `Bearer ${CLINICS[clinic].key}` };
  const ask = async (index: number) => {
    const json = body && JSON.stringify(body(index));
    const answer = await client.request({
      method,
      path: path(index),
      headers: { ...own, ...(json && { 'content-type': 'application/json' }), ...headers?.(index) },
      body: json ?? null,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new Error(`${title}: ${answer.statusCode} ${text.slice(0, 300)}`);
  };
  try {
    const from = Date.now();
    const before = cpuMicros(gateway.pid);
    const took: number[] = [];
    for (let index = round * times; index < (round + 1) * times; index += 1) {
      const started = performance.now();
      await ask(index);
      took.push(performance.now() - started);
    }
    const cpuMs = (cpuMicros(gateway.pid) - before) / 1000 / times;
    await sleep(TOLD_MS);
    return {
      cpuMs,
      ms: spread(took).median,
      from,
    };
  } finally {
    await client.close();
  }
}

function heldSince(file: string, from: number): number {
  if (!existsSync(file)) return 0;
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  return most(lines.flatMap(([end = 0, held = 0]) => (end > from ? [held] : [])));
}

main(Number(process.argv[2] ?? 1_000_000)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
