/** `SqliteConnection` for Kysely: who has it, what waits meanwhile, and transactions. */
import {
  CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  Transaction,
  type TransactionSettings,
} from 'kysely';
import { Deadline } from '../lib/deadline';
import type { Schema } from './schema';
import { type SqliteConnection, shortly, whenFree } from './sqlite';

/** The connection for as long as one piece of work has it. While that waits for another process, others have their turn. */
class Turn implements DatabaseConnection {
  readonly #connection: SqliteConnection;
  readonly #deadline: Deadline;
  #held = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#deadline = new Deadline(connection.waitMs);
  }

  async begin(): Promise<this> {
    await this.#connection.acquire(this.#deadline);
    this.#held = true;
    return this;
  }

  end(): void {
    if (this.#held) this.#connection.release();
    this.#held = false;
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return whenFree(
      () => this.#connection.run<Row>(query),
      this.#deadline,
      () => this.#pause(),
    );
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface asks for it
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('SQLite has one connection and a stream would hold it: read page by page, by key');
  }

  /** If the disk is full, SQLite has rolled back by itself; a second time would hide what has really failed. */
  async rollback(): Promise<void> {
    if (this.#connection.inTransaction) await this.executeQuery(ROLLBACK);
  }

  async #pause(): Promise<void> {
    if (this.#connection.inTransaction) return shortly();
    this.end();
    await shortly();
    await this.begin();
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

  acquireConnection(): Promise<Turn> {
    return new Turn(this.#connection).begin();
  }

  async releaseConnection(turn: Turn): Promise<void> {
    turn.end();
  }

  /** Takes the write lock at once: a transaction that only later turns to writing could not wait for it any more. */
  async beginTransaction(turn: Turn, settings: TransactionSettings): Promise<void> {
    await turn.executeQuery(settings.accessMode === 'read only' ? BEGIN_READING : BEGIN);
  }

  async commitTransaction(turn: Turn): Promise<void> {
    await turn.executeQuery(COMMIT);
  }

  rollbackTransaction(turn: Turn): Promise<void> {
    return turn.rollback();
  }

  async destroy(): Promise<void> {
    this.#connection.close();
  }
}

/** Runs each query of a transaction at once, since nobody else can have the write lock: Kysely's way to it takes several promises for each. */
class DirectExecutor extends DefaultQueryExecutor {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection, turn: Turn) {
    super(COMPILER, ADAPTER, { provideConnection: (work) => work(turn) });
    this.#connection = connection;
  }

  override async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#connection.run<Row>(query);
  }
}

const COMPILER = new SqliteQueryCompiler();
const ADAPTER = new TransactionalSqliteAdapter();

/** `Kysely.transaction`, for what every request does. */
export function sqliteTransactions(connection: SqliteConnection) {
  const dialect = sqliteDialect(connection);
  const common = { config: { dialect }, dialect, driver: dialect.createDriver() };
  return async <Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result> => {
    const turn = await new Turn(connection).begin();
    try {
      await turn.executeQuery(BEGIN);
      const executor = new DirectExecutor(connection, turn);
      const result = await work(new Transaction<Schema>({ ...common, executor }));
      await turn.executeQuery(COMMIT);
      return result;
    } catch (error) {
      await turn.rollback();
      throw error;
    } finally {
      turn.end();
    }
  };
}

export function sqliteDialect(connection: SqliteConnection): Dialect {
  return {
    createDriver: () => new SqliteDriver(connection),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalSqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}
