/**
 * Which operation an idempotency key stands for. It does so for as long as the key is remembered and no longer: a request that
 * has claimed the key anew is another request. All times here are the key's own, which the processes set by their clocks.
 */
import type { Transaction } from 'kysely';
import type { OperationRow } from './operationRow';
import type { Schema } from './schema';

export interface KnownKey {
  scope: string;
  /** When the request at hand has claimed it. */
  claimedAt: string;
  until: string;
}

/** @returns undefined without a key, and if it is not remembered any more: nothing can be known by it then */
export async function keyOf(
  transaction: Transaction<Schema>,
  scope: string | undefined,
): Promise<KnownKey | undefined> {
  if (scope === undefined) return undefined;
  const row = await transaction
    .selectFrom('idempotency')
    .select(['created_at', 'expires_at'])
    .where('scope', '=', scope)
    .executeTakeFirst();
  return row && { scope, claimedAt: row.created_at, until: row.expires_at };
}

/**
 * What the same request has queued before: it was interrupted after that, and has claimed the key again while it was remembered.
 * From now on the operation is known by the key for as long as that is remembered by its new claim.
 */
export async function earlierOf(
  transaction: Transaction<Schema>,
  { scope, claimedAt, until }: KnownKey,
): Promise<OperationRow | undefined> {
  const row = await transaction
    .selectFrom('operations')
    .selectAll()
    .where('idempotency_scope', '=', scope)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  // The very comparison by which the key was found to be free: one of an earlier version tells only when it was queued.
  if (row === undefined || (row.idempotency_until ?? dayAfter(row.created_at)) <= claimedAt) return undefined;
  await transaction
    .updateTable('operations')
    .set({ idempotency_until: until })
    .where('seq', '=', row.seq)
    .execute();
  return row;
}

function dayAfter(time: string): string {
  return new Date(Date.parse(time) + 86_400_000).toISOString();
}
