/**
 * A steady stream of updates through a vendor that fails at random. Every answer is compared with what the vendor really
 * stores at that moment: a receipt must not say more than is true, and no failure may be without an explanation.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import type { Fault } from '../../sandbox/faults';
import { member } from '../../src/lib/json';
import { createTestDatabase } from '../support/engines';
import { startGatewayProcess } from '../support/gatewayProcess';
import { KEY, soakConfiguration } from './configuration';
import { freePort } from './ports';

export interface FaultSoakOptions {
  seconds: number;
  perSecond: number;
  /** Staff members; each has at most one update under way, so that what is stored is known. */
  staff: number;
  onProgress?: (answered: number, failed: number) => void;
}

export interface FaultSoakResult {
  answered: number;
  /** By status and problem code. */
  byCode: Record<string, number>;
  /** Answers of 5xx that are not a documented vendor failure. */
  unexplained: number;
  /** Receipts, or outcomes of failures, that the vendor's store contradicts. */
  wrong: number;
  /** Heap after the run compared with that after the first tenth of it, each right after a garbage collection. */
  heapGrowth: number;
}

const EXPLAINED = [
  'vendor_unavailable',
  'vendor_timeout',
  'vendor_unexpected_response',
  'write_not_confirmed',
  'vendor_rate_limited',
];

const FAULTS: readonly Fault[] = [
  { kind: 'delay', milliseconds: 30 },
  { kind: 'delay', milliseconds: 700, when: 'after' },
  { kind: 'drop', when: 'before' },
  { kind: 'drop', when: 'after' },
  { kind: 'drop', when: 'during' },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 500, commit: true },
  { kind: 'answer', status: 503, headers: { 'retry-after': '1' } },
  { kind: 'no-effect', echo: 'old' },
  { kind: 'malformed', form: 'html' },
  { kind: 'malformed', form: 'truncated' },
  { kind: 'malformed', form: 'array' },
  { kind: 'wrong-id' },
];

export async function runFaultSoak(options: FaultSoakOptions): Promise<FaultSoakResult> {
  const database = await createTestDatabase('sqlite');
  const folder = await mkdtemp(join(tmpdir(), 'gateway-faults-'));
  const vendor = createClinikapiSandbox({ logLimit: 1, rateLimit: 1_000_000_000 });
  const listening = await vendor.listen();
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  const staff = Array.from({ length: options.staff }, (_, index) => `pr_soak${index}`);
  for (const id of staff) vendor.state.roles.set({ ...seed, id });
  for (const fault of FAULTS) vendor.faults.add(fault, { when: () => randomInt(100) === 0 });
  const opsPort = await freePort();
  const configuration = parse(
    soakConfiguration(database.url, listening.url, {
      vendor: { timeoutMs: 500, breaker: { failures: 50, openMs: 200 } },
    }),
  );
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify({ ...configuration, ops: { host: '127.0.0.1', port: opsPort } }));
  const gateway = await startGatewayProcess(configPath, [
    '--expose-gc',
    '-r',
    join(__dirname, 'collect.cjs'),
  ]);
  /** What the process holds, right after a collection. */
  const heapHeld = async (): Promise<number> => {
    gateway.signal('SIGUSR2');
    await sleep(500);
    return heapUsed(opsPort);
  };

  const result: FaultSoakResult = { answered: 0, byCode: {}, unexplained: 0, wrong: 0, heapGrowth: 0 };
  let failed = 0;
  const free = [...staff];
  const running = new Set<Promise<void>>();
  const once = async (id: string, role: string) => {
    const answer = await update(gateway.url, id, role);
    const stored = vendor.state.roles.get(id)?.role;
    const name = answer.status === 200 ? '200' : `${answer.status} ${answer.code}`;
    result.byCode[name] = (result.byCode[name] ?? 0) + 1;
    result.answered += 1;
    if (answer.status >= 500 && !EXPLAINED.includes(answer.code ?? '')) result.unexplained += 1;
    if (answer.status >= 400) failed += 1;
    if (contradicts(answer, stored === role)) result.wrong += 1;
    // A write that was given up on may still be on its way; what is stored is known again when that has ended.
    if (answer.outcome === 'unknown' || answer.status === 504) await sleep(1000);
    free.push(id);
  };
  try {
    const started = performance.now();
    const total = options.seconds * options.perSecond;
    let early: number | undefined;
    for (let sent = 0; sent < total; sent += 1) {
      const due = started + (sent * 1000) / options.perSecond;
      if (performance.now() < due) await sleep(due - performance.now());
      const id = free.shift();
      if (id === undefined) continue;
      const work = once(id, `r-${sent}`).finally(() => running.delete(work));
      running.add(work);
      if (sent % options.perSecond === 0) options.onProgress?.(result.answered, failed);
      if (early === undefined && sent > total / 10) early = await heapHeld();
    }
    await Promise.all(running);
    const late = await heapHeld();
    result.heapGrowth = early === undefined ? 0 : late / early - 1;
    return result;
  } finally {
    await gateway.kill();
    await listening.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Answer {
  status: number;
  code: string | undefined;
  outcome: string | undefined;
  receipt: string | undefined;
}

/** What an answer claims against what the vendor stores. */
function contradicts({ status, outcome, receipt }: Answer, stored: boolean): boolean {
  if (status === 200) return receipt !== 'accepted' && !stored;
  if (outcome === 'applied') return !stored;
  return outcome === 'not_applied' && stored;
}

async function update(url: string, id: string, role: string): Promise<Answer> {
  const response = await fetch(`${url}/staff/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ role }),
  });
  const body: unknown = await response.json();
  const rows = member(member(body, 'meta'), 'receipt');
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    status: response.status,
    code: text(member(body, 'code')),
    outcome: text(member(body, 'outcome')),
    receipt: Array.isArray(rows) ? text(member(rows[0], 'outcome')) : undefined,
  };
}

async function heapUsed(opsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1]);
}
