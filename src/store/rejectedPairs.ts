/** Who is not the same person as a vendor's record: somebody has looked at the two, and nobody has to again. */
import type { Database } from './database';
import type { Link } from './link';
import { orUnavailable } from './unavailable';

export interface RejectedPairs {
  /** Vendor record ids by staff id. @throws StoreUnavailable */
  of(clinic: string, vendor: string): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  /** @throws StoreUnavailable */
  add(pairs: readonly Link[]): Promise<void>;
}

/** Rows of one statement: SQLite takes so many parameters. */
const BATCH = 500;

export function createRejectedPairs({ db }: Database, now: () => Date = () => new Date()): RejectedPairs {
  return {
    of: (clinic, vendor) =>
      orUnavailable(async () => {
        const rows = await db
          .selectFrom('rejected_pairs')
          .select(['staff_id', 'vendor_record_id'])
          .where('clinic', '=', clinic)
          .where('vendor', '=', vendor)
          .execute();
        const pairs = new Map<string, Set<string>>();
        for (const { staff_id, vendor_record_id } of rows)
          pairs.set(staff_id, (pairs.get(staff_id) ?? new Set()).add(vendor_record_id));
        return pairs;
      }),

    add: (pairs) =>
      orUnavailable(async () => {
        const created_at = now().toISOString();
        for (let start = 0; start < pairs.length; start += BATCH) {
          const rows = pairs
            .slice(start, start + BATCH)
            .map(({ clinic, staffId, vendor, vendorRecordId }) => ({
              ...{ clinic, staff_id: staffId, vendor, vendor_record_id: vendorRecordId, created_at },
            }));
          await db
            .insertInto('rejected_pairs')
            .values(rows)
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      }),
  };
}
