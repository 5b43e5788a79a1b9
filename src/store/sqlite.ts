/**
 * SQLite through `node:sqlite`, for Kysely. Kysely's own SQLite driver prepares every query anew, and begins transactions that
 * fail instead of waiting when two processes write. Hence this driver: statements are kept, and waiting is asynchronous.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CompiledQuery, QueryResult } from 'kysely';
import { Deadline } from '../lib/deadline';
import { isBusy, type Prepared, type StoredValue } from './engine';

/** How long work waits for the connection, and for another process' transaction, without blocking this process. */
const LOCK_WAIT = 10_000;
/** The part of it that SQLite waits itself, blocking; short, because nothing else runs meanwhile. */
const BLOCKING_WAIT = 2;
/** In KiB, used as far as the database is large; SQLite's own 2 MiB make a big import read pages again and again. */
const PAGE_CACHE = 4 * 1024;
const KEPT_STATEMENTS = 256;

/** Older ones can lose committed writes: the WAL-reset bug (sqlite.org/wal.html#walresetbug). */
const OLDEST_SQLITE = '3.51.3';

interface KeptStatement {
  readonly statement: StatementSync;
  readonly reader: boolean;
}

/** The one connection. Everything but `prepare` goes through Kysely. */
export class SqliteConnection {
  /** How long work waits until it can begin, in milliseconds. */
  waitMs = LOCK_WAIT;
  onClosed: () => void = () => undefined;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, KeptStatement>();
  readonly #waiting: (() => void)[] = [];
  readonly #file: string;
  #identities: readonly (string | undefined)[] | undefined;
  #held = false;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
  }

  /**
   * Waits until nobody else, a transaction in particular, has the connection. First come, first served.
   * @throws an error with the code `SQLITE_BUSY` if that is not by the deadline
   */
  async acquire(deadline: Deadline): Promise<void> {
    if (this.#held) await this.#turn(deadline);
    this.#held = true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }

  #turn(deadline: Deadline): Promise<void> {
    return new Promise((resolve, reject) => {
      const resume = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(resume), 1);
        reject(Object.assign(new Error('the connection is not free'), { code: 'SQLITE_BUSY' }));
      }, deadline.remaining());
      this.#waiting.push(resume);
    });
  }

  /**
   * The way of the lookup that every request makes: bound and run at once when no transaction is open, because there is
   * nothing to wait for then; otherwise after it, so that nothing uncommitted is ever seen.
   */
  prepare<Row>(sql: string): Prepared<Row> {
    const statement = this.#database.prepare(sql);
    // The caller's query says what a row is; SQLite cannot know.
    const first = (values: readonly StoredValue[]) => statement.get(...values) as Row | undefined;
    return async (...values) => {
      const deadline = new Deadline(this.waitMs);
      if (!this.inTransaction) return whenFree(() => first(values), deadline);
      await this.acquire(deadline);
      try {
        return await whenFree(() => first(values), deadline);
      } finally {
        this.release();
      }
    };
  }

  /**
   * Whether the database and its log are the files that were there at the first call: SQLite goes on writing to those also when
   * they have been moved away, deleted or replaced.
   */
  checkFiles(): void {
    if (this.#file === ':memory:') return;
    const found = [this.#file, `${this.#file}-wal`].map(identityOf);
    this.#identities ??= found;
    if (found.some((identity, index) => identity !== this.#identities?.[index]))
      throw new Error('The file of the database was moved, deleted or replaced');
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** After a clean stop all data is in the one file, so that copying it copies everything. */
  close(): void {
    if (!this.#database.isOpen) return;
    this.#truncateLog();
    this.#database.close();
    this.onClosed();
  }

  async emptyLog(): Promise<void> {
    await this.acquire(new Deadline(this.waitMs));
    try {
      this.#truncateLog();
    } finally {
      this.release();
    }
  }

  /** Another process may need the log: it stays then, until the next time. */
  #truncateLog(): void {
    try {
      this.#database.prepare('pragma wal_checkpoint(truncate)').all();
    } catch {
      // Nothing is lost: the log is read at the next start.
    }
  }

  run<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    const { statement, reader } = this.#kept(sql);
    checkBindable(parameters);
    // Kysely's types say what a row is; SQLite cannot know.
    if (reader) return { rows: statement.all(...parameters) as Row[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
  }

  /** The statement for this text, the least recently used one giving way. */
  #kept(sql: string): KeptStatement {
    let kept = this.#statements.get(sql);
    if (kept === undefined) {
      const statement = this.#database.prepare(sql);
      kept = { statement, reader: statement.columns().length > 0 };
      const [oldest] = this.#statements.keys();
      if (this.#statements.size >= KEPT_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    } else {
      this.#statements.delete(sql);
    }
    this.#statements.set(sql, kept);
    return kept;
  }
}

/** Undefined where there is no such file. */
function identityOf(path: string): string | undefined {
  const found = stateOf(path);
  return found && `${found.dev} ${found.ino}`;
}

/** `node:sqlite` would take an object in the first place for named parameters, and bind null for every value after it. */
function checkBindable(values: readonly unknown[]): asserts values is readonly StoredValue[] {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== 'string' && typeof value !== 'number' && value !== null)
      throw new TypeError('a query parameter is neither text nor a number nor null');
  }
}

/** Repeats what another process' write lock kept from happening. */
export async function whenFree<Result>(
  work: () => Result,
  deadline: Deadline,
  pause: () => Promise<void> = shortly,
): Promise<Result> {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || deadline.remaining() === 0) throw error;
    }
    await pause();
  }
}

export function shortly(): Promise<void> {
  return sleep(5 + Math.random() * 20);
}

/**
 * Opens, and where need be creates, the database in `path` (`:memory:` for one that is forgotten). A new folder is
 * readable by its owner only, and so is a new file; SQLite gives its side files the rights of the main one.
 */
export async function openSqlite(
  path: string,
  onNotice: (message: string) => void = () => {},
): Promise<SqliteConnection> {
  // An absolute path also keeps SQLite from taking a name like `file:…` for a URI.
  const file = path === ':memory:' ? path : resolve(path);
  if (file !== ':memory:') {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
    closeToOthers(file, onNotice);
  }
  const database = new DatabaseSync(file, { timeout: BLOCKING_WAIT });
  const deadline = new Deadline(LOCK_WAIT);
  const pragma = (setting: string) => whenFree(() => database.exec(`pragma ${setting}`), deadline);
  try {
    checkSqliteVersion(String(database.prepare('select sqlite_version() as version').get()?.version));
    await pragma('journal_mode = wal');
    // A commit is on the disk when it returns, also when the power fails.
    await pragma('synchronous = full');
    await pragma('foreign_keys = on');
    // What is deleted is overwritten, and not left in the file until something else needs its place.
    await pragma('secure_delete = on');
    // Nor is any of it in a temporary file elsewhere.
    await pragma('temp_store = memory');
    await pragma(`cache_size = -${PAGE_CACHE}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return new SqliteConnection(database, file);
}

/** A file that everybody on the machine may read was made by something else, or by hand. */
function closeToOthers(file: string, onNotice: (message: string) => void): void {
  for (const name of [file, `${file}-wal`, `${file}-shm`]) {
    if (!existsSync(name) || (statSync(name).mode & 0o007) === 0) continue;
    try {
      chmodSync(name, 0o600);
      onNotice('the database was open to every user of the machine: it is now its owner’s only');
    } catch {
      onNotice('the database is open to every user of the machine, and that cannot be changed by this one');
    }
  }
}

/** Opens the database in `path` and changes nothing, neither in it nor beside it: it may be evidence. */
export function openSqliteForReading(path: string): SqliteConnection {
  const file = resolve(path);
  const [log, index] = [`${file}-wal`, `${file}-shm`];
  const logBefore = stateOf(log);
  const isLogged = logBefore !== undefined && logBefore.size > 0n;
  // Whoever uses it has both, even if the log is empty. Without them nobody does, and SQLite would make them.
  if (!isLogged && !existsSync(index)) return readable(immutable(file));
  if (existsSync(index)) {
    try {
      return readable(file);
    } catch (error) {
      // On a medium that takes no side files; what is in a log cannot be left out of the evidence.
      if (isLogged) throw error;
      return readable(immutable(file));
    }
  }
  const connection = readable(file);
  // A log alone is one of a copy. Its index is ours to remove, unless somebody has begun to use the copy.
  connection.onClosed = () => {
    if (stateOf(log)?.mtimeNs === logBefore?.mtimeNs) rmSync(index, { force: true });
  };
  return connection;
}

function immutable(file: string): URL {
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  return url;
}

function stateOf(path: string) {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function readable(file: string | URL): SqliteConnection {
  const database = new DatabaseSync(file, { readOnly: true, timeout: BLOCKING_WAIT });
  try {
    database.prepare('select count(*) from sqlite_master').get();
  } catch (error) {
    database.close();
    throw error;
  }
  return new SqliteConnection(database, String(file));
}

/** @throws when this version of SQLite may lose what it has committed */
export function checkSqliteVersion(version: string): void {
  if (version.localeCompare(OLDEST_SQLITE, 'en', { numeric: true }) >= 0) return;
  throw new Error(
    `This Node comes with SQLite ${version}, and versions before ${OLDEST_SQLITE} can lose committed writes: use the Node that "npm ci" installs, or a newer one.`,
  );
}
