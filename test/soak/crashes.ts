/**
 * Kills a gateway at random moments while clients send keyed updates and try again until each is answered, then counts:
 * every update exactly once at the vendor, none missing in the audit, the chain whole. Used by the suite with a small
 * count and by `npm run soak` with the full one.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { verifyAudit } from '../../src/cli/verifyAudit';
import { member } from '../../src/lib/json';
import { openDatabase } from '../../src/store/database';
import { queuesOf } from '../../src/store/evidence';
import { createLinks } from '../../src/store/links';
import { createTestDatabase } from '../support/engines';
import { type GatewayProcess, startGatewayProcess } from '../support/gatewayProcess';
import { connectionAt, KEY, soakConfiguration } from './configuration';

export interface CrashSoakOptions {
  engine: 'sqlite' | 'postgres';
  /** How many keyed updates, in all. */
  updates: number;
  /** How many times the gateway is killed while they are under way. */
  kills: number;
  /** Concurrent clients; each has a staff member of its own. */
  clients: number;
  /** Whether the clinic has a mirror. */
  mirror?: boolean;
  /** For how long, in milliseconds and from the start, the mirror takes no connections. */
  downMs?: number;
  onProgress?: (done: number, kills: number) => void;
}

export interface CrashSoakResult {
  updates: number;
  kills: number;
  /** Requests that were sent, tries included. */
  requests: number;
  /** Updates that reached the vendor other than exactly once. */
  notOnce: number;
  /** Updates without a row of success in the audit. */
  withoutRow: number;
  auditRows: number;
  /** Updates that reached the mirror other than exactly once, and records that are not the same there in the end. */
  mirror: { notOnce: number; unequal: number };
  /** What `verify-audit` answered: 0 when the chain is whole. */
  chain: number;
}

const OPEN_LIMIT = 1_000_000;

export async function runCrashSoak(options: CrashSoakOptions): Promise<CrashSoakResult> {
  const database = await createTestDatabase(options.engine);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-soak-'));
  const vendor = createClinikapiSandbox({ logLimit: OPEN_LIMIT, rateLimit: OPEN_LIMIT });
  const listening = await vendor.listen();
  const copy = createClinikapiSandbox({ logLimit: OPEN_LIMIT, rateLimit: OPEN_LIMIT });
  let copyListening = await copy.listen();
  const copyUrl = copyListening.url;
  const staff = Array.from({ length: options.clients }, (_, index) => `pr_soak${index}`);
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (const id of staff) for (const { state } of [vendor, copy]) state.roles.set({ ...seed, id });
  const configPath = join(folder, 'gateway.yaml');
  // Short, since a key whose owner was killed is free again when this and a margin are over.
  const settings = { timeoutMs: 400 };
  const mirrored = {
    vendors: { copy: { ...connectionAt(copyUrl), ...settings } },
    clinic: { mirror: 'copy' },
    deliveries: { baseDelayMs: 20, maxDelayMs: 200, pollMs: 100, leaseSeconds: 1 },
  };
  const more = { vendor: settings, ...(options.mirror && mirrored) };
  await writeFile(configPath, soakConfiguration(database.url, listening.url, more));
  await linkAtMirror(database.url, staff);

  if (options.downMs) await copyListening.close();
  const back = sleep(options.downMs ?? 0).then(async () => {
    if (options.downMs) copyListening = await copy.listen(Number(new URL(copyUrl).port));
  });
  const soak = new Soak(options, configPath);
  try {
    await soak.run(staff);
    await back;
    const commits = commitsIn(vendor.log);
    const rows = await soak.auditRows();
    const succeeded = new Set(
      rows.filter((row) => row.outcome === 'success').map((row) => row.requestId.split('.')[0] ?? ''),
    );
    const values = Array.from({ length: options.updates }, (_, index) => `r-${index}`);
    if (options.mirror) await soak.mirrored(database.url);
    const copies = commitsIn(copy.log);
    await soak.stop();
    return {
      updates: options.updates,
      kills: soak.kills,
      requests: soak.requests,
      notOnce: values.filter((value) => commits.get(value) !== 1).length,
      withoutRow: values.filter((value) => !succeeded.has(value)).length,
      auditRows: rows.length,
      mirror: {
        notOnce: options.mirror ? values.filter((value) => copies.get(value) !== 1).length : 0,
        unequal: options.mirror
          ? staff.filter((id) => copy.state.roles.get(id)?.role !== vendor.state.roles.get(id)?.role).length
          : 0,
      },
      chain: await verifyAudit({ databaseUrl: database.url, out: silence, err: silence }),
    };
  } finally {
    await soak.stop();
    await back;
    await listening.close();
    await copyListening.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Exchanges = ReturnType<typeof createClinikapiSandbox>['log'];

/** How often each role was written. */
function commitsIn(log: Exchanges): ReadonlyMap<string, number> {
  const commits = new Map<string, number>();
  for (const { method, body } of log) {
    const role = method === 'PATCH' ? roleIn(body) : undefined;
    if (role !== undefined) commits.set(role, (commits.get(role) ?? 0) + 1);
  }
  return commits;
}

async function linkAtMirror(url: string, staff: readonly string[]): Promise<void> {
  const database = await openDatabase(url);
  const links = createLinks(database);
  for (const id of staff)
    await links.put({ clinic: 'soak', staffId: id, vendor: 'copy', vendorRecordId: id }, { checked: true });
  await database.close();
}

const silence = new Writable({ write: (_chunk, _encoding, done) => done() });

interface AuditRow {
  requestId: string;
  outcome: string;
}

class Soak {
  kills = 0;
  requests = 0;
  #done = 0;
  #finished = false;
  #gateway: Promise<GatewayProcess>;
  readonly #options: CrashSoakOptions;
  readonly #configPath: string;

  constructor(options: CrashSoakOptions, configPath: string) {
    this.#options = options;
    this.#configPath = configPath;
    this.#gateway = startGatewayProcess(configPath);
  }

  async run(staff: readonly string[]): Promise<void> {
    const killer = this.#killAtRandom();
    await Promise.all(staff.map((id, client) => this.#client(id, client)));
    this.#finished = true;
    await killer;
  }

  /** Until nothing is on its way to the mirror any more. */
  async mirrored(databaseUrl: string): Promise<void> {
    const database = await openDatabase(databaseUrl);
    for (;;) {
      const { mirrorQueue } = await queuesOf(database, 'soak');
      if (mirrorQueue.queued + mirrorQueue.dead === 0) break;
      await sleep(200);
    }
    await database.close();
  }

  async stop(): Promise<void> {
    this.#finished = true;
    await (await this.#gateway).kill();
  }

  /** All rows, once what a crash left behind has been settled: every update then has one that says success. */
  async auditRows(): Promise<AuditRow[]> {
    for (let before = -1; ; await sleep(1200)) {
      const { url } = await this.#gateway;
      const response = await fetch(`${url}/changes`, {
        headers: { authorization: `Bearer ${KEY}`, accept: 'application/x-ndjson' },
      });
      const lines = (await response.text()).split('\n').filter((line) => line !== '');
      // Settling works in the background; two equal looks, further apart than its pause, mean that it has ended.
      if (lines.length === before) return lines.map(rowIn);
      before = lines.length;
    }
  }

  async #client(id: string, client: number): Promise<void> {
    for (let update = client; update < this.#options.updates; update += this.#options.clients) {
      await this.#until200(id, `r-${update}`);
      this.#done += 1;
      this.#options.onProgress?.(this.#done, this.kills);
    }
  }

  async #until200(id: string, value: string): Promise<void> {
    const key = randomUUID();
    for (let attempt = 0; ; attempt += 1) {
      const { url } = await this.#gateway;
      this.requests += 1;
      const status = await send(url, id, value, key, attempt);
      if (status === 200) return;
      // Gone, still under way, or not available: what a client is told to try again.
      if (status !== undefined && ![409, 502, 503, 504].includes(status)) {
        throw new Error(`update ${value} was answered ${status}`);
      }
      await sleep(50 + randomInt(100));
    }
  }

  /** Spreads the kills over the run; the moment within an update is left to chance. */
  async #killAtRandom(): Promise<void> {
    const every = this.#options.updates / this.#options.kills;
    while (this.kills < this.#options.kills) {
      const from = this.#done;
      const wait = Math.max(1, Math.round(every * (0.2 + 0.6 * Math.random())));
      while (this.#done < from + wait && !this.#finished) await sleep(1);
      if (this.#finished) return;
      await sleep(Math.random() * 20);
      await (await this.#gateway).kill();
      this.kills += 1;
      this.#gateway = startGatewayProcess(this.#configPath);
    }
  }
}

async function send(
  url: string,
  id: string,
  role: string,
  key: string,
  attempt: number,
): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/staff/${id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${KEY}`,
        'content-type': 'application/merge-patch+json',
        'idempotency-key': key,
        'x-request-id': `${role}.${attempt}`,
      },
      body: JSON.stringify({ role }),
    });
    await response.text();
    return response.status;
  } catch {
    return undefined;
  }
}

function roleIn(body: unknown): string | undefined {
  const role = member(body, 'role');
  return typeof role === 'string' ? role : undefined;
}

function rowIn(line: string): AuditRow {
  const row: unknown = JSON.parse(line);
  const requestId = member(row, 'requestId');
  const outcome = member(row, 'outcome');
  if (typeof requestId !== 'string' || typeof outcome !== 'string') {
    throw new Error('a line of /changes is no change');
  }
  return { requestId, outcome };
}
