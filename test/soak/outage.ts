/**
 * The vendor is gone while updates keep coming; afterwards every one of them is delivered, once, in order for each staff
 * member, and no faster than the vendor allows.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adapters } from '../../adapters';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { member } from '../../src/lib/json';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { createTestDatabase } from '../support/engines';
import { until } from '../support/until';
import { KEY, soakConfiguration } from './configuration';

export interface OutageOptions {
  engine: 'sqlite' | 'postgres';
  updates: number;
  staff: number;
  /** For how long the vendor is away once all updates are queued, in milliseconds. */
  downMs: number;
  /** The vendor's limit, as configured: calls in one second. */
  perSecond: number;
  onProgress?: (delivered: number) => void;
}

export interface OutageResult {
  /** Updates answered 202 while the vendor was away. */
  queued: number;
  /** Updates that reached the vendor other than exactly once. */
  notOnce: number;
  /** Staff members whose updates did not arrive in the order in which they were sent. */
  outOfOrder: number;
  /** The most calls that the vendor saw within any second. */
  fastest: number;
}

export async function runOutage(options: OutageOptions): Promise<OutageResult> {
  const { updates, staff, perSecond } = options;
  const database = await createTestDatabase(options.engine);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-outage-'));
  const arrivals: { role: string; at: number }[] = [];
  const vendor = createClinikapiSandbox({ logLimit: 1, rateLimit: 1_000_000 });
  const times: number[] = [];
  vendor.faults.add({
    kind: 'hook',
    when: 'request',
    run: (request) => {
      times.push(performance.now());
      const role = member(request.body, 'role');
      if (request.method === 'PATCH' && typeof role === 'string') arrivals.push({ role, at: times.length });
    },
  });
  const first = await vendor.listen();
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  for (let index = 0; index < staff; index += 1) vendor.state.roles.set({ ...seed, id: `pr_soak${index}` });
  const configPath = join(folder, 'gateway.yaml');
  const configuration = soakConfiguration(database.url, first.url, {
    vendor: { rateLimit: { requests: perSecond, perSeconds: 1 }, breaker: { openMs: 500 } },
    clinic: { whenVendorDown: 'queue' },
    deliveries: { baseDelayMs: 200, maxDelayMs: 2000, maxAttempts: 1000 },
  });
  await writeFile(configPath, configuration);
  const gateway = await serve({ configPath, env: {}, adapters, log: createLog('silent') });
  const port = Number(new URL(first.url).port);
  await first.close();
  let back: Awaited<ReturnType<typeof vendor.listen>> | undefined;
  try {
    let queued = 0;
    for (let round = 0; round * staff < updates; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: Math.min(staff, updates - round * staff) }, (_, index) =>
          update(gateway.url, `pr_soak${index}`, `s${index}-${round}`),
        ),
      );
      queued += answers.filter((status) => status === 202).length;
    }
    await sleep(options.downMs);
    back = await vendor.listen(port);
    await until(
      async () => {
        options.onProgress?.(arrivals.length);
        return new Set(arrivals.map(({ role }) => role)).size;
      },
      (delivered) => delivered >= updates,
    );
    await until(
      () => pending(gateway.opsUrl),
      (left) => left === 0,
    );
    return {
      queued,
      notOnce: updates - countOnce(arrivals.map(({ role }) => role)),
      outOfOrder: countOutOfOrder(arrivals.map(({ role }) => role)),
      fastest: fastestSecond(times),
    };
  } finally {
    await gateway.close();
    await back?.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function update(url: string, id: string, role: string): Promise<number> {
  const response = await fetch(`${url}/staff/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ role }),
  });
  await response.text();
  return response.status;
}

/** Operations that have not ended, as the metrics tell. */
async function pending(opsUrl: string): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const depths = [...text.matchAll(/^gateway_queue_depth(?:\{[^}]*\})? (\d+)$/gm)];
  if (depths.length === 0) throw new Error('the metrics name no queue depth');
  return depths.reduce((sum, [, depth]) => sum + Number(depth), 0);
}

function countOnce(roles: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const role of roles) counts.set(role, (counts.get(role) ?? 0) + 1);
  return [...counts.values()].filter((count) => count === 1).length;
}

function countOutOfOrder(roles: readonly string[]): number {
  const last = new Map<string, number>();
  const wrong = new Set<string>();
  for (const role of roles) {
    const [staff = '', round = ''] = role.split('-');
    if (Number(round) < (last.get(staff) ?? 0)) wrong.add(staff);
    last.set(staff, Number(round));
  }
  return wrong.size;
}

function fastestSecond(times: readonly number[]): number {
  return times.reduce((most, from, index) => {
    const end = times.findIndex((time, later) => later > index && time >= from + 1000);
    return Math.max(most, (end === -1 ? times.length : end) - index);
  }, 0);
}
