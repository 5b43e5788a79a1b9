import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * `whereabouts`: the connection that each clinic's updates go to, for all replicas. `replicas` and `replica_clinics`: who is alive,
 * and where each of them has which clinic. `operations.mirrored`: 1 for what was confirmed at the clinic's own connection and is
 * written at its mirror too; its `vendor` is the mirror.
 */
export function whereabouts(engine: Engine): Migration {
  const sqlite = engine === 'sqlite';
  const text = sqlite ? sql`text` : sql`text collate "C"`;
  const number = sqlite ? sql`integer` : sql`bigint`;
  const end = sqlite ? sql`strict, without rowid` : sql``;
  return {
    async up(db) {
      await db.schema
        .createTable('whereabouts')
        .addColumn('clinic', text, (column) => column.notNull().primaryKey())
        .addColumn('vendor', text, (column) => column.notNull())
        .addColumn('previous', text)
        .addColumn('since', text, (column) => column.notNull())
        .addColumn('revision', number, (column) => column.notNull())
        .addColumn('despite', text, (column) => column.notNull())
        .modifyEnd(end)
        .execute();
      await db.schema
        .createTable('replicas')
        .addColumn('id', text, (column) => column.notNull().primaryKey())
        .addColumn('seen_at', text, (column) => column.notNull())
        .modifyEnd(end)
        .execute();
      await db.schema
        .createTable('replica_clinics')
        .addColumn('replica', text, (column) => column.notNull())
        .addColumn('clinic', text, (column) => column.notNull())
        .addColumn('vendor', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('replica_clinics_key', ['clinic', 'replica'])
        .modifyEnd(end)
        .execute();
      await db.schema
        .alterTable('operations')
        .addColumn('mirrored', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
      // What mirrors still have to get, and what they never got.
      await sql`create index operations_mirrored on operations (clinic, vendor, status)
        where mirrored = 1 and status <> 'succeeded'`.execute(db);
    },
  };
}
