/** Who is the same person: nothing wrong is accepted, hardly anybody is overlooked, and the order does not matter. */
import { type Match, matchPeople } from '../../src/switch/match/match';
import { type SeededPairs, seededPairs, shuffled } from '../support/pairs';

const NOBODY: ReadonlySet<string> = new Set();

function matching({ people, records }: Pick<SeededPairs, 'people' | 'records'>, more = {}): Match[] {
  return matchPeople({
    ...{ people, records, linkedPeople: NOBODY, linkedRecords: NOBODY, isRejected: () => false },
    ...more,
  });
}

const plain = (matches: readonly Match[]) =>
  matches.map(({ here, there, decision, confidence, reasons }) => [
    ...[here.id, there?.id, decision, confidence, ...reasons],
  ]);

describe.each([1, 2, 3, 4, 5])('500 pairs, seed %s', (seed) => {
  const pairs = seededPairs(500, seed);
  const matches = matching(pairs);

  test('accepts nothing wrong, and finds nearly all', () => {
    const right = matches.filter(({ here, there }) => there?.id === pairs.truth.get(here.id));
    const wrong = matches.filter((match) => match.decision === 'accept' && !right.includes(match));
    expect(plain(wrong)).toEqual([]);
    expect(right.length / 500).toBeGreaterThanOrEqual(0.95);
    expect(matches.filter(({ decision }) => decision === 'accept').length).toBeGreaterThan(300);
  });

  test('gives each record to one person', () => {
    const records = matches.flatMap(({ there }) => there ?? []);
    expect(new Set(records).size).toBe(records.length);
  });

  test('does not depend on the order', () => {
    const other = { people: shuffled(pairs.people, seed), records: shuffled(pairs.records, seed + 1) };
    expect(plain(matching(other))).toEqual(plain(matches));
  });
});

test('half of them not there: nothing wrong is accepted', () => {
  const pairs = seededPairs(500, 11);
  const records = pairs.records.filter((_, index) => index % 2 === 0);
  const matches = matching({ people: pairs.people, records });
  const wrong = matches.filter(
    ({ here, there, decision }) => decision === 'accept' && there?.id !== pairs.truth.get(here.id),
  );
  expect(plain(wrong)).toEqual([]);
});

test('who is linked or rejected is not matched', () => {
  const pairs = seededPairs(20, 3);
  const all = matching(pairs);
  const [first, second] = all.filter(({ decision }) => decision === 'accept');
  const linkedPeople = new Set([first?.here.id ?? '']);
  const linkedRecords = new Set([first?.there?.id ?? '']);
  const isRejected = (person: string, record: string) =>
    person === second?.here.id && record === second.there?.id;
  const others = matching(pairs, { linkedPeople, linkedRecords, isRejected });
  expect(others).toHaveLength(19);
  expect(others.some(({ there }) => there?.id === first?.there?.id)).toBe(false);
  expect(others.find(({ here }) => here.id === second?.here.id)?.there?.id).not.toBe(second?.there?.id);
});
