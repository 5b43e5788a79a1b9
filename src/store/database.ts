/** Everything that the gateway remembers lives in one SQL database: an embedded SQLite file, or PostgreSQL. */
import { type Compilable, Kysely } from 'kysely';
import { within } from '../lib/deadline';
import type { Engine, Prepared, StoredValue } from './engine';
import { migrate } from './migrate';
import {
  openMigrationPool,
  openPool,
  postgresDialect,
  preparePostgres,
  type StatementLimits,
} from './postgres';
import type { Schema } from './schema';
import { openSqlite, openSqliteForReading, type SqliteConnection, sqliteDialect } from './sqlite';

export interface Database {
  readonly engine: Engine;
  /** Typed queries and transactions. On SQLite there is one connection: a transaction holds back all other queries. */
  readonly db: Kysely<Schema>;
  /** Compiles a query once, for lookups that every request makes. Its values are given as `parameter(0)`, `parameter(1)`, … */
  prepare<Row extends object>(query: (db: Kysely<Schema>) => Compilable<Row>): Prepared<Row>;
  /** Resolves when the database answers, rejects when it does not within `timeout` milliseconds (default 1,000). */
  check(timeout?: number): Promise<void>;
  /** SQLite: moves what is in the write-ahead log into the file and empties the log; deleted values end there. */
  emptyLog(): Promise<void>;
  /** May be called again. */
  close(): Promise<void>;
}

const PARAMETER = '\0parameter:';

/** Stands for the value that a prepared query will be given at this position. */
export function parameter(index: number): string {
  return `${PARAMETER}${index}`;
}

export interface DatabaseOptions {
  /** Hears of idle PostgreSQL connections that break; nothing has to be done about them. */
  onError?: (error: Error) => void;
  /** Hears what an operator should know, in our own words. */
  onNotice?: (message: string) => void;
  /** `long` for a command whose statements may work on all rows; else a statement that takes long fails. */
  limits?: StatementLimits;
}

/**
 * Opens the database at `url` and brings its tables up to date.
 * @param url `sqlite:<path>`, `sqlite::memory:` or `postgres://…`
 * @throws when the database cannot be reached, or was written by a newer version of the gateway
 */
export async function openDatabase(
  url: string,
  { onError = () => {}, onNotice = () => {}, limits = 'short' }: DatabaseOptions = {},
): Promise<Database> {
  const path = sqlitePath(url);
  if (path !== undefined) return openSqliteDatabase(path, onNotice);
  if (isPostgres(url)) return openPostgresDatabase(url, onError, limits);
  throw noSuchStore();
}

/**
 * Opens the database at `url` as it is: nothing in it is changed, its tables least of all, which may be those of an earlier version.
 * @throws when the database cannot be reached
 */
export async function openForReading(url: string): Promise<Database> {
  const path = sqlitePath(url);
  if (path !== undefined) return sqliteDatabase(openSqliteForReading(path));
  if (isPostgres(url)) return postgresDatabase(url, () => {});
  throw noSuchStore();
}

function sqlitePath(url: string): string | undefined {
  if (!url.startsWith('sqlite:')) return undefined;
  const path = url.slice('sqlite:'.length).replace(/^\/\//, '');
  if (path === '') throw new Error('The store URL "sqlite:" names no file');
  return path;
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

function noSuchStore(): Error {
  return new Error('The store URL must start with "sqlite:" or "postgres://"');
}

async function openSqliteDatabase(path: string, onNotice: (message: string) => void): Promise<Database> {
  const connection = await openSqlite(path, onNotice);
  const db = new Kysely<Schema>({ dialect: sqliteDialect(connection) });
  try {
    await migrate(db, 'sqlite');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return sqliteDatabase(connection, db);
}

function sqliteDatabase(
  connection: SqliteConnection,
  db = new Kysely<Schema>({ dialect: sqliteDialect(connection) }),
): Database {
  return database('sqlite', db, {
    prepareSql: (sql) => connection.prepare(sql),
    emptyLog: () => connection.emptyLog(),
    end: () => db.destroy(),
  });
}

async function openPostgresDatabase(
  url: string,
  onError: (error: Error) => void,
  limits: StatementLimits,
): Promise<Database> {
  const migrationPool = openMigrationPool(url);
  try {
    await migrate(new Kysely<Schema>({ dialect: postgresDialect(migrationPool) }), 'postgres');
  } finally {
    await migrationPool.end();
  }
  return postgresDatabase(url, onError, limits);
}

function postgresDatabase(
  url: string,
  onError: (error: Error) => void,
  limits: StatementLimits = 'short',
): Database {
  const pool = openPool(url, onError, limits);
  const db = new Kysely<Schema>({ dialect: postgresDialect(pool) });
  let prepared = 0;
  const prepareSql = <Row extends object>(sql: string) => {
    prepared += 1;
    return preparePostgres<Row>(pool, `prepared_${prepared}`, sql);
  };
  // Kysely ends only a pool that it has used, and prepared statements go past it.
  return database('postgres', db, { prepareSql, emptyLog: async () => {}, end: () => pool.end() });
}

interface Parts {
  prepareSql: <Row extends object>(sql: string) => Prepared<Row>;
  emptyLog(): Promise<void>;
  end(): Promise<void>;
}

function database(engine: Engine, db: Kysely<Schema>, { prepareSql, emptyLog, end }: Parts): Database {
  const prepare: Database['prepare'] = <Row extends object>(
    query: (db: Kysely<Schema>) => Compilable<Row>,
  ) => {
    const { sql, parameters } = query(db).compile();
    const run = prepareSql<Row>(sql);
    const places = parameters.map(indexOfParameter);
    return async (...values) =>
      run(
        ...places.map((index, place) => valueAt(index === undefined ? parameters : values, index ?? place)),
      );
  };
  let answers: (() => Promise<object | undefined>) | undefined;
  let closed: Promise<void> | undefined;
  return {
    engine,
    db,
    prepare,
    emptyLog,
    check: async (timeout = 1_000) => {
      answers ??= prepare((on) => on.selectFrom('links').select('revision').limit(1));
      await within(timeout, answers(), () => {
        throw new Error(`The database did not answer within ${timeout} ms`);
      });
    },
    close: () => {
      closed ??= end();
      return closed;
    },
  };
}

/** Undefined for a constant, such as a limit. */
function indexOfParameter(value: unknown): number | undefined {
  const isParameter = typeof value === 'string' && value.startsWith(PARAMETER);
  return isParameter ? Number(value.slice(PARAMETER.length)) : undefined;
}

function valueAt(values: readonly unknown[], index: number): StoredValue {
  const value = values[index];
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  throw new TypeError(`a prepared query lacks its value ${index}`);
}
