/**
 * The lanes of the queue: what one clinic has queued at one connection. Workers take from them in turns. Finding the lanes costs
 * one look into an index for each of them, however much is queued.
 */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import type { Engine } from './engine';
import type { OperationRow } from './operationRow';
import type { Schema } from './schema';

export interface Lane {
  /** The connection that its operations were queued for; empty for those of versions that did not keep it. */
  connection: string;
  clinic: string;
  /** Milliseconds until its next one is due, negative when it is already. */
  dueMs: number;
}

/** How many operations are to be taken from a lane, at most. */
export interface Share {
  lane: Pick<Lane, 'connection' | 'clinic'>;
  most: number;
}

interface LaneRow {
  vendor: string | null;
  clinic: string;
  ms: number;
  setBackMs: number | null;
}

/** As the index of 0010_fair_queue has it. Names hold no slash. */
function laneOf(table: string): RawBuilder<string> {
  return sql`(coalesce(${sql.ref(`${table}.vendor`)}, '') || '/' || ${sql.ref(`${table}.clinic`)})`;
}

/**
 * All lanes in which something waits for the time, or is being delivered under a lease.
 * @returns also how far ahead of the clock the latest of all operations was scheduled, 0 if none was
 */
export async function findLanes({ db, engine }: Database): Promise<{ lanes: Lane[]; setBackMs: number }> {
  const { until } = databaseClock(engine);
  const { rows } = await sql<LaneRow>`
    with recursive heads (seq) as (
      select seq from (
        select seq from operations where available_at is not null
        order by ${laneOf('operations')}, available_at limit 1
      ) as first
      union all
      select (
        select next.seq from operations as next
        where next.available_at is not null and ${laneOf('next')} > ${laneOf('head')}
        order by ${laneOf('next')}, next.available_at limit 1
      ) from heads join operations as head on head.seq = heads.seq
    )
    select vendor, clinic, ${until('available_at')} as ms, (
      select ${until('latest.scheduled_at')} from operations as latest
      where latest.available_at is not null and latest.scheduled_at is not null
      order by latest.scheduled_at desc limit 1
    ) as "setBackMs"
    from heads join operations on operations.seq = heads.seq`.execute(db);
  return {
    lanes: rows.map(({ vendor, clinic, ms }) => ({ connection: vendor ?? '', clinic, dueMs: ms })),
    setBackMs: rows[0]?.setBackMs ?? 0,
  };
}

/**
 * Takes what is due of each lane, oldest first. Rows that others have locked are skipped, if the engine has locks.
 * @param shares at least one
 */
export async function takeShares(
  engine: Engine,
  transaction: Transaction<Schema>,
  { owner, shares, leaseSeconds }: { owner: string; shares: readonly Share[]; leaseSeconds: number },
): Promise<OperationRow[]> {
  const { now } = databaseClock(engine);
  const lock = engine === 'sqlite' ? sql`` : sql`for update skip locked`;
  const picked = shares.map(
    ({ lane: { connection, clinic }, most }) => sql`
      select seq from (
        select seq from operations
        where ${laneOf('operations')} = ${`${connection}/${clinic}`} and available_at <= ${now()}
        order by available_at, seq limit ${most} ${lock}
      ) as share`,
  );
  const { rows } = await sql<OperationRow>`
    with picked as materialized (${sql.join(picked, sql` union all `)})
    update operations set
      settle = case when status = 'running' then 1 else settle end,
      attempts = attempts + 1,
      status = 'running',
      lease_owner = ${owner},
      available_at = ${now(leaseSeconds * 1000)},
      scheduled_at = ${now()}
    where seq in (select seq from picked)
    returning *`.execute(transaction);
  return rows.sort((a, b) => Number(a.seq) - Number(b.seq));
}
