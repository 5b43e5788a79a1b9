import { createTurns } from '../../src/queue/turns';

const lane = (connection: string, clinic: string, dueMs = -1) => ({ connection, clinic, dueMs });
const NONE: ReadonlySet<string> = new Set();
const named = (shares: ReturnType<ReturnType<typeof createTurns>['share']>) =>
  Object.fromEntries(
    shares.map(({ lane: { connection, clinic }, most }) => [`${connection}/${clinic}`, most]),
  );

/** `count` deliveries of a lane that are under way. */
const busyWith = (connection: string, clinic: string, count: number) =>
  Array.from({ length: count }, () => ({ connection, clinic }));

describe('whose queued updates are delivered next', () => {
  it.each([
    { most: 1, half: 1 },
    { most: 2, half: 1 },
    { most: 3, half: 2 },
    { most: 16, half: 8 },
  ])('gives one connection $half of $most workers', ({ most, half }) => {
    expect(named(createTurns().share([lane('a', 'north')], { most, busy: [] }, NONE))).toEqual({
      'a/north': half,
    });
    const busy = busyWith('a', 'north', half);
    expect(createTurns().share([lane('a', 'north')], { most, busy }, NONE)).toEqual([]);
  });

  it('leaves a worker to each of many slow connections', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const busy: { connection: string; clinic: string }[] = [];
    for (const name of names) {
      const [share] = createTurns().share([lane(name, 'north')], { most: 16, busy }, NONE);
      expect(share?.most).toBeGreaterThan(0);
      busy.push(...busyWith(name, 'north', share?.most ?? 0));
    }
    expect(names.map((name) => busy.filter(({ connection }) => connection === name).length)).toEqual([
      8, 4, 2, 1, 1,
    ]);
  });

  it('lets connections take turns, however many clinics each has', () => {
    const lanes = [lane('a', 'n1', -9), lane('a', 'n2', -9), lane('a', 'n3', -9), lane('b', 'south')];
    expect(named(createTurns().share(lanes, { most: 6, busy: [] }, new Set(['a'])))).toEqual({
      'a/n1': 1,
      'a/n2': 1,
      'b/south': 2,
    });
  });

  it('lets clinics of one connection take turns, from one look to the next as well', () => {
    const turns = createTurns();
    const lanes = [lane('a', 'n1', -9), lane('a', 'n2', -5), lane('a', 'n3', -1)];
    const order: string[] = [];
    for (let look = 0; look < 6; look += 1) {
      order.push(
        ...turns.share(lanes, { most: 1, busy: [] }, new Set(['a'])).map((share) => share.lane.clinic),
      );
    }
    expect(order).toEqual(['n1', 'n2', 'n3', 'n1', 'n2', 'n3']);
  });

  it('leaves room at a shared connection for a clinic that has nothing under way', () => {
    const shared = new Set(['a']);
    const [first] = createTurns().share([lane('a', 'n1')], { most: 16, busy: [] }, shared);
    const busy = busyWith('a', 'n1', first?.most ?? 0);
    expect(createTurns().share([lane('a', 'n1')], { most: 16, busy }, shared)).toEqual([]);
    expect(named(createTurns().share([lane('a', 'n2')], { most: 16, busy }, shared))).toEqual({ 'a/n2': 2 });
  });

  it('gives nothing if all are busy', () => {
    const busy = busyWith('a', 'north', 2);
    expect(createTurns().share([lane('b', 'south')], { most: 2, busy }, NONE)).toEqual([]);
  });
});
