/**
 * What was confirmed at a clinic's own connection and is written at its mirror too: put into the queue by the transaction that ends
 * the journal, so that a crash loses and doubles nothing.
 */
import type { Transaction } from 'kysely';
import { v7 as uuidV7 } from 'uuid';
import type { Cipher } from './cipher';
import type { Engine } from './engine';
import { overRows } from './given';
import { placeOf } from './operationRow';
import type { Schema } from './schema';

export interface MirroredUpdate {
  clinic: string;
  staffId: string;
  caller: string;
  requestId: string;
  /** The mirror: a connection's name. */
  vendor: string;
  /** The canonical patch, as JSON: what was confirmed of it. */
  patch: string;
  /** The same may be on its way, or there already: the mirror is read first. */
  settle: boolean;
}

const lockRows = overRows(
  { queue: 'text' },
  (rows) => `select pg_advisory_xact_lock(hashtextextended(queue, 0))
    from (select distinct queue from (${rows}) as given order by queue) as queues`,
);

/** PostgreSQL: their queues are these updates' own until the transaction ends. In one order everywhere. */
export async function lockQueues(
  transaction: Transaction<Schema>,
  engine: Engine,
  updates: readonly Pick<MirroredUpdate, 'clinic' | 'staffId'>[],
): Promise<void> {
  if (engine === 'sqlite' || updates.length === 0) return;
  const rows = updates.map(({ clinic, staffId }) => ({ queue: `queue ${clinic} ${staffId}` }));
  await lockRows(transaction, engine, rows);
}

const COLUMNS = {
  place: 'bigint',
  id: 'text',
  clinic: 'text',
  staff_id: 'text',
  caller: 'text',
  request_id: 'text',
  vendor: 'text',
  patch: 'text',
  settle: 'bigint',
  waits: 'bigint',
} as const;

/** The database's time as the text of a statement. */
export const NOW: Readonly<Record<Engine, string>> = {
  sqlite: `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`,
  postgres: `to_char(statement_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
};

/** Those of one staff member wait for each other at the mirror, and for nothing at the clinic's own connection. */
const insertRows = overRows(
  COLUMNS,
  (rows, engine) => `with given (${Object.keys(COLUMNS)}) as (${rows})
    insert into operations (id, clinic, staff_id, caller, request_id, vendor, patch, lenient, status, settle, attempts,
      attempts_before, mirrored, created_at, scheduled_at, available_at)
    select id, clinic, staff_id, caller, request_id, vendor, patch, 1, 'queued', settle, 0, 0, 1, ${NOW[engine]}, ${NOW[engine]},
      case when waits = 1 or exists (select 1 from operations as earlier where earlier.clinic = given.clinic
        and earlier.staff_id = given.staff_id and earlier.vendor = given.vendor and earlier.mirrored = 1
        and earlier.finished_at is null) then null else ${NOW[engine]} end
    from given order by place`,
);

/** After `lockQueues`. They are delivered in this order. */
export async function enqueueMirrored(
  transaction: Transaction<Schema>,
  engine: Engine,
  updates: readonly MirroredUpdate[],
  cipher: Cipher,
): Promise<void> {
  if (updates.length === 0) return;
  const before = new Set<string>();
  const rows = updates.map((update, place) => {
    const { clinic, staffId, vendor } = update;
    const queue = JSON.stringify([clinic, staffId, vendor]);
    const waits = before.has(queue) ? 1 : 0;
    before.add(queue);
    const id = uuidV7();
    return {
      place,
      id,
      clinic,
      staff_id: staffId,
      caller: update.caller,
      request_id: update.requestId,
      vendor,
      patch: cipher.seal(update.patch, placeOf(id, 'patch')),
      settle: update.settle ? 1 : 0,
      waits,
    };
  });
  await insertRows(transaction, engine, rows);
}
