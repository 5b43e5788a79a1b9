/** Which vendor record a clinic's staff member is. Looked up once per request. */
import { type Kysely, sql, type Transaction } from 'kysely';
import { isStaffId } from '../staff/id';
import { type Database, parameter } from './database';
import { isConcurrencyFailure, isUniqueViolation } from './engine';
import type { Schema } from './schema';

/** Where a clinic's staff member is found at a vendor connection. */
export interface Link {
  clinic: string;
  staffId: string;
  /** The connection's name in the configuration. */
  vendor: string;
  vendorRecordId: string;
}

/** `created: false`: the link was there, with this record or with another one that is now replaced. */
export type PutResult = { readonly created: boolean } | { readonly conflict: true };

export interface ImportOptions<Row extends Link> {
  /** The row's vendor record is linked to another staff member. Called in the rows' order; awaited. */
  onRefused(row: Row): void | Promise<void>;
  /** After each batch, which is durable then. */
  onProgress?(totals: Readonly<ImportTotals>): void;
  /** Rows per transaction; default 5,000. Other writers wait for as long as one takes. */
  batchSize?: number;
}

export interface ImportTotals {
  created: number;
  replaced: number;
  unchanged: number;
  refused: number;
}

export interface Links {
  /** The vendor record of a staff member, or undefined. */
  find(clinic: string, staffId: string, vendor: string): Promise<string | undefined>;
  /** A staff member's links, by vendor. */
  list(clinic: string, staffId: string): Promise<Link[]>;
  /** The links at one vendor, of one clinic or of all: vendor record id → staff id. */
  atVendor(vendor: string, clinic?: string): Promise<ReadonlyMap<string, string>>;
  /**
   * Links, or links anew. A vendor record belongs to one staff member only, over all clinics: `conflict` otherwise.
   * @throws TypeError on ids that `isStaffId` or `isVendorRecordId` refuses
   */
  put(link: Link): Promise<PutResult>;
  /** False when there was no such link. */
  remove(clinic: string, staffId: string, vendor: string): Promise<boolean>;
  /** Puts many links with the result that `put` one after the other would have, in bounded memory. Throws as `put` does. */
  importAll<Row extends Link>(rows: AsyncIterable<Row>, options: ImportOptions<Row>): Promise<ImportTotals>;
  /** All links, by clinic, staff id and vendor, in bounded memory. Not a snapshot: changes made meanwhile may show. */
  exportAll(): AsyncIterable<Link>;
}

/** The form that every vendor record id has: 1 to 200 characters, no control characters. Adapters ask for more. */
export function isVendorRecordId(value: string): boolean {
  // \p{Cs} is half a surrogate pair, which no database stores.
  return /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(value);
}

const KEY = ['clinic', 'staff_id', 'vendor'] as const;
const PAGE = 1_000;
const IMPORT_BATCH = 5_000;
const ATTEMPTS = 5;

type Outcome = keyof ImportTotals;
type LinkRow = Pick<Schema['links'], 'clinic' | 'staff_id' | 'vendor' | 'vendor_record_id'>;
type Connection = Kysely<Schema> | Transaction<Schema>;

export function createLinks(database: Database, now: () => Date = () => new Date()): Links {
  const { db } = database;
  const findRecord = database.prepare((on) =>
    on
      .selectFrom('links')
      .select('vendor_record_id')
      .where('clinic', '=', parameter(0))
      .where('staff_id', '=', parameter(1))
      .where('vendor', '=', parameter(2)),
  );

  /** One statement, so that concurrent puts are settled by the unique index and by nothing else. */
  async function upsert(on: Connection, link: Link): Promise<Exclude<Outcome, 'refused'>> {
    const at = now().toISOString();
    const row = await on
      .insertInto('links')
      .values({ ...toRow(link), revision: 1, created_at: at, updated_at: at })
      .onConflict((conflict) =>
        conflict
          .columns(KEY)
          .doUpdateSet((eb) => ({
            vendor_record_id: eb.ref('excluded.vendor_record_id'),
            updated_at: eb.ref('excluded.updated_at'),
            revision: eb('links.revision', '+', 1),
          }))
          .whereRef('links.vendor_record_id', '!=', 'excluded.vendor_record_id'),
      )
      .returning('revision')
      .executeTakeFirst();
    if (row === undefined) return 'unchanged';
    return row.revision === 1 ? 'created' : 'replaced';
  }

  async function importBatch(rows: readonly Link[]): Promise<Outcome[]> {
    const first = independent(rows);
    return retried(() =>
      db.transaction().execute(async (transaction) => {
        const outcomes = new Map<Link, Outcome>();
        const inserted = await insertNew(transaction, first);
        for (const row of first) if (inserted.has(keyOf(row))) outcomes.set(row, 'created');
        const known = await alreadyThere(
          transaction,
          first.filter((row) => !outcomes.has(row)),
        );
        for (const row of first) if (known.has(keyOf(row))) outcomes.set(row, 'unchanged');
        for (const row of rows) {
          if (!outcomes.has(row)) outcomes.set(row, await upsertOrRefuse(transaction, row));
        }
        return rows.map((row) => outcomes.get(row) ?? 'refused');
      }),
    );
  }

  /** Within a transaction a refused statement must be undone alone: PostgreSQL would refuse all that follow. */
  async function upsertOrRefuse(transaction: Transaction<Schema>, row: Link): Promise<Outcome> {
    await sql`savepoint row_of_import`.execute(transaction);
    try {
      return await upsert(transaction, row);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await sql`rollback to savepoint row_of_import`.execute(transaction);
      return 'refused';
    } finally {
      await sql`release savepoint row_of_import`.execute(transaction);
    }
  }

  /** The keys of the rows that were new, both as a key and as a vendor record. */
  async function insertNew(transaction: Transaction<Schema>, rows: readonly Link[]): Promise<Set<string>> {
    const at = now().toISOString();
    const { rows: inserted } = await sql<LinkRow>`
      insert into links (clinic, staff_id, vendor, vendor_record_id, revision, created_at, updated_at)
      select clinic, staff_id, vendor, vendor_record_id, 1, ${sql.val(at)}, ${sql.val(at)} from ${given(rows)} where true
      on conflict do nothing
      returning clinic, staff_id, vendor, vendor_record_id`.execute(transaction);
    return new Set(inserted.map((row) => keyOf(toLink(row))));
  }

  /** The keys of the rows that are stored exactly so. */
  async function alreadyThere(transaction: Transaction<Schema>, rows: readonly Link[]): Promise<Set<string>> {
    if (rows.length === 0) return new Set();
    const { rows: stored } = await sql<LinkRow>`
      select links.clinic, links.staff_id, links.vendor, links.vendor_record_id
      from ${given(rows)} inner join links
      on links.clinic = given.clinic and links.staff_id = given.staff_id and links.vendor = given.vendor
      where links.vendor_record_id = given.vendor_record_id`.execute(transaction);
    return new Set(stored.map((row) => keyOf(toLink(row))));
  }

  /** The rows as a table, through one parameter: the statement's text, and so its preparation, is always the same. */
  function given(rows: readonly Link[]) {
    const json = JSON.stringify(rows.map(toRow));
    return database.engine === 'sqlite'
      ? sql`(select value ->> 'clinic' as clinic, value ->> 'staff_id' as staff_id, value ->> 'vendor' as vendor,
          value ->> 'vendor_record_id' as vendor_record_id from json_each(${json})) as given`
      : sql`json_to_recordset(${json}::json) as given (clinic text, staff_id text, vendor text, vendor_record_id text)`;
  }

  /** Whose the vendor record is. */
  function holder(link: Link): Promise<LinkRow | undefined> {
    return db
      .selectFrom('links')
      .select(['clinic', 'staff_id', 'vendor', 'vendor_record_id'])
      .where('vendor', '=', link.vendor)
      .where('vendor_record_id', '=', link.vendorRecordId)
      .executeTakeFirst();
  }

  return {
    async find(clinic, staffId, vendor) {
      if (!isStaffId(staffId)) return undefined;
      return (await findRecord(clinic, staffId, vendor))?.vendor_record_id;
    },

    async list(clinic, staffId) {
      if (!isStaffId(staffId)) return [];
      const rows = await db
        .selectFrom('links')
        .select(['clinic', 'staff_id', 'vendor', 'vendor_record_id'])
        .where('clinic', '=', clinic)
        .where('staff_id', '=', staffId)
        .orderBy('vendor')
        .execute();
      return rows.map(toLink);
    },

    async atVendor(vendor, clinic) {
      let query = db
        .selectFrom('links')
        .select(['vendor_record_id', 'staff_id'])
        .where('vendor', '=', vendor);
      if (clinic !== undefined) query = query.where('clinic', '=', clinic);
      const rows = await query.execute();
      return new Map(rows.map(({ vendor_record_id, staff_id }) => [vendor_record_id, staff_id]));
    },

    async put(link) {
      assertStorable(link);
      for (let attempt = 1; ; attempt++) {
        try {
          return { created: (await retried(() => upsert(db, link))) === 'created' };
        } catch (error) {
          if (!isUniqueViolation(error)) throw error;
        }
        // The record may have been set free meanwhile, or be held by this very link, put at the same moment.
        const held = await holder(link);
        if (held !== undefined && keyOf(toLink(held)) !== keyOf(link)) return { conflict: true };
        if (attempt === ATTEMPTS) return { conflict: true };
      }
    },

    async remove(clinic, staffId, vendor) {
      if (!isStaffId(staffId)) return false;
      const { numDeletedRows } = await db
        .deleteFrom('links')
        .where('clinic', '=', clinic)
        .where('staff_id', '=', staffId)
        .where('vendor', '=', vendor)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async importAll<Row extends Link>(rows: AsyncIterable<Row>, options: ImportOptions<Row>) {
      const totals: ImportTotals = { created: 0, replaced: 0, unchanged: 0, refused: 0 };
      for await (const batch of batches(rows, options.batchSize ?? IMPORT_BATCH)) {
        batch.forEach(assertStorable);
        const outcomes = await importBatch(batch);
        for (const [index, row] of batch.entries()) {
          const outcome = outcomes[index] ?? 'refused';
          totals[outcome] += 1;
          if (outcome === 'refused') await options.onRefused(row);
        }
        options.onProgress?.(totals);
      }
      return totals;
    },

    async *exportAll() {
      let last: Link | undefined;
      do {
        const rows = await page(db, last);
        for (const row of rows) yield toLink(row);
        const end = rows.length === PAGE ? rows.at(-1) : undefined;
        last = end && toLink(end);
      } while (last !== undefined);
    },
  };
}

function assertStorable(link: Link): void {
  if (!isStaffId(link.staffId)) throw new TypeError('not a staff id');
  if (!isVendorRecordId(link.vendorRecordId)) throw new TypeError('not a vendor record id');
}

function page(db: Kysely<Schema>, after: Link | undefined): Promise<LinkRow[]> {
  let query = db
    .selectFrom('links')
    .select(['clinic', 'staff_id', 'vendor', 'vendor_record_id'])
    .orderBy('clinic')
    .orderBy('staff_id')
    .orderBy('vendor')
    .limit(PAGE);
  if (after !== undefined) {
    const { clinic, staffId, vendor } = after;
    query = query.where((eb) => eb(eb.refTuple(...KEY), '>', eb.tuple(clinic, staffId, vendor)));
  }
  return query.execute();
}

/**
 * The rows of a batch that share neither key nor vendor record with an earlier row of it. They can be inserted together
 * in any order; the rest must come after them, one by one.
 */
function independent(rows: readonly Link[]): Link[] {
  const keys = new Set<string>();
  const records = new Set<string>();
  return rows.filter((row) => {
    const key = keyOf(row);
    const record = `${row.vendor}\0${row.vendorRecordId}`;
    const alone = !keys.has(key) && !records.has(record);
    keys.add(key);
    records.add(record);
    return alone;
  });
}

async function* batches<Row>(rows: AsyncIterable<Row>, size: number): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Two writers that wait for each other: PostgreSQL ends one of them, and it tries again. */
async function retried<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isConcurrencyFailure(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

function keyOf(link: Link): string {
  return `${link.clinic}\0${link.staffId}\0${link.vendor}`;
}

function toRow(link: Link): LinkRow {
  return {
    clinic: link.clinic,
    staff_id: link.staffId,
    vendor: link.vendor,
    vendor_record_id: link.vendorRecordId,
  };
}

function toLink(row: LinkRow): Link {
  return {
    clinic: row.clinic,
    staffId: row.staff_id,
    vendor: row.vendor,
    vendorRecordId: row.vendor_record_id,
  };
}
