import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/** What an attempt is in the audit, so that one which a crash has cut short is not taken for a caller's update. */
export function attemptKinds(engine: Engine): Migration {
  const text = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;
  return {
    async up(db) {
      await sql`alter table attempts add column kind ${text} not null default 'update'`.execute(db);
    },
  };
}
