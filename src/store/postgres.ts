import { PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import type { Prepared } from './engine';

/** With SQLite the driver is never loaded. */
export function loadDriver(): typeof import('pg') {
  return require('pg');
}

/** How long a statement may take: as long as a request can wait, or as long as it needs. */
export type StatementLimits = 'short' | 'long';

interface PoolOptions {
  onError?: (error: Error) => void;
  /** How long a query waits for a connection or a lock, in milliseconds. */
  waitMs?: number;
  /** Default: `short`. */
  limits?: StatementLimits;
}

/**
 * A pool with limits that make a sick database an error instead of a hang. Times are in milliseconds. Everything that
 * is in the URL (`sslmode`, `options`, …) is the operator's choice and reaches the server as given.
 */
export function openPool(
  url: string,
  { onError = () => {}, waitMs = 5_000, limits = 'short' }: PoolOptions,
): Pool {
  // The server gives up first; the client's own limit is for a server that is not there any more.
  const settings = `set lock_timeout = ${waitMs}; set statement_timeout = ${limits === 'short' ? 2 * waitMs : 0};
    set idle_in_transaction_session_timeout = 30000`;
  const pool = new (loadDriver().Pool)({
    connectionString: url,
    application_name: 'provider-directory-gateway',
    max: 10,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    ...(limits === 'short' && { query_timeout: 3 * waitMs }),
    // Not as parameters of the connection: poolers refuse those that they do not know.
    onConnect: async (client) => void (await client.query(settings)),
  });
  // An idle connection that breaks would otherwise end the process. The next query opens a new one.
  pool.on('error', onError);
  // The pool listens to idle connections only. One that breaks within a transaction, between two queries, ends the
  // process just as well; the transaction's next query fails and tells its caller.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** One connection without time limits, for migrations: they may wait long for another replica's, and may work long. */
export function openMigrationPool(url: string): Pool {
  const pool = new (loadDriver().Pool)({
    connectionString: url,
    application_name: 'provider-directory-gateway migrations',
    max: 1,
    connectionTimeoutMillis: 5_000,
  });
  // A broken connection also fails the query that uses it, and that is the error to show.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

export function postgresDialect(pool: Pool): PostgresDialect {
  return new PostgresDialect({ pool });
}

/** A named statement: each connection parses and plans it once. */
export function preparePostgres<Row extends object>(pool: Pool, name: string, sql: string): Prepared<Row> {
  return async (...values) => (await pool.query<Row>({ name, text: sql, values: [...values] })).rows[0];
}
