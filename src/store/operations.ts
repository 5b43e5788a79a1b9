/**
 * Updates that are delivered later: durable, in order for each staff member, each held by one worker at a time. Times
 * are the database's, so that replicas whose clocks differ agree on what is due and on whose lease has ended.
 */
import { type RawBuilder, sql, type Transaction, type UpdateObject } from 'kysely';
import { v7 as uuidV7 } from 'uuid';
import { type Database, parameter } from './database';
import type {
  Attempt,
  AttemptOutcome,
  Ending,
  Lease,
  NewOperation,
  Operation,
  OperationFilter,
  OperationStatus,
  Postponement,
  Redriven,
} from './operation';
import { type OperationRow, toLease, toOperation } from './operationRow';
import type { Schema } from './schema';
import { orUnavailable } from './unavailable';

/** Every method throws `StoreUnavailable` when the database does. */
export interface Operations {
  /** Calls `listener` whenever this process has made something due, so that nobody has to wait for the next look. */
  onDue(listener: () => void): void;
  /** Durable when it resolves. */
  enqueue(operation: NewOperation): Promise<Operation>;
  /** Whether the staff member has updates that are not finished; dead ones count. */
  isBehind(clinic: string, staffId: string): Promise<boolean>;
  /** Takes up to `limit` operations that are due, or whose worker has let its lease run out. Oldest first. */
  claim(owner: string, limit: number, leaseSeconds: number): Promise<Lease[]>;
  /** Milliseconds until the next one is due, negative when it is already; undefined when none waits for the time. */
  nextDue(): Promise<number | undefined>;
  /** False when somebody else has the operation meanwhile. So do the two below, and then nothing is changed. */
  renew(lease: Lease, leaseSeconds: number): Promise<boolean>;
  finish(lease: Lease, ending: Ending): Promise<boolean>;
  postpone(lease: Lease, postponement: Postponement): Promise<boolean>;
  /** Gives it back as if it had not been taken: nothing was sent. */
  release(lease: Lease): Promise<void>;
  find(id: string, clinic?: string): Promise<Operation | undefined>;
  attemptsOf(id: string): Promise<Attempt[]>;
  /** The unfinished operation right before this one, of the same staff member. */
  predecessorOf(id: string): Promise<string | undefined>;
  /** Newest first. */
  list(filter: OperationFilter, limit: number): Promise<Operation[]>;
  /** Gives a dead one the full number of attempts again. */
  retry(id: string, clinic?: string): Promise<Redriven>;
  /** Ends a dead or queued one without delivering it. */
  discard(id: string): Promise<Redriven>;
  /** Forgets what has finished more than `days` ago, a thousand at most; says how many. */
  purge(days: number): Promise<number>;
}

type Connection = Database['db'] | Transaction<Schema>;

/** How long an idempotency key is kept: a later request with the same one is another request. */
const KEY_HOURS = 24;
const PURGE_BATCH = 1_000;

export function createOperations(database: Database): Operations {
  const { db, engine } = database;
  const listeners = new Set<() => void>();
  const tellDue = () => {
    for (const listener of listeners) listener();
  };
  const behind = database.prepare((on) =>
    on
      .selectFrom('operations')
      .select('id')
      .where('clinic', '=', parameter(0))
      .where('staff_id', '=', parameter(1))
      .where('finished_at', 'is', null)
      .limit(1),
  );
  const due = database.prepare((on) =>
    on
      .selectFrom('operations')
      .select(millisecondsUntil('available_at').as('ms'))
      .where('available_at', 'is not', null)
      .orderBy('available_at')
      .limit(1),
  );

  /** The database's time, and so many milliseconds later, as ISO 8601 text in UTC. */
  function now(laterMs = 0): RawBuilder<string> {
    const seconds = (laterMs / 1000).toFixed(3);
    return engine === 'sqlite'
      ? sql<string>`strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ${`${seconds} seconds`})`
      : sql<string>`to_char((statement_timestamp() + ${`${seconds} seconds`}::interval) at time zone 'utc',
          'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  }

  function millisecondsUntil(column: 'available_at'): RawBuilder<number> {
    return engine === 'sqlite'
      ? sql<number>`(julianday(${sql.ref(column)}) - julianday('now')) * 86400000.0`
      : sql<number>`(extract(epoch from ${sql.ref(column)}::timestamptz - statement_timestamp()) * 1000)::float8`;
  }

  /** Work on the queue of one staff member. On SQLite a transaction has the whole database for itself. */
  function inQueue<Result>(
    clinic: string,
    staffId: string,
    work: (transaction: Transaction<Schema>) => Promise<Result>,
  ): Promise<Result> {
    return orUnavailable(() =>
      db.transaction().execute(async (transaction) => {
        if (engine === 'postgres') {
          const key = `queue ${clinic} ${staffId}`;
          await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(transaction);
        }
        return work(transaction);
      }),
    );
  }

  /** The oldest unfinished one becomes due, where it is queued and waits behind nobody any more. */
  async function promote(transaction: Transaction<Schema>, clinic: string, staffId: string): Promise<void> {
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
    await transaction
      .updateTable('operations')
      .set({ available_at: now() })
      .where('seq', '=', head.seq)
      .execute();
  }

  /** Narrows to the operation as it was claimed: with another owner or number it is somebody else's now. */
  function held(on: Connection, lease: Lease) {
    return on
      .updateTable('operations')
      .where('id', '=', lease.id)
      .where('status', '=', 'running')
      .where('lease_owner', '=', lease.owner)
      .where('attempts', '=', lease.number);
  }

  async function endAttempt(
    transaction: Transaction<Schema>,
    lease: Lease,
    outcome: AttemptOutcome,
    error: Ending['error'],
  ): Promise<void> {
    await transaction
      .updateTable('operation_attempts')
      .set({ finished_at: now(), outcome, code: error?.code ?? null, detail: error?.detail ?? null })
      .where('operation_id', '=', lease.id)
      .where('number', '=', lease.number)
      .execute();
  }

  /** The rows that are up for delivery, locked where the engine has locks; others' locked rows are passed over. */
  async function take(
    transaction: Transaction<Schema>,
    owner: string,
    limit: number,
    leaseSeconds: number,
  ): Promise<OperationRow[]> {
    const picked = sql`select seq from operations where available_at <= ${now()} order by available_at, seq limit ${limit}`;
    const source =
      engine === 'sqlite'
        ? sql`with picked as materialized (${picked})`
        : sql`with picked as materialized (${picked} for update skip locked)`;
    const { rows } = await sql<OperationRow>`${source}
      update operations set
        settle = case when status = 'running' then 1 else settle end,
        attempts = attempts + 1,
        status = 'running',
        lease_owner = ${owner},
        available_at = ${now(leaseSeconds * 1000)}
      where seq in (select seq from picked)
      returning *`.execute(transaction);
    return rows.sort((a, b) => Number(a.seq) - Number(b.seq));
  }

  async function beginAttempts(
    transaction: Transaction<Schema>,
    rows: readonly OperationRow[],
  ): Promise<void> {
    // What is still open belongs to a worker that let its lease run out.
    await transaction
      .updateTable('operation_attempts')
      .set({
        finished_at: now(),
        outcome: 'interrupted',
        code: 'lease_expired',
        detail: 'The process that made this attempt ended, or could not reach the store any more.',
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

  function select(filter: OperationFilter, on: Connection = db) {
    let query = on.selectFrom('operations').selectAll();
    if (filter.ids) query = query.where('id', 'in', [...filter.ids]);
    if (filter.clinic !== undefined) query = query.where('clinic', '=', filter.clinic);
    if (filter.staffId !== undefined) query = query.where('staff_id', '=', filter.staffId);
    if (filter.statuses) query = query.where('status', 'in', [...filter.statuses]);
    return query;
  }

  function one(
    id: string,
    clinic: string | undefined,
    on: Connection = db,
  ): Promise<OperationRow | undefined> {
    return select({ ids: [id], ...(clinic !== undefined && { clinic }) }, on).executeTakeFirst();
  }

  /** The status is asked for once more by the change itself: a worker may have taken the operation meanwhile. */
  async function redrive(
    id: string,
    clinic: string | undefined,
    from: readonly OperationStatus[],
    change: (row: OperationRow) => UpdateObject<Schema, 'operations'>,
  ): Promise<Redriven> {
    const found = await orUnavailable(() => one(id, clinic));
    if (found === undefined) return 'not_found';
    return inQueue(found.clinic, found.staff_id, async (transaction) => {
      const row = await one(id, clinic, transaction);
      if (row === undefined) return 'wrong_status';
      const { numUpdatedRows } = await transaction
        .updateTable('operations')
        .set(change(row))
        .where('seq', '=', row.seq)
        .where('attempts', '=', row.attempts)
        .where('status', 'in', [...from])
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return 'wrong_status';
      await promote(transaction, row.clinic, row.staff_id);
      return 'done';
    });
  }

  return {
    onDue: (listener) => void listeners.add(listener),

    enqueue: async (operation) => {
      const queued = await inQueue(operation.clinic, operation.staffId, async (transaction) => {
        const { idempotencyScope } = operation;
        const earlier =
          idempotencyScope === undefined
            ? undefined
            : await transaction
                .selectFrom('operations')
                .selectAll()
                .where('idempotency_scope', '=', idempotencyScope)
                .where('created_at', '>', now(-KEY_HOURS * 3_600_000))
                .executeTakeFirst();
        if (earlier !== undefined) return toOperation(earlier);
        const waits = await transaction
          .selectFrom('operations')
          .select('id')
          .where('clinic', '=', operation.clinic)
          .where('staff_id', '=', operation.staffId)
          .where('finished_at', 'is', null)
          .limit(1)
          .executeTakeFirst();
        const row = await transaction
          .insertInto('operations')
          .values({
            // Sorts by time, so that indexes grow at their end.
            id: uuidV7(),
            clinic: operation.clinic,
            staff_id: operation.staffId,
            caller: operation.caller,
            request_id: operation.requestId,
            patch: operation.patch,
            lenient: operation.lenient ? 1 : 0,
            if_match: operation.ifMatch ?? null,
            if_none_match: operation.ifNoneMatch ?? null,
            vendor: operation.target?.vendor ?? null,
            vendor_record_id: operation.target?.vendorRecordId ?? null,
            idempotency_scope: idempotencyScope ?? null,
            status: 'queued',
            settle: operation.settle ? 1 : 0,
            attempts: 0,
            attempts_before: 0,
            available_at: waits === undefined ? now() : null,
            created_at: now(),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return toOperation(row);
      });
      tellDue();
      return queued;
    },

    isBehind: async (clinic, staffId) => (await orUnavailable(() => behind(clinic, staffId))) !== undefined,

    nextDue: async () => (await orUnavailable(() => due()))?.ms,

    claim: (owner, limit, leaseSeconds) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          const rows = await take(transaction, owner, limit, leaseSeconds);
          if (rows.length > 0) await beginAttempts(transaction, rows);
          return rows.map((row) => toLease(row, owner));
        }),
      ),

    renew: (lease, leaseSeconds) =>
      orUnavailable(async () => {
        const { numUpdatedRows } = await held(db, lease)
          .set({ available_at: now(leaseSeconds * 1000) })
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      }),

    finish: (lease, { status, answer, error }) =>
      inQueue(lease.clinic, lease.staffId, async (transaction) => {
        const { numUpdatedRows } = await held(transaction, lease)
          .set({
            status,
            available_at: null,
            lease_owner: null,
            last_code: error?.code ?? null,
            last_detail: error?.detail ?? null,
            answer: answer === undefined ? null : JSON.stringify(answer),
            ...(status !== 'dead' && { finished_at: now(), ...PERSONAL }),
          })
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await endAttempt(transaction, lease, status === 'succeeded' ? 'succeeded' : 'failed', error);
        if (status !== 'dead') await promote(transaction, lease.clinic, lease.staffId);
        return true;
      }),

    postpone: (lease, { delayMs, settle, error }) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          const { numUpdatedRows } = await held(transaction, lease)
            .set({
              status: 'queued',
              available_at: now(delayMs),
              lease_owner: null,
              settle: settle ? 1 : 0,
              last_code: error.code,
              last_detail: error.detail,
            })
            .executeTakeFirst();
          if (numUpdatedRows === 0n) return false;
          await endAttempt(transaction, lease, 'postponed', error);
          return true;
        }),
      ),

    release: (lease) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          const { numUpdatedRows } = await held(transaction, lease)
            .set({ status: 'queued', available_at: now(), lease_owner: null, attempts: lease.number - 1 })
            .executeTakeFirst();
          if (numUpdatedRows === 0n) return;
          await transaction
            .deleteFrom('operation_attempts')
            .where('operation_id', '=', lease.id)
            .where('number', '=', lease.number)
            .execute();
        }),
      ),

    find: async (id, clinic) => {
      const row = await orUnavailable(() => one(id, clinic));
      return row && toOperation(row);
    },

    attemptsOf: async (id) => {
      const rows = await orUnavailable(() =>
        db
          .selectFrom('operation_attempts')
          .selectAll()
          .where('operation_id', '=', id)
          .orderBy('number')
          .execute(),
      );
      return rows.map((row) => ({
        number: row.number,
        startedAt: row.started_at,
        ...(row.finished_at !== null && { finishedAt: row.finished_at }),
        ...(row.outcome !== null && { outcome: row.outcome }),
        ...(row.code !== null && { code: row.code }),
        ...(row.detail !== null && { detail: row.detail }),
      }));
    },

    predecessorOf: async (id) => {
      const row = await orUnavailable(() =>
        db
          .selectFrom('operations as later')
          .innerJoin('operations as earlier', (join) =>
            join
              .onRef('earlier.clinic', '=', 'later.clinic')
              .onRef('earlier.staff_id', '=', 'later.staff_id')
              .onRef('earlier.seq', '<', 'later.seq'),
          )
          .select('earlier.id')
          .where('later.id', '=', id)
          .where('earlier.finished_at', 'is', null)
          .orderBy('earlier.seq', 'desc')
          .limit(1)
          .executeTakeFirst(),
      );
      return row?.id;
    },

    list: async (filter, limit) => {
      const rows = await orUnavailable(() => select(filter).orderBy('seq', 'desc').limit(limit).execute());
      return rows.map(toOperation);
    },

    // It becomes due as the head of its queue, which it has been since it died.
    retry: async (id, clinic) => {
      const result = await redrive(id, clinic, ['dead'], ({ attempts }) => ({
        status: 'queued',
        answer: null,
        attempts_before: attempts,
      }));
      tellDue();
      return result;
    },

    discard: (id) =>
      redrive(id, undefined, ['dead', 'queued'], () => ({
        status: 'failed',
        finished_at: now(),
        available_at: null,
        last_code: 'discarded',
        last_detail: 'An operator discarded this update.',
        ...PERSONAL,
      })),

    purge: (days) =>
      orUnavailable(async () => {
        const { numDeletedRows } = await db
          .deleteFrom('operations')
          .where('seq', 'in', (eb) =>
            eb
              .selectFrom('operations')
              .select('seq')
              .where('finished_at', '<', now(-days * 86_400_000))
              .orderBy('finished_at')
              .limit(PURGE_BATCH),
          )
          .executeTakeFirst();
        return Number(numDeletedRows);
      }),
  };
}

/** What is needed for delivery only and says something about a person. */
const PERSONAL = { patch: null, if_match: null, if_none_match: null } as const;
