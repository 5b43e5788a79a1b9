import type { Migration } from 'kysely/migration';

/** Whether the clinic's ids were linked or the vendor's own when it was served last; null in rows of earlier versions, until then. */
export const clinicIdentity: Migration = {
  async up(db) {
    await db.schema.alterTable('whereabouts').addColumn('identity', 'text').execute();
  },
};
