/** The journal's transactions over many updates at once: what one of them writes and hears is its own, for any number. */
import type { Attempt, Conditions } from '../../src/store/attempts';
import { type Change, createChanges } from '../../src/store/changes';
import { type Database, openDatabase } from '../../src/store/database';
import type { Claim, KeyEnd, StoredAnswer } from '../../src/store/idempotency';
import { createJournal, type Journal } from '../../src/store/journal';
import { createLinks } from '../../src/store/links';
import { verifyChain } from '../../src/store/verify';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';

/** Around the numbers of rows that a statement on SQLite takes, and the most that a transaction takes. */
const NUMBERS = [1, 2, 3, 15, 16, 17, 31, 33, 37, 65, 500];
const BOTH: Conditions = { linked: true, first: true };

const attempt = (index: number, more: Partial<Attempt> = {}): Attempt => ({
  id: `a-${String(index).padStart(3, '0')}`,
  requestId: `r-${index}`,
  clinic: 'north',
  caller: `app-${index}`,
  staffId: 'st-1',
  vendor: 'main',
  vendorRecordId: 'pr_1',
  patch: { changes: [{ field: 'role', value: `role-${index}` }], members: ['role'] },
  lenient: index % 2 === 0,
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
  ...more,
});

const change = (index: number): Change => ({
  at: new Date(Date.UTC(2026, 0, 2, 0, 0, index)).toISOString(),
  requestId: `r-${index}`,
  clinic: 'north',
  caller: `app-${index}`,
  staffId: `st-${index}`,
  vendor: 'main',
  vendorRecordId: index % 4 === 0 ? null : `pr_${index}`,
  outcome: index % 3 === 0 ? 'failed' : 'success',
  status: index % 5 === 0 ? null : 200 + index,
  code: index % 2 === 0 ? null : `code-${index}`,
  durationMs: index,
  fields: { [`/field-${index}`]: 'verified' },
  values: { [`/field-${index}`]: index },
});

const answer = (index: number): StoredAnswer => ({ status: 200, headers: {}, body: { index } });

describe.each(ENGINES)('many updates in one transaction on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  let journal: Journal;
  let time: number;
  let owners = 0;

  beforeEach(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
    time = Date.parse('2026-11-20T10:00:00.000Z');
    const now = () => new Date(time);
    journal = createJournal(database, { values: { kind: 'full' }, keyTtlMs: 3_600_000, now });
    const link = { clinic: 'north', staffId: 'st-1', vendor: 'main', vendorRecordId: 'pr_1' };
    await createLinks(database).put(link);
  }, 60_000);
  afterEach(async () => {
    await journal.close();
    await database.close();
    await test.drop();
  });

  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
  const attempts = () => database.db.selectFrom('attempts').select('id').orderBy('id').execute();
  /** All of it in one transaction. */
  const atOnce = async <Result>(work: readonly (() => Promise<Result>)[]) => {
    const before = journal.commits;
    const results = await Promise.all(work.map((start) => start()));
    expect(journal.commits).toBe(before + 1);
    return results;
  };
  const stored = async () => {
    const rows = await createChanges(database).list({ clinic: 'north' }, 1_000);
    return rows.reverse().map(({ kind, sequence, clinicSequence, previousHash, hash, ...rest }) => rest);
  };
  const claim = (index: number) => {
    owners += 1;
    const key: Claim = {
      scope: `scope-${String(index).padStart(3, '0')}`,
      fingerprint: `f-${index}`,
      owner: `o-${owners}`,
      leaseMs: 1_000,
    };
    return () => journal.claim(key);
  };

  it.each(NUMBERS)('begins %i attempts, each as it was given', async (count) => {
    const given = upTo(count).map((index) => attempt(index));
    const results = await atOnce(given.map((each) => () => journal.begin(each, 1_000, BOTH)));
    expect(results).toEqual(given.map(() => 'begun'));
    time += 1_000;
    const found = await journal.takeAbandoned(1_000, 1_000);
    expect(found.sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual(given);
  });

  it.each(NUMBERS)('tells which of %i may not begin', async (count) => {
    for (const moved of new Set([0, count >> 1, count - 1])) {
      const given = upTo(count).map((index) =>
        attempt(index, { id: `${moved}-${index}`, ...(index === moved && { vendorRecordId: 'pr_2' }) }),
      );
      const results = await atOnce(given.map((each) => () => journal.begin(each, 1_000, BOTH)));
      expect(results).toEqual(given.map((_, index) => (index === moved ? 'moved' : 'begun')));
      const ids = new Set((await attempts()).map(({ id }) => id));
      expect(given.map(({ id }) => ids.has(id))).toEqual(given.map((_, index) => index !== moved));
    }
  });

  it.each(NUMBERS)('ends %i attempts in their order, with the row of each', async (count) => {
    const given = upTo(count);
    await Promise.all(given.map((index) => journal.begin(attempt(index), 1_000)));
    await journal.begin(attempt(999), 1_000);
    const ends = given.map(
      (index) => () => journal.end({ attempt: attempt(index).id, change: change(index) }),
    );
    await atOnce(ends);
    expect(await stored()).toEqual(given.map(change));
    expect(await verifyChain(database)).toMatchObject({ valid: true, rows: count });
    expect(await attempts()).toEqual([{ id: 'a-999' }]);
  });

  it.each(NUMBERS.slice(1))('ends what is there of %i attempts, and nothing twice', async (count) => {
    const there = upTo(count).filter((index) => index % 3 === 0);
    await Promise.all(there.map((index) => journal.begin(attempt(index), 1_000)));
    // The first comes again as the last, far from it where there are many.
    const ends = [...upTo(count - 1), 0].map(
      (index) => () => journal.end({ attempt: attempt(index).id, change: change(index) }),
    );
    await atOnce(ends);
    const ended = there.filter((index) => index < count - 1);
    expect(await stored()).toEqual(ended.map(change));
    expect(await verifyChain(database)).toMatchObject({ valid: true });
    expect(await attempts()).toHaveLength(there.length - ended.length);
  });

  it.each(NUMBERS)('gives %i keys to whom they belong, and keeps the answer of each', async (count) => {
    const given = upTo(count);
    const claimed = await atOnce(given.map(claim));
    const ends = claimed.map((each, index): KeyEnd => {
      if (each.kind !== 'mine') throw new Error(`the key is ${each.kind}`);
      if (index % 5 === 3) return { handle: each.handle, state: 'free' };
      if (index % 5 === 4) return { handle: each.handle, state: 'unsettled' };
      return { handle: each.handle, state: 'done', answer: answer(index) };
    });
    await atOnce(ends.map((end) => () => journal.endClaim(end)));
    const again = await atOnce(given.map(claim));
    expect(again).toEqual(
      given.map((index) => {
        if (index % 5 < 3) return { kind: 'replay', answer: answer(index) };
        return { kind: 'mine', handle: expect.any(String), settleFirst: index % 5 === 4 };
      }),
    );
  });

  it.each([3, 17, 33, 37, 65])(
    'gives one key of %i to one of those who ask for it at once',
    async (count) => {
      await claim(1)();
      // One is taken, and one is asked for first and last.
      const asked = [...upTo(count - 1), 0];
      const kinds = (await atOnce(asked.map(claim))).map(({ kind }) => kind);
      expect(kinds.slice(1, -1)).toEqual(['in_progress', ...asked.slice(2, -1).map(() => 'mine')]);
      expect([kinds[0], kinds.at(-1)].sort()).toEqual(['in_progress', 'mine']);
      const rows = await database.db.selectFrom('idempotency').select('scope').execute();
      expect(rows).toHaveLength(count - 1);
    },
  );
});
