/**
 * Attempts: updates that may be on their way to a vendor. Part of the journal's transactions, like the idempotency keys; the
 * table is empty at rest.
 */
import { sql, type Transaction } from 'kysely';
import type { CanonicalPatch } from '../staff/patch';
import type { Cipher } from './cipher';
import type { Database } from './database';
import type { Engine } from './engine';
import { overRows } from './given';
import type { Schema } from './schema';

/** An update that may be on its way to a vendor. Holds the sent values for as long as that. */
export interface Attempt {
  id: string;
  requestId: string;
  clinic: string;
  caller: string;
  staffId: string;
  vendor: string;
  vendorRecordId: string;
  patch: CanonicalPatch;
  lenient: boolean;
  /** What it is in the audit; absent: a caller's update. */
  kind?: AttemptKind;
  createdAt: string;
}

export type AttemptKind = 'update' | 'copy' | 'mirror';

/** A vendor may be given ten minutes. */
const LONGEST_LEASE_MS = 11 * 60_000;

/** What must be true of an update that is about to be sent. */
export interface Conditions {
  /** The staff member's link still leads to the attempt's vendor record. */
  linked?: boolean;
  /** No queued update of the staff member is unfinished that is for the clinic's own connection, or for this one. */
  first?: boolean;
  /** The clinic's updates go to the attempt's connection, as far as the store knows where the clinic is. */
  here?: boolean;
}

/**
 * `away`: the clinic is elsewhere. `moved`: the link leads elsewhere by now. `behind`: others are queued. Nothing was written then.
 */
export type Begun = 'begun' | 'away' | 'moved' | 'behind';

export interface Beginning {
  attempt: Attempt;
  leaseUntil: string;
  conditions: Conditions;
}

export interface BegunResult {
  kind: 'begun';
  as: Begun;
}

/** Writes the attempts down whose conditions hold. One result for each, in their order. */
export async function beginAttempts(
  transaction: Transaction<Schema>,
  engine: Engine,
  beginnings: readonly Beginning[],
  cipher: Cipher,
): Promise<BegunResult[]> {
  if (beginnings.length === 0) return [];
  const rows = beginnings.map((beginning) => attemptRow(beginning, cipher));
  const { affected } = await insertRows(transaction, engine, rows);
  const written = affected === rows.length ? rows : (await findRows(transaction, engine, idsOf(rows))).rows;
  const ids = new Set(written.map(({ id }) => id));
  const results: BegunResult[] = [];
  for (const { attempt, conditions } of beginnings) {
    const as = ids.has(attempt.id) ? 'begun' : await whyNot(transaction, attempt, conditions);
    results.push({ kind: 'begun', as });
  }
  return results;
}

/** @returns the ids of those that were still there */
export async function deleteAttempts(
  transaction: Transaction<Schema>,
  engine: Engine,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const { rows } = await deleteRows(
    transaction,
    engine,
    ids.map((id) => ({ id })),
  );
  return rows.map(({ id }) => id);
}

/** How many updates of a clinic, begun before, may still be on their way to a connection. */
export async function countAttempts(
  { db }: Database,
  { clinic, vendor, before }: { clinic: string; vendor: string; before: string },
): Promise<number> {
  const row = await db
    .selectFrom('attempts')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('clinic', '=', clinic)
    .where('vendor', '=', vendor)
    .where('created_at', '<', before)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

/** Gives those whose lease has ended at `at` a new one; no other process gets them meanwhile. Times are ISO 8601. */
export async function takeAbandoned(
  { engine, db }: Database,
  { at, until, limit, cipher }: { at: string; until: string; limit: number; cipher: Cipher },
): Promise<Attempt[]> {
  await shortenLeases(db, at);
  const lock = engine === 'postgres' ? sql`for update skip locked` : sql``;
  const { rows } = await sql<AttemptRow>`
    update attempts set lease_until = ${until} where id in
    (select id from attempts where lease_until <= ${at} order by lease_until limit ${limit} ${lock})
    returning *`.execute(db);
  return rows.map((row) => attemptOf(row, cipher));
}

/**
 * A lease that ends later than any that is given shows that the clock was set back: it is cut, and not ended, because its update
 * may be under way.
 */
async function shortenLeases(db: Database['db'], at: string): Promise<void> {
  const latest = new Date(Date.parse(at) + LONGEST_LEASE_MS).toISOString();
  const tooLong = db.selectFrom('attempts').select('id').where('lease_until', '>', latest).limit(1);
  if ((await tooLong.executeTakeFirst()) === undefined) return;
  await db.updateTable('attempts').set({ lease_until: latest }).where('lease_until', '>', latest).execute();
}

type AttemptRow = Schema['attempts'];

const COLUMNS = {
  id: 'text',
  request_id: 'text',
  clinic: 'text',
  caller: 'text',
  staff_id: 'text',
  vendor: 'text',
  vendor_record_id: 'text',
  patch: 'text',
  lenient: 'bigint',
  kind: 'text',
  lease_until: 'text',
  created_at: 'text',
} as const satisfies Record<keyof AttemptRow, 'text' | 'bigint'>;

/** The conditions go with the row, so that they are judged by the statement that writes it. */
const GUARDED = { ...COLUMNS, linked: 'bigint', first: 'bigint', here: 'bigint' } as const;
const NAMES = Object.keys(COLUMNS).join(', ');
const MEMBER = 'clinic = given.clinic and staff_id = given.staff_id';
const RECORD = 'vendor = given.vendor and vendor_record_id = given.vendor_record_id';

const insertRows = overRows(
  GUARDED,
  (rows) => `with given (${Object.keys(GUARDED)}) as (${rows})
    insert into attempts (${NAMES}) select ${NAMES} from given
    where (linked = 0 or exists (select 1 from links where ${MEMBER} and ${RECORD}))
    and (first = 0 or not exists (select 1 from operations where ${MEMBER} and finished_at is null
      and (mirrored = 0 or vendor = given.vendor)))
    and (here = 0 or not exists (select 1 from whereabouts where clinic = given.clinic and vendor <> given.vendor))`,
);

const findRows = overRows<'id', { id: string }>(
  { id: 'text' },
  (rows) => `select id from attempts where id in (${rows})`,
);

const deleteRows = overRows<'id', { id: string }>(
  { id: 'text' },
  (rows) => `delete from attempts where id in (${rows}) returning id`,
);

function idsOf(rows: readonly { id: string }[]): { id: string }[] {
  return rows.map(({ id }) => ({ id }));
}

function attemptRow({ attempt, leaseUntil, conditions }: Beginning, cipher: Cipher) {
  return {
    id: attempt.id,
    request_id: attempt.requestId,
    clinic: attempt.clinic,
    caller: attempt.caller,
    staff_id: attempt.staffId,
    vendor: attempt.vendor,
    vendor_record_id: attempt.vendorRecordId,
    patch: cipher.seal(JSON.stringify(attempt.patch), attempt.id),
    lenient: attempt.lenient ? 1 : 0,
    kind: attempt.kind ?? 'update',
    lease_until: leaseUntil,
    created_at: attempt.createdAt,
    linked: conditions.linked ? 1 : 0,
    first: conditions.first ? 1 : 0,
    here: conditions.here ? 1 : 0,
  };
}

/**
 * Which condition did not hold. Told by where the clinic is, and by the link: the queue may have emptied since, and on PostgreSQL
 * each statement sees what is committed by then.
 */
async function whyNot(
  transaction: Transaction<Schema>,
  { clinic, staffId, vendor, vendorRecordId }: Attempt,
  { linked, first, here }: Conditions,
): Promise<Begun> {
  if (here) {
    const elsewhere = transaction
      .selectFrom('whereabouts')
      .select('clinic')
      .where('clinic', '=', clinic)
      .where('vendor', '<>', vendor);
    if ((await elsewhere.executeTakeFirst()) !== undefined) return 'away';
  }
  if (!first) return 'moved';
  if (!linked) return 'behind';
  const link = await transaction
    .selectFrom('links')
    .select('vendor_record_id')
    .where('clinic', '=', clinic)
    .where('staff_id', '=', staffId)
    .where('vendor', '=', vendor)
    .executeTakeFirst();
  return link?.vendor_record_id === vendorRecordId ? 'behind' : 'moved';
}

const NOTHING = JSON.stringify({ changes: [], members: [] } satisfies CanonicalPatch);

function attemptOf(row: AttemptRow, cipher: Cipher): Attempt {
  // Whose key is lost can still be ended: as one of which nobody can tell what became of it.
  const patch = cipher.open(row.patch, row.id) ?? NOTHING;
  return {
    id: row.id,
    requestId: row.request_id,
    clinic: row.clinic,
    caller: row.caller,
    staffId: row.staff_id,
    vendor: row.vendor,
    vendorRecordId: row.vendor_record_id,
    patch: JSON.parse(patch),
    lenient: Number(row.lenient) === 1,
    ...((row.kind === 'copy' || row.kind === 'mirror') && { kind: row.kind }),
    createdAt: row.created_at,
  };
}
