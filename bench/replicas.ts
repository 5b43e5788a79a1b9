/**
 * `npm run bench -- replicas`: 1, 2 and 4 gateways on one PostgreSQL behind nginx, what a transaction of the journal costs with a
 * near and with a far database, and from both a simulation of more replicas than this machine has cores for.
 * Wants nginx and PostgreSQL (Debian: `apt-get install nginx-light postgresql`).
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startNginx } from '../test/soak/nginx';
import { freePort } from '../test/soak/ports';
import { type PostgresServer, startPostgresServer } from '../test/soak/postgresServer';
import { CLINIKAPI } from './bodies';
import { ask, Children, cpuMicros, originOf } from './children';
import { gatewayTraffic, prepareGateway, type RunningGateway, staffIds, startGateway } from './gateway';
import { journalCosts } from './journalCosts';
import type { LoadReport } from './load';
import { markdownTable } from './report';
import { type Costs, mostOf } from './simulation';
import { workFolder } from './workFolder';

const PROCESSES = [1, 2, 4];
const CONNECTIONS = 64;
const WARM_UP = 4000;
const MEASURED = 8000;
const SAMPLE_MS = 20;
/** A database in another place: there and back in so many milliseconds. */
const FAR_MS = 10;

export async function replicas(): Promise<void> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  const server = await startPostgresServer();
  try {
    const vendorUrl = await originOf(children.fork('vendor stub', 'stub.js'));
    const rows: Measured[] = [];
    for (const processes of PROCESSES) {
      rows.push(
        await measured(children, server, { folder: join(folder, `of-${processes}`), vendorUrl, processes }),
      );
    }
    const near = await journalCosts(server, 0);
    const far = await journalCosts(server, FAR_MS);
    print(rows, near, far);
  } finally {
    await children.stopAll();
    await server.close();
    remove();
  }
}

interface Measured {
  processes: number;
  perSecond: number;
  /** Microseconds for each update. */
  gatewayCpu: number;
  databaseCpu: number;
  nginxCpu: number;
  updatesPerCommit: number;
  /** Milliseconds that a transaction waits for the locks of others. */
  lockWaitMs: number;
}

async function measured(
  children: Children,
  server: PostgresServer,
  { folder, vendorUrl, processes }: { folder: string; vendorUrl: string; processes: number },
): Promise<Measured> {
  mkdirSync(folder);
  const name = `of_${processes}`;
  await server.tool('createdb', name);
  const gateways: RunningGateway[] = [];
  for (let index = 0; index < processes; index += 1) {
    const own = join(folder, String(index));
    mkdirSync(own);
    const setup = { folder: own, vendorUrl, links: 1000, providers: 32, storeUrl: server.urlOf(name) };
    await prepareGateway({ ...setup, maxConcurrent: CONNECTIONS });
    gateways.push(await startGateway(children, own));
  }
  const nginx = await startNginx(
    folder,
    await freePort(),
    gateways.map(({ origin }) => Number(new URL(origin).port)),
  );
  const load = children.fork('load', 'load.js');
  const watcher = new Client({ connectionString: server.urlOf(name) });
  await watcher.connect();
  try {
    const traffic = gatewayTraffic(nginx.url, 'clinikapi', staffIds(1000), CLINIKAPI);
    const send = async (requests: number) => {
      const report = await ask<LoadReport>(load, {
        kind: 'closed',
        traffic,
        connections: CONNECTIONS,
        requests,
      });
      if (report.complaints.length > 0) throw new Error(report.complaints.join('; '));
      return report;
    };
    await send(WARM_UP * processes);
    const cpu = cpuOf(gateways, await postmasterOf(watcher), nginxOf(folder));
    const before = { cpu: cpu(), commits: await commitsOf(watcher) };
    const watch = watchLocks(watcher);
    const report = await send(MEASURED);
    const waiting = await watch.end();
    const after = { cpu: cpu(), commits: await commitsOf(watcher) };
    const each = (of: keyof ReturnType<typeof cpu>) => (after.cpu[of] - before.cpu[of]) / report.requests;
    const commits = after.commits - before.commits - watch.samples();
    return {
      processes,
      perSecond: report.requests / report.seconds,
      gatewayCpu: each('gateways'),
      databaseCpu: each('database'),
      nginxCpu: each('nginx'),
      updatesPerCommit: report.requests / commits,
      // Little's law: how many wait at any time, over how many come in that time.
      lockWaitMs: (waiting * 1000 * report.seconds) / commits,
    };
  } finally {
    await watcher.end();
    await nginx.close();
    await children.stop(load);
    for (const { child } of gateways) await children.stop(child);
  }
}

/** How many transactions wait for a lock, on average, while it watches. */
function watchLocks(client: Client): { end: () => Promise<number>; samples: () => number } {
  const seen: number[] = [];
  let watching = true;
  const done = (async () => {
    while (watching) {
      const { rows } = await client.query<{ waiting: number }>(
        "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      seen.push(rows[0]?.waiting ?? 0);
      await sleep(SAMPLE_MS);
    }
  })();
  return {
    samples: () => seen.length,
    end: async () => {
      watching = false;
      await done;
      return seen.reduce((sum, count) => sum + count, 0) / Math.max(1, seen.length);
    },
  };
}

async function commitsOf(client: Client): Promise<number> {
  // Backends report what they have counted at most once a second.
  await sleep(1500);
  const { rows } = await client.query<{ commits: string }>(
    'select xact_commit as commits from pg_stat_database where datname = current_database()',
  );
  return Number(rows[0]?.commits);
}

async function postmasterOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return parentOf(Number(rows[0]?.pid));
}

function nginxOf(folder: string): number {
  return Number(readFileSync(join(folder, 'nginx.pid'), 'utf8'));
}

/** CPU time so far, in microseconds; of servers with all the processes below them. */
function cpuOf(gateways: readonly RunningGateway[], postmaster: number, nginx: number) {
  const family = (parent: number) =>
    [parent, ...childrenOf(parent)].reduce((sum, pid) => sum + cpuMicros(pid), 0);
  return () => ({
    gateways: gateways.reduce((sum, { pid }) => sum + cpuMicros(pid), 0),
    database: family(postmaster),
    nginx: family(nginx),
  });
}

function childrenOf(parent: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((pid) => parentOf(pid) === parent);
}

/** NaN if it has just ended. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return Number.NaN;
  }
}

function print(rows: readonly Measured[], near: Omit<Costs, 'cpuMs'>, far: Omit<Costs, 'cpuMs'>): void {
  console.log(`\nOne PostgreSQL behind nginx, ${CONNECTIONS} connections, Node ${process.version}:\n`);
  console.log(
    markdownTable(
      [
        'processes',
        'updates/s',
        'gateways µs',
        'PostgreSQL µs',
        'nginx µs',
        'updates a commit',
        'a commit waits for locks, ms',
      ],
      rows.map((row) => [
        String(row.processes),
        row.perSecond.toFixed(0),
        row.gatewayCpu.toFixed(0),
        row.databaseCpu.toFixed(0),
        row.nginxCpu.toFixed(0),
        row.updatesPerCommit.toFixed(1),
        row.lockWaitMs.toFixed(2),
      ]),
    ),
  );
  console.log('\nWhat the journal’s transactions take alone, and each further update in them, in ms:\n');
  console.log(
    markdownTable(
      ['there and back', 'begin', 'each more', 'end', 'each more'],
      [near, far].map((costs) => [
        `${costs.roundTripMs} ms`,
        ...[costs.beginMs, costs.beginRowMs, costs.endMs, costs.endRowMs].map((ms) => ms.toFixed(3)),
      ]),
    ),
  );
  const cpuMs = (rows[0]?.gatewayCpu ?? Number.NaN) / 1000;
  console.log(
    '\nSimulated with these costs, each replica on a core of its own, vendors that answer in 50 ms:\n',
  );
  console.log(
    markdownTable(
      [
        'replicas',
        'database',
        'updates/s at most',
        'limited by',
        'cores busy',
        'lock busy',
        'p50 added, ms',
        'p99 added, ms',
      ],
      [near, far].flatMap((costs) =>
        [1, 3, 10, 30].map((count) => {
          const most = mostOf(count, { ...costs, cpuMs });
          return [
            String(count),
            `${costs.roundTripMs} ms away`,
            most.rate < FEW ? 'none in time' : most.rate.toFixed(0),
            most.limit,
            `${(most.cpuBusy * 100).toFixed(0)} %`,
            `${(most.lockBusy * 100).toFixed(0)} %`,
            most.p50.toFixed(0),
            most.p99.toFixed(0),
          ];
        }),
      ),
    ),
  );
  console.log(`\nA vendor that allows ${VENDOR_CALLS} calls a second, however many replicas there are:\n`);
  console.log(
    markdownTable(
      ['calls an update', 'updates/s', 'such vendors that one core serves'],
      [1, 2, 3, 4].map((calls) => {
        const updates = (VENDOR_CALLS * USED_TURNS) / calls;
        return [String(calls), updates.toFixed(1), (1000 / cpuMs / updates).toFixed(0)];
      }),
    ),
  );
}

/** A rate at which replicas hardly share transactions: what fails there fails at any. */
const FEW = 50;

const VENDOR_CALLS = 10;
/** Of a ceiling that replicas share, under a lasting overload (`npm run soak -- ceilings`). */
const USED_TURNS = 0.85;
