/** The weekly hours at Vitalis: rows of days, and the requests that make them be a week. */
import { type FieldMapping, type MappedField, type Resource, UNREADABLE } from '../../src/adapter/contract';
import { withPart } from '../../src/adapter/resources';
import { vitalis } from '../support/adapterSetups';

const adapter = vitalis();
const [found] = adapter.also ?? [];
if (found === undefined) throw new Error('the hours are a resource');
const hours: Resource = found;

function mapping(): MappedField<unknown> {
  const field: FieldMapping<unknown> = adapter.fields.availableTime;
  if (!field.supported) throw new Error(field.reason);
  return field;
}

type Row = Record<string, unknown>;
const row = (dayOfWeek: unknown, startTime: unknown, endTime: unknown, more: Row = {}): Row => ({
  ...{ id: 1, dayOfWeek, startTime, endTime },
  ...more,
});
const block = (daysOfWeek: string[], start: string, end: string) => ({
  daysOfWeek,
  availableStartTime: `${start}:00`,
  availableEndTime: `${end}:00`,
});
const whole = (schedules: unknown) => withPart({ id: 1 }, 'schedules', { id: '1', schedules });
const read = (schedules: unknown) => mapping().decode(whole(schedules));
function encode(value: unknown, schedules?: unknown) {
  const refusals: string[] = [];
  const current = schedules === undefined ? undefined : whole(schedules);
  const wire = mapping().encode(value, (at, code) => refusals.push(`${at} ${code}`), current);
  return { wire, refusals };
}

test.each<[string, unknown, unknown]>([
  [
    'days by the numbers from Sunday',
    [row(0, '08:00', '09:00'), row(6, '10:00', '11:00')],
    [block(['sat'], '10:00', '11:00'), block(['sun'], '08:00', '09:00')],
  ],
  [
    'equal hours as one block',
    [row(1, '08:00', '09:00'), row(3, '8:00', '09:00:00')],
    [block(['mon', 'wed'], '08:00', '09:00')],
  ],
  ['nothing', [], null],
  ['a day that there is not', [row(7, '08:00', '09:00')], UNREADABLE],
  ['a day as text', [row('1', '08:00', '09:00')], UNREADABLE],
  ['one row of several that says nothing', [row(1, '08:00', '09:00'), row(2, 'x', '09:00')], UNREADABLE],
  ['a row that is none', ['text'], UNREADABLE],
])('%s', (_name, schedules, week) => {
  expect(read(schedules)).toEqual(week);
});

test('what is sent: a row a day, hours with two digits, seconds only if there are any', () => {
  const week = [
    block(['mon', 'sun'], '09:00', '10:30'),
    { daysOfWeek: ['sat'], availableStartTime: '00:00:01', availableEndTime: '23:59:59' },
  ];
  expect(encode(week)).toEqual({
    wire: [
      { dayOfWeek: 1, startTime: '09:00', endTime: '10:30' },
      { dayOfWeek: 0, startTime: '09:00', endTime: '10:30' },
      { dayOfWeek: 6, startTime: '00:00:01', endTime: '23:59:59' },
    ],
    refusals: [],
  });
});

test('what cannot be held', () => {
  const two = [block(['mon', 'tue'], '08:00', '09:00'), block(['wed', 'tue'], '10:00', '11:00')];
  expect(encode(two).refusals).toEqual(['/1 not_expressible']);
  const stored = [row(1, '08:00', '09:00'), row(5, '08:00', '09:00'), row('x', '08:00', '09:00')];
  expect(encode([block(['fri'], '08:00', '09:00')], stored).refusals).toEqual([' not_clearable']);
  expect(encode([block(['mon', 'fri'], '10:00', '11:00')], stored).refusals).toEqual([]);
  expect(encode([block(['mon'], '10:00', '11:00')], []).refusals).toEqual([]);
});

test.each<[unknown, boolean]>([
  [[row(3, '09:00', '10:00'), row(1, '9:00', '10:00:00')], true],
  [[row(1, '09:00', '10:00')], false],
  [[row(1, '09:00', '10:00'), row(3, '09:00', '10:01')], false],
  [[row(1, '09:00', '10:00'), row(3, '09:00', '10:00'), row(4, '09:00', '10:00')], false],
  [[row(1, '09:00', '10:00'), row(9, '09:00', '10:00')], false],
])('%j holds the week of Monday and Wednesday: %p', (schedules, holds) => {
  expect(mapping().holds?.(whole(schedules), [block(['mon', 'wed'], '09:00', '10:00')])).toBe(holds);
});

describe('the resource', () => {
  test('is read by the number of the professional; "not found" is an empty week', () => {
    expect(hours.read('7')).toEqual({ method: 'GET', path: '/work_schedules?professionalID=7' });
    expect([hours.absent, hours.answers, hours.writes]).toEqual([
      { schedules: [] },
      'acknowledgement',
      'merged',
    ]);
    expect(hours.idIn({ id: 7 })).toBe('7');
    expect([hours.idOf?.({ id: '7' }), hours.idOf?.({ id: 7 })]).toEqual(['7', undefined]);
  });

  test('its rows are those of the professional, and of each what the week is made of', () => {
    const rows = [
      row(1, '08:00', '09:00', { professionalID: 7, createdAt: 'x', Profesionale: {} }),
      row(2, '08:00', '09:00', { professionalID: '7' }),
      row(3, '08:00', '09:00', { professionalID: 70 }),
      'text',
    ];
    expect(hours.record({ schedules: rows }, '7')).toEqual({
      id: '7',
      schedules: [row(1, '08:00', '09:00'), row(2, '08:00', '09:00')],
    });
    expect(hours.record({ schedules: 'none' }, '7')).toBeUndefined();
    expect(hours.record({}, '7')).toBeUndefined();
  });

  test('the list is all rows, by whose they are', () => {
    expect(hours.list?.first).toEqual({ method: 'GET', path: '/work_schedules' });
    const rows = [
      row(1, '08:00', '09:00', { professionalID: 7 }),
      row(1, '08:00', '09:00', { professionalID: 8 }),
      null,
      row(2, '08:00', '09:00', { professionalID: 7 }),
    ];
    expect(hours.list?.rows({ schedules: rows })).toEqual([
      { id: '7', schedules: [row(1, '08:00', '09:00'), row(2, '08:00', '09:00')] },
      { id: '8', schedules: [row(1, '08:00', '09:00')] },
    ]);
    expect(hours.list?.rows({ msg: 'x' })).toBeUndefined();
  });

  test('a request for each day that is new or has other times, and for no other', () => {
    const day = (dayOfWeek: number, startTime: string, endTime: string) => ({
      dayOfWeek,
      startTime,
      endTime,
    });
    const wanted = [day(1, '08:00', '09:00'), day(2, '08:00', '10:00'), day(5, '08:00', '09:00')];
    const schedules = [
      row(1, '8:00', '09:00:00', { id: 11 }),
      row(2, '08:00', '09:00', { id: 12 }),
      row(4, '08:00', '09:00', { id: 14 }),
    ];
    expect(hours.write('7', { schedules: wanted }, { id: '7', schedules })).toEqual([
      { method: 'PATCH', path: '/work_schedules/12', body: wanted[1] },
      { method: 'POST', path: '/work_schedules', body: { professionalID: 7, ...wanted[2] } },
    ]);
    expect(hours.write('7', { schedules: wanted })).toHaveLength(3);
    expect(hours.write('7', { schedules: ['text'] })).toEqual([]);
    // Times that nobody can read are replaced.
    const unreadable = [row(1, 'x', 'y', { id: 'a/b' })];
    expect(hours.write('7', { schedules: [wanted[0]] }, { schedules: unreadable })).toEqual([
      { method: 'PATCH', path: '/work_schedules/a%2Fb', body: wanted[0] },
    ]);
  });
});
