/**
 * The audit: one row for each attempted update and every other act that it knows, never changed, each chained to the one
 * before by a hash. The values that were sent are kept as digests unless the operator asks for more.
 */
import { randomBytes } from 'node:crypto';
import { isObject } from '../lib/json';
import type { Outcome } from '../receipt';
import type { ChangeRow } from './chain';
import { type Filter, findChanges } from './changeList';
import { scanChanges } from './changeScan';
import type { Database } from './database';
import { orUnavailable } from './unavailable';

export const CHANGE_OUTCOMES = ['success', 'partial', 'not_sent', 'refused', 'failed', 'unknown'] as const;

/**
 * What became of the whole act. `partial`: a part of it was done; `refused`: it was not wanted; `failed`: it could not be done; `not_sent`: a dry run, which
 * never sends anything.
 */
export type ChangeOutcome = (typeof CHANGE_OUTCOMES)[number];

export const CHANGE_KINDS = [
  'update',
  'dry_run',
  'link',
  'link_removed',
  'import',
  'discard',
  'retry',
  'refusal',
  'read',
  'copy',
  'mirror',
  'switch',
  'operator',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** What became of one sent member: its receipt row, or what is known without one. */
export type FieldResult = Outcome | 'not_applied' | 'not_confirmed' | 'unknown';

/** Facts of a row that have no column: names, ids, counts; never a value of a staff record. */
export type ChangeDetail = Readonly<Record<string, string | number | boolean>>;

export interface Change {
  /** Absent: `update`. */
  kind?: ChangeKind;
  /** ISO 8601, UTC: when it ended. */
  at: string;
  requestId: string;
  /** Empty if no clinic is known, as of a refusal without a valid key. */
  clinic: string;
  caller: string;
  staffId: string;
  vendor: string;
  /** Null if the update ended before the record was known. */
  vendorRecordId: string | null;
  outcome: ChangeOutcome;
  /** Of the answer; null if no caller was waiting any more. */
  status: number | null;
  code: string | null;
  durationMs: number;
  /** By pointer of the top-level member. */
  fields: Readonly<Record<string, FieldResult>>;
  /** By pointer: the sent values, or their digests once they are stored. */
  values: Readonly<Record<string, unknown>>;
  detail?: ChangeDetail | undefined;
}

export interface StoredChange extends Change {
  kind: ChangeKind;
  /** Position in the audit, from 1, without gaps. */
  sequence: number;
  /** Position among the rows of its clinic, from 1, without gaps. */
  clinicSequence: number;
  previousHash: string;
  hash: string;
}

/** `salt`: the secret of the digests. */
export type KeptValues = { kind: 'full' } | { kind: 'hashed'; salt: string };

/** An act that is no update: what the audit has columns for and this does not name is empty. */
export function act(
  given: Pick<Change, 'clinic' | 'caller'> & Partial<Change> & { kind: ChangeKind },
): Change {
  return {
    at: new Date().toISOString(),
    requestId: '',
    staffId: '',
    vendor: '',
    vendorRecordId: null,
    outcome: 'success',
    status: null,
    code: null,
    durationMs: 0,
    fields: {},
    values: {},
    ...given,
  };
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
  /** Absent: all. */
  kind?: ChangeKind;
  staffId?: string;
  caller?: string;
  vendor?: string;
  outcome?: ChangeOutcome;
  /** ISO 8601, UTC: `since` ≤ at < `until`. */
  since?: string;
  until?: string;
}

function stored(row: ChangeRow): StoredChange {
  return {
    kind: CHANGE_KINDS.find((kind) => kind === row.kind) ?? 'operator',
    sequence: Number(row.seq),
    clinicSequence: Number(row.clinic_seq),
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
    ...(row.detail !== null && { detail: parseObject<string | number | boolean>(row.detail) }),
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

function parseObject<Value>(text: string): Record<string, Value> {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new TypeError('a stored object is expected');
  return Object.fromEntries(Object.entries(value)) as Record<string, Value>;
}

/** The audit as requests read it. */
export interface Changes {
  /**
   * Newest first, so that what is added meanwhile moves no page.
   * @param before the last position within the clinic of the page before
   * @throws StoreUnavailable
   */
  list(filter: ChangeFilter, limit: number, before?: number): Promise<StoredChange[]>;
  /**
   * Over all clinics, newest first. Looks at a bounded number of rows: there may be fewer than `limit` and still a `next`.
   * @param before `next` of the page before
   * @throws StoreUnavailable
   */
  scan(
    filter: Omit<ChangeFilter, 'clinic'>,
    limit: number,
    before?: number,
  ): Promise<{ changes: StoredChange[]; next?: number }>;
}

export function createChanges(database: Database): Changes {
  return {
    list: (filter, limit, before) =>
      orUnavailable(async () => (await findChanges(database, filterOf(filter), limit, before)).map(stored)),
    scan: (filter, limit, before) =>
      orUnavailable(async () => {
        const { rows, next } = await scanChanges(
          database,
          filterOf({ clinic: '', ...filter }),
          limit,
          before,
        );
        return { changes: rows.map(stored), ...(next !== undefined && { next }) };
      }),
  };
}

function filterOf({ clinic, kind, since, until, staffId, ...rest }: ChangeFilter): Filter {
  return {
    clinic,
    kinds: kind === undefined ? CHANGE_KINDS : [kind],
    equal: { ...(staffId !== undefined && { staff_id: staffId }), ...rest },
    since,
    until,
  };
}
