/**
 * What a mirror costs the callers of its clinic: the same updates at the same rate with no mirror, with one that works and with ones
 * that do not, in turns on one machine. Counts transactions and processor time, which do not depend on what else the machine
 * does, beside the times of the answers, which do.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { member } from '../../src/lib/json';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { createTestDatabase } from '../support/engines';
import { type GatewayProcess, startGatewayProcess, TYPESCRIPT } from '../support/gatewayProcess';
import { connectionAt, soakConfiguration } from './configuration';
import { freePort } from './ports';
import { sendSteadily } from './steady';

const TARGETS = ['none', 'healthy', 'hung', 'failing', 'refusing'] as const;
export type Target = (typeof TARGETS)[number];

export interface MirrorCostOptions {
  engine: 'sqlite' | 'postgres';
  rounds: number;
  /** Of each target in each round. */
  seconds: number;
  perSecond: number;
  onProgress?: (line: string) => void;
}

/** What one target took in one round. Times are milliseconds. */
export interface MirrorCost {
  median: number;
  p99: number;
  /** Of the store, for each update of a caller. */
  commits: number;
  /** Processor time of the gateway, for each update of a caller. */
  cpu: number;
  /** Answers that are not the ones without a mirror. */
  wrong: number;
  /** Updates that had reached the mirror when the last caller had its answer. */
  reached: number;
}

const OPEN_LIMIT = 1_000_000;
const STAFF = 200;
const WARM_UP_S = 2;
/** Of the clock in which Linux tells processor time. */
const TICK_MS = 10;

/** For each target what it took in each round. */
export async function measureMirror(options: MirrorCostOptions): Promise<Map<Target, MirrorCost[]>> {
  const found = new Map<Target, MirrorCost[]>(TARGETS.map((target) => [target, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const target of TARGETS) {
      const cost = await measureTarget(target, options);
      found.get(target)?.push(cost);
      options.onProgress?.(`${options.engine}, round ${round + 1}, ${target}: ${told(cost)}`);
    }
  }
  return found;
}

function told({ median, p99, commits, cpu, wrong, reached }: MirrorCost): string {
  return (
    `median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${commits.toFixed(2)} commits and ` +
    `${cpu.toFixed(2)} ms of the processor an update, ${wrong} wrong answers, ${reached} at the mirror`
  );
}

/** One line for each target: against none, by the middle of the rounds and by the least of them, which the machine disturbs least. */
export function compareMirrors(
  costs: ReadonlyMap<Target, readonly MirrorCost[]>,
): { line: string; right: boolean }[] {
  return TARGETS.map((target) => {
    const of = (name: Target, figure: keyof MirrorCost) =>
      (costs.get(name) ?? []).map((cost) => cost[figure]).sort((a, b) => a - b);
    const middle = (name: Target, figure: keyof MirrorCost) => {
      const values = of(name, figure);
      return values[values.length >> 1] ?? 0;
    };
    const least = (name: Target, figure: keyof MirrorCost) => of(name, figure)[0] ?? 0;
    const ratio = (pick: typeof middle, figure: keyof MirrorCost) =>
      (pick(target, figure) / pick('none', figure)).toFixed(2);
    const wrong = of(target, 'wrong').reduce((sum, count) => sum + count, 0);
    const line =
      `mirror ${target}: ${middle(target, 'commits').toFixed(2)} commits and ` +
      `${middle(target, 'cpu').toFixed(2)} ms of the processor an update; against none: median × ${ratio(middle, 'median')}, ` +
      `p99 × ${ratio(middle, 'p99')}, least of the rounds × ${ratio(least, 'median')} and × ${ratio(least, 'p99')}; ` +
      `${wrong} wrong answers`;
    return { line, right: wrong === 0 };
  });
}

async function measureTarget(target: Target, options: MirrorCostOptions): Promise<MirrorCost> {
  const database = await createTestDatabase(options.engine);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-mirror-'));
  const vendor = createClinikapiSandbox({ logLimit: OPEN_LIMIT, rateLimit: OPEN_LIMIT });
  const staff = Array.from({ length: STAFF }, (_, index) => `pr_cost${index}`);
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (const id of staff) vendor.state.roles.set({ ...seed, id });
  const copy = fork(join(__dirname, 'mirrorCopy.ts'), [target, ...staff], { execArgv: [...TYPESCRIPT] });
  const copyUrl = String(await toldBy(copy, 'url'));
  const [vendorAt, silence] = [await vendor.listen(), await silentServer()];
  const urls: Readonly<Record<Target, string>> = {
    none: copyUrl,
    healthy: copyUrl,
    failing: copyUrl,
    hung: silence.url,
    refusing: `http://127.0.0.1:${await freePort()}`,
  };
  const configPath = join(folder, 'gateway.yaml');
  const more = {
    vendors: { copy: connectionAt(urls[target]) },
    ...(target !== 'none' && { clinic: { mirror: 'copy' } }),
  };
  await writeFile(configPath, soakConfiguration(database.url, vendorAt.url, more));
  await linkAtMirror(database.url, staff);
  const gateway = await startGatewayProcess(configPath, ['-r', join(__dirname, 'commits.cjs')]);
  try {
    const traffic = { url: gateway.url, staff, perSecond: options.perSecond };
    await sendSteadily({ ...traffic, count: WARM_UP_S * options.perSecond });
    const before = await counters(gateway, database.url);
    const count = options.seconds * options.perSecond;
    const answers = await sendSteadily({ ...traffic, count });
    const after = await counters(gateway, database.url);
    copy.send({});
    const reached = Number(await toldBy(copy, 'writes'));
    const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
    return {
      median: times[times.length >> 1] ?? 0,
      p99: times[Math.floor(times.length * 0.99)] ?? 0,
      commits: (after.commits - before.commits) / count,
      cpu: (after.cpu - before.cpu) / count,
      wrong: answers.filter(({ right }) => !right).length,
      reached,
    };
  } finally {
    await gateway.kill();
    copy.kill();
    for (const server of [vendorAt, silence]) await server.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function toldBy(child: ChildProcess, name: string): Promise<unknown> {
  const [message] = await once(child, 'message');
  return member(message, name);
}

async function linkAtMirror(url: string, staff: readonly string[]): Promise<void> {
  const database = await openDatabase(url);
  const links = createLinks(database);
  for (const id of staff)
    await links.put({ clinic: 'soak', staffId: id, vendor: 'copy', vendorRecordId: id }, { checked: true });
  await database.close();
}

/** Takes connections and never answers. */
async function silentServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** So far: transactions that have changed the store, and milliseconds of the gateway's processor time. */
async function counters(gateway: GatewayProcess, url: string): Promise<{ commits: number; cpu: number }> {
  const stat = readFileSync(`/proc/${gateway.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const cpu = (Number(stat[11]) + Number(stat[12])) * TICK_MS;
  return { cpu, commits: await (url.startsWith('sqlite:') ? flushed(gateway) : numbered(url)) };
}

async function flushed(gateway: GatewayProcess): Promise<number> {
  const told = () => [...gateway.output().matchAll(/^commits (\d+)$/gm)];
  const { length } = told();
  gateway.signal('SIGUSR2');
  while (told().length === length) await sleep(5);
  return Number(told().at(-1)?.[1]);
}

/** PostgreSQL numbers the transactions that write. */
async function numbered(url: string): Promise<number> {
  const database = await openDatabase(url);
  try {
    const { rows } = await sql<{ next: string }>`
      select pg_snapshot_xmax(pg_current_snapshot())::text as next`.execute(database.db);
    return Number(rows[0]?.next);
  } finally {
    await database.close();
  }
}
