import { type ColumnDefinitionBuilder, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * Updates that are delivered later, and each attempt to deliver one. `available_at` is the one thing that workers look
 * for: when a queued update is due, or when the lease of a running one ends. It is null for those that wait behind an
 * older update of the same staff member, so that finding work costs the same however many wait.
 */
export function createOperations(engine: Engine): Migration {
  // Bytewise order, as in 0001_links.
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  const required = (column: ColumnDefinitionBuilder) => column.notNull();
  return {
    async up(db) {
      const operations = db.schema.createTable('operations');
      await (engine === 'sqlite'
        ? operations
            .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
            .modifyEnd(sql`strict`)
        : operations.addColumn('seq', 'bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey())
      )
        .addColumn('id', text, (column) => column.notNull().unique())
        .addColumn('clinic', text, required)
        .addColumn('staff_id', text, required)
        .addColumn('caller', 'text', required)
        .addColumn('request_id', 'text', required)
        .addColumn('patch', 'text')
        .addColumn('lenient', 'integer', required)
        .addColumn('if_match', 'text')
        .addColumn('idempotency_scope', text)
        .addColumn('status', text, required)
        .addColumn('settle', 'integer', required)
        .addColumn('attempts', 'integer', required)
        .addColumn('attempts_before', 'integer', required)
        .addColumn('available_at', text)
        .addColumn('lease_owner', text)
        .addColumn('last_code', 'text')
        .addColumn('last_detail', 'text')
        .addColumn('answer', 'text')
        .addColumn('created_at', text, required)
        .addColumn('finished_at', text)
        .execute();
      await db.schema
        .createIndex('operations_available')
        .on('operations')
        .column('available_at')
        .where(sql<boolean>`available_at is not null`)
        .execute();
      await db.schema
        .createIndex('operations_unfinished')
        .on('operations')
        .columns(['clinic', 'staff_id', 'seq'])
        .where(sql<boolean>`finished_at is null`)
        .execute();
      await db.schema
        .createIndex('operations_finished')
        .on('operations')
        .column('finished_at')
        .where(sql<boolean>`finished_at is not null`)
        .execute();
      await db.schema
        .createIndex('operations_idempotency_scope')
        .on('operations')
        .column('idempotency_scope')
        .where(sql<boolean>`idempotency_scope is not null`)
        .execute();

      const attempts = db.schema
        .createTable('operation_attempts')
        .addColumn('operation_id', text, (column) =>
          column.notNull().references('operations.id').onDelete('cascade'),
        )
        .addColumn('number', 'integer', required)
        .addColumn('started_at', 'text', required)
        .addColumn('finished_at', 'text')
        .addColumn('outcome', 'text')
        .addColumn('code', 'text')
        .addColumn('detail', 'text')
        .addPrimaryKeyConstraint('operation_attempts_key', ['operation_id', 'number']);
      await (engine === 'sqlite' ? attempts.modifyEnd(sql`strict, without rowid`) : attempts).execute();
    },
  };
}
