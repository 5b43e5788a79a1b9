/** The queue as callers use it: updates are put in, and what became of them is asked for. */
import { sql, type Transaction } from 'kysely';
import { v7 as uuidV7 } from 'uuid';
import type { Cipher } from './cipher';
import { type Database, parameter } from './database';
import { databaseClock } from './databaseClock';
import type { Attempt, NewOperation, Operation, OperationFilter } from './operation';
import { earlierOf, type KnownKey, keyOf } from './operationKeys';
import { type OperationRow, placeOf, toAttempt, toOperation } from './operationRow';
import type { Schema } from './schema';
import { type Connection, holdsBack, inQueue, lockUntilEnd, scheduled } from './staffQueue';
import { orUnavailable } from './unavailable';

export interface CallerQueue {
  /** Durable when it resolves. */
  enqueue(operation: NewOperation): Promise<Operation>;
  /**
   * As `enqueue`, and nothing is queued if something is against it. `full`: its caller has as many unfinished ones in its clinic as it
   * may. `away`: the clinic is elsewhere than the operation's target.
   */
  enqueueWithin(quota: number, operation: NewOperation): Promise<Operation | 'full' | 'away'>;
  /**
   * How an update of the staff member at this connection stands. `away`: the clinic's updates go elsewhere. `behind`: others are not
   * finished; dead ones count.
   */
  standing(clinic: string, staffId: string, vendor: string): Promise<'first' | 'behind' | 'away'>;
  find(id: string, clinic?: string): Promise<Operation | undefined>;
  attemptsOf(id: string): Promise<Attempt[]>;
  /** The unfinished operation right before this one, of the same staff member. */
  predecessorOf(id: string): Promise<string | undefined>;
  /** Newest first. */
  list(filter: OperationFilter, limit: number): Promise<Operation[]>;
}

export function createCallerQueue(database: Database, cipher: Cipher): CallerQueue {
  const { db } = database;
  const parts = { database, cipher };
  const told = (row: OperationRow) => toOperation(row, cipher);
  const standing = database.prepare((on) => standingOf(on));

  return {
    enqueue: (operation) =>
      inQueue(database, operation, async (transaction) => {
        const known = await findByKey(transaction, operation);
        return told(known.earlier ?? (await insert(parts, transaction, operation, known.key)));
      }),

    enqueueWithin: (quota, operation) =>
      inQueue(database, operation, async (transaction) => {
        const known = await findByKey(transaction, operation);
        if (known.earlier) return told(known.earlier);
        if (await isElsewhere(database, transaction, operation)) return 'away';
        if (await hasQueued(database, transaction, operation, quota)) return 'full';
        return told(await insert(parts, transaction, operation, known.key));
      }),

    standing: async (clinic, staffId, vendor) => {
      const found = await orUnavailable(() => standing(clinic, vendor, clinic, staffId, vendor));
      if (found?.away) return 'away';
      return found?.behind ? 'behind' : 'first';
    },

    find: async (id, clinic) => {
      const row = await orUnavailable(() => findOperation(db, id, clinic));
      return row && told(row);
    },

    attemptsOf: async (id) => {
      const attempts = db.selectFrom('operation_attempts').selectAll().where('operation_id', '=', id);
      const rows = await orUnavailable(() => attempts.orderBy('number').execute());
      return rows.map(toAttempt);
    },

    predecessorOf: async (id) => (await orUnavailable(() => predecessor(db, id)))?.id,

    list: async (filter, limit) => {
      const rows = await orUnavailable(() =>
        select(db, filter).orderBy('seq', 'desc').limit(limit).execute(),
      );
      return rows.map(told);
    },
  };
}

/** @param clinic where another clinic's is as good as none */
export function findOperation(
  on: Connection,
  id: string,
  clinic: string | undefined,
): Promise<OperationRow | undefined> {
  return select(on, { ids: [id], ...(clinic !== undefined && { clinic }) }).executeTakeFirst();
}

function select(on: Connection, filter: OperationFilter) {
  let query = on.selectFrom('operations').selectAll();
  if (filter.ids) query = query.where('id', 'in', [...filter.ids]);
  if (filter.clinic !== undefined) query = query.where('clinic', '=', filter.clinic);
  if (filter.staffId !== undefined) query = query.where('staff_id', '=', filter.staffId);
  if (filter.statuses) query = query.where('status', 'in', [...filter.statuses]);
  return query;
}

/** What is still on its way to this connection as its mirror comes before what goes there since the clinic is there. */
function unfinishedOf(on: Connection, clinic: string, staffId: string, vendor: string) {
  return on
    .selectFrom('operations')
    .select('id')
    .where('clinic', '=', clinic)
    .where('staff_id', '=', staffId)
    .where('finished_at', 'is', null)
    .where((eb) => eb.or([eb('mirrored', '=', 0), eb('vendor', '=', vendor)]))
    .limit(1);
}

/** In one look. */
function standingOf(on: Connection) {
  return on.selectNoFrom(({ exists }) => [
    exists(
      on
        .selectFrom('whereabouts')
        .select('clinic')
        .where('clinic', '=', parameter(0))
        .where('vendor', '<>', parameter(1)),
    ).as('away'),
    exists(unfinishedOf(on, parameter(2), parameter(3), parameter(4))).as('behind'),
  ]);
}

/** The row is held until the operation is durable: a move either sees the operation, or is seen. */
async function isElsewhere(
  { engine }: Database,
  transaction: Transaction<Schema>,
  { clinic, target }: NewOperation,
): Promise<boolean> {
  if (target === undefined) return false;
  const query = transaction.selectFrom('whereabouts').select('vendor').where('clinic', '=', clinic);
  const place = await (engine === 'postgres' ? query.forShare() : query).executeTakeFirst();
  return place !== undefined && place.vendor !== target.vendor;
}

function predecessor(on: Connection, id: string): Promise<{ id: string } | undefined> {
  return on
    .selectFrom('operations as later')
    .innerJoin('operations as earlier', (join) => join.on(holdsBack('earlier', 'later')))
    .select('earlier.id')
    .where('later.id', '=', id)
    .orderBy('earlier.seq', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** What the same request has queued before, if it came with a key. */
async function findByKey(transaction: Transaction<Schema>, { idempotencyScope }: NewOperation) {
  const key = await keyOf(transaction, idempotencyScope);
  return { key, earlier: key && (await earlierOf(transaction, key)) };
}

/** In the words of the index. */
const NOT_MIRRORED = sql<boolean>`mirrored = 0`;

/** More than all replicas together have connections on which to queue at the same time. */
const AT_ONCE = 500;

/** Whether the caller has so many unfinished operations. Counted by one at a time once it is near to that. */
async function hasQueued(
  { engine }: Database,
  transaction: Transaction<Schema>,
  { clinic, caller }: NewOperation,
  quota: number,
): Promise<boolean> {
  const count = async () => {
    const unfinished = transaction
      .selectFrom('operations')
      .select('clinic')
      .where('clinic', '=', clinic)
      .where('caller', '=', caller)
      // What goes on to a mirror nobody has asked for.
      .where('mirrored', '=', 0)
      .where('finished_at', 'is', null)
      .where(NOT_MIRRORED)
      .limit(quota);
    const { found } = await transaction
      .selectFrom(unfinished.as('unfinished'))
      .select(({ fn }) => fn.countAll().as('found'))
      .executeTakeFirstOrThrow();
    return Number(found);
  };
  const found = await count();
  if (engine === 'sqlite' || found < quota - AT_ONCE || found >= quota) return found >= quota;
  // Others may have counted the same and not yet added their own.
  await lockUntilEnd(transaction, `quota ${clinic} ${caller}`);
  return (await count()) >= quota;
}

async function insert(
  { database: { engine }, cipher }: { database: Database; cipher: Cipher },
  transaction: Transaction<Schema>,
  operation: NewOperation,
  key: KnownKey | undefined,
): Promise<OperationRow> {
  const { now } = databaseClock(engine);
  const waits = await unfinishedOf(
    transaction,
    operation.clinic,
    operation.staffId,
    operation.target?.vendor ?? '',
  ).executeTakeFirst();
  // Sorts by time, so that indexes grow at their end.
  const id = uuidV7();
  return transaction
    .insertInto('operations')
    .values({
      id,
      clinic: operation.clinic,
      staff_id: operation.staffId,
      caller: operation.caller,
      request_id: operation.requestId,
      patch: cipher.seal(operation.patch, placeOf(id, 'patch')),
      lenient: operation.lenient ? 1 : 0,
      if_match: operation.ifMatch ?? null,
      if_none_match: operation.ifNoneMatch ?? null,
      as_left:
        operation.asLeft === undefined
          ? null
          : cipher.seal(JSON.stringify(operation.asLeft), placeOf(id, 'as_left')),
      vendor: operation.target?.vendor ?? null,
      vendor_record_id: operation.target?.vendorRecordId ?? null,
      idempotency_scope: key?.scope ?? null,
      idempotency_until: key?.until ?? null,
      status: 'queued',
      settle: operation.settle ? 1 : 0,
      attempts: 0,
      attempts_before: 0,
      ...(waits === undefined && scheduled(engine, 0)),
      created_at: now(),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}
