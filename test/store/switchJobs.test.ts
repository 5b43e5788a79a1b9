/** Work on switches in the store, on both engines: one at a time for each clinic, and what is without signs of life is interrupted. */
import { type Database, openDatabase } from '../../src/store/database';
import type { NewJob } from '../../src/store/switchJob';
import { createSwitchJobs, LOST_MS, type SwitchJobs } from '../../src/store/switchJobs';
import { createTestDatabase } from '../support/engines';

const JOB: NewJob = { clinic: 'north', connection: 'new', task: 'copy', overwrite: true, by: 'olga' };

describe.each(['sqlite', 'postgres'] as const)('%s', (engine) => {
  let store: Awaited<ReturnType<typeof createTestDatabase>>;
  let database: Database;
  let one: SwitchJobs;
  let other: SwitchJobs;

  beforeEach(async () => {
    store = await createTestDatabase(engine);
    database = await openDatabase(store.url);
    [one, other] = [createSwitchJobs(database, 'one'), createSwitchJobs(database, 'other')];
  });
  afterEach(async () => {
    await database.close();
    await store.drop();
  });

  const begun = async (jobs = one, job = JOB) => {
    const found = await jobs.begin(job);
    if (found === undefined) throw new Error('another one is running');
    return found;
  };
  const silent = () =>
    database.db
      .updateTable('switch_jobs')
      .set({ seen_at: new Date(Date.now() - LOST_MS - 1_000).toISOString() })
      .execute();

  test('of two that begin at once, one does', async () => {
    const found = await Promise.all([one.begin(JOB), other.begin(JOB), one.begin(JOB)]);
    expect(found.filter((job) => job !== undefined)).toHaveLength(1);
    expect(await other.begin({ ...JOB, clinic: 'south' })).toMatchObject({
      state: 'running',
      overwrite: true,
    });
  });

  test('its steps and its end are known to all, and only who does it writes them', async () => {
    const job = await begun();
    expect(await one.sign(job, { name: 'copying', done: 3, total: 9 })).toBe('goOn');
    expect(await other.sign(job, undefined)).toBe('lost');
    await other.end(job, { state: 'failed' });
    expect(await other.of('north')).toMatchObject([
      { id: job.id, state: 'running', step: { name: 'copying', done: 3, total: 9 } },
    ]);
    expect(await other.askToStop(job)).toBe(true);
    expect(await one.sign(job, undefined)).toBe('stop');
    await one.end(job, { state: 'stopped', result: { complete: false } });
    expect(await other.of('north')).toMatchObject([{ state: 'stopped', result: { complete: false } }]);
    expect(await other.askToStop(job)).toBe(false);
    expect(await other.open()).toEqual([]);
  });

  test('without a sign of life it is interrupted, another one takes its place, and it has lost it', async () => {
    const job = await begun();
    await silent();
    expect(await other.open()).toMatchObject([{ id: job.id, state: 'interrupted', by: 'olga' }]);
    expect(await other.askToStop(job)).toBe(false);
    const next = await begun(other);
    expect(await one.sign(job, undefined)).toBe('lost');
    await one.end(job, { state: 'done' });
    expect(await one.of('north')).toMatchObject([
      { id: next.id, state: 'running' },
      { id: job.id, state: 'interrupted' },
    ]);
    expect(await one.open()).toMatchObject([{ id: next.id, state: 'running' }]);
  });

  test('a sign of life in time is enough', async () => {
    const job = await begun();
    await silent();
    expect(await one.sign(job, undefined)).toBe('goOn');
    expect(await other.begin(JOB)).toBeUndefined();
  });

  test('the last ones of each clinic are remembered', async () => {
    const south = await begun(one, { ...JOB, clinic: 'south' });
    for (let count = 0; count < 14; count += 1) await one.end(await begun(), { state: 'done' });
    const rows = await database.db
      .selectFrom('switch_jobs')
      .select('id')
      .where('clinic', '=', 'north')
      .execute();
    expect([rows.length, (await one.of('north')).length]).toEqual([11, 10]);
    expect(await one.of('south')).toMatchObject([{ id: south.id, state: 'running' }]);
  });
});
