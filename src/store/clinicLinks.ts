/** The links of one clinic at one connection, for operators. */
import { act } from './changes';
import type { Database } from './database';
import type { Link } from './link';
import type { LinkChange } from './linkTrail';
import type { Trail } from './trail';

export interface ClinicLinks {
  /** By staff id, in bounded memory. Not a snapshot: changes made meanwhile may show. */
  linked(): AsyncIterable<Link>;
  count(): Promise<number>;
  /** Staff ids that have a link at another connection, but none at this one. */
  missing(): Promise<string[]>;
  /** Leaves one row in the audit, which says how many there were. @returns how many there were */
  removeAll(by: LinkChange, trail: Trail): Promise<number>;
}

const PAGE = 1_000;

export function createClinicLinks({ db }: Database, clinic: string, vendor: string): ClinicLinks {
  const links = () => db.selectFrom('links').where('clinic', '=', clinic).where('vendor', '=', vendor);
  return {
    async *linked() {
      for (let last = ''; ; ) {
        const rows = await links()
          .select(['staff_id', 'vendor_record_id'])
          .where('staff_id', '>', last)
          .orderBy('staff_id')
          .limit(PAGE)
          .execute();
        for (const row of rows)
          yield { clinic, staffId: row.staff_id, vendor, vendorRecordId: row.vendor_record_id };
        const end = rows.length === PAGE ? rows.at(-1) : undefined;
        if (end === undefined) return;
        last = end.staff_id;
      }
    },

    async count() {
      const row = await links()
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirst();
      return Number(row?.count ?? 0);
    },

    async missing() {
      const rows = await db
        .selectFrom('links as elsewhere')
        .select('staff_id')
        .distinct()
        .where('clinic', '=', clinic)
        .where('vendor', '!=', vendor)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('links')
                .select('links.staff_id')
                .where('links.clinic', '=', clinic)
                .whereRef('links.staff_id', '=', 'elsewhere.staff_id')
                .where('links.vendor', '=', vendor),
            ),
          ),
        )
        .orderBy('staff_id')
        .execute();
      return rows.map((row) => row.staff_id);
    },

    removeAll: (by, trail) =>
      db.transaction().execute(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('links')
          .where('clinic', '=', clinic)
          .where('vendor', '=', vendor)
          .executeTakeFirst();
        const removed = Number(numDeletedRows);
        if (removed > 0)
          await trail.append(transaction, [
            act({ kind: 'link_removed', clinic, vendor, ...by, status: 204, detail: { removed } }),
          ]);
        return removed;
      }),
  };
}
