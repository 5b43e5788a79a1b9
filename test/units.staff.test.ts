/** Limits of an update that keep one caller from holding up the others, and the order of blocks. */
import { type AvailableTime, DAYS } from '../src/staff/fields';
import { normalise, sortBlocks } from '../src/staff/normalise';
import { parsePatch } from '../src/staff/patch';
import { receiptRow } from '../src/staff/receipt';

const spots = (body: unknown): string[] => {
  const parsed = parsePatch(body);
  return 'errors' in parsed ? parsed.errors.map(({ pointer, code }) => `${pointer} ${code}`) : [];
};
const members = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, 0]));
const block = (more: object = {}): AvailableTime => ({
  daysOfWeek: ['mon'],
  availableStartTime: '08:00:00',
  availableEndTime: '09:00:00',
  ...more,
});

describe('how much there may be', () => {
  test('5000 values are judged, 5001 are not', () => {
    expect(spots({ role: Array.from({ length: 4999 }, () => 0) })).toEqual(['/role wrong_type']);
    expect(spots({ role: Array.from({ length: 5000 }, () => 0) })).toEqual([' too_long']);
    expect(spots({ name: { given: members(5000) } })).toEqual([' too_long']);
    expect(parsePatch(members(5001))).toEqual({
      errors: [{ pointer: '', code: 'too_long', detail: 'There are too many members and items.' }],
    });
  });

  test('the longest week with all members fits', () => {
    const full = Array.from({ length: 200 }, (_, index) => {
      const at = (second: number) =>
        `0${Math.floor(second / 3600)}:${String(Math.floor(second / 60) % 60).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}`;
      return block({
        daysOfWeek: [...DAYS],
        availableStartTime: at(index * 60),
        availableEndTime: at(index * 60 + 30),
        locationId: 'centro',
        period: { start: '2024-01-01', end: '2025-01-01' },
        recurrence: { interval: 1, unit: 'day', start: '2024-01-01', end: '2025-01-01', description: 'x' },
      });
    });
    expect(spots({ availableTime: full })).toEqual([]);
  });

  test('100 complaints are listed, then that there are more', () => {
    expect(spots(members(100))).toHaveLength(100);
    expect(spots(members(100)).at(-1)).toBe('/m99 unknown_field');
    const more = spots(members(101));
    expect([more.length, more[99], more[100]]).toEqual([101, '/m99 unknown_field', ' more_errors']);
    const hidden = spots(JSON.parse(`{"status":{"status":[${'{"__proto__":0},'.repeat(120)}0]}}`));
    expect([hidden.length, hidden[0], hidden[1], hidden.at(-1)]).toEqual([
      101,
      '/status invalid_value',
      '/status/status/0/__proto__ unknown_field',
      ' more_errors',
    ]);
    const parsed = parsePatch(members(500));
    expect('errors' in parsed && parsed.errors.at(-1)?.detail).toBe(
      'Only the first 100 complaints are listed.',
    );
  });

  test('inside of an unknown member nothing more is complained about', () => {
    expect(spots(JSON.parse('{"unknown":{"__proto__":{}}}'))).toEqual(['/unknown unknown_field']);
    expect(spots(JSON.parse('{"name":{"given":"A","__proto__":{}}}'))).toEqual([
      '/name/__proto__ unknown_field',
    ]);
    expect(spots(JSON.parse('{"status":"active","__proto__":null}'))).toEqual(['/__proto__ unknown_field']);
  });

  test('far too long text is refused without being composed', () => {
    const long = `${'n\u0303'.repeat(751)}`;
    expect(normalise({ role: long })).toEqual({ role: long });
    expect(normalise({ role: 'n\u0303'.repeat(750) })).toEqual({ role: 'ñ'.repeat(750) });
    expect(spots({ address: { text: 'n\u0303'.repeat(500) } })).toEqual([]);
  });
});

describe('blocks that cannot be compared are not', () => {
  test.each<[string, unknown[], string[]]>([
    ['null', [null], ['/availableTime/0 wrong_type']],
    ['null beside a block', [block(), null], ['/availableTime/1 wrong_type']],
    [
      'days that are no list',
      [block(), block({ daysOfWeek: 'mon' })],
      ['/availableTime/1/daysOfWeek wrong_type'],
    ],
    [
      'a start that is none',
      [block(), block({ availableStartTime: '99' })],
      ['/availableTime/1/availableStartTime invalid_format'],
    ],
    [
      'an end that is none',
      [block(), block({ availableEndTime: '99' })],
      ['/availableTime/1/availableEndTime invalid_format'],
    ],
    [
      'an end that is a number',
      [block(), block({ availableEndTime: 9 })],
      ['/availableTime/1/availableEndTime wrong_type'],
    ],
    [
      'a place that is wrong, though they overlap',
      [block(), block({ locationId: '' })],
      ['/availableTime/1/locationId too_short', '/availableTime/1 overlap'],
    ],
  ])('%s', (_name, availableTime, expected) => {
    expect(spots({ availableTime })).toEqual(expected);
  });

  test.each<[string, object, object, boolean]>([
    [
      'periods that touch in one day',
      { period: { end: '2024-01-31' } },
      { period: { start: '2024-01-31' } },
      true,
    ],
    [
      'periods one after the other',
      { period: { end: '2024-01-31' } },
      { period: { start: '2024-02-01' } },
      false,
    ],
    [
      'periods the other way round',
      { period: { start: '2024-02-01' } },
      { period: { end: '2024-01-31' } },
      false,
    ],
    ['one period and none', { period: { start: '2024-02-01' } }, {}, true],
    ['another day', { daysOfWeek: ['tue'] }, {}, false],
    ['a day in common', { daysOfWeek: ['tue', 'mon'] }, {}, true],
    ['an end at the start', { availableEndTime: '08:30:00' }, { availableStartTime: '08:30:00' }, false],
    ['an end a second later', { availableEndTime: '08:30:01' }, { availableStartTime: '08:30:00' }, true],
  ])('%s: %#', (_name, one, other, overlaps) => {
    expect(spots({ availableTime: [block(one), block(other)] })).toEqual(
      overlaps ? ['/availableTime/1 overlap'] : [],
    );
  });
});

test('blocks are ordered by day, start, end, place and period', () => {
  const ordered = [
    block({ daysOfWeek: ['mon', 'tue'] }),
    block({ daysOfWeek: ['mon', 'wed'], availableStartTime: '07:00:00' }),
    block({ daysOfWeek: ['tue'], availableStartTime: '07:00:00', availableEndTime: '07:30:00' }),
    block({ daysOfWeek: ['tue'], availableStartTime: '07:00:00' }),
    block({ daysOfWeek: ['tue'] }),
    block({ daysOfWeek: ['tue'], locationId: 'a' }),
    block({ daysOfWeek: ['tue'], locationId: 'a', period: { start: '2024-01-01' } }),
    block({ daysOfWeek: ['tue'], locationId: 'b' }),
  ];
  expect(sortBlocks([...ordered].reverse())).toEqual(ordered);
  expect(sortBlocks(ordered)).toEqual(ordered);
  const twins = [
    block({ recurrence: { interval: 1, unit: 'day' } }),
    block({ recurrence: { interval: 2, unit: 'day' } }),
  ];
  expect(sortBlocks(twins)).toEqual(twins);
});

describe('a receipt row is as certain as the least certain of what was sent', () => {
  test.each<[readonly ('unchanged' | 'verified' | 'accepted' | 'dropped')[], string]>([
    [['unchanged'], 'unchanged'],
    [['unchanged', 'verified'], 'verified'],
    [['verified', 'accepted'], 'accepted'],
    [['accepted', 'unchanged', 'verified'], 'accepted'],
    [['dropped', 'verified'], 'verified'],
    [['unchanged', 'dropped'], 'unchanged'],
    [['dropped', 'dropped'], 'dropped'],
  ])('%j: %s', (outcomes, outcome) => {
    const fields = outcomes.map((one, index) => ({ field: `name.${index}`, outcome: one }));
    expect(receiptRow('name', fields)).toEqual({ pointer: '/name', outcome });
  });

  test('with all reasons, each once, in the order of the fields; and never of nothing', () => {
    const row = receiptRow('name', [
      { field: 'name.given', outcome: 'dropped', detail: 'B.' },
      { field: 'name.family', outcome: 'accepted', detail: 'A.' },
      { field: 'name.x', outcome: 'verified', detail: 'B.' },
    ]);
    expect(row).toEqual({ pointer: '/name', outcome: 'accepted', detail: 'B. A.' });
    expect(() => receiptRow('name', [])).toThrow(new RangeError('a receipt row needs at least one outcome'));
  });
});
