/**
 * The rows of an import in a temporary table, where they are judged as a set. The table belongs to one connection and is
 * in a database of its own (SQLite) or unlogged (PostgreSQL): nobody waits for it, and nothing of it outlives the import.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Engine } from './engine';
import type { Link } from './link';
import type { LinkedRow } from './linkTrail';
import type { Schema } from './schema';

/** One row of the file, with the ids that can be stored. */
export interface StagedRow {
  line: number;
  clinic: string | null;
  staff_id: string | null;
  vendor: string | null;
  vendor_record_id: string | null;
  state: State;
  /** JSON of what the giver of the row wants back if it is refused. */
  note: string | null;
}

/** What is known of a row. All but `OPEN` are refused. */
export const OPEN = 0;
/** By its giver, in `note`. */
export const GIVEN = 1;
/** Another row links the same staff id at the same connection. */
export const STAFF_TWICE = 2;
/** Another row links the same vendor record to somebody else. */
export const RECORD_TWICE = 3;
/** Somebody has the record, and keeps it. */
export const TAKEN = 4;
export type State = typeof OPEN | typeof GIVEN | typeof STAFF_TWICE | typeof RECORD_TWICE | typeof TAKEN;

export type Connection = Kysely<Schema> | Transaction<Schema>;

const COLUMNS = ['line', 'clinic', 'staff_id', 'vendor', 'vendor_record_id', 'state', 'note'] as const;
/** Rows of one statement at SQLite: a text that is prepared once, with fewer parameters than SQLite allows. */
const SQLITE_ROWS = 500;
/** In KiB: with SQLite's own 2 MiB a large index is written and read again many times. */
const SQLITE_CACHE = 16 * 1024;

/** In MB, for sorting: with PostgreSQL's own 4 MB a million rows are sorted on the disk, in many parts. */
const POSTGRES_MEMORY = 64;

export async function createStage(on: Connection, engine: Engine): Promise<void> {
  await dropStage(on, engine);
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  const key = engine === 'sqlite' ? sql`integer` : sql`bigint`;
  if (engine === 'postgres') await sql`set work_mem = ${sql.lit(`${POSTGRES_MEMORY}MB`)}`.execute(on);
  if (engine === 'sqlite') {
    // A million rows are too much for the memory.
    await sql`pragma temp_store = file`.execute(on);
    await sql`pragma temp.cache_size = ${sql.lit(-SQLITE_CACHE)}`.execute(on);
  }
  await sql`create temp table staged (line ${key} primary key, clinic ${text}, staff_id ${text}, vendor ${text},
    vendor_record_id ${text}, state integer not null, note text, moves integer not null default 0)`.execute(
    on,
  );
}

export async function dropStage(on: Connection, engine: Engine): Promise<void> {
  if (engine === 'postgres') await sql`reset work_mem`.execute(on);
  await sql`drop table if exists repeated`.execute(on);
  await sql`drop table if exists ready`.execute(on);
  await sql`drop table if exists staged`.execute(on);
  if (engine === 'sqlite') await sql`pragma temp_store = memory`.execute(on);
}

export async function stage(on: Connection, engine: Engine, rows: readonly StagedRow[]): Promise<void> {
  if (engine === 'postgres') {
    await sql`insert into staged (line, clinic, staff_id, vendor, vendor_record_id, state, note)
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as given (line bigint, clinic text, staff_id text,
      vendor text, vendor_record_id text, state integer, note text)`.execute(on);
    return;
  }
  for (let start = 0; start < rows.length; start += SQLITE_ROWS) {
    const values = rows
      .slice(start, start + SQLITE_ROWS)
      .map((row) => sql`(${sql.join(COLUMNS.map((column) => row[column]))})`);
    await sql`insert into staged (line, clinic, staff_id, vendor, vendor_record_id, state, note)
      values ${sql.join(values)}`.execute(on);
  }
}

/** To be called when all rows are staged: an index that is built at once is built faster. */
export async function indexStage(on: Connection, engine: Engine): Promise<void> {
  await sql`create index staged_staff on staged (vendor, clinic, staff_id)`.execute(on);
  await sql`create index staged_record on staged (vendor, vendor_record_id)`.execute(on);
  if (engine === 'postgres') await sql`analyze staged`.execute(on);
}

/** Refuses rows that contradict each other: all of them, so that their order does not matter. */
export async function refuseTwice(on: Connection): Promise<void> {
  await refuseRepeated(on, ['vendor', 'clinic', 'staff_id'], STAFF_TWICE);
  await refuseRepeated(on, ['vendor', 'vendor_record_id'], RECORD_TWICE);
}

/** The lines of the staged rows that are one of these pairs, with the pair. */
export async function linesOf<Pair extends Link>(
  on: Connection,
  pairs: readonly Pair[],
): Promise<{ line: number; pair: Pair }[]> {
  const found: { line: number; pair: Pair }[] = [];
  for (const pair of pairs) {
    const { rows } = await sql<{ line: number | string }>`
      select line from staged where vendor = ${pair.vendor} and clinic = ${pair.clinic} and staff_id = ${pair.staffId}
        and vendor_record_id = ${pair.vendorRecordId} order by line`.execute(on);
    found.push(...rows.map(({ line }) => ({ line: Number(line), pair })));
  }
  return found;
}

/** Through a table of what is repeated, which is small as a rule and then leads to its rows by the index. */
async function refuseRepeated(
  on: Connection,
  columns: readonly (keyof StagedRow)[],
  state: State,
): Promise<void> {
  const list = sql.join(columns.map((column) => sql.ref(column)));
  const given = sql.join(
    columns.map((column) => sql`${sql.ref(column)} is not null`),
    sql` and `,
  );
  const same = sql.join(
    columns.map((column) => sql`mine.${sql.ref(column)} = repeated.${sql.ref(column)}`),
    sql` and `,
  );
  await sql`create temp table repeated as select ${list} from staged where ${given} group by ${list}
    having count(*) > 1`.execute(on);
  await sql`update staged set state = ${sql.lit(state)} where state = ${sql.lit(OPEN)} and line in (
    select mine.line from repeated inner join staged as mine on ${same})`.execute(on);
  await sql`drop table repeated`.execute(on);
}

/** `staged` rows and the links of others that hold their records. */
const HELD_BY_OTHERS = sql`staged as mine inner join links on links.vendor = mine.vendor
  and links.vendor_record_id = mine.vendor_record_id
  and (links.clinic <> mine.clinic or links.staff_id <> mine.staff_id)`;

function isLinkOf(row: string): RawBuilder<unknown> {
  const of = sql.ref(row);
  return sql`${of}.vendor = links.vendor and ${of}.clinic = links.clinic and ${of}.staff_id = links.staff_id`;
}

/**
 * Refuses rows whose record somebody keeps: who is not in the file, or whose own row is refused, which may refuse another
 * row in turn. May be called again when links or rows have changed.
 */
export async function refuseTaken(on: Connection): Promise<void> {
  await sql`with recursive stays (line) as (
      select line from staged where state <> ${sql.lit(OPEN)}
      union
      select mine.line from ${HELD_BY_OTHERS} where mine.state = ${sql.lit(OPEN)}
        and not exists (select 1 from staged as holder where ${isLinkOf('holder')})
      union
      select mine.line from stays
        inner join staged as holder on holder.line = stays.line
        inner join links on ${isLinkOf('holder')}
        inner join staged as mine on mine.vendor = links.vendor and mine.vendor_record_id = links.vendor_record_id
        where mine.state = ${sql.lit(OPEN)} and mine.line <> holder.line)
    update staged set state = ${sql.lit(TAKEN)} where state = ${sql.lit(OPEN)} and line in (select line from stays)`.execute(
    on,
  );
}

/** Marks the rows that take a record from each other, and so can only be done together. @returns how many */
export async function markMoves(on: Connection): Promise<number> {
  await sql`update staged set moves = 1 where state = ${sql.lit(OPEN)} and line in (
    select mine.line from ${HELD_BY_OTHERS} where mine.state = ${sql.lit(OPEN)}
    union
    select holder.line from ${HELD_BY_OTHERS} inner join staged as holder on ${isLinkOf('holder')}
      where mine.state = ${sql.lit(OPEN)})`.execute(on);
  const { rows } = await sql<{ count: number | string }>`
    select count(*) as count from staged where moves = 1 and state = ${sql.lit(OPEN)}`.execute(on);
  return Number(rows[0]?.count);
}

/**
 * Sets the records free that the moving rows take from each other. A record id has no control characters, so what is kept
 * instead, until the same transaction links anew, is nobody's.
 */
export async function freeMoved(on: Connection, engine: Engine): Promise<void> {
  const control = engine === 'sqlite' ? sql`char(1)` : sql`chr(1)`;
  await sql`update links set vendor_record_id = (select ${control} || staged.line from staged where ${isLinkOf('staged')})
    where exists (select 1 from staged where ${isLinkOf('staged')} and staged.moves = 1
      and staged.vendor_record_id <> links.vendor_record_id)`.execute(on);
}

export interface Outcomes {
  created: number;
  replaced: number;
  unchanged: number;
}

/** What linking all rows that are not refused would do. */
export async function outcomes(on: Connection): Promise<Outcomes> {
  const { rows } = await sql<Record<'total' | 'known' | 'same', number | string | null>>`
    select count(*) as total, count(links.clinic) as known,
      sum(case when links.vendor_record_id = staged.vendor_record_id then 1 else 0 end) as same
    from staged left join links on ${isLinkOf('staged')} where state = ${sql.lit(OPEN)}`.execute(on);
  const [found] = rows;
  const [total, known, same] = [Number(found?.total), Number(found?.known), Number(found?.same ?? 0)];
  return { created: total - known, replaced: known - same, unchanged: same };
}

/** Links the moving rows, whose records are free. @returns the revisions of the links that have changed */
export async function linkMoves(on: Connection, as: Linking): Promise<LinkedRow[]> {
  return link(on, sql`staged where moves = 1 and state = ${sql.lit(OPEN)}`, as);
}

/**
 * Copies the rows that do not move, in the order of the table of links: inserting in it touches each page once then.
 * @returns how many there are
 */
export async function orderStage(on: Connection, engine: Engine): Promise<number> {
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  const key = engine === 'sqlite' ? sql`integer` : sql`bigint`;
  await sql`create temp table ready (place ${key} primary key, line ${key}, clinic ${text}, staff_id ${text}, vendor ${text},
    vendor_record_id ${text})`.execute(on);
  await sql`insert into ready
    select row_number() over (order by clinic, staff_id, vendor), line, clinic, staff_id, vendor, vendor_record_id
    from staged where state = ${sql.lit(OPEN)} and moves = 0`.execute(on);
  const { rows } = await sql<{ count: number | string }>`select count(*) as count from ready`.execute(on);
  return Number(rows[0]?.count);
}

/** Some of the ordered rows. */
export interface Slice {
  after: number;
  upTo: number;
}

/** @returns the revisions of the links that have changed */
export async function linkSlice(on: Connection, { after, upTo }: Slice, as: Linking): Promise<LinkedRow[]> {
  return link(on, sql`ready where place > ${after} and place <= ${upTo}`, as);
}

/** Refuses rows of a slice whose record somebody has taken since they were judged. @returns how many */
export async function refuseTakenMeanwhile(on: Connection, { after, upTo }: Slice): Promise<number> {
  await sql`update staged set state = ${sql.lit(TAKEN)} where line in (
    select ready.line from ready inner join links on links.vendor = ready.vendor
      and links.vendor_record_id = ready.vendor_record_id
      and (links.clinic <> ready.clinic or links.staff_id <> ready.staff_id)
    where ready.place > ${after} and ready.place <= ${upTo})`.execute(on);
  const { numAffectedRows } =
    await sql`delete from ready where place > ${after} and place <= ${upTo} and exists (
    select 1 from staged where staged.line = ready.line and staged.state = ${sql.lit(TAKEN)})`.execute(on);
  return Number(numAffectedRows ?? 0n);
}

/** What is written beside a link. */
export interface Linking {
  at: string;
  /** Whether the vendor has shown a record of exactly the link's id. */
  checked: boolean;
}

async function link(
  on: Connection,
  rows: RawBuilder<unknown>,
  { at, checked }: Linking,
): Promise<LinkedRow[]> {
  if (checked) {
    await sql`
      update links set checked_at = ${at} from (select clinic, staff_id, vendor, vendor_record_id from ${rows}) as shown
      where links.clinic = shown.clinic and links.staff_id = shown.staff_id and links.vendor = shown.vendor
        and links.vendor_record_id = shown.vendor_record_id and links.checked_at is null`.execute(on);
  }
  const changed = await sql<LinkedColumns>`
    insert into links (clinic, staff_id, vendor, vendor_record_id, revision, created_at, updated_at, checked_at)
    select clinic, staff_id, vendor, vendor_record_id, 1, ${sql.val(at)}, ${sql.val(at)},
      ${checked ? sql.val(at) : sql`null`} from ${rows}
    on conflict (clinic, staff_id, vendor) do update set vendor_record_id = excluded.vendor_record_id,
      updated_at = excluded.updated_at, checked_at = excluded.checked_at, revision = links.revision + 1
    where links.vendor_record_id <> excluded.vendor_record_id
    returning revision, clinic, staff_id, vendor, vendor_record_id`.execute(on);
  return changed.rows.map((row) => ({
    revision: Number(row.revision),
    clinic: row.clinic,
    staffId: row.staff_id,
    vendor: row.vendor,
    vendorRecordId: row.vendor_record_id,
  }));
}

type LinkedColumns = Pick<
  Schema['links'],
  'revision' | 'clinic' | 'staff_id' | 'vendor' | 'vendor_record_id'
>;
