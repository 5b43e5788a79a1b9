import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * Workers take in turns what each clinic has queued at each connection, so that is what the index of what is due begins with.
 * Dead ones are ended when nobody decides about them.
 */
export function fairQueue(engine: Engine): Migration {
  const lane = sql`(coalesce(vendor, '') || '/' || clinic)`;
  const text = engine === 'sqlite' ? sql`` : sql`collate "C"`;
  return {
    async up(db) {
      await sql`create index operations_lanes on operations (${lane} ${text}, available_at, seq)
        where available_at is not null`.execute(db);
      await db.schema.dropIndex('operations_available').execute();
      // Those that an earlier version has left dead are old from when they were made.
      await sql`update operations set scheduled_at = created_at
        where status = 'dead' and scheduled_at is null`.execute(db);
      await db.schema
        .createIndex('operations_dead')
        .on('operations')
        .column('scheduled_at')
        .where(sql<boolean>`status = 'dead'`)
        .execute();
    },
  };
}
