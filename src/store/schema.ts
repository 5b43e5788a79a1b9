/**
 * The tables, as Kysely types queries by. Column names are the database's own. Times are ISO 8601 text in UTC on both
 * engines, so that a value reads, compares and exports the same everywhere.
 */

/** Where a clinic's staff member is found at a vendor connection. See migrations/0001_links.ts for the constraints. */
interface LinksTable {
  clinic: string;
  staff_id: string;
  vendor: string;
  vendor_record_id: string;
  /** 1 for a new link, counted up by every replacement. */
  revision: number;
  created_at: string;
  updated_at: string;
}

export interface Schema {
  links: LinksTable;
}
