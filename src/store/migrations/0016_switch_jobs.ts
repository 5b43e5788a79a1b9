import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * Work on a clinic's switch that operators begin on the console: who does it, and the last sign of life. One at a time for each
 * clinic, over all processes.
 */
export function switchJobs(engine: Engine): Migration {
  const sqlite = engine === 'sqlite';
  const text = sqlite ? sql`text` : sql`text collate "C"`;
  const number = sqlite ? sql`integer` : sql`bigint`;
  return {
    async up(db) {
      await db.schema
        .createTable('switch_jobs')
        .addColumn('clinic', text, (column) => column.notNull())
        .addColumn('id', text, (column) => column.notNull())
        .addColumn('connection', text, (column) => column.notNull())
        .addColumn('task', text, (column) => column.notNull())
        .addColumn('overwrite', number, (column) => column.notNull())
        .addColumn('operator', text, (column) => column.notNull())
        .addColumn('owner', text, (column) => column.notNull())
        .addColumn('state', text, (column) => column.notNull())
        .addColumn('stop_asked', number, (column) => column.notNull())
        .addColumn('seen_at', text, (column) => column.notNull())
        .addColumn('started_at', text, (column) => column.notNull())
        .addColumn('finished_at', text)
        .addColumn('step', text)
        .addColumn('result', text)
        .addColumn('reason', text)
        .addPrimaryKeyConstraint('switch_jobs_key', ['clinic', 'id'])
        .modifyEnd(sqlite ? sql`strict, without rowid` : sql``)
        .execute();
      await db.schema
        .createIndex('switch_jobs_running')
        .unique()
        .on('switch_jobs')
        .column('clinic')
        .where(sql<boolean>`state = 'running'`)
        .execute();
    },
  };
}
