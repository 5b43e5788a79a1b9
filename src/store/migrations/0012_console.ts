import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * Sessions of the operators' console, by the digest of their token: who can read the store cannot use them. The indexes are for
 * pages of operations of one status, newest first, however many there are of the others.
 */
export function consoleSessions(engine: Engine): Migration {
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  return {
    async up(db) {
      const table = db.schema
        .createTable('console_sessions')
        .addColumn('token_hash', text, (column) => column.primaryKey())
        .addColumn('operator', text, (column) => column.notNull())
        .addColumn('key_sha256', text)
        .addColumn('role', text)
        .addColumn('created_at', text, (column) => column.notNull())
        .addColumn('seen_at', text, (column) => column.notNull())
        .addColumn('expires_at', text, (column) => column.notNull());
      await (engine === 'sqlite' ? table.modifyEnd(sql`strict, without rowid`) : table).execute();
      await db.schema
        .createIndex('operations_open_by_status')
        .on('operations')
        .columns(['status', 'seq'])
        .where(sql<boolean>`finished_at is null`)
        .execute();
      await db.schema
        .createIndex('operations_failed')
        .on('operations')
        .column('seq')
        .where(sql<boolean>`status = 'failed'`)
        .execute();
    },
  };
}
