/**
 * Many links at once, judged as a set: what is stored in the end does not depend on the rows' order, records may be swapped,
 * and rows that contradict each other are all refused.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import { isStaffId } from '../staff/id';
import type { Database } from './database';
import { isConcurrencyFailure, isUniqueViolation } from './engine';
import { isVendorRecordId, type Link } from './link';
import {
  type Connection,
  createStage,
  dropStage,
  freeMoved,
  GIVEN,
  indexStage,
  linesOf,
  linkMoves,
  linkSlice,
  markMoves,
  OPEN,
  type Outcomes,
  orderStage,
  outcomes,
  refuseTaken,
  refuseTakenMeanwhile,
  refuseTwice,
  type StagedRow,
  stage,
} from './linkStage';
import { importRows, type LinkChange, type LinkedRow } from './linkTrail';
import { countRefused, noteOf, type RefusedRow, refusedRows } from './refusedLinks';
import type { Schema } from './schema';
import type { Trail } from './trail';

/** A row of an import. */
export interface ImportRow extends Link {
  /** Rises from row to row; default: counts from 1. */
  line?: number;
  /** Why it is refused already. It is still a row of its staff id, if it has one that can be stored. */
  refused?: string;
  /** Given back with the row if it is refused. */
  cells?: readonly string[];
}

/** A row that would be imported. */
export interface AcceptedRow extends Link {
  line: number;
}

/** A link that an import replaces. */
export interface ReplacedLink extends AcceptedRow {
  /** The record that it led to. */
  before: string;
}

export interface ImportOptions {
  /** Whether the vendors were asked for all records already, and have shown exactly their ids. `check` implies it. */
  checked?: boolean;
  /** In the order of lines, once everything else is done. Awaited. */
  onRefused(row: RefusedRow): void | Promise<void>;
  /** Rows that have been taken over from the giver. Nothing is linked before all are. */
  onStaged?(rows: number): void;
  /**
   * Hears how to look for pairs of its own among the rows, once all are taken over: their lines.
   * @throws to give the import up, with nothing changed
   */
  review?(
    linesOf: <Pair extends Link>(pairs: readonly Pair[]) => Promise<{ line: number; pair: Pair }[]>,
  ): Promise<void>;
  /** After each batch of links, which is durable then. Awaited. */
  onProgress?(totals: Readonly<ImportTotals>): void | Promise<void>;
  /**
   * Judges the rows that nothing else speaks against. No transaction is open meanwhile.
   * @param refuse may be called for each of them, with the reason
   * @throws to give the import up, with nothing changed
   */
  check?(
    rows: AsyncIterable<AcceptedRow>,
    refuse: (line: number, reason: string) => Promise<void>,
  ): Promise<void>;
  /** Given, each batch leaves rows in the audit: one for all new links of a clinic, one for each that is replaced. */
  by?: LinkChange | undefined;
  /** Changes nothing; the totals are what an import would do. */
  dryRun?: boolean;
  /** The links that are replaced, before they are. The first 100 only. */
  onReplaced?(link: ReplacedLink): void;
  /** Rows per transaction; default 5,000. Other writers wait for as long as one takes. */
  batchSize?: number;
}

export interface ImportTotals extends Outcomes {
  refused: number;
}

const BATCH = 5_000;
const PAGE = 1_000;
const MOST_REPLACED = 100;
const ATTEMPTS = 5;

/** @throws TypeError on ids of a row that cannot be stored, if the row is not refused */
export function importLinkSet(
  database: Database,
  now: () => Date,
  rows: AsyncIterable<ImportRow>,
  options: ImportOptions,
  trail?: Trail,
): Promise<ImportTotals> {
  const { engine } = database;
  return database.db.connection().execute(async (on) => {
    await createStage(on, engine);
    try {
      await stageAll(rows, (batch) => stage(on, engine, batch), options);
      await indexStage(on, engine);
      await options.review?.((pairs) => linesOf(on, pairs));
      await refuseTwice(on);
      await refuseTaken(on);
      if (options.check) {
        await options.check(accepted(on), (line, reason) => refuse(on, line, reason));
        await refuseTaken(on);
      }
      if (options.onReplaced) for (const link of await replaced(on)) options.onReplaced(link);
      const totals = options.dryRun
        ? { ...(await outcomes(on)), refused: await countRefused(on) }
        : await linkAll(on, engine, now, options, trail);
      for await (const row of refusedRows(on)) await options.onRefused(row);
      return totals;
    } finally {
      // The connection may be the reason why it ends.
      await dropStage(on, engine).catch(() => {});
    }
  });
}

async function stageAll(
  rows: AsyncIterable<ImportRow>,
  add: (batch: readonly StagedRow[]) => Promise<void>,
  { onStaged }: ImportOptions,
): Promise<void> {
  let batch: StagedRow[] = [];
  let count = 0;
  for await (const row of rows) {
    count += 1;
    batch.push(toStaged(row, row.line ?? count));
    if (batch.length < BATCH) continue;
    await add(batch);
    onStaged?.(count);
    batch = [];
  }
  if (batch.length > 0) await add(batch);
  onStaged?.(count);
}

function toStaged(row: ImportRow, line: number): StagedRow {
  const { clinic, staffId, vendor, vendorRecordId, refused, cells } = row;
  const isRefused = refused !== undefined;
  if (!isRefused) assertStorable(row);
  const hasStaff = isStaffId(staffId) && [clinic, vendor].every(isVendorRecordId);
  return {
    line,
    clinic: hasStaff ? clinic : null,
    staff_id: hasStaff ? staffId : null,
    vendor: hasStaff ? vendor : null,
    // A refused row's record may still be somebody else's.
    vendor_record_id: isRefused ? null : vendorRecordId,
    state: isRefused ? GIVEN : OPEN,
    note: refused === undefined && cells === undefined ? null : JSON.stringify({ reason: refused, cells }),
  };
}

export function assertStorable(link: Link): void {
  if (!isStaffId(link.staffId)) throw new TypeError('not a staff id');
  if (!isVendorRecordId(link.vendorRecordId)) throw new TypeError('not a vendor record id');
}

async function refuse(on: Connection, line: number, reason: string): Promise<void> {
  const { rows } = await sql<{ note: string | null }>`select note from staged where line = ${line}`.execute(
    on,
  );
  const note = JSON.stringify({ ...noteOf(rows[0]?.note ?? null), reason });
  await sql`update staged set state = ${sql.lit(GIVEN)}, note = ${note} where line = ${line}`.execute(on);
}

/** Rows that take records from each other first and together, then all others by batches. */
async function linkAll(
  on: Kysely<Schema>,
  engine: Database['engine'],
  now: () => Date,
  { batchSize = BATCH, onProgress, by, check, checked = check !== undefined }: ImportOptions,
  trail: Trail | undefined,
): Promise<ImportTotals> {
  const totals: ImportTotals = { created: 0, replaced: 0, unchanged: 0, refused: 0 };
  const add = (rows: number, links: readonly LinkedRow[]) => {
    const created = links.filter(({ revision }) => revision === 1).length;
    totals.created += created;
    totals.replaced += links.length - created;
    totals.unchanged += rows - links.length;
  };
  const traced = async (transaction: Transaction<Schema>, links: LinkedRow[]) => {
    if (by !== undefined && links.length > 0) await trail?.append(transaction, importRows(links, by));
    return links;
  };
  if ((await markMoves(on)) > 0) {
    await inTransaction(on, async (transaction) => {
      // Links may have changed since the rows were judged.
      await refuseTaken(transaction);
      const moving = await markMoves(transaction);
      await freeMoved(transaction, engine);
      return {
        moving,
        links: await traced(transaction, await linkMoves(transaction, { at: now().toISOString(), checked })),
      };
    }).then(({ moving, links }) => add(moving, links));
  }
  const others = await orderStage(on, engine);
  for (let after = 0; after < others; after += batchSize) {
    const slice = { after, upTo: Math.min(after + batchSize, others) };
    const { rows, links } = await inTransaction(on, async (transaction, attempt) => {
      const taken = attempt > 1 ? await refuseTakenMeanwhile(transaction, slice) : 0;
      const rows = slice.upTo - slice.after - taken;
      const links = await linkSlice(transaction, slice, { at: now().toISOString(), checked });
      return { rows, links: await traced(transaction, links) };
    });
    add(rows, links);
    await onProgress?.(totals);
  }
  return { ...totals, refused: await countRefused(on) };
}

/** Another writer may be in the way (PostgreSQL ends one of them), or have taken a record since the rows were judged. */
async function inTransaction<Result>(
  on: Kysely<Schema>,
  work: (transaction: Transaction<Schema>, attempt: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await on.transaction().execute((transaction) => work(transaction, attempt));
    } catch (error) {
      const passing = isConcurrencyFailure(error) || isUniqueViolation(error);
      if (!passing || attempt === ATTEMPTS) throw error;
    }
  }
}

async function* accepted(on: Connection): AsyncGenerator<AcceptedRow> {
  for (let last = 0; ; ) {
    const { rows } = await sql<LinkColumns>`
      select line, clinic, staff_id, vendor, vendor_record_id from staged
      where line > ${last} and state = ${sql.lit(OPEN)} order by line limit ${sql.lit(PAGE)}`.execute(on);
    for (const row of rows) yield toLink(row);
    const end = rows.length === PAGE ? rows.at(-1) : undefined;
    if (end === undefined) return;
    last = Number(end.line);
  }
}

async function replaced(on: Connection): Promise<ReplacedLink[]> {
  const { rows } = await sql<LinkColumns & { before: string }>`
    select line, staged.clinic, staged.staff_id, staged.vendor, staged.vendor_record_id, links.vendor_record_id as before
    from staged inner join links on links.vendor = staged.vendor and links.clinic = staged.clinic
      and links.staff_id = staged.staff_id and links.vendor_record_id <> staged.vendor_record_id
    where state = ${sql.lit(OPEN)} order by line limit ${sql.lit(MOST_REPLACED)}`.execute(on);
  return rows.map((row) => ({ ...toLink(row), before: row.before }));
}

interface LinkColumns {
  line: number | string;
  clinic: string;
  staff_id: string;
  vendor: string;
  vendor_record_id: string;
}

function toLink(row: LinkColumns): AcceptedRow {
  return {
    line: Number(row.line),
    clinic: row.clinic,
    staffId: row.staff_id,
    vendor: row.vendor,
    vendorRecordId: row.vendor_record_id,
  };
}
