/**
 * `npm run soak -- fairness`: one clinic has very much queued for a vendor that is slow. How long do another clinic's updates take
 * meanwhile, and what does it cost to find out what is due and to claim it?
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { openDatabase } from '../../src/store/database';
import { createOperations } from '../../src/store/operations';
import { createTestDatabase } from '../support/engines';
import { until } from '../support/until';

export interface FairnessOptions {
  engine: 'sqlite' | 'postgres';
  /** Updates that clinic A has queued, each of another staff member. */
  queued: number;
  /** What each of them takes at its vendor, in milliseconds. */
  vendorMs: number;
  /** Updates of clinic B, one after the other. */
  others: number;
}

export interface FairnessResult {
  /** Milliseconds from the request to the end of each of clinic B's updates, sorted. */
  times: number[];
  /** Of clinic A's: how many had ended when the last of B's had. */
  delivered: number;
}

const KEYS = { a: 'key-of-clinic-a-in-the-soak', b: 'key-of-clinic-b-in-the-soak' } as const;
type Clinic = keyof typeof KEYS;

export async function runFairness(options: FairnessOptions): Promise<FairnessResult> {
  const { engine, queued, vendorMs, others } = options;
  const database = await createTestDatabase(engine);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-fairness-'));
  const vendors = [openVendor(queued), openVendor(1)] as const;
  const [slow] = vendors;
  slow.faults.add({ kind: 'delay', milliseconds: vendorMs }, { method: 'PATCH' });
  const [a, b] = await Promise.all([vendors[0].listen(), vendors[1].listen()]);
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, configuration(database.url, { a: a.url, b: b.url }));
  const gateway = await serve({ configPath, env: {}, adapters, log: createLog('silent') });
  try {
    for (let index = 0; index < queued; index += 1) await send(gateway.url, 'a', `pr_soak${index}`, 'queued');
    const times: number[] = [];
    for (let index = 0; index < others; index += 1) {
      const began = performance.now();
      const location = await send(gateway.url, 'b', 'pr_soak0', `role-${index}`);
      await until(
        () => statusOf(gateway.url, location),
        (status) => status !== 'queued' && status !== 'running',
      );
      times.push(performance.now() - began);
    }
    const delivered = slow.writes;
    return { times: times.sort((one, other) => one - other), delivered };
  } finally {
    slow.faults.clear();
    await gateway.close();
    await Promise.all([a.close(), b.close()]);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds, the middle of `ROUNDS`, with so many operations queued in `LANES` lanes. */
export async function measureClaims(
  engine: FairnessOptions['engine'],
  queued: number,
): Promise<{ look: number; claim: number }> {
  const test = await createTestDatabase(engine);
  const database = await openDatabase(test.url);
  const operations = createOperations(database);
  try {
    for (let from = 0; from < queued; from += BATCH) {
      const rows = Array.from({ length: Math.min(BATCH, queued - from) }, (_, index) => rowOf(from + index));
      await database.db.insertInto('operations').values(rows).execute();
    }
    const looks: number[] = [];
    const claims: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now();
      const lanes = await operations.lanes();
      const found = performance.now();
      const shares = lanes.slice(0, 8).map((lane) => ({ lane, most: 1 }));
      await operations.claim('soak', shares, 30);
      looks.push(found - began);
      claims.push(performance.now() - found);
    }
    return { look: middleOf(looks), claim: middleOf(claims) };
  } finally {
    await database.close();
    await test.drop();
  }
}

const BATCH = 500;
const ROUNDS = 51;
const CLINICS = 20;

function rowOf(index: number) {
  const due = '2020-01-01T00:00:00.000Z';
  return {
    ...{ id: `id-${index}`, clinic: `clinic-${index % CLINICS}`, staff_id: `st-${index}`, caller: 'app' },
    ...{ request_id: 'r', patch: '{}', lenient: 0, settle: 0, status: 'queued' as const },
    ...{ attempts: 0, attempts_before: 0, available_at: due, scheduled_at: due, created_at: due },
    ...{ vendor: `vendor-${index % 4}`, vendor_record_id: 'pr_1' },
  };
}

function middleOf(times: number[]): number {
  return times.sort((one, other) => one - other)[times.length >> 1] ?? 0;
}

function openVendor(staff: number) {
  const vendor = createClinikapiSandbox({ logLimit: 1, rateLimit: 1_000_000 });
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (let index = 0; index < staff; index += 1) vendor.state.roles.set({ ...seed, id: `pr_soak${index}` });
  return vendor;
}

/** With the queue's own defaults. */
function configuration(storeUrl: string, urls: Record<Clinic, string>): string {
  const vendor = (baseUrl: string) => ({
    ...{ adapter: 'clinikapi', baseUrl, timeoutMs: 60_000 },
    credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
  });
  const clinics: Clinic[] = ['a', 'b'];
  return stringify({
    server: { host: '127.0.0.1', port: 0, drainMs: 0, shutdownMs: 1_000 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: storeUrl },
    vendors: { a: vendor(urls.a), b: vendor(urls.b) },
    clinics: Object.fromEntries(clinics.map((name) => [name, { vendor: name, identity: 'direct' }])),
    callers: clinics.map((clinic) => ({
      name: `app-${clinic}`,
      keySha256: createHash('sha256').update(KEYS[clinic]).digest('hex'),
      clinic,
      scopes: ['staff:read', 'staff:write'],
    })),
  });
}

/** @returns where the queued update can be asked for */
async function send(url: string, clinic: Clinic, id: string, role: string): Promise<string> {
  const response = await fetch(`${url}/staff/${id}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${KEYS[clinic]}`,
      'content-type': 'application/merge-patch+json',
      prefer: 'respond-async',
    },
    body: JSON.stringify({ role }),
  });
  await response.arrayBuffer();
  if (response.status !== 202) throw new Error(`an update was answered ${response.status}`);
  return response.headers.get('location') ?? '';
}

async function statusOf(url: string, location: string): Promise<string> {
  const response = await fetch(url + location, { headers: { authorization: `Bearer ${KEYS.b}` } });
  const { data } = (await response.json()) as { data: { status: string } };
  return data.status;
}
