/** The queue as workers use it: each takes what is due, holds it by a lease, and gives it back or ends it. */
import type { Transaction } from 'kysely';
import type { AsLeft } from './asLeft';
import type { Cipher } from './cipher';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import { findLanes, type Lane, type Share, takeShares } from './lanes';
import type { AttemptOutcome, Ending, Lease, Postponement } from './operation';
import { type OperationRow, placeOf, toLease } from './operationRow';
import type { Schema } from './schema';
import { type Connection, inQueue, type OperationChange, PERSONAL, promote, scheduled } from './staffQueue';
import { orUnavailable } from './unavailable';

export interface WorkerQueue {
  /** Those in which something waits for the time, or is under way. */
  lanes(): Promise<Lane[]>;
  /** Takes of each lane what is due, or whose worker has let its lease run out. Oldest first. */
  claim(owner: string, shares: readonly Share[], leaseSeconds: number): Promise<Lease[]>;
  /** False when somebody else has the operation meanwhile. So do the two below, and then nothing is changed. */
  renew(lease: Lease, leaseSeconds: number): Promise<boolean>;
  finish(lease: Lease, ending: Ending): Promise<boolean>;
  postpone(lease: Lease, postponement: Postponement): Promise<boolean>;
  /** Gives them back as if they had not been taken: nothing was sent. */
  release(leases: readonly Lease[]): Promise<void>;
}

/** A clock that is kept right by steps this small does no harm: what is due comes so much later. */
const MOST_JITTER_MS = 1_000;

export function createWorkerQueue(database: Database, cipher: Cipher): WorkerQueue {
  const { db, engine } = database;
  const { now } = databaseClock(engine);
  /** Without a newer one, what is known of an earlier attempt stays. */
  const leftOf = ({ id }: Lease, asLeft: AsLeft | undefined) =>
    asLeft && { as_left: cipher.seal(JSON.stringify(asLeft), placeOf(id, 'as_left')) };

  return {
    lanes: () =>
      orUnavailable(async () => {
        const { lanes, setBackMs } = await findLanes(database);
        if (setBackMs <= MOST_JITTER_MS) return lanes;
        await reschedule(database);
        return (await findLanes(database)).lanes;
      }),

    claim: (owner, shares, leaseSeconds) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          const rows = await takeShares(engine, transaction, { owner, shares, leaseSeconds });
          if (rows.length > 0) await beginAttempts(database, transaction, rows);
          return rows.map((row) => toLease(row, owner, cipher));
        }),
      ),

    renew: (lease, leaseSeconds) =>
      orUnavailable(() => change(db, lease, scheduled(engine, leaseSeconds * 1000))),

    finish: (lease, { status, answer, error, settle, asLeft }) =>
      inQueue(database, lease, async (transaction) => {
        const ours = await change(transaction, lease, {
          status,
          available_at: null,
          lease_owner: null,
          last_code: error?.code ?? null,
          last_detail: error?.detail ?? null,
          ...(settle && { settle: 1 }),
          ...leftOf(lease, asLeft),
          answer:
            answer === undefined ? null : cipher.seal(JSON.stringify(answer), placeOf(lease.id, 'answer')),
          ...(status !== 'dead' && { finished_at: now(), ...PERSONAL }),
        });
        if (!ours) return false;
        const outcome = status === 'succeeded' ? 'succeeded' : 'failed';
        await endAttempt(database, transaction, { lease, outcome, error });
        if (status !== 'dead') await promote(database, transaction, lease);
        return true;
      }),

    postpone: (lease, { delayMs, settle, asLeft, error }) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          const ours = await change(transaction, lease, {
            status: 'queued',
            ...scheduled(engine, delayMs),
            lease_owner: null,
            settle: settle ? 1 : 0,
            ...leftOf(lease, asLeft),
            last_code: error.code,
            last_detail: error.detail,
          });
          if (ours) await endAttempt(database, transaction, { lease, outcome: 'postponed', error });
          return ours;
        }),
      ),

    release: (leases) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          for (const lease of leases) {
            const before = { status: 'queued', lease_owner: null, attempts: lease.number - 1 } as const;
            if (!(await change(transaction, lease, { ...before, ...scheduled(engine, 0) }))) continue;
            await transaction
              .deleteFrom('operation_attempts')
              .where('operation_id', '=', lease.id)
              .where('number', '=', lease.number)
              .execute();
          }
        }),
      ),
  };
}

/**
 * The clock was set back, or another server with another clock has taken over: what was scheduled ahead of it keeps its pause,
 * and its lease, from now on. A worker that is alive renews its lease long before the end of that.
 */
async function reschedule({ db, engine }: Database): Promise<void> {
  const { now, after } = databaseClock(engine);
  await db
    .updateTable('operations')
    .set({ available_at: after('scheduled_at', 'available_at'), scheduled_at: now() })
    .where('available_at', 'is not', null)
    .where('scheduled_at', '>', now(MOST_JITTER_MS))
    .execute();
}

/** Changes the operation as it was claimed: with another owner or number it is somebody else's now, and stays as it is. */
async function change(on: Connection, lease: Lease, values: OperationChange): Promise<boolean> {
  const { numUpdatedRows } = await on
    .updateTable('operations')
    .set(values)
    .where('id', '=', lease.id)
    .where('status', '=', 'running')
    .where('lease_owner', '=', lease.owner)
    .where('attempts', '=', lease.number)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function beginAttempts(
  { engine }: Database,
  transaction: Transaction<Schema>,
  rows: readonly OperationRow[],
): Promise<void> {
  const { now } = databaseClock(engine);
  // What is still open belongs to a worker that let its lease run out.
  await transaction
    .updateTable('operation_attempts')
    .set({
      finished_at: now(),
      outcome: 'interrupted',
      code: 'lease_expired',
      detail: 'The process that made this attempt ended, or could no longer reach the store.',
    })
    .where(
      'operation_id',
      'in',
      rows.map(({ id }) => id),
    )
    .where('finished_at', 'is', null)
    .execute();
  await transaction
    .insertInto('operation_attempts')
    .values(rows.map(({ id, attempts }) => ({ operation_id: id, number: attempts, started_at: now() })))
    .execute();
}

async function endAttempt(
  { engine }: Database,
  transaction: Transaction<Schema>,
  { lease, outcome, error }: { lease: Lease; outcome: AttemptOutcome; error: Ending['error'] },
): Promise<void> {
  await transaction
    .updateTable('operation_attempts')
    .set({
      finished_at: databaseClock(engine).now(),
      outcome,
      code: error?.code ?? null,
      detail: error?.detail ?? null,
    })
    .where('operation_id', '=', lease.id)
    .where('number', '=', lease.number)
    .execute();
}
