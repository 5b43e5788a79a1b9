/**
 * Two replicas on one PostgreSQL behind a real nginx, restarted in turn while requests keep coming: none of them fails, whatever
 * was answered 200 was written once, and the audit holds one row for each update.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { verifyAudit } from '../../src/cli/verifyAudit';
import { member } from '../../src/lib/json';
import { type GatewayProcess, startGatewayProcess } from '../support/gatewayProcess';
import { createPostgresDatabase } from '../support/postgres';
import { makeBundle } from './bundle';
import { soakConfiguration } from './configuration';
import { startNginx } from './nginx';
import { freePort } from './ports';
import { type Answer, call, changesOf } from './traffic';

export interface RollingOptions {
  /** How many times one of the two is stopped and started again. */
  restarts: number;
  /** Requests in a second. */
  perSecond: number;
  drainMs: number;
  onProgress?: (restarts: number, requests: number) => void;
}

export interface RollingResult {
  requests: number;
  updates: number;
  /** Requests with another answer than 200, or none: what, and when. */
  failed: string[];
  /** Updates that were answered 200 and did not reach the vendor. */
  unwritten: number;
  /** Updates that reached the vendor more than once. */
  doubled: number;
  /** Reads that did not show what had been confirmed before. */
  stale: number;
  /** Updates that were answered 200 and have not exactly one row in the audit, which says success. */
  notOneRow: number;
  auditRows: number;
  /** What `verify-audit` answered: 0 when the chain is whole. */
  chain: number;
  failedExits: number;
  /** The last complaints of nginx. */
  nginx: string[];
}

const NAMES = ['gateway-1', 'gateway-2'] as const;
/** More than updates in the time that any request may take: no two are under way for one staff member. */
const STAFF = 2_000;
const MANY = 1_000_000_000;
const SLOWEST_VENDOR_MS = 300;

export async function runRolling(options: RollingOptions): Promise<RollingResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-rolling-'));
  const bundle = makeBundle();
  const database = await createPostgresDatabase();
  const vendor = createClinikapiSandbox({ logLimit: MANY, rateLimit: MANY });
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (let index = 0; index < STAFF; index += 1) vendor.state.roles.set({ ...seed, id: `pr_roll${index}` });
  // Something is under way at any moment.
  vendor.faults.add({ kind: 'hook', when: 'request', run: () => sleep(Math.random() * SLOWEST_VENDOR_MS) });
  const listening = await vendor.listen();
  const replicas: Replica[] = [];
  let nginx: Awaited<ReturnType<typeof startNginx>> | undefined;
  let traffic: Traffic | undefined;
  try {
    for (const name of NAMES) {
      const port = await freePort();
      const path = join(folder, `${name}.yaml`);
      const config = parse(soakConfiguration(database.url, listening.url));
      Object.assign(config.server, { port, drainMs: options.drainMs });
      await writeFile(path, stringify(config));
      const start = () => startGatewayProcess(path, [], bundle.program);
      replicas.push({ port, start, process: await start() });
    }
    nginx = await startNginx(
      folder,
      await freePort(),
      replicas.map(({ port }) => port),
    );
    traffic = new Traffic(nginx.url);
    const sending = traffic.send(options.perSecond);
    const failedExits = await restartInTurn(replicas, options, traffic);
    traffic.stop();
    await sending;
    const rows = await changesOf(replicas[0]?.process.url ?? '');
    const chain = await verifyAudit({ databaseUrl: database.url, out: silence, err: silence });
    return {
      ...traffic.counts(),
      ...compare(
        traffic,
        vendor.log.filter(({ method }) => method === 'PATCH').map(({ body }) => member(body, 'role')),
        rows,
      ),
      auditRows: rows.length,
      chain,
      failedExits,
      nginx: nginx.log().slice(-5),
    };
  } finally {
    traffic?.stop();
    await Promise.all(replicas.map(({ process }) => process.kill()));
    await nginx?.close();
    await listening.close();
    await database.drop();
    bundle.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

const silence = new Writable({ write: (_chunk, _encoding, done) => done() });

interface Replica {
  port: number;
  start: () => Promise<GatewayProcess>;
  process: GatewayProcess;
}

/** @returns how many of those that were stopped did not exit with 0 */
async function restartInTurn(
  replicas: readonly Replica[],
  { restarts, onProgress }: RollingOptions,
  traffic: Traffic,
): Promise<number> {
  let failedExits = 0;
  await sleep(1_000);
  for (let done = 0; done < restarts; done += 1) {
    onProgress?.(done, traffic.requests);
    const replica = replicas[done % replicas.length];
    if (replica === undefined) break;
    traffic.signalledAt = performance.now();
    replica.process.signal('SIGTERM');
    if ((await replica.process.exited) !== 0) failedExits += 1;
    replica.process = await replica.start();
    await sleep(randomInt(1_000));
  }
  return failedExits;
}

class Traffic {
  /** Those that were answered, or failed. */
  requests = 0;
  readonly updates = new Set<string>();
  readonly confirmed = new Set<string>();
  signalledAt = performance.now();
  #stopped = false;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #failed: string[] = [];
  /** What was answered 200 last, the newest at the end. */
  readonly #recent: { staff: string; role: string; key: string | undefined }[] = [];
  #stale = 0;

  constructor(url: string) {
    this.#url = url;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** At an even pace, however long the answers take. Resolves when it was stopped and all is answered. */
  async send(perSecond: number): Promise<void> {
    const began = performance.now();
    const underWay = new Set<Promise<void>>();
    for (let count = 0; !this.#stopped; count += 1) {
      await sleep(Math.max(0, began + (count * 1_000) / perSecond - performance.now()));
      const one = this.#one(count).finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await Promise.all(underWay);
    this.#agent.destroy();
  }

  counts() {
    return {
      requests: this.requests,
      updates: this.updates.size,
      failed: this.#failed,
      stale: this.#stale,
    };
  }

  /** Updates with and without a key, such with a key once more, and reads. */
  async #one(count: number): Promise<void> {
    const kind = count % 4;
    const recent = this.#recent[randomInt(Math.max(1, this.#recent.length))];
    if (kind === 2 && recent?.key !== undefined) return this.#update(recent.staff, recent.role, recent.key);
    if (kind < 2) {
      return this.#update(`pr_roll${count % STAFF}`, `u-${count}`, kind === 0 ? randomUUID() : undefined);
    }
    if (recent === undefined) return;
    const answer = await call({ agent: this.#agent, url: this.#url, staff: recent.staff });
    this.#judge('GET', answer);
    if (answer.status === 200 && answer.role !== recent.role) this.#stale += 1;
  }

  async #update(staff: string, role: string, key: string | undefined): Promise<void> {
    this.updates.add(role);
    const answer = await call({
      agent: this.#agent,
      url: this.#url,
      staff,
      role,
      ...(key !== undefined && { headers: { 'idempotency-key': key } }),
    });
    this.#judge(key === undefined ? 'PATCH' : 'PATCH with a key', answer);
    if (answer.status !== 200) return;
    this.confirmed.add(role);
    this.#recent.push({ staff, role, key });
    // Few enough that none of them is updated anew in the meantime.
    if (this.#recent.length > 100) this.#recent.shift();
  }

  #judge(what: string, { status, code }: Answer): void {
    this.requests += 1;
    if (status === 200) return;
    const after = Math.round(performance.now() - this.signalledAt);
    this.#failed.push(`${what}: ${status ?? 'no answer'} ${code ?? ''}, ${after} ms after the last SIGTERM`);
  }
}

function compare(
  { confirmed }: Traffic,
  written: readonly unknown[],
  rows: readonly { requestId: string; outcome: string }[],
) {
  const times = countsOf(written);
  const rowsOf = countsOf(rows.map(({ requestId }) => requestId));
  const successes = new Set(rows.filter(({ outcome }) => outcome === 'success').map((row) => row.requestId));
  return {
    unwritten: [...confirmed].filter((role) => !times.has(role)).length,
    doubled: [...times.values()].filter((count) => count > 1).length,
    notOneRow: [...confirmed].filter((role) => rowsOf.get(role) !== 1 || !successes.has(role)).length,
  };
}

function countsOf(values: readonly unknown[]): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
