/**
 * SQLite through `libsql`, for Kysely. Kysely's own SQLite driver prepares every query anew, and a libsql statement is
 * freed by the garbage collector alone, which let 200,000 lookups take 0.8 GB; it also begins transactions that fail
 * instead of waiting when two processes write. Hence this driver: statements are kept, and waiting is asynchronous.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import Libsql from 'libsql';
import { isBusy, type Prepared } from './engine';

/** How long a write waits for another process' transaction, without blocking this process, in milliseconds. */
const LOCK_WAIT = 10_000;
/** The part of it that SQLite waits itself, blocking; short, because nothing else runs meanwhile. */
const BLOCKING_WAIT = 20;
/** In KiB, used as far as the database is large; SQLite's own 2 MiB make a big import read pages again and again. */
const PAGE_CACHE = 4 * 1024;
const KEPT_STATEMENTS = 256;

type Statement = Libsql.Statement;
interface KeptStatement {
  readonly statement: Statement;
  readonly reader: boolean;
}

/** A statement and the values for its places. */
export interface Run {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Runs as the only parameter of a query. */
class Runs {
  readonly runs: readonly Run[];

  constructor(runs: readonly Run[]) {
    this.runs = runs;
  }
}

/**
 * Many runs as one query, because Kysely's own part in a query costs as much as SQLite's in many a run; in transactions
 * only. Its rows are the results of the runs, in their order.
 */
export function together<Row>(runs: readonly Run[]): CompiledQuery<QueryResult<Row>> {
  // Kysely leaves it to the caller to say what a row is.
  return CompiledQuery.raw('', [new Runs(runs)]) as CompiledQuery<QueryResult<Row>>;
}

/** The one connection. Everything but `prepare` goes through Kysely. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: Libsql.Database;
  readonly #statements = new Map<string, KeptStatement>();
  readonly #waiting: (() => void)[] = [];
  #held = false;
  #closed = false;

  constructor(database: Libsql.Database) {
    this.#database = database;
  }

  /** Waits until nobody else, a transaction in particular, has the connection. First come, first served. */
  async acquire(): Promise<void> {
    if (this.#held) await new Promise<void>((resume) => this.#waiting.push(resume));
    this.#held = true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const [first] = parameters;
    // Part of a transaction, which has the write lock: there is nothing to wait for, and repeating would run the first twice.
    if (first instanceof Runs) return { rows: this.#runAll(first.runs) as Row[] };
    return whenFree(() => this.#run<Row>(sql, parameters));
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface asks for it
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('SQLite has one connection and a stream would hold it: read page by page, by key');
  }

  /**
   * The way of the lookup that every request makes: bound and run at once when no transaction is open, because there is
   * nothing to wait for then; otherwise after it, so that nothing uncommitted is ever seen.
   */
  prepare<Row>(sql: string): Prepared<Row> {
    const statement = this.#database.prepare(sql).raw(true);
    const columns = statement.columns().map((column) => column.name);
    const first = (values: readonly unknown[]): Row | undefined => {
      if (this.#closed) throw new Error('the database is closed');
      const row = statement.get(bindable(values));
      if (!Array.isArray(row)) return undefined;
      // The caller's query says what a row is; libsql cannot know.
      return Object.fromEntries(columns.map((column, index) => [column, row[index]])) as Row;
    };
    return async (...values) => {
      if (!this.#held) return whenFree(() => first(values));
      await this.acquire();
      try {
        return await whenFree(() => first(values));
      } finally {
        this.release();
      }
    };
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.#emptyLog();
    this.#database.close();
  }

  /** After a clean stop all data is in the one file, so that copying it copies everything. Another process may need the log. */
  #emptyLog(): void {
    try {
      this.#database.prepare('pragma wal_checkpoint(truncate)').all();
    } catch {
      // Nothing is lost: the log is read at the next start.
    }
  }

  #run<Row>(sql: string, parameters: readonly unknown[]): QueryResult<Row> {
    if (this.#closed) throw new Error('the database is closed');
    const { statement, reader } = this.#kept(sql);
    // Kysely's types say what a row is; libsql cannot know.
    if (reader) return { rows: statement.all(bindable(parameters)) as Row[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(bindable(parameters)).changes) };
  }

  #runAll(runs: readonly Run[]): QueryResult<unknown>[] {
    return runs.map(({ sql, parameters }) => this.#run(sql, parameters));
  }

  /** The statement for this text, the least recently used one giving way. */
  #kept(sql: string): KeptStatement {
    let kept = this.#statements.get(sql);
    if (kept === undefined) {
      const statement = this.#database.prepare(sql);
      kept = { statement, reader: statement.reader };
      const [oldest] = this.#statements.keys();
      if (this.#statements.size >= KEPT_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    } else {
      this.#statements.delete(sql);
    }
    this.#statements.set(sql, kept);
    return kept;
  }
}

/** libsql aborts the whole process on a boolean, reads text only up to a NUL, and turns undefined into null. */
function bindable(values: readonly unknown[]): unknown[] {
  return values.map((value) => {
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (value === undefined) throw new TypeError('a query parameter is undefined');
    if (typeof value === 'string' && value.includes('\0')) {
      throw new TypeError('a query parameter contains a NUL character');
    }
    return value;
  });
}

/** Repeats what another process' write lock kept from happening. */
async function whenFree<Result>(work: () => Result): Promise<Result> {
  const deadline = performance.now() + LOCK_WAIT;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await sleep(5 + Math.random() * 20);
  }
}

/** Migrations run inside `begin immediate`, which is their lock: a second process waits, then finds them done. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

const BEGIN = CompiledQuery.raw('begin immediate');
const BEGIN_READING = CompiledQuery.raw('begin');
const COMMIT = CompiledQuery.raw('commit');
const ROLLBACK = CompiledQuery.raw('rollback');

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#connection.acquire();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#connection.release();
  }

  /** Takes the write lock at once: a transaction that only later turns to writing could not wait for it any more. */
  async beginTransaction(_: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    await this.#connection.executeQuery(settings.accessMode === 'read only' ? BEGIN_READING : BEGIN);
  }

  async commitTransaction(): Promise<void> {
    await this.#connection.executeQuery(COMMIT);
  }

  /** Where the disk is full, SQLite has rolled back by itself; a second time would hide what has really failed. */
  async rollbackTransaction(): Promise<void> {
    if (this.#connection.inTransaction) await this.#connection.executeQuery(ROLLBACK);
  }

  async destroy(): Promise<void> {
    this.#connection.close();
  }
}

export function sqliteDialect(connection: SqliteConnection): Dialect {
  return {
    createDriver: () => new SqliteDriver(connection),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalSqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/**
 * Opens, and where need be creates, the database in `path` (`:memory:` for one that is forgotten). A new folder is
 * readable by its owner only, and so is a new file; SQLite gives its side files the rights of the main one.
 */
export async function openSqlite(path: string): Promise<SqliteConnection> {
  let file = path;
  if (path !== ':memory:') {
    // An absolute path also keeps libsql from taking a name like `http:…` for a remote database.
    file = resolve(path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  }
  const database = new Libsql(file);
  const pragma = (setting: string) => whenFree(() => database.prepare(`pragma ${setting}`).all());
  try {
    await pragma(`busy_timeout = ${BLOCKING_WAIT}`);
    await pragma('journal_mode = wal');
    // A commit is on the disk when it returns, also when the power fails.
    await pragma('synchronous = full');
    await pragma('foreign_keys = on');
    await pragma(`cache_size = -${PAGE_CACHE}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return new SqliteConnection(database);
}
