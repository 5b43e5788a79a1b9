/**
 * Over all vendors and any stored record, readable, unreadable or odd: what is shown, sent back, changes nothing or is refused
 * with a pointer; and an update of one field leaves all others as they are stored.
 */
import fc from 'fast-check';
import { isObject } from '../../src/lib/json';
import {
  block,
  complaints,
  form,
  ifMatch,
  openTruth,
  type Truth,
  type TruthVendor,
  warnings,
} from '../support/truth';

type Members = Record<string, unknown>;

let truth: Truth;
beforeAll(async () => {
  truth = await openTruth();
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

const RUNS = { numRuns: 60 } as const;

const odd = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    ' \n',
    'Ana',
    ' Ana ',
    'Pe\u0301rez',
    'Ana  María',
    '\u200bAna',
    'A\u200bna',
    'a\u0007b',
  ),
  fc.constantFrom(
    '\u2126',
    '𝒜',
    'علی\u200cرضا',
    'a\nb',
    'x'.repeat(300),
    '\ud800',
    null,
    7,
    true,
    '2024-01-01',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
/** One to three of these members; the rest is as the sandbox has it. */
function some(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Members> {
  return fc
    .subarray(Object.keys(members), { minLength: 1, maxLength: Math.min(3, Object.keys(members).length) })
    .chain((names) =>
      fc.record(Object.fromEntries(names.flatMap((name) => (members[name] ? [[name, members[name]]] : [])))),
    );
}

const mostly = <V>(...values: V[]) => fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, odd);
const day = fc.constantFrom('2024-01-01', '2025-06-30', '0000-01-01', '1849-12-31', '2024-02-30');
const instant = fc
  .tuple(day, fc.constantFrom('T00:00:00.000Z', 'T03:00:00.000Z', 'T23:59:59.999Z'))
  .map((parts) => parts.join(''));

const professional: fc.Arbitrary<Members> = some({
  name: odd,
  surname: odd,
  dni: fc.oneof(
    fc.nat(),
    fc.constantFrom<number | string | null>(
      345678,
      7,
      0,
      -5,
      1.5,
      2 ** 53,
      2 ** 60,
      '12.345.678',
      'AB',
      'M 1234567',
      null,
    ),
    fc.constantFrom('9007199254740993', '1234567e2', ' 1234567', '1234567\n', ''),
  ),
  birthdate: fc.oneof(instant, fc.constantFrom(null, 'soon', '1985-03-15T03:00:00.000Z')),
  gender: mostly('Masculino', 'FEMENINO', ' otro ', 'Mujer trans'),
  address: odd,
  phone: mostly('+54 11 4567-8901', '0221  4567890', '(011) 4567-8901', '          ', '12'),
  email: mostly('a@example.test', 'A@Example.TEST ', 'nobody', 'a\u200b@example.test'),
  specialityID: fc.constantFrom<number | string | null>(1, 2, 3, 9, '', null, 2 ** 53, '9007199254740993'),
  state: mostly('Activo/a', 'activo/a', 'Licencia', 'Jubilado'),
});

const bound = fc.oneof(day, instant, fc.constantFrom('soon', '', ' ', '2024-01-01T08:00:00-03:00', null));
const period = fc.oneof(
  fc.record({ start: bound, end: bound }, { requiredKeys: [] }),
  fc.constantFrom(null, '2024', []),
);
const specialty = fc.record(
  {
    code: mostly('1', '394579002'),
    display: odd,
    system: fc.constantFrom('http://snomed.info/sct', 'urn:x'),
  },
  { requiredKeys: [] },
);
const role: fc.Arbitrary<Members> = some({
  role: odd,
  status: mostly('active', 'inactive', 'suspended', 'Active'),
  specialties: fc.array(specialty, { maxLength: 2 }),
  period,
  organizationId: mostly('org_north1', 'org  1'),
  locationId: odd,
});

/** One of `good`, and now and then one of `bad`. */
const rarely = <V>(good: readonly V[], ...bad: V[]) =>
  fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...good) }, fc.constantFrom(...bad));

const plainBlock = fc.record(
  {
    daysOfWeek: rarely([['mon'], ['wed', 'tue'], ['fri', 'thu']], ['Monday']),
    availableStartTime: rarely(['08:00', '08:00:00', 'T08:00', '07:30'], '8:00'),
    availableEndTime: rarely(['12:00', '12:00:00', '13:00'], '07:00'),
    allDay: fc.boolean(),
  },
  { requiredKeys: ['daysOfWeek', 'availableStartTime', 'availableEndTime'] },
);
const liveHours = fc.uniqueArray(plainBlock, { maxLength: 3, selector: ({ daysOfWeek }) => daysOfWeek[0] });
const liveRole: fc.Arbitrary<Members> = some({
  role: odd,
  phone: mostly('+1 555 0100', ' 555  0100', '(555) 0100 x2'),
  email: mostly('a@example.test', ' a@example.test'),
  specialties: fc.array(specialty, { maxLength: 2 }),
  period,
  availableTime: fc.oneof({ weight: 5, arbitrary: liveHours }, fc.constantFrom('x', null)),
});

const shiftBound = rarely(
  ['2026-01-01T00:00:00', '2026-06-30T23:59:59', '2026-01-01T06:00:00'],
  ...['2026-02-30T00:00:00', '2025-01-01T06:00:00', 'x'],
);
const stored = fc.record(
  {
    start: rarely(['T08:00:00', 'T09:30:00'], 'T19:00:00'),
    end: rarely(['T12:00:00', 'T20:00:00'], 'T07:00:00', 'T24:00:00'),
    facility_id: rarely(
      [
        '095f8067-d3fc-4e13-b771-32f87cd0c3f2',
        '095F8067D3FC4E13B77132F87CD0C3F2',
        '1a2b3c4d5e6f47a8b9c0d1e2f3a4b5c6',
      ],
      ...['2452', 'odd id'],
    ),
    set_start_date: shiftBound,
    set_end_date: shiftBound,
    set_recur: fc.record(
      {
        rec_start_date: shiftBound,
        recur_interval_type: rarely(['days', 'DAYS', 'weeks'], 'months'),
        recur_interval_amount: rarely([1, 2, 14], 0),
        recur_interval_description: fc.oneof(
          { weight: 5, arbitrary: fc.constantFrom('Every Monday.', 'Di\u0301a ', ' ', '') },
          odd,
        ),
      },
      { requiredKeys: ['recur_interval_type', 'recur_interval_amount'] },
    ),
  },
  { requiredKeys: ['start', 'end'] },
);
const providerHours = fc.uniqueArray(
  fc.record({
    day: rarely(['Monday', 'Tuesday', 'Friday'], 'monday', 'Lunes'),
    shifts: fc.array(stored, { maxLength: 2 }),
  }),
  { maxLength: 3, selector: (entry) => entry.day },
);
const provider: fc.Arbitrary<Members> = some({
  status: mostly('active', 'Inactive', 'retired'),
  hours: providerHours,
});

const RECORDS = { vitalis: professional, clinikapi: role, live: liveRole, cobalt: provider } as const;
const NAMES = ['vitalis', 'clinikapi', 'live', 'cobalt'] as const;

/** Nothing was written, and each complaint names a place. */
function expectRefused(reply: Awaited<ReturnType<TruthVendor['patch']>>): void {
  expect(reply.status).toBe(422);
  expect(complaints(reply).length).toBeGreaterThan(0);
  for (const complaint of complaints(reply)) expect(complaint).toMatch(/^\/[a-zA-Z]/);
}

test.each(NAMES)('%s: what is shown, sent back, changes nothing', async (name) => {
  const vendor = truth.vendors[name];
  let unchanged = 0;
  await fc.assert(
    fc.asyncProperty(RECORDS[name], async (members) => {
      truth.reset();
      vendor.store(members);
      const before = vendor.stored();
      const read = await vendor.get();
      expect(read.status).toBe(200);
      const shown = form(read);
      if (Object.keys(shown).length === 0) return;
      const reply = await vendor.patch(shown, ifMatch(read));
      if (reply.status === 200) unchanged += 1;
      else expectRefused(reply);
      expect(vendor.stored()).toEqual(before);
    }),
    RUNS,
  );
  expect(unchanged).toBeGreaterThan(RUNS.numRuns / 10);
});

interface Update {
  body: Members;
  /** The stored record then, given what it was before. */
  after(before: Members): Members;
}

const set = (body: Members, key: string, value: unknown): Update => ({
  body,
  after: (before) => ({ ...before, [key]: value }),
});

const UPDATES: Readonly<Record<keyof typeof RECORDS, readonly Update[]>> = {
  vitalis: [
    set({ phone: '0221-4567890' }, 'phone', '0221-4567890'),
    set({ email: 'new@example.test' }, 'email', 'new@example.test'),
    set({ name: { given: 'Nueva' } }, 'name', 'Nueva'),
    set({ birthDate: '1990-05-06' }, 'birthdate', '1990-05-06T00:00:00.000Z'),
    set({ nationalId: '31222333' }, 'dni', 31222333),
    set({ specialty: { code: '419192003' } }, 'specialityID', 3),
    set({ status: 'inactive' }, 'state', 'Inactivo/a'),
  ],
  clinikapi: [
    set({ role: 'new role' }, 'role', 'new role'),
    {
      body: { period: { end: '2999-01-01' } },
      after: (before) => ({ ...before, period: { ...present(before.period), end: '2999-01-01' } }),
    },
    {
      body: { specialty: { display: 'New' } },
      after: (before) => {
        const [first] = Array.isArray(before.specialties) ? before.specialties : [];
        return { ...before, specialties: [{ ...present(first), display: 'New' }] };
      },
    },
  ],
  live: [
    set({ email: 'new@example.test' }, 'email', 'new@example.test'),
    set({ status: 'inactive' }, 'status', 'inactive'),
  ],
  cobalt: [set({ status: 'inactive' }, 'status', 'inactive')],
};

/** Without members that are empty. */
function present(value: unknown): Members {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null && item !== ''))
    : {};
}

test.each(NAMES)('%s: an update of one field leaves all others as they are stored', async (name) => {
  const vendor = truth.vendors[name];
  let updated = 0;
  await fc.assert(
    fc.asyncProperty(RECORDS[name], fc.constantFrom(...UPDATES[name]), async (members, { body, after }) => {
      truth.reset();
      vendor.store(members);
      const before = vendor.stored();
      const reply = await vendor.patch(body);
      if (reply.status !== 200) {
        expectRefused(reply);
        expect(vendor.stored()).toEqual(before);
        return;
      }
      updated += 1;
      expect(vendor.stored()).toEqual(after(before));
    }),
    RUNS,
  );
  expect(updated).toBeGreaterThan(RUNS.numRuns / 20);
});

const SUNDAY = block(['sun'], '05:00:00', '05:30:00');

test.each<['live' | 'cobalt', string, fc.Arbitrary<unknown>]>([
  ['live', 'availableTime', liveHours],
  ['cobalt', 'hours', providerHours],
])('%s: a new block of hours leaves all others as they are stored', async (name, key, arbitrary) => {
  const vendor = truth.vendors[name];
  let updated = 0;
  await fc.assert(
    fc.asyncProperty(arbitrary, async (hours) => {
      truth.reset();
      vendor.store({ [key]: hours });
      const before = vendor.stored();
      const read = await vendor.get();
      const { availableTime } = read.body.data;
      if (!Array.isArray(availableTime)) return;
      const reply = await vendor.patch({ availableTime: [...availableTime, SUNDAY] });
      if (reply.status !== 200) {
        expectRefused(reply);
        expect(vendor.stored()).toEqual(before);
        return;
      }
      updated += 1;
      expect(parts(vendor.stored()[key])).toEqual(expect.arrayContaining(parts(before[key])));
      expect(parts(vendor.stored()[key])).toHaveLength(parts(before[key]).length + 1);
      expect(warnings(reply).filter((warning) => warning.endsWith('unreadable'))).not.toContain(
        '/availableTime unreadable',
      );
    }),
    RUNS,
  );
  expect(updated).toBeGreaterThan(0);
});

/** Each block or shift as it is stored, with its day; no PATCH takes the `null` of a member that has no value. */
function parts(hours: unknown): string[] {
  return (Array.isArray(hours) ? hours : []).flatMap((entry) =>
    Array.isArray(entry.shifts)
      ? entry.shifts.map((item: unknown) => spelled([entry.day, item]))
      : [spelled(entry)],
  );
}

function spelled(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    isObject(item)
      ? Object.fromEntries(
          Object.entries(item)
            .filter(([, inner]) => inner !== null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : item,
  );
}
