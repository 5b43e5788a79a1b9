/** The journal: attempts, the audit's chain, group commit, retention, and what a store that fails does to updates. */
import { sql } from 'kysely';
import type { Attempt } from '../../src/store/attempts';
import { type Change, createChanges, type KeptValues } from '../../src/store/changes';
import { type Database, openDatabase } from '../../src/store/database';
import { createJournal, type Journal } from '../../src/store/journal';
import { createLinks } from '../../src/store/links';
import { createOperations } from '../../src/store/operations';
import { verifyChain } from '../../src/store/verify';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';

const CANARY = '99887766X';
const HASHED: KeptValues = { kind: 'hashed', salt: 'a-salt-of-the-test' };
const HOUR = 3_600_000;

const change = (more: Partial<Change> = {}): Change => ({
  at: '2026-11-20T10:00:00.000Z',
  requestId: 'r-1',
  clinic: 'north',
  caller: 'app',
  staffId: 'st-1',
  vendor: 'main',
  vendorRecordId: 'pr_1',
  outcome: 'success',
  status: 200,
  code: null,
  durationMs: 12,
  fields: { '/nationalId': 'verified' },
  values: { '/nationalId': CANARY },
  ...more,
});

const attempt = (id: string): Attempt => ({
  id,
  requestId: 'r-1',
  clinic: 'north',
  caller: 'app',
  staffId: 'st-1',
  vendor: 'main',
  vendorRecordId: 'pr_1',
  patch: { changes: [{ field: 'nationalId', value: CANARY }], members: ['nationalId'] },
  lenient: false,
  createdAt: '2026-11-20T09:59:59.000Z',
});

describe.each(ENGINES)('the journal on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  let journal: Journal;
  let time: number;
  const now = () => new Date(time);
  const open = (more: { values?: KeptValues; retentionMs?: number } = {}) =>
    createJournal(database, { values: HASHED, keyTtlMs: HOUR, now, ...more });
  const end = (count: number, more: Partial<Change> = {}) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        journal.end({ change: change({ requestId: `r-${index}`, ...more }) }),
      ),
    );
  const rowsOf = (filter: { clinic: string } = { clinic: 'north' }) =>
    createChanges(database).list(filter, 10_000);
  const attempts = () => database.db.selectFrom('attempts').select('id').orderBy('id').execute();

  beforeEach(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
    time = Date.parse('2026-11-20T10:00:00.000Z');
    journal = open();
  }, 60_000);
  afterEach(async () => {
    await journal.close();
    await database.close();
    await test.drop();
  });

  it('turns an attempt into one row of the audit, however often its end is written', async () => {
    await journal.begin(attempt('a-1'), 1_000);
    expect(await attempts()).toEqual([{ id: 'a-1' }]);
    const ending = { attempt: 'a-1', change: change() };
    await Promise.all([journal.end(ending), journal.end(ending)]);
    await journal.end(ending);
    expect(await attempts()).toEqual([]);
    expect((await rowsOf()).map(({ sequence, requestId }) => [sequence, requestId])).toEqual([[1, 'r-1']]);
  });

  it('begins an attempt only where its conditions hold at that moment', async () => {
    const both = { linked: true, first: true };
    const begin = (id: string, more: Partial<Attempt> = {}, conditions = {}) =>
      journal.begin({ ...attempt(id), ...more }, 1_000, conditions);
    const link = { clinic: 'north', staffId: 'st-1', vendor: 'main', vendorRecordId: 'pr_1' };
    expect(await begin('a-1', {}, both)).toBe('moved');
    await createLinks(database).put(link);
    // In one transaction: one that may begin among those that may not, each for its own reason.
    const results = await Promise.all([
      begin('a-2', { vendorRecordId: 'pr_2' }, both),
      begin('a-3', {}, both),
      begin('a-4', { staffId: 'st-2' }, both),
      begin('a-5', { vendor: 'other' }, { linked: true }),
      begin('a-6', { vendorRecordId: 'pr_2' }, { first: true }),
    ]);
    expect(results).toEqual(['moved', 'begun', 'moved', 'moved', 'begun']);
    const { staffId, clinic } = link;
    const { id } = await createOperations(database).enqueue({
      clinic,
      staffId,
      caller: 'app',
      requestId: 'r-1',
      patch: '{}',
      lenient: false,
      settle: false,
    });
    expect(await begin('a-7', {}, both)).toBe('behind');
    expect(await begin('a-8', {}, { linked: true })).toBe('begun');
    expect(await begin('a-9', { clinic: 'south' }, { first: true })).toBe('begun');
    await createOperations(database).discard(id, { caller: 'operator:test' });
    expect(await begin('b-1', {}, both)).toBe('begun');
    expect((await attempts()).map((row) => row.id)).toEqual(['a-3', 'a-6', 'a-8', 'a-9', 'b-1']);
  });

  it('never calls a link moved that was not, however the queue ends meanwhile', async () => {
    const link = { clinic: 'north', staffId: 'st-1', vendor: 'main', vendorRecordId: 'pr_1' };
    await createLinks(database).put(link);
    const operations = createOperations(database);
    const operation = { clinic: 'north', staffId: 'st-1', caller: 'app', requestId: 'r-1', patch: '{}' };
    const seen = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      const { id } = await operations.enqueue({ ...operation, lenient: false, settle: false });
      const ids = Array.from({ length: 8 }, (_, index) => `a-${round}-${index}`);
      const results = await Promise.all([
        ...ids.map((of, index) =>
          journal.begin(attempt(of), 1_000, { linked: index % 2 === 0, first: true }),
        ),
        operations.discard(id, { caller: 'operator:test' }),
      ]);
      for (const result of results.slice(0, -1)) seen.add(result);
    }
    expect([...seen]).not.toContain('moved');
  });

  it('groups what arrives together into few transactions', async () => {
    await end(200);
    expect(journal.commits).toBeLessThanOrEqual(2);
    expect(await rowsOf()).toHaveLength(200);
  });

  it('keeps digests of the values, or the values where the operator asks for them', async () => {
    await end(2);
    const stored = await sql<Record<string, unknown>>`select * from changes`.execute(database.db);
    expect(JSON.stringify(stored.rows)).not.toContain(CANARY);
    const [first, second] = await rowsOf();
    // The same value of the same field has the same digest, so that changes back and forth can be seen.
    expect(first?.values['/nationalId']).toMatch(/^[\w-]{43}$/);
    expect(first?.values).toEqual(second?.values);
    journal = open({ values: { kind: 'full' } });
    await end(1);
    expect((await rowsOf())[0]?.values).toEqual({ '/nationalId': CANARY });
  });

  it('gives the same value another digest in another field and with another salt', async () => {
    await end(1, { values: { '/phone': CANARY, '/nationalId': CANARY } });
    journal = open({ values: { kind: 'hashed', salt: 'another-salt-of-the-test' } });
    await end(1, { values: { '/phone': CANARY } });
    const [later, earlier] = await rowsOf();
    const digests = [earlier?.values['/phone'], earlier?.values['/nationalId'], later?.values['/phone']];
    expect(new Set(digests).size).toBe(3);
  });

  it('refuses to change or delete rows', async () => {
    await end(1);
    const { db } = database;
    await expect(db.updateTable('changes').set({ caller: 'x' }).execute()).rejects.toThrow('append-only');
    await expect(db.deleteFrom('changes').execute()).rejects.toThrow('append-only');
    if (engine === 'postgres') {
      await expect(sql`truncate changes`.execute(db)).rejects.toThrow('append-only');
    }
    expect(await rowsOf()).toHaveLength(1);
  });

  describe('the chain', () => {
    /** As someone with all rights to the database would. */
    const tamper = async (statement: string) => {
      const off =
        engine === 'sqlite'
          ? ['drop trigger changes_never_updated', 'drop trigger changes_deleted_by_retention_only']
          : ['alter table changes disable trigger user'];
      for (const text of [...off, statement]) await sql.raw(text).execute(database.db);
    };

    it('is valid when empty and after many rows', async () => {
      expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 0 });
      await end(1_500);
      const seen: number[] = [];
      expect(await verifyChain(database, { onProgress: (rows) => seen.push(rows) })).toMatchObject({
        valid: true,
        rows: 1_500,
      });
      expect(seen).toEqual([1_000, 1_500]);
    });

    it.each([
      ['a changed value', `update changes set sent_values = '{}' where seq = 3`, 3],
      ['a changed outcome', `update changes set outcome = 'refused' where seq = 2`, 2],
      ['a changed status', 'update changes set status = null where seq = 4', 4],
      ['a changed caller', `update changes set caller = 'somebody' where seq = 1`, 1],
      ['a deleted row', 'delete from changes where seq = 3', 3],
      ['the newest rows deleted', 'delete from changes where seq > 3', 4],
      ['the oldest row deleted', 'delete from changes where seq = 1', 1],
      ['a changed hash', `update changes set hash = previous_hash where seq = 2`, 2],
    ])('names the first broken row: %s', async (_name, statement, sequence) => {
      await end(5);
      await tamper(statement);
      expect(await verifyChain(database)).toMatchObject({ valid: false, sequence, rows: sequence - 1 });
    });

    it('stays one chain when two replicas write at the same time', async () => {
      const other = await openDatabase(test.url);
      const second = createJournal(other, { values: HASHED, keyTtlMs: HOUR });
      await Promise.all(
        Array.from({ length: 300 }, (_, index) => (index % 2 ? journal : second).end({ change: change() })),
      );
      await second.close();
      await other.close();
      expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 300 });
      expect((await rowsOf()).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 300 }, (_, index) => 300 - index),
      );
    });

    it('stays valid when retention deletes its oldest rows, and names what is deleted besides', async () => {
      await end(3, { at: '2026-10-01T00:00:00.000Z' });
      await end(2, { at: '2026-11-19T00:00:00.000Z' });
      journal = open({ retentionMs: 30 * 24 * HOUR });
      await journal.tidy();
      expect((await rowsOf()).map(({ sequence }) => sequence)).toEqual([5, 4]);
      expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 2 });
      await expect(database.db.deleteFrom('changes').execute()).rejects.toThrow('append-only');
      await tamper('delete from changes where seq = 4');
      expect(await verifyChain(database)).toMatchObject({ valid: false, sequence: 4 });
    });

    it('goes on after retention has deleted every row', async () => {
      await end(3, { at: '2026-10-01T00:00:00.000Z' });
      journal = open({ retentionMs: 24 * HOUR });
      await journal.tidy();
      expect(await rowsOf()).toEqual([]);
      await end(1);
      expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 1 });
      expect((await rowsOf())[0]?.sequence).toBe(4);
    });
  });

  describe('what a crash leaves behind', () => {
    it('is taken once its lease is over, by one process only', async () => {
      await Promise.all(['a-1', 'a-2', 'a-3'].map((id) => journal.begin(attempt(id), 1_000)));
      expect(await journal.takeAbandoned(10, 5_000)).toEqual([]);
      time += 1_001;
      const other = await openDatabase(test.url);
      const second = createJournal(other, { values: HASHED, keyTtlMs: HOUR, now });
      const taken = await Promise.all([journal.takeAbandoned(10, 5_000), second.takeAbandoned(10, 5_000)]);
      await other.close();
      const ids = taken.flat().map(({ id }) => id);
      expect(ids.sort()).toEqual(['a-1', 'a-2', 'a-3']);
      expect(taken.flat()[0]?.patch).toEqual(attempt('a-1').patch);
      expect(await journal.takeAbandoned(10, 5_000)).toEqual([]);
      time += 5_001;
      expect(await journal.takeAbandoned(10, 5_000)).toHaveLength(3);
    });
  });

  describe('when the store fails', () => {
    /** Real failures of the database: the table is not there for as long as `work` takes. */
    const without = async (table: string, work: () => Promise<void>) => {
      await sql.raw(`alter table ${table} rename to ${table}_away`).execute(database.db);
      await work();
      await sql.raw(`alter table ${table}_away rename to ${table}`).execute(database.db);
    };

    it('begins nothing, and works again without a restart', async () => {
      await without('attempts', async () => {
        await expect(journal.begin(attempt('a-1'), 1_000)).rejects.toMatchObject({
          name: 'StoreUnavailable',
        });
      });
      await journal.begin(attempt('a-2'), 1_000);
      expect(await attempts()).toEqual([{ id: 'a-2' }]);
    });

    it('writes the end of what was sent as soon as it can', async () => {
      await journal.begin(attempt('a-1'), 1_000);
      await without('change_chain', () => journal.end({ attempt: 'a-1', change: change() }));
      expect(await rowsOf()).toEqual([]);
      await journal.close();
      expect(await rowsOf()).toHaveLength(1);
      expect(await attempts()).toEqual([]);
    });

    it('refuses the end of what was not sent', async () => {
      await without('change_chain', async () => {
        await expect(journal.end({ change: change() })).rejects.toMatchObject({ name: 'StoreUnavailable' });
      });
      await end(1);
      expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 1 });
    });
  });
});
