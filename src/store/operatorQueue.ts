/** The queue as operators use it: they decide about what no attempt could; and what has finished long ago is forgotten. */
import { findOperation } from './callerQueue';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import type { OperationStatus, Redriven } from './operation';
import type { OperationRow } from './operationRow';
import { inQueue, type OperationChange, PERSONAL, promote } from './staffQueue';
import { orUnavailable } from './unavailable';

export interface OperatorQueue {
  /** Gives a dead one the full number of attempts again. */
  retry(id: string, clinic?: string): Promise<Redriven>;
  /** Ends a dead or queued one without delivering it. */
  discard(id: string): Promise<Redriven>;
  /** Forgets what has finished more than `days` ago, a thousand at most; says how many. */
  purge(days: number): Promise<number>;
}

const PURGE_BATCH = 1_000;

export function createOperatorQueue(database: Database): OperatorQueue {
  const { now } = databaseClock(database.engine);
  return {
    // It becomes due as the head of its queue, which it has been since it died.
    retry: (id, clinic) =>
      redrive(database, { id, clinic, from: ['dead'] }, ({ attempts }) => ({
        status: 'queued',
        answer: null,
        attempts_before: attempts,
      })),

    discard: (id) =>
      redrive(database, { id, from: ['dead', 'queued'] }, () => ({
        status: 'failed',
        finished_at: now(),
        available_at: null,
        last_code: 'discarded',
        last_detail: 'An operator discarded this update.',
        ...PERSONAL,
      })),

    purge: (days) => orUnavailable(() => purge(database, days)),
  };
}

interface Chosen {
  id: string;
  clinic?: string | undefined;
  /** The statuses that it may have. */
  from: readonly OperationStatus[];
}

/** The status is asked for once more by the change itself: a worker may have taken the operation meanwhile. */
async function redrive(
  database: Database,
  { id, clinic, from }: Chosen,
  change: (row: OperationRow) => OperationChange,
): Promise<Redriven> {
  const found = await orUnavailable(() => findOperation(database.db, id, clinic));
  if (found === undefined) return 'not_found';
  const member = { clinic: found.clinic, staffId: found.staff_id };
  return inQueue(database, member, async (transaction) => {
    const row = await findOperation(transaction, id, clinic);
    if (row === undefined) return 'wrong_status';
    const { numUpdatedRows } = await transaction
      .updateTable('operations')
      .set(change(row))
      .where('seq', '=', row.seq)
      .where('attempts', '=', row.attempts)
      .where('status', 'in', [...from])
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return 'wrong_status';
    await promote(database, transaction, member);
    return 'done';
  });
}

async function purge({ db, engine }: Database, days: number): Promise<number> {
  const { now } = databaseClock(engine);
  const { numDeletedRows } = await db
    .deleteFrom('operations')
    .where('seq', 'in', (eb) =>
      eb
        .selectFrom('operations')
        .select('seq')
        .where('finished_at', '<', now(-days * 86_400_000))
        // A request whose answer was never written down may come again, and is not to be queued again.
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('idempotency')
                .select('scope')
                .whereRef('scope', '=', 'idempotency_scope')
                .where('state', '<>', 'done')
                .where('expires_at', '>', now()),
            ),
          ),
        )
        .orderBy('finished_at')
        .limit(PURGE_BATCH),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}
