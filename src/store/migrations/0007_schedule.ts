import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * `scheduled_at`: when `available_at` was set. One that lies ahead shows that the clock was set back since.
 * `idempotency_until`: until when the request's idempotency key is remembered, and its operation with it; by the clock of the
 * process that took the key, like the key's own times.
 * Null for those that an earlier version has queued.
 */
export function operationSchedule(engine: Engine): Migration {
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  return {
    async up(db) {
      for (const column of ['scheduled_at', 'idempotency_until']) {
        await db.schema.alterTable('operations').addColumn(column, text).execute();
      }
      await db.schema
        .createIndex('operations_scheduled')
        .on('operations')
        .column('scheduled_at')
        .where(sql<boolean>`available_at is not null`)
        .execute();
    },
  };
}
