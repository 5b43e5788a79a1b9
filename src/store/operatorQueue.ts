/**
 * The queue as operators use it: they decide about what no attempt could, and each decision has its row of the audit in the
 * same transaction. And what is too old is forgotten.
 */
import type { Transaction } from 'kysely';
import { findOperation } from './callerQueue';
import { act, type Change } from './changes';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import type { OperationStatus, Redriven } from './operation';
import type { OperationRow } from './operationRow';
import type { Schema } from './schema';
import { inQueue, type OperationChange, PERSONAL, promote } from './staffQueue';
import type { Trail } from './trail';
import { orUnavailable } from './unavailable';

export type RedriveKind = 'retry' | 'discard';

/** The statuses that an operation may have for it. */
export const REDRIVEN_FROM: Readonly<Record<RedriveKind, readonly OperationStatus[]>> = {
  retry: ['dead'],
  discard: ['dead', 'queued'],
};

/** Who decides about an operation, for the audit. */
export interface Decider {
  caller: string;
  requestId?: string;
  /** Another clinic's operation does not exist for it. */
  clinic?: string;
  /** Of the answer to the request, if there is one. */
  status?: number;
}

export interface OperatorQueue {
  /** Gives a dead one the full number of attempts again. */
  retry(id: string, by: Decider): Promise<Redriven>;
  /** Ends a dead or queued one without delivering it. */
  discard(id: string, by: Decider): Promise<Redriven>;
  /**
   * Ends what nobody has decided about for `days` since it died, a hundred at most, oldest first; what waited behind it goes on.
   * @returns their ids
   */
  expire(days: number): Promise<string[]>;
  /** Forgets what has finished more than `days` ago, a thousand at most; says how many. */
  purge(days: number): Promise<number>;
}

const PURGE_BATCH = 1_000;
const EXPIRE_BATCH = 100;

export function createOperatorQueue(database: Database, trail: Trail): OperatorQueue {
  const { now } = databaseClock(database.engine);
  const parts = { database, trail };
  const ended = (code: string, detail: string) => ({
    status: 'failed' as const,
    finished_at: now(),
    available_at: null,
    last_code: code,
    last_detail: detail,
    ...PERSONAL,
  });
  return {
    // It becomes due as the head of its queue, which it has been since it died.
    retry: (id, by) =>
      redrive(parts, {
        ...{ id, by, kind: 'retry', from: REDRIVEN_FROM.retry },
        change: ({ attempts }) => ({ status: 'queued', answer: null, attempts_before: attempts }),
      }),

    discard: (id, by) =>
      redrive(parts, {
        ...{ id, by, kind: 'discard', from: REDRIVEN_FROM.discard },
        change: () => ended('discarded', 'An operator discarded this update.'),
      }),

    expire: async (days) => {
      const expired: string[] = [];
      const detail = `Nobody decided about this update for ${days === 1 ? 'a day' : `${days} days`}.`;
      const change = () => ({ ...ended('expired', detail), answer: null });
      for (const id of await orUnavailable(() => deadFor(database, days))) {
        const done = await redrive(parts, {
          ...{ id, by: { caller: 'gateway' }, kind: 'discard', code: 'expired', from: ['dead'], change },
        });
        if (done === 'done') expired.push(id);
      }
      return expired;
    },

    purge: (days) => orUnavailable(() => purge(database, days)),
  };
}

interface Decision {
  id: string;
  by: Decider;
  kind: RedriveKind;
  code?: string;
  /** The statuses that it may have. */
  from: readonly OperationStatus[];
  change: (row: OperationRow) => OperationChange;
}

/** The status is asked for once more by the change itself: a worker may have taken the operation meanwhile. */
async function redrive(
  { database, trail }: { database: Database; trail: Trail },
  decision: Decision,
): Promise<Redriven> {
  const { id, by, from, change } = decision;
  const found = await orUnavailable(() => findOperation(database.db, id, by.clinic));
  if (found === undefined) return 'not_found';
  const member = { clinic: found.clinic, staffId: found.staff_id };
  return inQueue(database, member, async (transaction) => {
    const row = await findOperation(transaction, id, by.clinic);
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
    await note(trail, transaction, row, decision);
    return 'done';
  });
}

function note(
  trail: Trail,
  transaction: Transaction<Schema>,
  row: OperationRow,
  { by, kind, code }: Decision,
): Promise<void> {
  const { caller, requestId = '', status = null } = by;
  const change: Change = act({
    ...{ kind, caller, requestId, status, code: code ?? null },
    ...{ clinic: row.clinic, staffId: row.staff_id, detail: { operation: row.id } },
  });
  return trail.append(transaction, [change]);
}

/** Its last attempt began when it was last scheduled. */
async function deadFor({ db, engine }: Database, days: number): Promise<string[]> {
  const { now } = databaseClock(engine);
  const rows = await db
    .selectFrom('operations')
    .select('id')
    .where('status', '=', 'dead')
    .where('scheduled_at', '<', now(-days * 86_400_000))
    .orderBy('scheduled_at')
    .limit(EXPIRE_BATCH)
    .execute();
  return rows.map(({ id }) => id);
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
