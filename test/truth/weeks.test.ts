/** Two blocks of hours overlap if there is a date on which both hold. */
import { block, complaints, day, openTruth, shift, type Truth } from '../support/truth';

let truth: Truth;
beforeAll(async () => {
  truth = await openTruth();
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

/** Mondays at the same time, every `interval` days or weeks. 2026-01-05 was a Monday. */
const every = (interval: number, unit: 'day' | 'week', start?: string, end?: string, extra: object = {}) =>
  block(['mon'], '09:00', '13:00', {
    recurrence: { interval, unit, ...(start && { start }), ...(end && { end }) },
    ...extra,
  });
const plain = (extra: object = {}) => block(['mon'], '09:00', '13:00', extra);

test.each<[string, object[], boolean]>([
  [
    'every 14 days from the 5th and from the 12th',
    [every(14, 'day', '2026-01-05'), every(14, 'day', '2026-01-12')],
    true,
  ],
  ['the same in weeks', [every(2, 'week', '2026-01-05'), every(2, 'week', '2026-01-12')], true],
  ['one in days, one in weeks', [every(14, 'day', '2026-01-05'), every(2, 'week', '2026-01-12')], true],
  ['four that take turns', ['05', '12', '19', '26'].map((date) => every(4, 'week', `2026-01-${date}`)), true],
  [
    'counted from another day of the week',
    [every(14, 'day', '2026-01-05'), every(14, 'day', '2026-01-07')],
    true,
  ],
  [
    'every sixth week and every third',
    [every(6, 'week', '2026-01-05'), every(3, 'week', '2026-01-12')],
    true,
  ],
  [
    'one after the other',
    [every(1, 'week', '2026-01-05', '2026-01-26'), every(1, 'week', '2026-01-27')],
    true,
  ],
  [
    'one after the other, by period',
    [plain({ period: { end: '2026-01-31' } }), every(7, 'day', '2026-02-01')],
    true,
  ],
  [
    'one ends before they would meet',
    [every(2, 'week', '2026-01-05', '2026-02-01'), every(3, 'week', '2026-01-12')],
    true,
  ],
  ['a year between them', [every(1, 'day', '2024-01-01', '2024-12-31'), every(1, 'day', '2025-12-31')], true],
  [
    'on other days',
    [every(1, 'week', '2026-01-05'), { ...every(1, 'week', '2026-01-05'), daysOfWeek: ['tue'] }],
    true,
  ],
  [
    'one begins as the other ends',
    [every(1, 'week'), block(['mon'], '13:00', '14:00', { recurrence: { interval: 1, unit: 'week' } })],
    true,
  ],
  [
    'every 14 days from the 5th and from the 19th',
    [every(14, 'day', '2026-01-05'), every(14, 'day', '2026-01-19')],
    false,
  ],
  [
    'every second week and every third',
    [every(2, 'week', '2026-01-05'), every(3, 'week', '2026-01-12')],
    false,
  ],
  [
    'they meet on the last day of one',
    [every(2, 'week', '2026-01-05', '2026-02-02'), every(3, 'week', '2026-01-12')],
    false,
  ],
  [
    'every fifth day and every fourteenth',
    [every(5, 'day', '2026-01-05'), every(14, 'day', '2026-01-12')],
    false,
  ],
  ['every day and every 14 days', [every(1, 'day', '2026-01-01'), every(14, 'day', '2026-01-12')], false],
  ['every week and every 14 days', [plain(), every(14, 'day', '2026-01-12')], false],
  [
    'ranges with one Monday in common',
    [every(1, 'week', '2026-01-05', '2026-01-26'), every(1, 'week', '2026-01-26')],
    false,
  ],
  ['one does not say from when it counts', [every(2, 'week'), every(2, 'week', '2026-01-12')], false],
  ['both say nothing', [every(2, 'week'), every(3, 'week')], false],
  [
    'they meet only within the period of one',
    [
      every(2, 'week', '2026-01-05', undefined, { period: { start: '2026-01-10' } }),
      every(4, 'week', '2026-01-19'),
    ],
    false,
  ],
  ['far apart in their counting', [every(997, 'day', '1999-12-27'), every(991, 'day', '2001-01-01')], false],
])('%s: %j go together: %p', async (_name, blocks, together) => {
  const { cobalt } = truth.vendors;
  const reply = await cobalt.patch({ availableTime: blocks });
  const last = `/availableTime/${blocks.length - 1} overlap`;
  expect([reply.status, complaints(reply)]).toEqual(together ? [200, []] : [422, [last]]);
  expect(cobalt.sent()).toHaveLength(together ? 1 : 0);
});

test('the week of a doctor on alternate Mondays can be edited, and the Mondays stay as they are stored', async () => {
  const { cobalt } = truth.vendors;
  const alternate = (start: string) => ({
    set_recur: {
      rec_start_date: `2026-01-${start}T06:00:00`,
      recur_interval_type: 'days',
      recur_interval_amount: 14,
      recur_interval_description: 'Every other Monday.',
    },
  });
  const mondays = day(
    'Monday',
    shift('T09:00:00', 'T13:00:00', alternate('05')),
    shift('T09:00:00', 'T13:00:00', alternate('12')),
  );
  cobalt.store({ hours: [mondays] });
  const read = await cobalt.get();
  const added = block(['fri'], '08:00:00', '10:00:00', { locationId: 'centro' });
  const reply = await cobalt.patch({ availableTime: [...read.body.data.availableTime, added] });
  expect([reply.status, complaints(reply)]).toEqual([200, []]);
  expect(cobalt.stored().hours).toEqual([mondays, day('Friday', shift('T08:00:00', 'T10:00:00'))]);
});
