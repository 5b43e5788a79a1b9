/** What an update leaves alone stays as it is stored, to the character; at Vitalis as its backend stores it. */
import {
  block,
  complaints,
  day,
  form,
  ifMatch,
  openTruth,
  receipt,
  shift,
  type Truth,
  type VendorName,
  warnings,
} from '../support/truth';

let truth: Truth;
beforeAll(async () => {
  truth = await openTruth();
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

const SECOND = '1a2b3c4d-5e6f-47a8-b9c0-d1e2f3a4b5c6';
const MONDAY = block(['mon'], '08:00:00', '12:00:00', { locationId: 'centro' });
const TUESDAY = block(['tue'], '09:00:00', '13:00:00', { locationId: 'centro' });
const added = day('Tuesday', shift('T09:00:00', 'T13:00:00'));

/** Monday as it is stored, and as a block of the week that is sent with a new Tuesday. */
function week(
  stored: Record<string, unknown>,
  shown: Record<string, unknown>,
  sent: Record<string, unknown> = stored,
): [VendorName, object, object, object] {
  return [
    'cobalt',
    { hours: [day('Monday', stored)] },
    { availableTime: [{ ...MONDAY, ...shown }, TUESDAY] },
    { hours: [day('Monday', sent), added] },
  ];
}

const morning = (extra: object) => shift('T08:00:00', 'T12:00:00', extra);
const rule = { recur_interval_type: 'days', recur_interval_amount: 14 };

/** What is stored, the update, and what is stored then beside everything else as it was. */
const ROWS: readonly [string, VendorName, object, object, object][] = [
  [
    'an instant in the night',
    'vitalis',
    { birthdate: '1985-03-15T03:00:00.000Z' },
    { phone: '0221-4567890' },
    { phone: '0221-4567890' },
  ],
  [
    'the last instant of a day',
    'vitalis',
    { birthdate: '1985-03-15T23:59:59.999Z' },
    { email: 'n@example.test' },
    { email: 'n@example.test' },
  ],
  [
    'an instant at noon, its own day sent',
    'vitalis',
    { birthdate: '1985-03-15T12:00:00.000Z' },
    { birthDate: '1985-03-15', phone: '0221-4567890' },
    { phone: '0221-4567890' },
  ],
  [
    'an early instant',
    'vitalis',
    { birthdate: '1851-01-01T00:00:01.000Z' },
    { gender: 'other' },
    { gender: 'Otro' },
  ],
  [
    'another word for a state',
    'vitalis',
    { state: 'activo/a' },
    { phone: '0221-4567890' },
    { phone: '0221-4567890' },
  ],
  [
    'a gender in capitals',
    'vitalis',
    { gender: 'MASCULINO' },
    { gender: 'male', phone: '0221-4567890' },
    { phone: '0221-4567890' },
  ],
  ['a name with spaces', 'vitalis', { name: '  Ana ' }, { name: { family: 'Soto' } }, { surname: 'Soto' }],
  ['a name in NFD', 'vitalis', { surname: 'Pe\u0301rez' }, { name: { given: 'Ana' } }, { name: 'Ana' }],
  ['a blank address', 'vitalis', { address: '   ' }, { name: { given: 'Ana' } }, { name: 'Ana' }],
  ['a phone of blanks', 'vitalis', { phone: '          ' }, { name: { given: 'Ana' } }, { name: 'Ana' }],
  [
    'an id with dots',
    'vitalis',
    { dni: '12.345.678' },
    { nationalId: '12345678', name: { given: 'Ana' } },
    { name: 'Ana' },
  ],
  ['an id with letters', 'vitalis', { dni: 'M 1234567' }, { name: { given: 'Ana' } }, { name: 'Ana' }],
  ['an id that has lost its zero', 'vitalis', { dni: 345678 }, { name: { given: 'Ana' } }, { name: 'Ana' }],
  [
    'an id that has lost six',
    'vitalis',
    { dni: 7 },
    { nationalId: '0000007', phone: '0221-4567890' },
    { phone: '0221-4567890' },
  ],
  [
    'a start with a time',
    'clinikapi',
    { period: { start: '2024-01-01T08:00:00Z' } },
    { period: { end: '2025-12-31' } },
    { period: { start: '2024-01-01T08:00:00Z', end: '2025-12-31' } },
  ],
  [
    'a start with an offset',
    'clinikapi',
    { period: { start: '2024-01-01T00:00:00-03:00', end: '2025-01-01' } },
    { period: { end: '2025-12-31' } },
    { period: { start: '2024-01-01T00:00:00-03:00', end: '2025-12-31' } },
  ],
  [
    'an end with a time',
    'clinikapi',
    { period: { start: '2024-01-01', end: '2025-12-31T23:59:59Z' } },
    { period: { start: '2024-02-01' } },
    { period: { start: '2024-02-01', end: '2025-12-31T23:59:59Z' } },
  ],
  [
    'a start beside an end that is cleared',
    'clinikapi',
    { period: { start: '2024-01-01T08:30:00Z', end: '2025-01-01' } },
    { period: { end: null } },
    { period: { start: '2024-01-01T08:30:00Z' } },
  ],
  [
    'a start beside an empty end',
    'clinikapi',
    { period: { start: '2024-01-01T08:30:00Z', end: null } },
    { period: { end: '2025-01-01' } },
    { period: { start: '2024-01-01T08:30:00Z', end: '2025-01-01' } },
  ],
  [
    'a code beside its display',
    'clinikapi',
    { specialties: [{ code: '1', display: 'x', system: 'http://snomed.info/sct' }] },
    { specialty: { display: 'y' } },
    { specialties: [{ code: '1', display: 'y', system: 'http://snomed.info/sct' }] },
  ],
  [
    'a display beside its code',
    'clinikapi',
    { specialties: [{ code: '1', display: 'Cardiologi\u0301a ' }] },
    { specialty: { code: '1' }, role: 'nurse' },
    { role: 'nurse' },
  ],
  [
    'a bound of the live dialect',
    'live',
    { period: { start: '2023-05-01T07:00:00Z' } },
    { period: { end: '2026-01-01' } },
    { period: { start: '2023-05-01T07:00:00Z', end: '2026-01-01' } },
  ],
  [
    'live hours as they are spelled',
    'live',
    { availableTime: [block(['wed', 'mon'], '08:00', '12:00', { allDay: false })] },
    { availableTime: [block(['mon', 'wed'], '08:00', '12:00'), block(['fri'], '08:00', '12:00')] },
    {
      availableTime: [
        block(['wed', 'mon'], '08:00', '12:00', { allDay: false }),
        block(['fri'], '08:00:00', '12:00:00'),
      ],
    },
  ],
  [
    'a status in capitals',
    'cobalt',
    { status: 'ACTIVE' },
    { status: 'active', availableTime: [TUESDAY] },
    { status: 'active', hours: [added] },
  ],
  [
    'an end with a time',
    ...week(morning({ set_end_date: '2026-11-13T23:59:59' }), { period: { end: '2026-11-13' } }),
  ],
  [
    'a start with a time',
    ...week(morning({ set_start_date: '2025-11-13T06:30:00' }), { period: { start: '2025-11-13' } }),
  ],
  [
    'both bounds with a time',
    ...week(morning({ set_start_date: '2025-11-13T06:30:00', set_end_date: '2026-01-01T12:00:00' }), {
      period: { start: '2025-11-13', end: '2026-01-01' },
    }),
  ],
  ['a facility without hyphens', ...week(morning({ facility_id: '095f8067d3fc4e13b77132f87cd0c3f2' }), {})],
  ['a facility in capitals', ...week(morning({ facility_id: '095F8067-D3FC-4E13-B771-32F87CD0C3F2' }), {})],
  ['a facility without a code', ...week(morning({ facility_id: SECOND }), { locationId: SECOND })],
  [
    'a recurrence with times',
    ...week(morning({ set_recur: { ...rule, rec_start_date: '2025-11-13T05:00:00' } }), {
      recurrence: { interval: 14, unit: 'day', start: '2025-11-13' },
    }),
  ],
  [
    'a unit in capitals',
    ...week(morning({ set_recur: { ...rule, recur_interval_type: 'DAYS' } }), {
      recurrence: { interval: 14, unit: 'day' },
    }),
  ],
  [
    'a description in NFD',
    ...week(morning({ set_recur: { ...rule, recur_interval_description: 'Di\u0301a por medio ' } }), {
      recurrence: { interval: 14, unit: 'day', description: 'Día por medio' },
    }),
  ],
  [
    'times that PATCH does not take',
    ...week({ ...shift('08:00', '12:00'), set_end_date: null }, {}, shift('T08:00:00', 'T12:00:00')),
  ],
];

test.each(ROWS)('%s, %s: stored %j, sent %j', async (_name, vendorName, stored, update, changed) => {
  const vendor = truth.vendors[vendorName];
  vendor.store({ ...stored });
  const before = vendor.stored();
  const reply = await vendor.patch(update);
  expect([reply.status, complaints(reply)]).toEqual([200, []]);
  expect(vendor.sent()).toHaveLength(1);
  expect(vendor.stored()).toEqual({ ...before, ...changed });
});

test.each<[VendorName, object]>([
  [
    'cobalt',
    { hours: [day('Monday', morning({ set_recur: { ...rule, rec_end_date: '2026-01-01T00:00:00' } }))] },
  ],
  [
    'cobalt',
    { hours: [day('Tuesday', shift('T09:00:00', 'T13:00:00')), day('Monday', morning({ set_recur: rule }))] },
  ],
  ['cobalt', { status: 'Active' }],
  ['vitalis', { dni: 345678, birthdate: '1985-03-15T03:00:00.000Z', gender: 'masculino' }],
  ['vitalis', { name: 'Mari\u0301a  José ', address: ' Calle 1\r\n' }],
  ['vitalis', { phone: '0221  4567890', email: 'A@Example.TEST' }],
  ['clinikapi', { role: ' doctor ', period: { start: '2024-01-01T08:00:00Z', end: '2024-06-01T00:00:00Z' } }],
  ['clinikapi', { specialties: [{ code: '394579002 ', display: 'Cardiologi\u0301a' }] }],
  ['clinikapi', { organizationId: 'org  1', locationId: ' loc' }],
  ['live', { phone: ' +1  555 0100', email: 'x@example.test ' }],
])('%s: %j, sent back as it is shown, is no change', async (name, stored) => {
  const vendor = truth.vendors[name];
  vendor.store({ ...stored });
  const before = vendor.stored();
  const read = await vendor.get();
  const reply = await vendor.patch(form(read), ifMatch(read));
  expect([reply.status, complaints(reply), vendor.sent()]).toEqual([200, [], []]);
  expect(receipt(reply).every((row) => row.endsWith(' unchanged'))).toBe(true);
  expect(vendor.stored()).toEqual(before);
});

test.each<[string, object, string]>([
  ['an id beyond 2^53', { dni: 2 ** 53 }, '/nationalId'],
  ['a far longer one', { dni: 2 ** 70 }, '/nationalId'],
  ['one that came as text', { dni: '9007199254740993' }, '/nationalId'],
  ['one with spaces around it', { dni: ' 9007199254740993 ' }, '/nationalId'],
  ['a negative one', { dni: -12345678 }, '/nationalId'],
  ['a broken one', { dni: 1234567.5 }, '/nationalId'],
  ['an exponent', { dni: '1234567e2' }, '/nationalId'],
  ['a speciality beyond 2^53', { specialityID: 2 ** 53 }, '/specialty'],
  ['one that came as text', { specialityID: '9007199254740993' }, '/specialty'],
  ['a negative speciality', { specialityID: -1 }, '/specialty'],
])('vitalis: %s is not sent back as another number: %j', async (_name, stored, pointer) => {
  const { vitalis } = truth.vendors;
  vitalis.store({ ...stored });
  const before = vitalis.stored();
  const shown = warnings(await vitalis.get());
  expect(shown).toContain(`${pointer} stored_value_invalid`);
  const reply = await vitalis.patch({ phone: '0221-4567890' });
  expect([reply.status, reply.body.code, complaints(reply)]).toEqual([
    422,
    'stored_value_invalid',
    [`${pointer} stored_value_invalid`],
  ]);
  expect([vitalis.sent(), vitalis.stored()]).toEqual([[], before]);
});

test.each<[object, readonly string[]]>([
  [{ phone: '(011) 4567-8901' }, ['/phone stored_value_invalid']],
  [{ email: 'nobody' }, ['/email stored_value_invalid']],
  [{ address: '' }, ['/address/text stored_value_invalid']],
  [{ birthdate: null }, ['/birthDate stored_value_invalid']],
  [{ dni: 'AB1' }, ['/nationalId stored_value_invalid']],
  [{ specialityID: '' }, ['/specialty stored_value_invalid']],
  [{ name: '', surname: '' }, ['/name/given stored_value_invalid', '/name/family stored_value_invalid']],
  [{ state: '' }, ['/status stored_value_invalid']],
  [{ gender: '' }, ['/gender stored_value_invalid']],
  [{ phone: '1'.repeat(21) }, ['/phone stored_value_invalid']],
  [{ dni: 345678 }, []],
])('vitalis: a read tells that %j blocks every update', async (stored, expected) => {
  const { vitalis } = truth.vendors;
  vitalis.store({ ...stored });
  expect(warnings(await vitalis.get())).toEqual(expected);
});
