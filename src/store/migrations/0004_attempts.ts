import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * SQLite needs no index to find abandoned attempts in a table that holds only what is under way, and each update had to
 * keep it up twice. PostgreSQL keeps dead rows there for a while, among which a search would have to go without it.
 */
export function withoutLeaseIndex(engine: Engine): Migration {
  return {
    async up(db) {
      if (engine === 'sqlite') await sql`drop index attempts_lease`.execute(db);
    },
  };
}
