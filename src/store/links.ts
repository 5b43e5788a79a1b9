/** Which vendor record a clinic's staff member is. Looked up once per request. */
import type { Kysely, Transaction } from 'kysely';
import { isStaffId } from '../staff/id';
import { act, type Change } from './changes';
import { type Database, parameter } from './database';
import { isConcurrencyFailure, isUniqueViolation } from './engine';
import type { Link } from './link';
import {
  assertStorable,
  type ImportOptions,
  type ImportRow,
  type ImportTotals,
  importLinkSet,
} from './linkImport';
import type { LinkChange } from './linkTrail';
import type { Schema } from './schema';
import type { Trail } from './trail';

export { isVendorRecordId, type Link } from './link';
export type { ImportOptions, ImportRow, ImportTotals } from './linkImport';
export type { LinkChange } from './linkTrail';

export interface PutOptions {
  /** Whether the vendor was asked for the record and has shown exactly its id. */
  checked?: boolean;
  /** Given, what changes is in the audit, or nothing changes. */
  by?: LinkChange;
}

/** `created: false`: the link was there, with this record or with another one that is now replaced. */
export type PutResult = { readonly created: boolean } | { readonly conflict: true };

export interface Links {
  /** The vendor record of a staff member, or undefined. */
  find(clinic: string, staffId: string, vendor: string): Promise<string | undefined>;
  /** Whether the vendor has shown a record of exactly the link's id: another spelling of it may be somebody else's. */
  isChecked(link: Link): Promise<boolean>;
  /** It has. Nothing happens if the link leads elsewhere by now. */
  markChecked(link: Link): Promise<void>;
  /** A staff member's links, by vendor. */
  list(clinic: string, staffId: string): Promise<Link[]>;
  /** The links at one vendor, of one clinic or of all: vendor record id → staff id. */
  atVendor(vendor: string, clinic?: string): Promise<ReadonlyMap<string, string>>;
  /**
   * Links, or links anew. A vendor record belongs to one staff member only, over all clinics: `conflict` otherwise.
   * @throws TypeError on ids that `isStaffId` or `isVendorRecordId` refuses
   */
  put(link: Link, options?: PutOptions): Promise<PutResult>;
  /** The clinic to which a vendor record is linked, if any. */
  clinicOf(vendor: string, vendorRecordId: string): Promise<string | undefined>;
  /** False when there was no such link. */
  remove(clinic: string, staffId: string, vendor: string, by?: LinkChange): Promise<boolean>;
  /** Puts many links, judged as a set, in bounded memory. Throws as `put` does. */
  importAll(rows: AsyncIterable<ImportRow>, options: ImportOptions): Promise<ImportTotals>;
  /** All links, by clinic, staff id and vendor, in bounded memory. Not a snapshot: changes made meanwhile may show. */
  exportAll(): AsyncIterable<Link>;
}

const KEY = ['clinic', 'staff_id', 'vendor'] as const;
const PAGE = 1_000;
const ATTEMPTS = 5;

type LinkRow = Pick<Schema['links'], 'clinic' | 'staff_id' | 'vendor' | 'vendor_record_id'>;

/** @param trail the audit of changes that name who makes them */
export function createLinks(database: Database, now: () => Date = () => new Date(), trail?: Trail): Links {
  const { db } = database;
  const findRecord = database.prepare((on) =>
    on
      .selectFrom('links')
      .select(['vendor_record_id', 'checked_at'])
      .where('clinic', '=', parameter(0))
      .where('staff_id', '=', parameter(1))
      .where('vendor', '=', parameter(2)),
  );

  /** One statement, so that concurrent puts are settled by the unique index and by nothing else. */
  async function upsert(
    on: Kysely<Schema>,
    link: Link,
    checked: boolean,
  ): Promise<'created' | 'replaced' | 'unchanged'> {
    const at = now().toISOString();
    const row = await on
      .insertInto('links')
      .values({
        ...toRow(link),
        revision: 1,
        created_at: at,
        updated_at: at,
        checked_at: checked ? at : null,
      })
      .onConflict((conflict) =>
        conflict
          .columns(KEY)
          .doUpdateSet((eb) => ({
            vendor_record_id: eb.ref('excluded.vendor_record_id'),
            updated_at: eb.ref('excluded.updated_at'),
            checked_at: eb.ref('excluded.checked_at'),
            revision: eb('links.revision', '+', 1),
          }))
          .whereRef('links.vendor_record_id', '!=', 'excluded.vendor_record_id'),
      )
      .returning('revision')
      .executeTakeFirst();
    if (row === undefined && checked) await markChecked(on, link);
    if (row === undefined) return 'unchanged';
    return row.revision === 1 ? 'created' : 'replaced';
  }

  /** With its row of the audit, both or neither. */
  async function putTraced(
    link: Link,
    checked: boolean,
    by: LinkChange,
  ): Promise<'created' | 'replaced' | 'unchanged'> {
    return db.transaction().execute(async (transaction) => {
      const outcome = await upsert(transaction, link, checked);
      if (outcome !== 'unchanged') await trail?.append(transaction, [linked(link, outcome, by)]);
      return outcome;
    });
  }

  async function markChecked(on: Kysely<Schema>, link: Link): Promise<void> {
    await on
      .updateTable('links')
      .set({ checked_at: now().toISOString() })
      .where('clinic', '=', link.clinic)
      .where('staff_id', '=', link.staffId)
      .where('vendor', '=', link.vendor)
      .where('vendor_record_id', '=', link.vendorRecordId)
      .where('checked_at', 'is', null)
      .execute();
  }

  async function removeTraced(
    transaction: Transaction<Schema>,
    link: Omit<Link, 'vendorRecordId'>,
    by: LinkChange,
  ): Promise<boolean> {
    const [row] = await removal(transaction, link).returning('vendor_record_id').execute();
    if (row === undefined) return false;
    await trail?.append(transaction, [
      act({ kind: 'link_removed', ...link, ...by, vendorRecordId: row.vendor_record_id, status: 204 }),
    ]);
    return true;
  }

  /** Whose the vendor record is. */
  function holder(link: Pick<Link, 'vendor' | 'vendorRecordId'>): Promise<LinkRow | undefined> {
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

    async isChecked({ clinic, staffId, vendor, vendorRecordId }) {
      const row = await findRecord(clinic, staffId, vendor);
      return row !== undefined && row.checked_at !== null && row.vendor_record_id === vendorRecordId;
    },

    markChecked: (link) => markChecked(db, link),

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

    async put(link, { checked = false, by } = {}) {
      assertStorable(link);
      for (let attempt = 1; ; attempt++) {
        try {
          const outcome = await retried(() =>
            by ? putTraced(link, checked, by) : upsert(db, link, checked),
          );
          return { created: outcome === 'created' };
        } catch (error) {
          if (!isUniqueViolation(error)) throw error;
        }
        // The record may have been set free meanwhile, or be held by this very link, put at the same moment.
        const held = await holder(link);
        if (held !== undefined && keyOf(toLink(held)) !== keyOf(link)) return { conflict: true };
        if (attempt === ATTEMPTS) return { conflict: true };
      }
    },

    clinicOf: async (vendor, vendorRecordId) => (await holder({ vendor, vendorRecordId }))?.clinic,

    async remove(clinic, staffId, vendor, by) {
      if (!isStaffId(staffId)) return false;
      const link = { clinic, staffId, vendor };
      if (by !== undefined) {
        return retried(() => db.transaction().execute((transaction) => removeTraced(transaction, link, by)));
      }
      const { numDeletedRows } = await removal(db, link).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    importAll: (rows, options) => importLinkSet(database, now, rows, options, trail),

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

function linked(link: Link, outcome: 'created' | 'replaced', by: LinkChange): Change {
  const created = outcome === 'created';
  return act({ kind: 'link', ...link, ...by, status: created ? 201 : 200, detail: { replaced: !created } });
}

function removal(on: Kysely<Schema>, { clinic, staffId, vendor }: Omit<Link, 'vendorRecordId'>) {
  return on
    .deleteFrom('links')
    .where('clinic', '=', clinic)
    .where('staff_id', '=', staffId)
    .where('vendor', '=', vendor);
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
