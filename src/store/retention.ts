/** Deletes what the audit has kept for long enough. */
import { sql, type Transaction } from 'kysely';
import type { AuditKeys } from './auditKeys';
import { checkpointMark, type Mark, standingOf } from './chain';
import { BLOCK } from './changeList';
import type { Database } from './database';
import type { Schema } from './schema';

/** Rows of one transaction: while it lasts, this process does nothing else on SQLite. */
const BATCH = 250;

/**
 * Deletes at most `limit` of the oldest rows, those from before `before`. The hash of the last deleted one stays as the
 * checkpoint that the first kept one is chained to; the tables refuse to delete anything that the checkpoint is not past.
 * @returns how many were deleted
 * @throws Error if the checkpoint is not as it was left: nothing may be deleted on its word
 */
export async function deleteOldest(
  database: Database,
  before: Date,
  { keys, limit = BATCH }: { keys?: AuditKeys | undefined; limit?: number } = {},
): Promise<number> {
  return database.db.transaction().execute(async (transaction) => {
    const lock = database.engine === 'postgres' ? sql`for update` : sql``;
    const { rows } = await sql<Mark>`
      select * from change_chain where name = 'checkpoint' ${lock}`.execute(transaction);
    const [checkpoint] = rows;
    if (checkpoint === undefined) throw new Error('the chain of changes has lost its checkpoint');
    if (keys !== undefined && standingOf(checkpoint, keys) !== 'signed') {
      throw new Error('the checkpoint of the audit is not as the gateway left it');
    }
    const candidates = await transaction
      .selectFrom('changes')
      .select(['seq', 'hash', 'at', 'clinic', 'clinic_seq'])
      .where('seq', '>', Number(checkpoint.seq))
      .orderBy('seq')
      .limit(limit)
      .execute();
    const kept = candidates.findIndex(({ at }) => at >= before.toISOString());
    const old = kept === -1 ? candidates : candidates.slice(0, kept);
    const last = old.at(-1);
    if (last === undefined) return 0;
    const mark = checkpointMark(
      { seq: Number(last.seq), hash: last.hash, at: new Date().toISOString(), reason: 'retention' },
      keys,
    );
    await transaction.updateTable('change_chain').set(mark).where('name', '=', 'checkpoint').execute();
    await transaction.deleteFrom('changes').where('seq', '<=', Number(last.seq)).execute();
    await deleteBlocks(transaction, old);
    return old.length;
  });
}

/** Those of which no row is left. */
async function deleteBlocks(
  transaction: Transaction<Schema>,
  deleted: readonly { clinic: string; clinic_seq: number }[],
): Promise<void> {
  // Later rows of a clinic have later places.
  const last = new Map(deleted.map(({ clinic, clinic_seq }) => [clinic, Number(clinic_seq)]));
  for (const [clinic, place] of last) {
    await transaction
      .deleteFrom('change_blocks')
      .where('clinic', '=', clinic)
      .where('block', '<', Math.floor((place + 1) / BLOCK))
      .execute();
  }
}
