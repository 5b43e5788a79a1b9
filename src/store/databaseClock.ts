/** The database's time in SQL: replicas whose clocks differ agree on what is due and on whose lease has ended. */
import { type RawBuilder, sql } from 'kysely';
import type { Engine } from './engine';

export interface DatabaseClock {
  /** The time, and so many milliseconds later, as ISO 8601 text in UTC. */
  now(laterMs?: number): RawBuilder<string>;
  /** Milliseconds from now until the time in this column, negative when that has passed. */
  until(column: string): RawBuilder<number>;
}

const SQLITE: DatabaseClock = {
  now: (laterMs = 0) => sql<string>`strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ${inSeconds(laterMs)})`,
  until: (column) => sql<number>`(julianday(${sql.ref(column)}) - julianday('now')) * 86400000.0`,
};

const POSTGRES: DatabaseClock = {
  now: (laterMs = 0) =>
    sql<string>`to_char((statement_timestamp() + ${inSeconds(laterMs)}::interval) at time zone 'utc',
      'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  until: (column) =>
    sql<number>`(extract(epoch from ${sql.ref(column)}::timestamptz - statement_timestamp()) * 1000)::float8`,
};

export function databaseClock(engine: Engine): DatabaseClock {
  return engine === 'sqlite' ? SQLITE : POSTGRES;
}

function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} seconds`;
}
