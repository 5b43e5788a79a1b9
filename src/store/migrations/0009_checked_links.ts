import type { Migration } from 'kysely/migration';

/**
 * When a vendor has shown a record of exactly the id that a link names. Null for links that nobody has held against the vendor
 * yet, those of an earlier version among them: the first update reads first.
 */
export const checkedLinks: Migration = {
  async up(db) {
    await db.schema.alterTable('links').addColumn('checked_at', 'text').execute();
  },
};
