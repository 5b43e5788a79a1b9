import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * One row per staff member and vendor connection. The primary key answers the lookup of every request; the unique index
 * is what makes a vendor record belong to one staff member only, over all clinics and under any concurrency.
 */
export function createLinks(engine: Engine): Migration {
  // Bytewise order, so that both engines sort, compare and page alike whatever locale the server was set up with.
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  return {
    async up(db) {
      const table = db.schema
        .createTable('links')
        .addColumn('clinic', text, (column) => column.notNull())
        .addColumn('staff_id', text, (column) => column.notNull())
        .addColumn('vendor', text, (column) => column.notNull())
        .addColumn('vendor_record_id', text, (column) => column.notNull())
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('updated_at', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('links_key', ['clinic', 'staff_id', 'vendor']);
      // Without a row id the table is its own primary-key index: one B-tree descent a lookup instead of two.
      await (engine === 'sqlite' ? table.modifyEnd(sql`strict, without rowid`) : table).execute();
      await db.schema
        .createIndex('links_vendor_record')
        .unique()
        .on('links')
        .columns(['vendor', 'vendor_record_id'])
        .execute();
    },
  };
}
