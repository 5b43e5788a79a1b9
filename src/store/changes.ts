/**
 * The audit: one row for each attempted update, never changed, each chained to the one before by a hash. The values that
 * were sent are kept as salted digests unless the operator asks for more.
 */
import { createHmac, hash, randomBytes } from 'node:crypto';
import { CompiledQuery, sql, type Transaction } from 'kysely';
import { canonicalJson, isObject } from '../lib/json';
import type { Outcome } from '../receipt';
import type { Database } from './database';
import type { Engine } from './engine';
import { overRows } from './given';
import type { Schema } from './schema';
import { orUnavailable } from './unavailable';

export const CHANGE_OUTCOMES = ['success', 'refused', 'failed', 'unknown'] as const;

/** What became of the whole update. `refused`: it was not wanted; `failed`: it could not be done. */
export type ChangeOutcome = (typeof CHANGE_OUTCOMES)[number];

/** What became of one sent member: its receipt row, or what is known without one. */
export type FieldResult = Outcome | 'not_applied' | 'not_confirmed' | 'unknown';

export interface Change {
  /** ISO 8601, UTC: when the update ended. */
  at: string;
  requestId: string;
  clinic: string;
  caller: string;
  staffId: string;
  vendor: string;
  /** Null where the update ended before the record was known. */
  vendorRecordId: string | null;
  outcome: ChangeOutcome;
  /** Of the answer; null where nobody was left to be answered. */
  status: number | null;
  code: string | null;
  durationMs: number;
  /** By pointer of the top-level member. */
  fields: Readonly<Record<string, FieldResult>>;
  /** By pointer: the sent values, or their digests once they are stored. */
  values: Readonly<Record<string, unknown>>;
}

export interface StoredChange extends Change {
  /** Position in the audit, from 1, without gaps. */
  sequence: number;
  previousHash: string;
  hash: string;
}

export type KeptValues = { kind: 'full' } | { kind: 'hashed'; salt: string };

type ChangeRow = Schema['changes'];

const COLUMNS = {
  seq: 'bigint',
  at: 'text',
  request_id: 'text',
  clinic: 'text',
  caller: 'text',
  staff_id: 'text',
  vendor: 'text',
  vendor_record_id: 'text',
  outcome: 'text',
  status: 'bigint',
  code: 'text',
  duration_ms: 'bigint',
  fields: 'text',
  sent_values: 'text',
  previous_hash: 'text',
  hash: 'text',
} as const satisfies Record<keyof ChangeRow, 'text' | 'bigint'>;

const HEAD_TEXT = "select name, seq, hash from change_chain where name = 'head'";
const HEAD = {
  sqlite: CompiledQuery.raw(HEAD_TEXT) as CompiledQuery<Schema['change_chain']>,
  postgres: CompiledQuery.raw(`${HEAD_TEXT} for update`) as CompiledQuery<Schema['change_chain']>,
} satisfies Record<Engine, CompiledQuery<Schema['change_chain']>>;

const insertRows = overRows(COLUMNS, (rows) => `insert into changes (${Object.keys(COLUMNS)}) ${rows}`);

const moveHead = overRows(
  { seq: 'bigint', hash: 'text' },
  (rows) => `update change_chain set (seq, hash) = (${rows}) where name = 'head'`,
);

/** Chains the rows to the newest one. Whoever appends holds the chain's head until the transaction ends. */
export async function appendChanges(
  transaction: Transaction<Schema>,
  engine: Engine,
  changes: readonly Change[],
  kept: KeptValues,
): Promise<void> {
  if (changes.length === 0) return;
  const { rows: heads } = await transaction.executeQuery(HEAD[engine]);
  const [head] = heads;
  if (head === undefined) throw new Error('the chain of changes has lost its head');
  let last = { seq: Number(head.seq), hash: head.hash };
  const rows = changes.map((change) => {
    const row = chained(change, last, kept);
    last = row;
    return row;
  });
  await insertRows(transaction, engine, rows);
  await moveHead(transaction, engine, [last]);
}

function chained(change: Change, previous: { seq: number; hash: string }, kept: KeptValues): ChangeRow {
  const row: ChangeRow = {
    seq: previous.seq + 1,
    at: change.at,
    request_id: change.requestId,
    clinic: change.clinic,
    caller: change.caller,
    staff_id: change.staffId,
    vendor: change.vendor,
    vendor_record_id: change.vendorRecordId,
    outcome: change.outcome,
    status: change.status,
    code: change.code,
    duration_ms: change.durationMs,
    fields: JSON.stringify(change.fields),
    sent_values: JSON.stringify(keptValues(change.values, kept)),
    previous_hash: previous.hash,
    hash: '',
  };
  row.hash = hashOf(row);
  return row;
}

/** Over all other columns, as the stored texts that they are: both engines, and a dump of either, give the same. */
function hashOf(row: ChangeRow): string {
  const cells = [
    row.previous_hash,
    Number(row.seq),
    row.at,
    row.request_id,
    row.clinic,
    row.caller,
    row.staff_id,
    row.vendor,
    row.vendor_record_id,
    row.outcome,
    row.status === null ? null : Number(row.status),
    row.code,
    Number(row.duration_ms),
    row.fields,
    row.sent_values,
  ];
  return hash('sha256', JSON.stringify(cells), 'hex');
}

/** A digest says whether two updates sent the same value for the same field, and nothing else to who lacks the salt. */
function keptValues(values: Readonly<Record<string, unknown>>, kept: KeptValues): Record<string, unknown> {
  if (kept.kind === 'full') return { ...values };
  const digests: Record<string, string> = {};
  for (const pointer of Object.keys(values)) {
    digests[pointer] = createHmac('sha256', kept.salt)
      .update(`${pointer}\n${canonicalJson(values[pointer])}`)
      .digest('base64url');
  }
  return digests;
}

/** The installation's own salt: made once, kept in the database, the same for all replicas. */
export async function installationSalt({ db }: Database): Promise<string> {
  const name = 'audit.salt';
  await db
    .insertInto('settings')
    .values({ name, value: randomBytes(32).toString('base64url') })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirstOrThrow())
    .value;
}

export interface ChangeFilter {
  clinic: string;
  staffId?: string;
  caller?: string;
  outcome?: ChangeOutcome;
  /** ISO 8601, UTC: `since` ≤ at < `until`. */
  since?: string;
  until?: string;
}

/** Newest first, so that what is added meanwhile moves no page. @param before the last sequence of the page before */
async function listChanges(
  { db }: Database,
  filter: ChangeFilter,
  limit: number,
  before?: number,
): Promise<StoredChange[]> {
  let query = db.selectFrom('changes').selectAll().where('clinic', '=', filter.clinic);
  if (filter.staffId !== undefined) query = query.where('staff_id', '=', filter.staffId);
  if (filter.caller !== undefined) query = query.where('caller', '=', filter.caller);
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('at', '<', filter.until);
  if (before !== undefined) query = query.where('seq', '<', before);
  return (await query.orderBy('seq', 'desc').limit(limit).execute()).map(stored);
}

function stored(row: ChangeRow): StoredChange {
  return {
    sequence: Number(row.seq),
    at: row.at,
    requestId: row.request_id,
    clinic: row.clinic,
    caller: row.caller,
    staffId: row.staff_id,
    vendor: row.vendor,
    vendorRecordId: row.vendor_record_id,
    outcome: row.outcome,
    status: row.status === null ? null : Number(row.status),
    code: row.code,
    durationMs: Number(row.duration_ms),
    fields: parseObject(row.fields),
    values: parseObject(row.sent_values),
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

function parseObject<Value>(text: string): Record<string, Value> {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new TypeError('a stored object is expected');
  return Object.fromEntries(Object.entries(value)) as Record<string, Value>;
}

export type ChainVerdict =
  | { valid: true; rows: number }
  /** `sequence` names the first row that is not as it was written, or the first that is missing. */
  | { valid: false; rows: number; sequence: number; reason: string };

const PAGE = 1_000;

/** Recomputes every hash, from the oldest kept row to the newest, in bounded memory and on one snapshot. */
export async function verifyChain(
  { db }: Database,
  { onProgress = () => {} }: { onProgress?: (rows: number) => void } = {},
): Promise<ChainVerdict> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      const ends = await transaction.selectFrom('change_chain').selectAll().execute();
      const checkpoint = ends.find(({ name }) => name === 'checkpoint');
      const head = ends.find(({ name }) => name === 'head');
      if (checkpoint === undefined || head === undefined) {
        return { valid: false, rows: 0, sequence: 1, reason: 'the marks of the chain’s ends are missing' };
      }
      let last = { seq: Number(checkpoint.seq), hash: checkpoint.hash };
      let rows = 0;
      const broken = (reason: string): ChainVerdict => ({
        valid: false,
        rows,
        sequence: last.seq + 1,
        reason,
      });
      for (;;) {
        const page = await transaction
          .selectFrom('changes')
          .selectAll()
          .where('seq', '>', last.seq)
          .orderBy('seq')
          .limit(PAGE)
          .execute();
        for (const row of page) {
          const fault = faultIn(row, last);
          if (fault !== undefined) return broken(fault);
          last = { seq: Number(row.seq), hash: row.hash };
          rows += 1;
        }
        onProgress(rows);
        if (page.length < PAGE) break;
      }
      if (last.seq < Number(head.seq)) return broken('the row is missing, and so may be newer ones');
      return last.hash === head.hash && last.seq === Number(head.seq)
        ? { valid: true, rows }
        : { valid: false, rows, sequence: last.seq, reason: 'the row is not the one that was written last' };
    });
}

function faultIn(row: ChangeRow, previous: { seq: number; hash: string }): string | undefined {
  if (Number(row.seq) !== previous.seq + 1) return 'the row is missing';
  if (row.previous_hash !== previous.hash) return 'the row does not follow the one before it';
  return row.hash === hashOf(row) ? undefined : 'the row is not as it was written';
}

/**
 * Deletes at most `limit` of the oldest rows, those from before `before`. The hash of the last deleted one stays as the
 * checkpoint that the first kept one is chained to; the tables refuse to delete anything that the checkpoint is not past.
 * @returns how many were deleted
 */
export async function deleteOldest(database: Database, before: Date, limit = PAGE): Promise<number> {
  return database.db.transaction().execute(async (transaction) => {
    const lock = database.engine === 'postgres' ? sql`for update` : sql``;
    const { rows } = await sql<Schema['change_chain']>`
      select name, seq, hash from change_chain where name = 'checkpoint' ${lock}`.execute(transaction);
    const from = Number(rows[0]?.seq ?? 0);
    const candidates = await transaction
      .selectFrom('changes')
      .select(['seq', 'hash', 'at'])
      .where('seq', '>', from)
      .orderBy('seq')
      .limit(limit)
      .execute();
    const kept = candidates.findIndex(({ at }) => at >= before.toISOString());
    const old = kept === -1 ? candidates : candidates.slice(0, kept);
    const last = old.at(-1);
    if (last === undefined) return 0;
    await transaction
      .updateTable('change_chain')
      .set({ seq: Number(last.seq), hash: last.hash })
      .where('name', '=', 'checkpoint')
      .execute();
    await transaction.deleteFrom('changes').where('seq', '<=', Number(last.seq)).execute();
    return old.length;
  });
}

/** The audit as requests read it. */
export interface Changes {
  /** Newest first. @throws StoreUnavailable */
  list(filter: ChangeFilter, limit: number, before?: number): Promise<StoredChange[]>;
}

export function createChanges(database: Database): Changes {
  return {
    list: (filter, limit, before) => orUnavailable(() => listChanges(database, filter, limit, before)),
  };
}
