import type { Migration } from 'kysely/migration';

/** What the next attempt of a conditional update is held against: the record as the one before has left it, sealed. */
export const asLeft: Migration = {
  async up(db) {
    await db.schema.alterTable('operations').addColumn('as_left', 'text').execute();
  },
};
