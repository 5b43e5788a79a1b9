/**
 * Finds rows of the audit without ever keeping the process from other work for long. One filter is answered by its index.
 * Several together, or a period, are looked for in short ranges of rows, between which others have their turn.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { ChangeRow } from './chain';
import type { Database } from './database';

export interface Filter {
  clinic: string;
  kinds: readonly string[];
  /** By column. */
  equal: Readonly<Partial<Pick<ChangeRow, 'staff_id' | 'caller' | 'vendor' | 'outcome'>>>;
  /** ISO 8601, UTC: `since` ≤ at < `until`. */
  since?: string | undefined;
  until?: string | undefined;
}

/** Positions within a clinic: `from` ≤ clinic_seq < `to`, or those alone. */
type Range = { from: number; to: number } | { places: readonly number[] };

/** Rows of a clinic that one row of `change_blocks` tells about; migration 0006 has it as well. */
export const BLOCK = 1_000;
/** Rows that are looked at in one go if no index leads to those that fit. */
const STRIDE = 2 * BLOCK;
/** As many rows as are looked at one by one, if no more have one of the wanted values. */
const FEW = 1_000;
const AT_ONCE = 250;

/** In the words of the index, which leaves out what nearly all rows are. */
const NO_SUCCESS = sql<boolean>`outcome <> 'success'`;

/** Newest first. @param before only rows of an earlier position within the clinic */
export async function findChanges(
  database: Database,
  filter: Filter,
  limit: number,
  before = Number.MAX_SAFE_INTEGER,
): Promise<ChangeRow[]> {
  const found: ChangeRow[] = [];
  const isPeriod = filter.since !== undefined || filter.until !== undefined;
  /** Kinds whose rows of the period are looked for together. */
  const together: string[] = [];
  for (const kind of filter.kinds) {
    const ranges = isPeriod
      ? await placesOf(database, filter, kind, before)
      : await rangesOf(database, filter, kind, before);
    if (ranges === undefined) together.push(kind);
    else found.push(...(await through(database, filter, [kind], { ranges, limit })));
  }
  if (together.length > 0) {
    const ranges = await blocksOf(database, filter, before);
    found.push(...(await through(database, filter, together, { ranges, limit })));
  }
  return found.sort((a, b) => Number(b.clinic_seq) - Number(a.clinic_seq)).slice(0, limit);
}

async function through(
  database: Database,
  filter: Filter,
  kinds: readonly string[],
  { ranges, limit }: { ranges: readonly Range[]; limit: number },
): Promise<ChangeRow[]> {
  const found: ChangeRow[] = [];
  for (const range of ranges) {
    found.push(...(await rowsIn(database, filter, kinds, { range, limit: limit - found.length })));
    if (found.length >= limit) break;
    await turn();
  }
  return found;
}

/** Newest first; those together hold every row that fits. */
async function rangesOf(database: Database, filter: Filter, kind: string, before: number): Promise<Range[]> {
  if (hasIndex(filter)) return [{ from: 0, to: before }];
  const places = await placesOf(database, filter, kind, before);
  if (places !== undefined) return places;
  const ranges: Range[] = [];
  for (let to = Math.min(before, (await newestOf(database, filter.clinic)) + 1); to > 0; to -= STRIDE) {
    ranges.push({ from: Math.max(0, to - STRIDE), to });
  }
  return ranges;
}

/** Undefined if too many rows have the wanted values. */
async function placesOf(
  database: Database,
  filter: Filter,
  kind: string,
  before: number,
): Promise<Range[] | undefined> {
  const places = await fewOf(database, filter, kind, before);
  if (places === undefined) return undefined;
  const ranges: Range[] = [];
  for (let at = 0; at < places.length; at += AT_ONCE) {
    ranges.push({ places: places.slice(at, at + AT_ONCE) });
  }
  return ranges;
}

/** Where the rows are that have one of the wanted values, if those are few. */
async function fewOf(
  { db }: Database,
  { clinic, equal }: Filter,
  kind: string,
  before: number,
): Promise<number[] | undefined> {
  for (const column of ['staff_id', 'caller', 'vendor', 'outcome'] as const) {
    const value = equal[column];
    if (value === undefined || value === 'success') continue;
    const rows = await db
      .selectFrom('changes')
      .select('clinic_seq')
      .where('clinic', '=', clinic)
      .where('kind', '=', kind)
      .where((eb) => eb(eb.ref(column), '=', value))
      .$if(column === 'outcome', (query) => query.where(NO_SUCCESS))
      .where('clinic_seq', '<', before)
      .orderBy('clinic_seq', 'desc')
      .limit(FEW + 1)
      .execute();
    if (rows.length <= FEW) return rows.map(({ clinic_seq }) => Number(clinic_seq));
  }
  return undefined;
}

function hasIndex({ equal }: Filter): boolean {
  return Object.keys(equal).length <= 1 && equal.outcome !== 'success';
}

async function newestOf({ db }: Database, clinic: string): Promise<number> {
  const row = await db
    .selectFrom('change_clinics')
    .select('seq')
    .where('clinic', '=', clinic)
    .executeTakeFirst();
  return Number(row?.seq ?? 0);
}

/** Rows do not stand in the order of their times: replicas have clocks of their own, and some ends are written late. */
async function blocksOf({ db }: Database, filter: Filter, before: number): Promise<Range[]> {
  let query = db.selectFrom('change_blocks').select('block').where('clinic', '=', filter.clinic);
  if (filter.since !== undefined) query = query.where('max_at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('min_at', '<', filter.until);
  const rows = await query
    .where('block', '<=', Math.floor(before / BLOCK))
    .orderBy('block', 'desc')
    .execute();
  return rows.map(({ block }) => ({
    from: Number(block) * BLOCK,
    to: Math.min(before, (Number(block) + 1) * BLOCK),
  }));
}

function rowsIn(
  { db }: Database,
  { clinic, equal, since, until }: Filter,
  kinds: readonly string[],
  { range, limit }: { range: Range; limit: number },
): Promise<ChangeRow[]> {
  let query = db.selectFrom('changes').selectAll().where('clinic', '=', clinic).where('kind', 'in', kinds);
  for (const column of ['staff_id', 'caller', 'vendor'] as const) {
    const value = equal[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  if (equal.outcome !== undefined) query = query.where('outcome', '=', equal.outcome);
  if (equal.outcome !== undefined && equal.outcome !== 'success') query = query.where(NO_SUCCESS);
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<', until);
  const within =
    'places' in range
      ? query.where('clinic_seq', 'in', range.places)
      : query.where('clinic_seq', '>=', range.from).where('clinic_seq', '<', range.to);
  return within.orderBy('clinic_seq', 'desc').limit(limit).execute();
}
