/**
 * A backup under load, a stop or a crash, a restore, a start, again and again: the restored store holds every row of the backup
 * and nothing else, what it replaced is kept whole, and updates go on from there.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { member } from '../../src/lib/json';
import { openDatabase } from '../../src/store/database';
import { run } from '../support/commandLine';
import { type GatewayProcess, startGatewayProcess } from '../support/gatewayProcess';
import { until } from '../support/until';
import { type BackedUp, postgresBackups, sqliteBackups } from './backups';
import { soakConfiguration } from './configuration';
import { startPostgresServer } from './postgresServer';
import { isTaken, type Sent, Writers } from './writers';

export interface RestoreSoakOptions {
  engine: 'sqlite' | 'postgres';
  cycles: number;
  /** Concurrent clients; each has a staff member of its own. */
  clients: number;
  /** The gateway's program, as Node runs it. */
  program: readonly string[];
  onProgress?: (cycles: number, updates: number) => void;
}

/** All are counts over all cycles, and all but the first four have to be 0. */
export interface RestoreSoakResult {
  updates: number;
  crashes: number;
  /** Lines in the backups: rows and definitions. */
  lines: number;
  auditRows: number;
  /** Lines of a backup that the restored store does not have, and the reverse. */
  missing: number;
  added: number;
  /** Updates that were answered before a backup began and are not in it; and those in it that were sent after its end. */
  notInBackup: number;
  notYetSent: number;
  /** Updates that were answered and are not in the database that was replaced. */
  notKept: number;
  /** Rows of the audit after a restore that are neither the backup's nor of an update that it held unfinished, nor new. */
  strange: number;
  /** Updates that a backup held unfinished, and that have no end after the restore. */
  unfinished: number;
  /** Updates before a stop, and after a start, with another answer than they had to have. */
  refused: number;
  /** Updates after a restore that were not written exactly once, or without exactly one row in the audit. */
  notOnce: number;
  /** Updates in a backup that were written anew when they were repeated with their key. */
  repeated: number;
  /** What `verify-audit` found broken or could not read. */
  broken: number;
  failedExits: number;
}

const MANY = 1_000_000_000;

export async function runRestoreSoak(options: RestoreSoakOptions): Promise<RestoreSoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-restores-'));
  const configPath = join(folder, 'gateway.yaml');
  const command = [...options.program, '-c', configPath];
  const server = options.engine === 'postgres' ? await startPostgresServer() : undefined;
  await server?.tool('createdb', 'gateway');
  const backedUp = server ? postgresBackups(folder, server) : sqliteBackups(folder, command);
  const vendor = createClinikapiSandbox({ logLimit: MANY, rateLimit: MANY });
  const listening = await vendor.listen();
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  const staff = Array.from({ length: options.clients }, (_, client) => `pr_restore${client}`);
  for (const id of staff) vendor.state.roles.set({ ...seed, id });
  // Something is under way at any moment.
  vendor.faults.add({ kind: 'hook', when: 'request', run: () => sleep(Math.random() * 30) });
  const written = () =>
    vendor.log.filter(({ method }) => method === 'PATCH').map(({ body }) => member(body, 'role'));
  const soak = new RestoreSoak(options, { configPath, command, backedUp, vendorUrl: listening.url, written });
  try {
    for (let cycle = 0; cycle < options.cycles; cycle += 1) {
      options.onProgress?.(cycle, soak.result.updates);
      await soak.cycle(cycle, staff);
    }
    return soak.result;
  } finally {
    await soak.close();
    await listening.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Parts {
  configPath: string;
  command: readonly string[];
  backedUp: BackedUp;
  vendorUrl: string;
  /** What the vendor was told to write, in order. */
  written: () => unknown[];
}

class RestoreSoak {
  readonly result: RestoreSoakResult = {
    updates: 0,
    crashes: 0,
    lines: 0,
    auditRows: 0,
    missing: 0,
    added: 0,
    notInBackup: 0,
    notYetSent: 0,
    notKept: 0,
    strange: 0,
    unfinished: 0,
    refused: 0,
    notOnce: 0,
    repeated: 0,
    broken: 0,
    failedExits: 0,
  };
  #gateway: GatewayProcess | undefined;
  readonly #options: RestoreSoakOptions;
  readonly #parts: Parts;

  constructor(options: RestoreSoakOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  async close(): Promise<void> {
    await this.#gateway?.kill();
  }

  /** The first one, the third one, … ends with a crash. */
  async cycle(count: number, staff: readonly string[]): Promise<void> {
    const { backedUp } = this.#parts;
    const gateway = this.#gateway ?? (await this.#start());
    const before = new Writers(gateway.url, `c${count}`, staff);
    await sleep(300);
    const began = performance.now();
    await backedUp.backup();
    const ended = performance.now();
    await sleep(200);
    const stopped = performance.now();
    await this.#stop(gateway, count % 2 === 0);
    await before.stop();
    this.result.updates += before.sent.length;
    this.result.refused += before.sent.filter((one) => one.answeredAt < stopped && !isTaken(one)).length;

    await backedUp.restore();
    await this.#compareContents();
    const inBackup = await this.#judgeBackup(before.sent, began, ended);
    await this.#judgeReplaced(before.sent);

    const restarted = await this.#start();
    await this.#settled();
    const keyed = before.sent
      .filter((one) => one.key !== undefined && isTaken(one) && one.answeredAt < began)
      .slice(-staff.length);
    await this.#repeat(restarted.url, keyed);
    const after = new Writers(restarted.url, `r${count}`, staff);
    await sleep(300);
    await after.stop();
    await this.#settled();
    this.result.updates += after.sent.length;
    this.result.refused += after.sent.filter((one) => !isTaken(one)).length;
    await this.#judgeAfter(inBackup, after.sent);
  }

  async #start(): Promise<GatewayProcess> {
    const { backedUp, configPath, vendorUrl } = this.#parts;
    // Short, since what a killed one had begun is settled when these and a margin are over.
    const more = {
      vendor: { timeoutMs: 2_000 },
      clinic: { whenVendorDown: 'queue' },
      deliveries: { leaseSeconds: 3, pollMs: 200 },
    };
    await writeFile(configPath, soakConfiguration(backedUp.url(), vendorUrl, more));
    this.#gateway = await startGatewayProcess(configPath, [], this.#options.program);
    return this.#gateway;
  }

  async #stop(gateway: GatewayProcess, crash: boolean): Promise<void> {
    if (crash) {
      this.result.crashes += 1;
      return gateway.kill();
    }
    gateway.signal('SIGTERM');
    if ((await gateway.exited) !== 0) this.result.failedExits += 1;
  }

  async #compareContents(): Promise<void> {
    const { backup, store } = await this.#parts.backedUp.contents();
    this.result.lines += backup.length;
    const [inBackup, inStore] = [new Set(backup), new Set(store)];
    this.result.missing += backup.filter((line) => !inStore.has(line)).length;
    this.result.added += store.filter((line) => !inBackup.has(line)).length;
    if (backup.length !== store.length) this.result.added += 1;
  }

  /** @returns the rows in the restored store, before anybody goes on with it */
  async #judgeBackup(sent: readonly Sent[], began: number, ended: number): Promise<Rows> {
    const rows = await rowsIn(this.#parts.backedUp.look());
    const known = new Set([...rows.changes.map(({ requestId }) => requestId), ...rows.unfinished]);
    this.result.notInBackup += sent.filter(
      (one) => isTaken(one) && one.answeredAt < began && !known.has(one.role),
    ).length;
    this.result.notYetSent += sent.filter((one) => one.at > ended && known.has(one.role)).length;
    return rows;
  }

  async #judgeReplaced(sent: readonly Sent[]): Promise<void> {
    const rows = await rowsIn(this.#parts.backedUp.replaced());
    const known = new Set([...rows.changes.map(({ requestId }) => requestId), ...rows.unfinished]);
    this.result.notKept += sent.filter((one) => isTaken(one) && !known.has(one.role)).length;
  }

  /** Waits for the end of what the backup held unfinished, and of what is queued. */
  async #settled(): Promise<void> {
    const database = await openDatabase(this.#parts.backedUp.url());
    const end = performance.now() + 60_000;
    const open = await until(
      () => unfinishedIn(database),
      (left) => left.length === 0 || performance.now() > end,
    );
    await database.close();
    this.result.unfinished += open.length;
  }

  /** Updates that the backup knows as done are not done again. */
  async #repeat(url: string, keyed: readonly Sent[]): Promise<void> {
    const before = this.#parts.written().length;
    const again = await Writers.repeat(url, keyed);
    this.result.refused += again.filter((status) => status !== 200 && status !== 202).length;
    this.result.repeated += this.#parts.written().length - before;
  }

  async #judgeAfter(inBackup: Rows, sent: readonly Sent[]): Promise<void> {
    const { command, backedUp, written } = this.#parts;
    const verdict = await run(['verify-audit'], {}, command);
    if (verdict.code !== 0) this.result.broken += 1;
    const { changes } = await rowsIn(backedUp.look());
    this.result.auditRows = changes.length;
    const held = inBackup.changes.length;
    const kept = changes.slice(0, held);
    this.result.missing += kept.filter(({ hash }, index) => hash !== inBackup.changes[index]?.hash).length;
    const expected = new Set([...inBackup.unfinished, ...sent.map(({ role }) => role)]);
    const more = changes.slice(held);
    this.result.strange += more.filter(({ requestId }) => !expected.has(requestId)).length;
    const [writes, rows] = [countsOf(written()), countsOf(more.map(({ requestId }) => requestId))];
    this.result.notOnce += sent.filter(({ role }) => writes.get(role) !== 1 || rows.get(role) !== 1).length;
    this.result.unfinished += [...inBackup.unfinished].filter((id) => !rows.has(id)).length;
  }
}

interface Rows {
  changes: { requestId: string; hash: string }[];
  /** By request id: updates that had begun, or were queued. */
  unfinished: ReadonlySet<string>;
}

async function rowsIn(url: string): Promise<Rows> {
  const database = await openDatabase(url);
  try {
    const rows = await database.db
      .selectFrom('changes')
      .select(['request_id', 'hash'])
      .orderBy('seq')
      .execute();
    return {
      changes: rows.map(({ request_id, hash }) => ({ requestId: request_id, hash })),
      unfinished: new Set(await unfinishedIn(database)),
    };
  } finally {
    await database.close();
  }
}

async function unfinishedIn({ db }: Awaited<ReturnType<typeof openDatabase>>): Promise<string[]> {
  const begun = await db.selectFrom('attempts').select('request_id').execute();
  const queued = await db
    .selectFrom('operations')
    .select('request_id')
    .where('status', 'in', ['queued', 'running', 'dead'])
    .execute();
  return [...begun, ...queued].map(({ request_id }) => request_id);
}

function countsOf(values: readonly unknown[]): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
