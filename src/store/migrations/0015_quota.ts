import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a caller has queued is counted before it may queue more; what the mirror gets is none of its doing. */
export const queueQuota: Migration = {
  async up(db) {
    await db.schema
      .createIndex('operations_callers')
      .on('operations')
      .columns(['clinic', 'caller'])
      .where(sql<boolean>`finished_at is null and mirrored = 0`)
      .execute();
  },
};
