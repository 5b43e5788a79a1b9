/** Operations as an operator sees them: which fields each changes, and what it waits for. Never a value. */
import { sql } from 'kysely';
import { isObject, member } from '../lib/json';
import { FIELDS, pointerOf } from '../staff/fields';
import { type Cipher, PLAIN } from './cipher';
import type { Database } from './database';
import type { Operation, OperationFilter, OperationStatus } from './operation';
import { type OperationRow, placeOf, toOperation } from './operationRow';
import { holdsBack } from './staffQueue';
import { orUnavailable } from './unavailable';

/** `time`: the next attempt is later. `operation`: an earlier update of the same staff member is not finished. */
export type WaitsFor =
  | { kind: 'time'; until: string }
  | { kind: 'operation'; id: string; status: OperationStatus }
  | { kind: 'worker' | 'vendor' | 'operator' };

export interface ListedOperation extends Operation {
  /** Pointers of the fields that it changes; once it is finished those that the audit names, if it still holds them. */
  fields: readonly string[];
  /** Absent for one that is finished. */
  waitsFor?: WaitsFor;
}

/** What an operator is shown without being asked for more: all but what went well or was discarded by an operator. */
export const OF_INTEREST: readonly OperationStatus[] = ['queued', 'running', 'dead', 'failed'];

/** Those that still wait for something. */
export const UNFINISHED: readonly OperationStatus[] = ['queued', 'running', 'dead'];

/**
 * Newest first. Without ids and statuses those of interest.
 * @throws StoreUnavailable when the database does
 */
export async function listOperations(
  database: Database,
  filter: OperationFilter,
  limit: number,
  cipher: Cipher = PLAIN,
): Promise<ListedOperation[]> {
  return (await pageOfOperations(database, filter, limit, { cipher })).operations;
}

export interface OperationPage {
  operations: ListedOperation[];
  /** Where the next page begins; absent after the last one. */
  next?: number;
}

/**
 * Newest first, as `listOperations`, page by page.
 * @param options `before`: `next` of the page before. `cipher` opens what is sealed; without the right key the fields are those
 *   that the audit names.
 * @throws StoreUnavailable when the database does
 */
export function pageOfOperations(
  database: Database,
  filter: OperationFilter,
  limit: number,
  { before, cipher = PLAIN }: { before?: number | undefined; cipher?: Cipher } = {},
): Promise<OperationPage> {
  return orUnavailable(async () => {
    const rows = await newestOf(database, filter, { limit: limit + 1, before });
    const operations: ListedOperation[] = [];
    for (const row of rows.slice(0, limit)) {
      const waitsFor = await waitOf(database, row);
      const patch = row.patch === null ? undefined : cipher.open(row.patch, placeOf(row.id, 'patch'));
      const fields = patch === undefined ? await auditedFields(database, row) : fieldsIn(patch);
      operations.push({ ...toOperation(row, cipher), fields, ...(waitsFor !== undefined && { waitsFor }) });
    }
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { operations, ...(last !== undefined && { next: Number(last.seq) }) };
  });
}

/** Each status has its index, all together have none: those of interest may be few among very many that went well. */
async function newestOf(
  database: Database,
  filter: OperationFilter,
  { limit, before }: { limit: number; before: number | undefined },
): Promise<OperationRow[]> {
  const isChosen = filter.ids ?? filter.statuses ?? filter.unclear;
  const parts =
    isChosen === undefined ? OF_INTEREST.map((status) => ({ ...filter, statuses: [status] })) : [filter];
  const found = await Promise.all(
    parts.map((part) => {
      let query = select(database, part);
      if (isChosen === undefined) query = query.where(NOT_DISCARDED);
      if (before !== undefined) query = query.where('seq', '<', before);
      return query.orderBy('seq', 'desc').limit(limit).execute();
    }),
  );
  return found
    .flat()
    .sort((one, other) => Number(other.seq) - Number(one.seq))
    .slice(0, limit);
}

const NOT_DISCARDED = sql<boolean>`(last_code is null or last_code <> 'discarded')`;
/** In the words of its index. */
const FAILED = sql<boolean>`status = 'failed'`;

/** How many unfinished ones there are, by status; `unclear`: those of which an attempt may have reached the vendor. */
export function countOperations({ db }: Database): Promise<Readonly<Record<string, number>>> {
  return orUnavailable(async () => {
    const rows = await db
      .selectFrom('operations')
      .select(({ fn }) => ['status', fn.countAll().as('count'), fn.sum('settle').as('unclear')])
      .where('finished_at', 'is', null)
      .groupBy('status')
      .execute();
    const counts = Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
    return { ...counts, unclear: rows.reduce((sum, { unclear }) => sum + Number(unclear), 0) };
  });
}

function select({ db }: Database, { ids, clinic, staffId, statuses, unclear }: OperationFilter) {
  let query = db.selectFrom('operations').selectAll();
  if (ids) query = query.where('id', 'in', [...ids]);
  if (clinic !== undefined) query = query.where('clinic', '=', clinic);
  if (staffId !== undefined) query = query.where('staff_id', '=', staffId);
  // What is unfinished is found by an index of its own.
  if (unclear === true) return query.where('settle', '=', 1).where('finished_at', 'is', null);
  if (statuses?.every((status) => UNFINISHED.includes(status)))
    query = query.where('finished_at', 'is', null);
  if (statuses?.length === 1 && statuses[0] === 'failed') return query.where(FAILED);
  return statuses ? query.where('status', 'in', [...statuses]) : query;
}

async function waitOf(database: Database, row: OperationRow): Promise<WaitsFor | undefined> {
  if (row.status === 'running') return { kind: 'vendor' };
  if (row.status === 'dead') return { kind: 'operator' };
  if (row.status !== 'queued') return undefined;
  if (row.available_at !== null) {
    const isLater = row.attempts > 0 && Date.parse(row.available_at) > Date.now();
    return isLater ? { kind: 'time', until: row.available_at } : { kind: 'worker' };
  }
  const earlier = await predecessor(database, row);
  return earlier === undefined ? { kind: 'worker' } : { kind: 'operation', ...earlier };
}

async function predecessor(
  { db }: Database,
  { id }: OperationRow,
): Promise<{ id: string; status: OperationStatus } | undefined> {
  return db
    .selectFrom('operations as later')
    .innerJoin('operations as earlier', (join) => join.on(holdsBack('earlier', 'later')))
    .select(['earlier.id', 'earlier.status'])
    .where('later.id', '=', id)
    .orderBy('earlier.seq', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Of a stored patch: pointers alone. */
function fieldsIn(patch: string): string[] {
  const changes = member(JSON.parse(patch), 'changes');
  const named = (Array.isArray(changes) ? changes : []).map((change) => member(change, 'field'));
  return FIELDS.filter((field) => named.includes(field)).map(pointerOf);
}

/** The patch of a finished operation is deleted, because it says something about a person; the audit has its pointers. */
async function auditedFields({ db }: Database, row: OperationRow): Promise<string[]> {
  const audited = await db
    .selectFrom('changes')
    .select('fields')
    .where('clinic', '=', row.clinic)
    .where('kind', '=', row.mirrored === 0 ? 'update' : 'mirror')
    .where('staff_id', '=', row.staff_id)
    .where('request_id', '=', row.request_id)
    .orderBy('clinic_seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const fields: unknown = JSON.parse(audited?.fields ?? '{}');
  return isObject(fields) ? Object.keys(fields) : [];
}
