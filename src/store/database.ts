/** Everything that the gateway remembers lives in one SQL database: an embedded SQLite file, or PostgreSQL. */
import { type Compilable, Kysely } from 'kysely';
import type { Engine, Prepared, StoredValue } from './engine';
import { migrate } from './migrate';
import { openMigrationPool, openPool, postgresDialect, preparePostgres } from './postgres';
import type { Schema } from './schema';
import { openSqlite, sqliteDialect } from './sqlite';

export interface Database {
  readonly engine: Engine;
  /** Typed queries and transactions. On SQLite there is one connection: a transaction holds back all other queries. */
  readonly db: Kysely<Schema>;
  /** Compiles a query once, for lookups that every request makes. Its values are given as `parameter(0)`, `parameter(1)`, … */
  prepare<Row extends object>(query: (db: Kysely<Schema>) => Compilable<Row>): Prepared<Row>;
  /** Resolves when the database answers, rejects when it does not within `timeout` milliseconds (default 1,000). */
  check(timeout?: number): Promise<void>;
  close(): Promise<void>;
}

const PARAMETER = '\0parameter:';

/** Stands for the value that a prepared query will be given at this position. */
export function parameter(index: number): string {
  return `${PARAMETER}${index}`;
}

/**
 * Opens the database at `url` and brings its tables up to date.
 * @param url `sqlite:<path>`, `sqlite::memory:` or `postgres://…`
 * @param onError hears of idle PostgreSQL connections that break; nothing has to be done about them
 * @throws when the database cannot be reached, or was written by a newer version of the gateway
 */
export async function openDatabase(
  url: string,
  onError: (error: Error) => void = () => {},
): Promise<Database> {
  if (url.startsWith('sqlite:')) return openSqliteDatabase(url.slice('sqlite:'.length).replace(/^\/\//, ''));
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgresDatabase(url, onError);
  throw new Error('The store URL must start with "sqlite:" or "postgres://"');
}

async function openSqliteDatabase(path: string): Promise<Database> {
  if (path === '') throw new Error('The store URL "sqlite:" names no file');
  const connection = await openSqlite(path);
  const db = new Kysely<Schema>({ dialect: sqliteDialect(connection) });
  try {
    await migrate(db, 'sqlite');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return database('sqlite', db, (sql) => connection.prepare(sql));
}

async function openPostgresDatabase(url: string, onError: (error: Error) => void): Promise<Database> {
  const migrating = new Kysely<Schema>({ dialect: postgresDialect(openMigrationPool(url)) });
  try {
    await migrate(migrating, 'postgres');
  } finally {
    await migrating.destroy();
  }
  const pool = openPool(url, onError);
  let prepared = 0;
  return database('postgres', new Kysely<Schema>({ dialect: postgresDialect(pool) }), (sql) => {
    prepared += 1;
    return preparePostgres(pool, `prepared_${prepared}`, sql);
  });
}

function database(
  engine: Engine,
  db: Kysely<Schema>,
  prepareSql: <Row extends object>(sql: string) => Prepared<Row>,
): Database {
  const prepare: Database['prepare'] = <Row extends object>(
    query: (db: Kysely<Schema>) => Compilable<Row>,
  ) => {
    const { sql, parameters } = query(db).compile();
    const run = prepareSql<Row>(sql);
    const order = parameters.map(indexOfParameter);
    return (...values) => run(...order.map((index) => valueAt(values, index)));
  };
  const answers = prepare((on) => on.selectFrom('links').select('revision').limit(1));
  return {
    engine,
    db,
    prepare,
    check: (timeout = 1_000) => within(timeout, answers()),
    close: () => db.destroy(),
  };
}

function indexOfParameter(value: unknown): number {
  if (typeof value === 'string' && value.startsWith(PARAMETER)) return Number(value.slice(PARAMETER.length));
  throw new TypeError('a prepared query takes all of its values through parameter()');
}

function valueAt(values: readonly StoredValue[], index: number): StoredValue {
  const value = values[index];
  if (value === undefined) throw new TypeError(`a prepared query lacks its value ${index}`);
  return value;
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`The database did not answer within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
