import { type Comparison, type Comparisons, createComparisons } from '../../src/store/comparisons';
import { type Database, openDatabase } from '../../src/store/database';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';

const NOW = new Date('2026-11-20T12:00:00.000Z');

const comparison = (finishedAt: string, more: Partial<Comparison> = {}): Comparison => ({
  clinic: 'north',
  here: 'old',
  there: 'new',
  startedAt: '2026-11-01T00:00:00.000Z',
  finishedAt,
  complete: true,
  counts: { equal: 7, differs: 2 },
  differences: 2,
  ...more,
});

describe.each(ENGINES)('comparisons on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  let comparisons: Comparisons;

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
    comparisons = createComparisons(database, () => NOW);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await database.db.deleteFrom('comparisons').execute();
  });

  it('gives the one that ended last, in either direction, and just as it was saved', async () => {
    const later = comparison('2026-11-20T11:00:00.000Z', { here: 'new', there: 'old', complete: false });
    await comparisons.save(comparison('2026-11-20T10:00:00.000Z'));
    await comparisons.save(later);
    await comparisons.save(comparison('2026-11-20T09:00:00.000Z'));
    expect(await comparisons.latest('north', 'old', 'new')).toEqual(later);
    expect(await comparisons.latest('north', 'new', 'old')).toEqual(later);
    expect(await comparisons.latestOf('north')).toEqual(later);
  });

  it('mixes neither clinics nor connections', async () => {
    await comparisons.save(comparison('2026-11-20T10:00:00.000Z'));
    expect(await comparisons.latest('south', 'old', 'new')).toBeUndefined();
    expect(await comparisons.latest('north', 'old', 'third')).toBeUndefined();
    expect(await comparisons.latest('north', 'old', 'old')).toBeUndefined();
    expect(await comparisons.latestOf('south')).toBeUndefined();
  });

  it('forgets what is older than 30 days', async () => {
    await comparisons.save(comparison('2026-10-01T00:00:00.000Z'));
    expect(await comparisons.latest('north', 'old', 'new')).toBeUndefined();
    const rows = await database.db.selectFrom('comparisons').selectAll().execute();
    expect(rows).toEqual([]);
  });
});
