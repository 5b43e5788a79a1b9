/** The database's time in SQL: replicas whose clocks differ agree on what is due and on whose lease has ended. */
import { type RawBuilder, sql } from 'kysely';
import type { Engine } from './engine';

export interface DatabaseClock {
  /** The time, and so many milliseconds later, as ISO 8601 text in UTC. */
  now(laterMs?: number): RawBuilder<string>;
  /** Milliseconds from now until the time in this column, negative when that has passed. */
  until(column: string): RawBuilder<number>;
  /** As much later than now as the time in `later` is later than that in `earlier`. */
  after(earlier: string, later: string): RawBuilder<string>;
}

const SQLITE: DatabaseClock = {
  now: (laterMs = 0) => sql<string>`strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ${inSeconds(laterMs)})`,
  until: (column) => sql<number>`(julianday(${sql.ref(column)}) - julianday('now')) * 86400000.0`,
  after: (earlier, later) => sql<string>`strftime('%Y-%m-%dT%H:%M:%fZ', 'now',
    ((julianday(${sql.ref(later)}) - julianday(${sql.ref(earlier)})) * 86400.0) || ' seconds')`,
};

const POSTGRES: DatabaseClock = {
  now: (laterMs = 0) => isoText(sql`${inSeconds(laterMs)}::interval`),
  until: (column) =>
    sql<number>`(extract(epoch from ${sql.ref(column)}::timestamptz - statement_timestamp()) * 1000)::float8`,
  after: (earlier, later) =>
    isoText(sql`(${sql.ref(later)}::timestamptz - ${sql.ref(earlier)}::timestamptz)`),
};

function isoText(later: RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`to_char((statement_timestamp() + ${later}) at time zone 'utc',
    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

export function databaseClock(engine: Engine): DatabaseClock {
  return engine === 'sqlite' ? SQLITE : POSTGRES;
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} seconds`;
}
