import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * A queued update keeps the record that it was meant for: a link that is moved meanwhile must not lead it to somebody else.
 * Null for those that an earlier version has queued.
 */
export function operationTargets(engine: Engine): Migration {
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  return {
    async up(db) {
      for (const column of ['vendor', 'vendor_record_id', 'if_none_match']) {
        await db.schema.alterTable('operations').addColumn(column, text).execute();
      }
    },
  };
}
