import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * `comparisons`: what comparing a clinic at two connections has come to, without any value. `rejected_pairs`: who was said not to
 * be the same person as a vendor's record, so that nobody has to say it again.
 */
export function createMoving(engine: Engine): Migration {
  const sqlite = engine === 'sqlite';
  const text = sqlite ? sql`text` : sql`text collate "C"`;
  const number = sqlite ? sql`integer` : sql`bigint`;
  const end = sqlite ? sql`strict, without rowid` : sql``;
  return {
    async up(db) {
      await db.schema
        .createTable('comparisons')
        .addColumn('id', text, (column) => column.notNull())
        .addColumn('clinic', text, (column) => column.notNull())
        .addColumn('here', text, (column) => column.notNull())
        .addColumn('there', text, (column) => column.notNull())
        .addColumn('started_at', text, (column) => column.notNull())
        .addColumn('finished_at', text, (column) => column.notNull())
        .addColumn('complete', number, (column) => column.notNull())
        .addColumn('counts', text, (column) => column.notNull())
        .addColumn('differences', number, (column) => column.notNull())
        .addPrimaryKeyConstraint('comparisons_key', ['clinic', 'finished_at', 'id'])
        .modifyEnd(end)
        .execute();
      await db.schema
        .createTable('rejected_pairs')
        .addColumn('clinic', text, (column) => column.notNull())
        .addColumn('staff_id', text, (column) => column.notNull())
        .addColumn('vendor', text, (column) => column.notNull())
        .addColumn('vendor_record_id', text, (column) => column.notNull())
        .addColumn('created_at', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('rejected_pairs_key', ['clinic', 'staff_id', 'vendor', 'vendor_record_id'])
        .modifyEnd(end)
        .execute();
    },
  };
}
