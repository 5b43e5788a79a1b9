/** PostgreSQL behind a connection pooler, and what only looks like PostgreSQL. */
import { Client } from 'pg';
import { openDatabase } from '../../src/store/database';
import { openPooler, type Pooler } from '../support/pgbouncer';
import { createPostgresDatabase, type PostgresDatabase } from '../support/postgres';
import { KEYS, openStage } from '../support/stage';
import { until } from '../support/until';

let postgres: PostgresDatabase;
let pooler: Pooler | undefined;

beforeAll(async () => {
  postgres = await createPostgresDatabase();
}, 60_000);
afterAll(() => postgres.drop());
afterEach(async () => {
  await pooler?.close();
  pooler = undefined;
});

it('works behind a pooler in session mode, with its locks and its prepared statements', async () => {
  pooler = await openPooler(postgres.url, 'session');
  const { url } = pooler;
  const stage = await openStage({
    configure: (config) => {
      config.store.url = url;
    },
  });
  const send =
    (headers: Record<string, string> = {}) =>
    (_: unknown, index: number) =>
      stage.patch(KEYS.centro, { phone: `11 4000 ${1000 + index}` }, headers);
  const now = await Promise.all(Array.from({ length: 20 }, send()));
  expect(now.map(({ status }) => status)).toEqual(now.map(() => 200));
  const replies = await Promise.all(Array.from({ length: 10 }, send({ prefer: 'respond-async' })));
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 202));
  for (const reply of replies) {
    await until(
      () => stage.call('GET', reply.headers.get('location') ?? '', { key: KEYS.centro }),
      ({ body }) => body.data.status === 'succeeded',
    );
  }
  expect((await stage.call('GET', '/readyz', { key: null })).status).toBe(200);
  await stage.close();
}, 30_000);

it('refuses to start behind a pooler in transaction mode, and says what to do', async () => {
  pooler = await openPooler(postgres.url, 'transaction');
  const { url } = pooler;
  // Whichever sessions the pooler has at hand.
  const others = Array.from({ length: 5 }, () => new Client({ connectionString: url }));
  for (let round = 0; round < 5; round += 1) {
    await expect(openDatabase(url)).rejects.toThrow(/do not keep their sessions.*session mode/);
    const other = others[round];
    await other?.connect();
    await Promise.all(others.slice(0, round + 1).map((client) => client.query('select pg_sleep(0.01)')));
  }
  await Promise.all(others.map((client) => client.end()));
});

it.each([
  { name: 'that are always granted', result: 'true' },
  { name: 'that are never granted', result: 'false' },
])('refuses to start with locks $name', async ({ result }) => {
  const database = await createPostgresDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('create schema like_postgres');
  for (const name of ['pg_try_advisory_lock', 'pg_advisory_unlock'])
    await client.query(
      `create function like_postgres.${name}(bigint) returns boolean language sql as 'select ${result}'`,
    );
  await client.end();
  const url = `${database.url}?options=${encodeURIComponent('-c search_path=like_postgres,pg_catalog,public')}`;
  await expect(openDatabase(url)).rejects.toThrow(/advisory lock/);
  await database.drop();
});
