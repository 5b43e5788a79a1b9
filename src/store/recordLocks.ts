/**
 * One update of a vendor record at a time, over all replicas. On SQLite there is one process, and its own locks do. On
 * PostgreSQL an advisory lock is held besides, which the server sets free when the process that holds it is gone.
 */
import type { Client, Pool } from 'pg';
import type { Deadline } from '../lib/deadline';
import { Problem } from '../problem';
import { busy, createLocks, type Locks, type Release } from './locks';
import { loadDriver } from './postgres';
import { StoreUnavailable } from './unavailable';

export interface RecordLocks extends Locks {
  /** Ends the connections, and with them every lock that is still held. */
  close(): Promise<void>;
}

/** @param storeUrl the store's; locks are taken where the data is */
export function createRecordLocks(storeUrl: string): RecordLocks {
  const local = createLocks();
  if (storeUrl.startsWith('sqlite:')) return { ...local, close: async () => {} };
  const sessions = new LockSessions(storeUrl);
  return {
    async take(turn) {
      // The process' own lock comes first: a session of PostgreSQL may take the same lock twice.
      const mine = await local.take(turn);
      if (mine === undefined || turn.reach === 'process') return mine;
      const all = await orRelease(mine, () => sessions.take(turn.key, turn.deadline));
      if (all === undefined) mine();
      return all && both(all, mine);
    },
    async wait(turn) {
      const mine = await local.wait(turn);
      if (turn.reach === 'process') return mine;
      const all = await orRelease(mine, async () => {
        const taken = await sessions.take(turn.key, turn.deadline);
        return taken ?? sessions.waitFor(turn.key, turn.deadline);
      });
      return both(all, mine);
    },
    close: () => sessions.close(),
  };
}

function both(first: Release, second: Release): Release {
  return () => {
    first();
    second();
  };
}

async function orRelease<T>(release: Release, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    release();
    throw error;
  }
}

const TRY = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as done';
const WAIT = 'select pg_advisory_lock(hashtextextended($1, 0))';
const RELEASE = 'select pg_advisory_unlock(hashtextextended($1, 0)) as done';
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * A server that lost the machine of this process without a word notices within these seconds, and frees its locks.
 * `client_connection_check_interval` does so also for a session that is waiting for a lock.
 */
const SESSION = `set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3;
  set statement_timeout = 0; set client_connection_check_interval = '5s'`;

/** Sessions that wait for a lock which another replica holds. In-process waiters need none. */
const WAITING_SESSIONS = 10;

/**
 * All uncontended locks are held by one session: a lock costs no connection. Only who has to wait for another replica
 * takes a session of its own, because a session that waits can do nothing else; it queues in PostgreSQL, first come
 * first served, and holds the lock from there.
 */
class LockSessions {
  readonly #options: { connectionString: string; application_name: string; keepAlive: true };
  readonly #waiting: Pool;
  #shared: Promise<Session> | undefined;
  #closed = false;

  constructor(url: string) {
    this.#options = {
      connectionString: url,
      application_name: 'provider-directory-gateway locks',
      keepAlive: true,
    };
    this.#waiting = new (loadDriver().Pool)({
      ...this.#options,
      max: WAITING_SESSIONS,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 10_000,
    });
    this.#waiting.on('error', () => {});
    // A session that breaks while it holds a lock would otherwise end the process: the pool listens to idle ones only.
    this.#waiting.on('connect', (client) => client.on('error', () => {}));
  }

  /**
   * @returns releases the lock; undefined if someone else has it
   * @throws Problem `vendor_unavailable` when no answer comes in time
   * @throws StoreUnavailable when the database is not there
   */
  take(key: string, deadline: Deadline): Promise<(() => void) | undefined> {
    return guarded(async () => {
      const shared = await inTime(this.#session(), deadline, () => {});
      const release = () => void shared.ask(RELEASE, key).catch(() => {});
      const taken = await inTime(shared.ask(TRY, key), deadline, (late) => late && release());
      return taken ? release : undefined;
    });
  }

  /**
   * @returns sets the lock free again
   * @throws Problem `vendor_unavailable` when the lock does not come in time
   * @throws StoreUnavailable when the database is not there
   */
  waitFor(key: string, deadline: Deadline): Promise<() => void> {
    return guarded(() => this.#waitFor(key, deadline));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const shared = await this.#shared?.catch(() => undefined);
    await Promise.all([shared?.end().catch(() => {}), this.#waiting.end()]);
  }

  async #waitFor(key: string, deadline: Deadline): Promise<() => void> {
    const session = await inTime(this.#waiting.connect(), deadline, (late) => late.release());
    try {
      await session.query(SESSION);
      await session.query("select set_config('lock_timeout', $1, false)", [
        `${Math.max(1, Math.ceil(deadline.remaining()))}ms`,
      ]);
      await session.query(WAIT, [key]);
    } catch (error) {
      const late = isLockTimeout(error);
      // A session whose state is not known is ended, and with it whatever it may hold.
      session.release(!late);
      throw late ? busy() : error;
    }
    return () =>
      void session.query(RELEASE, [key]).then(
        () => session.release(),
        () => session.release(true),
      );
  }

  /** The session that holds what is uncontended; a new one when the last was lost. */
  #session(): Promise<Session> {
    if (this.#closed) return Promise.reject(new Error('the locks are closed'));
    this.#shared ??= this.#open();
    return this.#shared;
  }

  async #open(): Promise<Session> {
    const client = new (loadDriver().Client)({ ...this.#options, connectionTimeoutMillis: 5_000 });
    const forget = () => {
      this.#shared = undefined;
    };
    client.on('error', forget).on('end', forget);
    try {
      await client.connect();
      await client.query(SESSION);
      return new Session(client);
    } catch (error) {
      forget();
      throw error;
    }
  }
}

/** One question after the other, in the order in which they were put. */
class Session {
  readonly #client: Client;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  ask(statement: string, key: string): Promise<boolean> {
    const answer = this.#last.then(async () => {
      const { rows } = await this.#client.query<{ done: boolean }>(statement, [key]);
      return rows[0]?.done === true;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}

/** What PostgreSQL refuses is `StoreUnavailable`; that the turn did not come stays what it is. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Problem ? error : new StoreUnavailable(error);
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;
}

/** @param late gets what comes after the deadline */
function inTime<T>(work: Promise<T>, deadline: Deadline, late: (value: T) => unknown): Promise<T> {
  return deadline.within(work, () => {
    work.then(late, () => {});
    throw busy();
  });
}
