/** `/readyz` while the store can be read and not written: nothing that is sent would be written down. */
import { copyFileSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { createPostgresDatabase } from '../support/postgres';
import { openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage;

const becomes = (status: 200 | 503) =>
  until(
    () => stage.call('GET', '/readyz', { key: null }),
    (reply) => reply.status === status,
  );

describe('a SQLite database', () => {
  let lock: DatabaseSync;
  const file = () => stage.config.store.url.slice('sqlite:'.length);
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  it.each([
    {
      name: 'its file was moved away',
      spoil: () => renameSync(file(), `${file()}.away`),
      repair: () => renameSync(`${file()}.away`, file()),
    },
    {
      name: 'another file has its place',
      spoil: () => {
        renameSync(file(), `${file()}.away`);
        copyFileSync(`${file()}.away`, file());
      },
      repair: () => renameSync(`${file()}.away`, file()),
    },
    {
      name: 'its log was moved away',
      spoil: () => renameSync(`${file()}-wal`, `${file()}.away`),
      repair: () => renameSync(`${file()}.away`, `${file()}-wal`),
    },
    {
      name: 'another process does not let go of it',
      spoil: () => {
        lock = new DatabaseSync(file());
        lock.exec('begin exclusive');
      },
      repair: () => lock.close(),
    },
  ])(
    '$name: not ready, and ready again afterwards',
    async ({ spoil, repair }) => {
      await becomes(200);
      spoil();
      const { body } = await becomes(503);
      expect(body.checks).toMatchObject({ store: 'failed', process: 'ok' });
      repair();
      await becomes(200);
    },
    20_000,
  );

  it('asks the store at most once a second, however often it is asked', async () => {
    await becomes(200);
    const before = new DatabaseSync(file());
    const checkedAt = () =>
      before.prepare("select value from settings where name = 'last_check'").get()?.value;
    const times = new Set<unknown>();
    const started = performance.now();
    for (let index = 0; index < 200; index += 1) {
      await stage.call('GET', '/readyz', { key: null });
      times.add(checkedAt());
    }
    before.close();
    expect(times.size).toBeLessThanOrEqual(Math.ceil((performance.now() - started) / 1000) + 1);
  }, 20_000);
});

it('PostgreSQL that only reads is not ready, and is again afterwards', async () => {
  const database = await createPostgresDatabase();
  const { pathname } = new URL(database.url);
  const readOnly = async (value: 'on' | 'off') => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`set default_transaction_read_only = off`);
    await client.query(`alter database ${pathname.slice(1)} set default_transaction_read_only = ${value}`);
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await client.end();
  };
  stage = await openStage({
    configure: (config) => {
      config.store.url = database.url;
    },
  });
  await becomes(200);
  await readOnly('on');
  await becomes(503);
  await readOnly('off');
  await becomes(200);
  await stage.close();
  await database.drop();
}, 30_000);
