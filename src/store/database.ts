/** Everything that the gateway remembers lives in one SQL database: an embedded SQLite file, or PostgreSQL. */
import { type Compilable, Kysely, type Transaction } from 'kysely';
import { within } from '../lib/deadline';
import { shared } from '../lib/shared';
import { databaseClock } from './databaseClock';
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
import { checkSessions } from './sessions';
import { openSqlite, openSqliteForReading, type SqliteConnection } from './sqlite';
import { sqliteDialect, sqliteTransactions } from './sqliteDialect';

export interface Database {
  readonly engine: Engine;
  /** Typed queries and transactions. On SQLite there is one connection: a transaction holds back all other queries. */
  readonly db: Kysely<Schema>;
  /** A transaction by the shortest way, for what every update does. */
  transact<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>;
  /** Compiles a query once, for lookups that every request makes. Its values are given as `parameter(0)`, `parameter(1)`, … */
  prepare<Row extends object>(query: (db: Kysely<Schema>) => Compilable<Row>): Prepared<Row>;
  /**
   * Writes one row of its own, over and over. Rejects if that cannot be done within `timeout` milliseconds (default 1,000), and
   * if the file of SQLite is not the one any more that its path leads to.
   */
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
  /**
   * How long work waits until it can begin: for the connection, and for locks of others. In milliseconds; default: long enough
   * for a command. On PostgreSQL a statement may then run twice as long, and three times as long passes until a server that
   * does not answer at all is given up.
   */
  waitMs?: number;
  /** `long` for a command whose statements may work on all rows; else a statement that takes long fails. */
  limits?: StatementLimits;
}

/**
 * Opens the database at `url` and brings its tables up to date.
 * @param url `sqlite:<path>`, `sqlite::memory:` or `postgres://…`
 * @throws when the database cannot be reached, does not keep sessions and their locks, or was written by a newer version of the gateway
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<Database> {
  const path = sqlitePath(url);
  if (path !== undefined) return openSqliteDatabase(path, options);
  if (isPostgres(url)) return openPostgresDatabase(url, options);
  throw noSuchStore();
}

/**
 * Opens the database at `url` as it is: nothing in it is changed, its tables least of all, which may be those of an earlier version.
 * @throws when the database cannot be reached
 */
export async function openForReading(url: string): Promise<Database> {
  const path = sqlitePath(url);
  if (path !== undefined) return sqliteDatabase(openSqliteForReading(path));
  if (isPostgres(url)) return postgresDatabase(url, {});
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

async function openSqliteDatabase(path: string, { onNotice, waitMs }: DatabaseOptions): Promise<Database> {
  const connection = await openSqlite(path, onNotice);
  const db = new Kysely<Schema>({ dialect: sqliteDialect(connection) });
  try {
    await migrate(db, 'sqlite');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  if (waitMs !== undefined) connection.waitMs = waitMs;
  connection.checkFiles();
  return sqliteDatabase(connection, db);
}

function sqliteDatabase(
  connection: SqliteConnection,
  db = new Kysely<Schema>({ dialect: sqliteDialect(connection) }),
): Database {
  return database({
    engine: 'sqlite',
    db,
    transact: sqliteTransactions(connection),
    prepareSql: (sql) => connection.prepare(sql),
    checkFiles: () => connection.checkFiles(),
    emptyLog: () => connection.emptyLog(),
    end: () => db.destroy(),
  });
}

async function openPostgresDatabase(url: string, options: DatabaseOptions): Promise<Database> {
  await checkSessions(url);
  const migrationPool = openMigrationPool(url);
  try {
    await migrate(new Kysely<Schema>({ dialect: postgresDialect(migrationPool) }), 'postgres');
  } finally {
    await migrationPool.end();
  }
  return postgresDatabase(url, options);
}

function postgresDatabase(url: string, options: DatabaseOptions): Database {
  const pool = openPool(url, options);
  const db = new Kysely<Schema>({ dialect: postgresDialect(pool) });
  let prepared = 0;
  const prepareSql = <Row extends object>(sql: string) => {
    prepared += 1;
    return preparePostgres<Row>(pool, `prepared_${prepared}`, sql);
  };
  // Kysely ends only a pool that it has used, and prepared statements go past it.
  return database({
    engine: 'postgres',
    db,
    transact: (work) => db.transaction().execute(work),
    prepareSql,
    checkFiles: () => {},
    emptyLog: async () => {},
    end: () => pool.end(),
  });
}

interface Driven {
  engine: Engine;
  db: Kysely<Schema>;
  transact: Database['transact'];
  prepareSql: <Row extends object>(sql: string) => Prepared<Row>;
  /** Throws if what is written is not kept where it is looked for. */
  checkFiles: () => void;
  emptyLog: () => Promise<void>;
  end: () => Promise<void>;
}

function database({ engine, db, transact, prepareSql, checkFiles, emptyLog, end }: Driven): Database {
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
  const probe = shared(0, async () => {
    await writeProbe(db, engine);
    checkFiles();
  });
  let closed: Promise<void> | undefined;
  return {
    engine,
    db,
    transact,
    prepare,
    emptyLog,
    check: async (timeout = 1_000) => {
      await within(timeout, probe(), () => {
        throw new Error(`The database could not be written within ${timeout} ms`);
      });
    },
    close: () => {
      closed ??= end();
      return closed;
    },
  };
}

async function writeProbe(db: Kysely<Schema>, engine: Engine): Promise<void> {
  const value = databaseClock(engine).now();
  await db
    .insertInto('settings')
    .values({ name: 'last_check', value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
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
