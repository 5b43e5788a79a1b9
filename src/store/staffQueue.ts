/** The queue of one staff member: its changes are made one at a time, and its oldest unfinished update is the one that is due. */
import { type RawBuilder, sql, type Transaction, type UpdateObject } from 'kysely';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import type { Engine } from './engine';
import type { Schema } from './schema';
import { orUnavailable } from './unavailable';

export type Connection = Database['db'] | Transaction<Schema>;
export type OperationChange = UpdateObject<Schema, 'operations'>;

interface StaffMember {
  clinic: string;
  staffId: string;
}

/** What is needed for delivery only and says something about a person. */
export const PERSONAL = { patch: null, if_match: null, if_none_match: null, as_left: null } as const;

/** Due, or to be taken over, in so many milliseconds. */
export function scheduled(
  engine: Engine,
  laterMs: number,
): { available_at: RawBuilder<string>; scheduled_at: RawBuilder<string> } {
  const { now } = databaseClock(engine);
  return { available_at: now(laterMs), scheduled_at: now() };
}

/**
 * Work on the queue of one staff member. On SQLite a transaction has the whole database for itself.
 * @throws StoreUnavailable
 */
export function inQueue<Result>(
  { db, engine }: Database,
  { clinic, staffId }: StaffMember,
  work: (transaction: Transaction<Schema>) => Promise<Result>,
): Promise<Result> {
  return orUnavailable(() =>
    db.transaction().execute(async (transaction) => {
      if (engine === 'postgres') await lockUntilEnd(transaction, `queue ${clinic} ${staffId}`);
      return work(transaction);
    }),
  );
}

/** PostgreSQL only: one transaction at a time goes on with this key. */
export async function lockUntilEnd(transaction: Transaction<Schema>, key: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(transaction);
}

/**
 * Whether what is before it holds an operation back: what callers have sent waits for each other, and what is on its way to a
 * mirror for what is on its way there; what callers have sent waits for that too, if the clinic has moved there.
 */
export function holdsBack(earlier: 'earlier', later: 'later' | 'operations'): RawBuilder<boolean> {
  return sql.raw<boolean>(holdsBackText(earlier, later));
}

/** As the text of a statement. */
export function holdsBackText(earlier: 'earlier', later: 'later' | 'operations'): string {
  return `(${earlier}.clinic = ${later}.clinic and ${earlier}.staff_id = ${later}.staff_id
    and ${earlier}.finished_at is null and ${earlier}.seq < ${later}.seq
    and ((${earlier}.mirrored = 0 and ${later}.mirrored = 0)
      or (${earlier}.mirrored = 1 and ${earlier}.vendor = ${later}.vendor)))`;
}

/** What is queued becomes due, if nothing that holds it back is before it any more. */
export async function promote(
  { engine }: Database,
  transaction: Transaction<Schema>,
  { clinic, staffId }: StaffMember,
): Promise<void> {
  await transaction
    .updateTable('operations')
    .set(scheduled(engine, 0))
    .where('clinic', '=', clinic)
    .where('staff_id', '=', staffId)
    .where('finished_at', 'is', null)
    .where('status', '=', 'queued')
    .where('available_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('operations as earlier').select('earlier.id').where(holdsBack('earlier', 'operations')),
        ),
      ),
    )
    .execute();
}
