/**
 * Whether a PostgreSQL keeps what this gateway relies on: a connection is one session, and an advisory lock that one session holds
 * no other gets. Poolers that share sessions between transactions, and databases that only look like PostgreSQL, break that without
 * an error.
 */
import { randomInt } from 'node:crypto';
import type { Client } from 'pg';
import { loadDriver } from './postgres';

const SHARED_SESSIONS =
  'The connections to the store do not keep their sessions, which locks need. If there is a connection pooler, use its session mode, ' +
  'or give the address of the database server itself.';
const NO_LOCKS =
  'An advisory lock of the store does not do what one of PostgreSQL does: hold for one connection and keep all others out. Which ' +
  'databases qualify is in docs/scaling.md.';

/** A pooler may by chance give a connection the same session several times. */
const ROUNDS = 3;

/** @throws Error with a sentence for the operator, and whatever the driver throws if the database cannot be reached */
export async function checkSessions(url: string): Promise<void> {
  const [one, other] = [connection(url), connection(url)];
  try {
    await Promise.all([one.connect(), other.connect()]);
    for (let round = 0; round < ROUNDS; round += 1) {
      await keepsSession(one, other);
      await keepsSession(other, one);
    }
    await locks(one, other);
  } finally {
    // One that could not connect rejects.
    await Promise.allSettled([one.end(), other.end()]);
  }
}

function connection(url: string): Client {
  const client = new (loadDriver().Client)({
    connectionString: url,
    application_name: 'provider-directory-gateway check',
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  });
  // A connection that breaks fails the query that uses it, and that is the error to show.
  return client.on('error', () => {});
}

/** While `other` is in a transaction a pooler cannot lend its session: the one that it lends to `kept` would be another. */
async function keepsSession(kept: Client, other: Client): Promise<void> {
  const before = await sessionOf(kept);
  await other.query('begin');
  const theirs = await sessionOf(other);
  const after = [await sessionOf(kept), await sessionOf(kept)];
  await other.query('rollback');
  if (theirs === before || after.some((session) => session !== before)) throw new Error(SHARED_SESSIONS);
}

async function sessionOf(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}

async function locks(one: Client, other: Client): Promise<void> {
  const key = randomInt(2 ** 47);
  if (!(await asks(one, 'pg_try_advisory_lock', key)) || (await asks(other, 'pg_try_advisory_lock', key)))
    throw new Error(NO_LOCKS);
  // Set free by the one that holds it, and by nobody else.
  if (await asks(other, 'pg_advisory_unlock', key)) throw new Error(NO_LOCKS);
  if (!(await asks(one, 'pg_advisory_unlock', key))) throw new Error(NO_LOCKS);
  if (!(await asks(other, 'pg_try_advisory_lock', key))) throw new Error(NO_LOCKS);
}

async function asks(
  client: Client,
  what: 'pg_try_advisory_lock' | 'pg_advisory_unlock',
  key: number,
): Promise<boolean> {
  const { rows } = await client.query<{ done: boolean }>(`select ${what}(${key}::bigint) as done`);
  return rows[0]?.done === true;
}
