/** Limits of an update that keep one caller from holding up the others, and the order of blocks. */

import { receiptRow } from '../../src/receipt';
import { isRealDate } from '../../src/staff/calendar';
import { type AvailableTime, DAYS } from '../../src/staff/fields';
import { normalise, sortBlocks } from '../../src/staff/normalise';
import { parsePatch } from '../../src/staff/patch';
import { patchSchema } from '../../src/staff/schema';

/** joi describes a schema without types. */
// biome-ignore lint/suspicious/noExplicitAny: so does joi itself
type Description = any;

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

describe('text that no receiver would keep as it is', () => {
  test.each([
    ['half of a pair', { role: 'a\ud800b' }, '/role invalid_format'],
    ['a control character', { role: 'a\u0007b' }, '/role invalid_format'],
    ['a line break within one line', { role: 'a\nb' }, '/role invalid_format'],
    ['half of a pair in several lines', { address: { text: 'a\ndb\udc00' } }, '/address/text invalid_format'],
    ['a bell in several lines', { address: { text: 'a\n\u0007' } }, '/address/text invalid_format'],
    ['half of a pair in an e-mail', { email: 'a\ud800@example.org' }, '/email invalid_format'],
    ['nothing that shows', { role: '\u2800\u200b' }, '/role too_short'],
  ])('%s', (_name, patch, spot) => {
    expect(spots(patch)).toEqual([spot]);
  });

  test.each([
    ['a pair', { role: 'a😀b' }],
    ['several lines', { address: { text: 'Calle 1\nPiso 2' } }],
    ['one letter among signs without a shape', { role: '\u2800a\u200b' }],
  ])('%s is kept', (_name, patch) => {
    expect(spots(patch)).toEqual([]);
  });
});

describe('dates', () => {
  test('are real where they are on the calendar, and only there', () => {
    const two = (part: number) => String(part).padStart(2, '0');
    const wrong: string[] = [];
    for (const year of [
      '0001',
      '0004',
      '1600',
      '1900',
      '1999',
      '2000',
      '2023',
      '2024',
      '2100',
      '2400',
      '9999',
    ]) {
      for (let month = 0; month <= 13; month += 1) {
        for (let day = 0; day <= 32; day += 1) {
          const date = `${year}-${two(month)}-${two(day)}`;
          const parsed = new Date(`${date}T00:00:00Z`);
          const isReal = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
          if (isRealDate(date) !== isReal) wrong.push(date);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(isRealDate('0000-01-01')).toBe(false);
  });

  const today = new Date().toISOString().slice(0, 10);
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  test.each([
    ['of the year 0000', '0000-01-01', ['/birthDate invalid_format']],
    ['of the year 0001', '0001-01-01', ['/birthDate out_of_range']],
    ['that ends in zeros', '1990-10-10', []],
    ['not of the calendar', '2023-02-29', ['/birthDate invalid_format']],
    ['of a birth yesterday', yesterday, []],
    ['of a birth today', today, ['/birthDate not_in_past']],
    ['with more before', 'x1990-01-01', ['/birthDate invalid_format']],
    ['with more behind', '1990-01-01x', ['/birthDate invalid_format']],
    ['later than any, and of no form', '9999-99-99x', ['/birthDate invalid_format']],
  ])('%s', (_name, birthDate, expected) => {
    expect(spots({ birthDate })).toEqual(expected);
  });

  test.each([
    [{ start: '2024-01-02', end: '2024-01-01' }, ['/period/end end_before_start']],
    [{ start: '2024-01-01', end: '2024-01-01' }, []],
    [{ start: '2024-01-01', end: '2024-01-02' }, []],
    [{ start: '2024-01-01' }, []],
    [{ end: '2024-01-01' }, []],
    [{ start: null, end: '2024-01-01' }, []],
    [{ start: '2024-01-01', end: null }, []],
  ])('a period %j', (period, expected) => {
    expect(spots({ period })).toEqual(expected);
  });
});

test.each([
  ['123456-ab', 1],
  ['+54 11 12', 0],
  ['+-+-+-+-+12', 1],
  ['+-+-+-+-+123', 0],
  ['+54 911 555', 0],
  ['12345-----6', 0],
])('the phone %s has enough digits, or it has not', (phone, complaints) => {
  expect(spots({ phone })).toHaveLength(complaints);
});

/** The pattern that the documentation shows for a field: of what a caller may send, before normalisation. */
function documented(...path: string[]): RegExp {
  const at = (description: Description, key: string): Description =>
    (key === '[]' ? description.items : description.keys)[key === '[]' ? 0 : key];
  const { metas } = path.reduce(at, patchSchema.describe());
  return new RegExp(metas.find((meta: { accepts?: string }) => meta.accepts).accepts);
}

describe('what the documented patterns take', () => {
  const weekAt = (availableStartTime: string) => ({
    availableTime: [block({ availableStartTime, availableEndTime: '23:59:59' })],
  });
  test.each([
    [
      'nationalId',
      documented('nationalId'),
      (nationalId: string) => ({ nationalId }),
      ['1234567', ' 12.345.678-Z ', '1.2-3 4.5-6 7', 'abcdefghijklmnopqrst'],
      ['123456', '1.2.3.4.5.6', 'abcdefghijklmnopqrstu', '1234567/', '/1234567', '.-. .-. .-.', '123_4567'],
    ],
    [
      'a time',
      documented('availableTime', '[]', 'availableStartTime'),
      weekAt,
      ['08:30', '8:30', 'T08:30:00', ' t23:59 ', '20:00:59', '19:09:09'],
      ['24:00', '8:60', '08:30:60', 'x08:30', '08:30x', '8', '08-30', '2a:00', '1:2', '08:3a', '08:30:0a'],
    ],
    [
      'text in one line',
      documented('role'),
      (role: string) => ({ role }),
      ['a', ' a ', '\na\n', 'a b c', 'ñandú'],
      ['a\u0007b', 'a\nb', '\u0001a', 'a\u007f'],
    ],
    [
      'text in several lines',
      documented('address', 'text'),
      (text: string) => ({ address: { text } }),
      ['a', ' a ', 'a\nb', 'a\tb', '\na'],
      ['a\u0007b', '\u0001a', 'a\u007f', 'a\u000bb'],
    ],
  ])('%s', (_name, pattern, patchOf, taken, refused) => {
    for (const text of taken)
      expect({ text, by: [pattern.test(text), spots(patchOf(text))] }).toEqual({ text, by: [true, []] });
    for (const text of refused) {
      const complaints = spots(patchOf(text)).length > 0;
      expect({ text, by: [pattern.test(text), complaints] }).toEqual({ text, by: [false, true] });
    }
  });
});
