/**
 * `npm run soak -- audit`: a large audit on SQLite, and how long `GET /changes` takes with each filter.
 * Prints for each filter the middle and the slowest of 21 pages, the processor's time for one, and how late the event loop was at
 * most meanwhile, in milliseconds. On a machine that does other things as well only the middle and the processor's time tell.
 * Then the same filters are asked for over HTTP, and `/healthz` every few milliseconds beside them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { auditKeys } from '../../src/store/auditKeys';
import { act, type ChangeFilter, type Changes, createChanges } from '../../src/store/changes';
import { openDatabase } from '../../src/store/database';
import { createJournal, type Journal } from '../../src/store/journal';
import { verifyChain } from '../../src/store/verify';
import { measurePages } from './auditPages';

const BATCH = 2_000;
const ROUNDS = 21;
const START = Date.UTC(2026, 0, 1);
/** Of the latest rows, so that what is rare is far from where a search begins. */
const RARE = 1_000;

function rowAt(index: number, total: number) {
  const rare = index < RARE;
  const at = new Date(START + index * 1_000 + ((index * 7_919) % 5_000)).toISOString();
  return act({
    kind: index % 50 === 1 ? 'dry_run' : rare ? 'link' : 'update',
    at,
    requestId: `r-${index}`,
    clinic: index % 5 === 0 ? 'south' : 'north',
    caller: rare ? 'retired-app' : `app-${index % 3}`,
    staffId: `st-${index % 5_000}`,
    vendor: index < total / 2 ? 'before' : 'after',
    vendorRecordId: `pr_${index % 5_000}`,
    outcome: index % 1_000 === 3 ? 'failed' : 'success',
    status: 200,
    durationMs: 20,
    fields: { '/status': 'verified' },
    values: { '/status': 'active' },
  });
}

/** Rows of two clinics, `north` and `south`; most are updates. */
export async function fillAudit(journal: Journal, total: number): Promise<void> {
  for (let from = 0; from < total; from += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, total - from) }, (_, index) => from + index);
    await Promise.all(indexes.map((index) => journal.end({ change: rowAt(index, total) })));
  }
}

function filtersFor(total: number): Record<string, Omit<ChangeFilter, 'clinic'>> {
  const moment = (part: number) => new Date(START + Math.round(part * total) * 1_000).toISOString();
  return {
    none: { kind: 'update' },
    'kind=all': {},
    'kind=dry_run': { kind: 'dry_run' },
    'kind=link, the oldest': { kind: 'link' },
    'kind=refusal, none': { kind: 'refusal' },
    staffId: { kind: 'update', staffId: 'st-7' },
    'staffId, none': { kind: 'update', staffId: 'st-none' },
    'caller, frequent': { kind: 'update', caller: 'app-1' },
    'caller, the oldest, kind=all': { caller: 'retired-app' },
    'outcome=failed': { kind: 'update', outcome: 'failed' },
    'outcome=unknown, none': { kind: 'update', outcome: 'unknown' },
    'vendor, the older half': { kind: 'update', vendor: 'before' },
    'since, the newest hour': { kind: 'update', since: moment(1 - 3_600 / total) },
    'since, all': { kind: 'update', since: moment(0) },
    'since, later than all': { kind: 'update', since: '2099-01-01T00:00:00.000Z' },
    'until, the oldest hour': { kind: 'update', until: moment(3_600 / total) },
    'since and until, in the middle': { kind: 'update', since: moment(0.5), until: moment(0.501) },
    'since and caller': { kind: 'update', since: moment(0.5), until: moment(0.501), caller: 'app-1' },
    'caller and outcome': { kind: 'update', caller: 'app-1', outcome: 'failed' },
    'caller and vendor, none together': { kind: 'update', caller: 'retired-app', vendor: 'after' },
    'frequent caller and outcome, none together': { kind: 'update', caller: 'app-2', outcome: 'unknown' },
  };
}

async function measure(changes: Changes, filter: Omit<ChangeFilter, 'clinic'>) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const times: number[] = [];
  let cpu = 0;
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    const started = performance.now();
    found = (await changes.list({ clinic: 'north', ...filter }, 51)).length;
    times.push(performance.now() - started);
    const used = process.cpuUsage(before);
    cpu += (used.user + used.system) / 1e3 / ROUNDS;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  delay.disable();
  times.sort((a, b) => a - b);
  return { found, cpu, middle: times[ROUNDS >> 1] ?? 0, slowest: times.at(-1) ?? 0, late: delay.max / 1e6 };
}

/** What a page, and an answer of `/healthz` beside it, may take. */
const MOST_MS = 20;
const MOST_HEALTH_MS = 30;

/** @returns whether the audit was whole at the end, and nothing took too long */
export async function runAuditSoak(total: number, print: (line: string) => void): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-audit-'));
  const auditKey = 'a-key-of-this-measurement-and-nothing-else';
  const keys = auditKeys([auditKey]);
  const storeUrl = `sqlite:${join(folder, 'gateway.db')}`;
  const database = await openDatabase(storeUrl);
  const values = { kind: 'hashed', salt: 'a-salt-of-this-measurement' } as const;
  const journal = createJournal(database, { values, keys, keyTtlMs: 1_000 });
  try {
    const started = performance.now();
    await fillAudit(journal, total);
    const perRow = ((performance.now() - started) * 1_000) / total;
    print(`${total} rows written, ${perRow.toFixed(1)} µs each`);
    const changes = createChanges(database);
    for (const [name, filter] of Object.entries(filtersFor(total))) {
      const { found, ...times } = await measure(changes, filter);
      const shown = Object.entries(times).map(([what, ms]) => `${what} ${ms.toFixed(1)}`);
      print(`${name.padEnd(44)}${found} rows, ${shown.join(', ')} ms`);
    }
    const verifying = performance.now();
    const verdict = await verifyChain(database, { keys });
    const seconds = (performance.now() - verifying) / 1_000;
    print(`verified: ${verdict.valid}, ${verdict.rows} rows in ${seconds.toFixed(1)} s`);
    let isFast = true;
    await measurePages(folder, { storeUrl, auditKey }, filtersFor(total), (name, best, worst) => {
      isFast &&= best.page <= MOST_MS && best.health <= MOST_HEALTH_MS;
      const [here, there] = [best, worst].map(
        ({ page, health }) => `page ${page.toFixed(1)}, /healthz ${health.toFixed(1)}`,
      );
      print(`${name.padEnd(44)}over HTTP, slowest of the best round: ${here}; of the worst: ${there} ms`);
    });
    print(
      `no page over ${MOST_MS} ms, /healthz never later than ${MOST_HEALTH_MS} ms in the best rounds: ${isFast}`,
    );
    return verdict.valid && isFast;
  } finally {
    await journal.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
