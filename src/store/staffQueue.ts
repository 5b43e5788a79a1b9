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
export const PERSONAL = { patch: null, if_match: null, if_none_match: null } as const;

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

/** The oldest unfinished one becomes due, if it is queued and nothing is before it any more. */
export async function promote(
  { engine }: Database,
  transaction: Transaction<Schema>,
  { clinic, staffId }: StaffMember,
): Promise<void> {
  const head = await transaction
    .selectFrom('operations')
    .select(['seq', 'status', 'available_at'])
    .where('clinic', '=', clinic)
    .where('staff_id', '=', staffId)
    .where('finished_at', 'is', null)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  if (head?.status !== 'queued' || head.available_at !== null) return;
  await transaction.updateTable('operations').set(scheduled(engine, 0)).where('seq', '=', head.seq).execute();
}
