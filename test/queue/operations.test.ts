import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/store/database';
import type { Lease, NewOperation } from '../../src/store/operation';
import { createOperations, type Operations } from '../../src/store/operations';
import { claimDue, nextDue } from '../support/claims';
import { createPostgresDatabase } from '../support/postgres';

const ENGINES = ['sqlite', 'postgres'] as const;
const LEASE_SECONDS = 30;
const BY = { caller: 'operator:test' };
const ERROR = { code: 'vendor_unavailable', detail: 'The vendor is down.' };
const ANSWER = { status: 200, body: { data: { id: 'st-1' } } };

const update = (staffId: string, rest: Partial<NewOperation> = {}): NewOperation => ({
  clinic: 'north',
  staffId,
  caller: 'app',
  requestId: 'r-1',
  patch: '{"changes":[{"field":"phone","value":"0045 12 34 56 78"}],"members":["phone"]}',
  lenient: false,
  settle: false,
  ...rest,
});

async function temporaryDatabase(engine: (typeof ENGINES)[number]) {
  if (engine === 'postgres') return createPostgresDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'gateway-operations-'));
  return {
    url: `sqlite:${join(folder, 'gateway.db')}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

describe.each(ENGINES)('the queue on %s', (engine) => {
  let test: { url: string; drop(): Promise<void> };
  let database: Database;
  let operations: Operations;

  beforeAll(async () => {
    test = await temporaryDatabase(engine);
    database = await openDatabase(test.url);
    operations = createOperations(database);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await database.db.deleteFrom('operations').execute();
  });

  const claim = (limit = 10, owner = 'worker') => claimDue(operations, owner, limit, LEASE_SECONDS);
  const claimOne = async (): Promise<Lease> => {
    const [lease] = await claim(1);
    if (lease === undefined) throw new Error('nothing is due');
    return lease;
  };
  const statusOf = async (id: string) => (await operations.find(id))?.status;
  /** As if the worker had not been heard of for as long as its lease lasts. */
  const expire = (id: string) =>
    database.db
      .updateTable('operations')
      .set({ available_at: '2020-01-01T00:00:00.000Z' })
      .where('id', '=', id)
      .execute();

  it('gives what was queued to one worker, with everything that delivering needs', async () => {
    const { id, status } = await operations.enqueue(update('st-1', { lenient: true, ifMatch: '"e"' }));
    expect(status).toBe('queued');
    expect(await nextDue(operations)).toBeLessThanOrEqual(0);
    expect(await claim()).toEqual([
      {
        ...update('st-1', { lenient: true, ifMatch: '"e"' }),
        id,
        owner: 'worker',
        number: 1,
        counted: 1,
      },
    ]);
    expect(await claim()).toEqual([]);
    expect(await nextDue(operations)).toBeGreaterThan(0);
    expect(await operations.find(id)).toMatchObject({ status: 'running', attempts: 1 });
  });

  it('gives ids that sort in the order of their making', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push((await operations.enqueue(update(`st-${index}`))).id);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('shares out what is due among workers that ask at the same time, each to one of them', async () => {
    for (let index = 0; index < 40; index += 1) await operations.enqueue(update(`st-${index}`));
    const shares = await Promise.all(Array.from({ length: 8 }, (_, index) => claim(5, `w-${index}`)));
    const ids = shares.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const rest = await claim(40, 'last');
    expect(ids.length + rest.length).toBe(40);
  });

  it('hands out one update at a time for each staff member, in the order of their queueing', async () => {
    const first = await operations.enqueue(update('st-1'));
    const second = await operations.enqueue(update('st-1'));
    const other = await operations.enqueue(update('st-2'));
    const sameIdElsewhere = await operations.enqueue(update('st-1', { clinic: 'south' }));
    expect(await operations.predecessorOf(second.id)).toBe(first.id);

    const leases = await claim();
    expect(leases.map(({ id }) => id)).toEqual([first.id, other.id, sameIdElsewhere.id]);
    const [lease] = leases;
    if (lease === undefined) throw new Error('nothing was due');
    await operations.postpone(lease, { delayMs: 60_000, settle: false, error: ERROR });
    expect(await claim()).toEqual([]);
    await expire(first.id);
    await operations.finish(await claimOne(), { status: 'succeeded', answer: ANSWER });
    expect((await claim()).map(({ id }) => id)).toEqual([second.id]);
  });

  it('keeps the order under 30 enqueueings of one staff member at once', async () => {
    const queued = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        operations.enqueue(update('st-1', { requestId: `r-${index}` })),
      ),
    );
    const order: string[] = [];
    for (;;) {
      const leases = await claim();
      if (leases.length === 0) break;
      expect(leases).toHaveLength(1);
      for (const lease of leases) {
        order.push(lease.id);
        await operations.finish(lease, { status: 'succeeded', answer: ANSWER });
      }
    }
    const bySequence = await database.db.selectFrom('operations').select('id').orderBy('seq').execute();
    expect(order).toEqual(bySequence.map(({ id }) => id));
    expect(new Set(order)).toEqual(new Set(queued.map(({ id }) => id)));
  });

  it('postpones until later, says when and why, and remembers that the outcome is open', async () => {
    const { id } = await operations.enqueue(update('st-1'));
    await operations.postpone(await claimOne(), { delayMs: 60_000, settle: true, error: ERROR });
    const found = await operations.find(id);
    expect(found).toMatchObject({ status: 'queued', lastError: ERROR });
    expect(Date.parse(found?.nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(30_000);
    expect(await nextDue(operations)).toBeGreaterThan(30_000);
    await expire(id);
    expect(await claimOne()).toMatchObject({ number: 2, settle: true });
    expect(await operations.attemptsOf(id)).toMatchObject([
      { number: 1, outcome: 'postponed', ...ERROR },
      { number: 2 },
    ]);
  });

  it('takes over from a worker whose lease ran out, which then can do nothing any more', async () => {
    const { id } = await operations.enqueue(update('st-1'));
    const stale = await claimOne();
    await expire(id);
    const [taken] = await claim(1, 'second');
    expect(taken).toMatchObject({ id, number: 2, settle: true, owner: 'second' });

    expect(await operations.renew(stale, LEASE_SECONDS)).toBe(false);
    expect(await operations.finish(stale, { status: 'succeeded', answer: ANSWER })).toBe(false);
    expect(await operations.postpone(stale, { delayMs: 0, settle: false, error: ERROR })).toBe(false);
    await operations.release([stale]);
    expect(await statusOf(id)).toBe('running');
    expect(await operations.attemptsOf(id)).toMatchObject([
      { number: 1, outcome: 'interrupted', code: 'lease_expired' },
      { number: 2 },
    ]);
  });

  it('keeps a lease that is renewed', async () => {
    const { id } = await operations.enqueue(update('st-1'));
    const lease = await claimOne();
    await expire(id);
    expect(await operations.renew(lease, LEASE_SECONDS)).toBe(true);
    expect(await claim()).toEqual([]);
  });

  it('takes back what was released, as if it had not been tried', async () => {
    const { id } = await operations.enqueue(update('st-1'));
    await operations.release([await claimOne()]);
    expect(await operations.attemptsOf(id)).toEqual([]);
    expect(await claimOne()).toMatchObject({ id, number: 1, settle: false });
  });

  it('erases the patch and the precondition when it ends, and keeps the answer', async () => {
    await operations.enqueue(update('st-1', { ifMatch: '"e"' }));
    await operations.finish(await claimOne(), { status: 'failed', answer: ANSWER, error: ERROR });
    const rows = await database.db.selectFrom('operations').selectAll().execute();
    expect(rows).toMatchObject([{ status: 'failed', patch: null, if_match: null }]);
    expect(JSON.stringify(rows)).not.toContain('0045');
    const [row] = rows;
    expect(await operations.find(row?.id ?? '')).toMatchObject({ answer: ANSWER, lastError: ERROR });
  });

  it('lets a dead one hold back its own staff member until it is retried', async () => {
    const { id } = await operations.enqueue(update('st-1'));
    const next = await operations.enqueue(update('st-1'));
    const other = await operations.enqueue(update('st-2'));
    await operations.finish(await claimOne(), { status: 'dead', answer: ANSWER, error: ERROR });
    expect(await operations.standing('north', 'st-1', 'vendor')).toBe('behind');
    expect((await claim()).map((lease) => lease.id)).toEqual([other.id]);
    expect(await operations.retry(next.id, BY)).toBe('wrong_status');
    expect(await operations.retry(id, { ...BY, clinic: 'south' })).toBe('not_found');
    expect(await operations.retry(id, { ...BY, clinic: 'north' })).toBe('done');

    const again = await claimOne();
    expect(again).toMatchObject({ id, number: 2, counted: 1 });
    expect(again.patch).toContain('0045');
    await operations.finish(again, { status: 'succeeded', answer: ANSWER });
    await operations.finish(await claimOne(), { status: 'succeeded', answer: ANSWER });
    expect(await statusOf(next.id)).toBe('succeeded');
    expect(await operations.standing('north', 'st-1', 'vendor')).toBe('first');
  });

  it.each(['dead', 'queued'] as const)('discards a %s one, and what waited goes on', async (status) => {
    const { id } = await operations.enqueue(update('st-1'));
    const next = await operations.enqueue(update('st-1'));
    if (status === 'dead') await operations.finish(await claimOne(), { status, error: ERROR });
    expect(await operations.discard(id, BY)).toBe('done');
    expect(await operations.find(id)).toMatchObject({ status: 'failed', lastError: { code: 'discarded' } });
    expect(await claimOne()).toMatchObject({ id: next.id });
    expect(await operations.discard(next.id, BY)).toBe('wrong_status');
    expect(await operations.discard('none', BY)).toBe('not_found');
    const { patch } = await database.db
      .selectFrom('operations')
      .select('patch')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(patch).toBeNull();
  });

  it('discards in the middle of a queue without letting the rest overtake', async () => {
    await operations.enqueue(update('st-1'));
    const middle = await operations.enqueue(update('st-1'));
    const last = await operations.enqueue(update('st-1'));
    const lease = await claimOne();
    await operations.discard(middle.id, BY);
    expect(await claim()).toEqual([]);
    await operations.finish(lease, { status: 'succeeded', answer: ANSWER });
    expect(await claimOne()).toMatchObject({ id: last.id });
  });

  describe('whose clock is set back an hour', () => {
    /** As it looks from then on: all that was written lies an hour ahead. */
    const setBack = async () => {
      const rows = await database.db.selectFrom('operations').selectAll().execute();
      for (const row of rows) {
        const set = Object.fromEntries(
          Object.entries(row)
            .filter(([name, value]) => name.endsWith('_at') && value !== null)
            .map(([name, value]) => [name, new Date(Date.parse(String(value)) + 3_600_000).toISOString()]),
        );
        await database.db.updateTable('operations').set(set).where('seq', '=', row.seq).execute();
      }
    };

    it('goes on with what was due', async () => {
      const { id } = await operations.enqueue(update('st-1'));
      await setBack();
      expect(await nextDue(operations)).toBeLessThanOrEqual(0);
      expect((await claim()).map((lease) => lease.id)).toEqual([id]);
    });

    it('keeps pauses and leases as long as they were, from then on', async () => {
      const paused = await operations.enqueue(update('st-1'));
      await operations.postpone(await claimOne(), { delayMs: 60_000, settle: false, error: ERROR });
      const running = await operations.enqueue(update('st-2'));
      const lease = await claimOne();
      await setBack();
      const due = await nextDue(operations);
      expect(due).toBeGreaterThan(20_000);
      // The two clocks are read one after the other.
      expect(due).toBeLessThan(LEASE_SECONDS * 1000 + 1);
      expect(await claim()).toEqual([]);
      const next = Date.parse((await operations.find(paused.id))?.nextAttemptAt ?? '') - Date.now();
      expect(next).toBeGreaterThan(50_000);
      expect(next).toBeLessThan(61_000);
      expect(await operations.renew(lease, LEASE_SECONDS)).toBe(true);
      expect(await statusOf(running.id)).toBe('running');
    });
  });

  it('forgets what has finished long ago, and nothing that has not', async () => {
    for (const staffId of ['st-1', 'st-2', 'st-3']) await operations.enqueue(update(staffId));
    const [done, dead] = await claim(2);
    if (done === undefined || dead === undefined) throw new Error('nothing was due');
    await operations.finish(done, { status: 'succeeded', answer: ANSWER });
    await operations.finish(dead, { status: 'dead', error: ERROR });
    expect(await operations.purge(7)).toBe(0);
    await database.db.updateTable('operations').set({ created_at: '2020-01-01T00:00:00.000Z' }).execute();
    await database.db
      .updateTable('operations')
      .set({ finished_at: '2020-01-01T00:00:00.000Z' })
      .where('finished_at', 'is not', null)
      .execute();
    expect(await operations.purge(7)).toBe(1);
    expect((await operations.list({}, 10)).map(({ status }) => status).sort()).toEqual(['dead', 'queued']);
    expect(await operations.attemptsOf(done.id)).toEqual([]);
  });

  it('ends a dead one that nobody has decided about for long, with what it says of a person, and goes on', async () => {
    const old = await operations.enqueue(update('st-1', { ifMatch: '"e"' }));
    const next = await operations.enqueue(update('st-1'));
    const recent = await operations.enqueue(update('st-2'));
    for (const lease of await claim()) {
      await operations.finish(lease, { status: 'dead', answer: ANSWER, error: ERROR });
    }
    expect(await operations.expire(7)).toEqual([]);
    await database.db
      .updateTable('operations')
      .set({ scheduled_at: '2020-01-01T00:00:00.000Z' })
      .where('id', '=', old.id)
      .execute();
    expect(await operations.expire(7)).toEqual([old.id]);
    const row = await database.db
      .selectFrom('operations')
      .selectAll()
      .where('id', '=', old.id)
      .executeTakeFirst();
    expect(row).toMatchObject({ status: 'failed', patch: null, if_match: null, answer: null });
    expect(row).toMatchObject({ last_code: 'expired', finished_at: expect.any(String) });
    expect(await statusOf(recent.id)).toBe('dead');
    expect((await claim()).map(({ id }) => id)).toEqual([next.id]);
    const audited = await database.db
      .selectFrom('changes')
      .select(['kind', 'code', 'caller', 'staff_id', 'detail'])
      .orderBy('seq', 'desc')
      .executeTakeFirst();
    expect(audited).toEqual({
      ...{ kind: 'discard', code: 'expired', caller: 'gateway', staff_id: 'st-1' },
      detail: JSON.stringify({ operation: old.id }),
    });
  });

  it('lists by clinic, staff member, status and id, newest first', async () => {
    const first = await operations.enqueue(update('st-1'));
    const second = await operations.enqueue(update('st-2'));
    const south = await operations.enqueue(update('st-1', { clinic: 'south' }));
    const ids = async (...[filter, limit]: Parameters<Operations['list']>) =>
      (await operations.list(filter, limit)).map(({ id }) => id);
    expect(await ids({}, 10)).toEqual([south.id, second.id, first.id]);
    expect(await ids({}, 1)).toEqual([south.id]);
    expect(await ids({ clinic: 'north' }, 10)).toEqual([second.id, first.id]);
    expect(await ids({ clinic: 'north', staffId: 'st-1' }, 10)).toEqual([first.id]);
    expect(await ids({ statuses: ['dead'] }, 10)).toEqual([]);
    expect(await ids({ ids: [second.id] }, 10)).toEqual([second.id]);
  });
});
