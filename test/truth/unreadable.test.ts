/** `null` never stands for two things: what is stored and cannot be read is not shown, not wiped by a form, not lost unsaid. */
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
  truth = await openTruth((config) => {
    config.vendors['vitalis-centro'].codes.specialty = { '394579002': 1, '394537008': 2 };
  });
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

/** For each field a valid value. */
const NEW: Readonly<Record<string, unknown>> = {
  '/status': 'inactive',
  '/name/given': 'Ana',
  '/name/family': 'Soto',
  '/nationalId': '31222333',
  '/birthDate': '1990-05-06',
  '/gender': 'female',
  '/address/text': 'Calle 1',
  '/phone': '0221-4567890',
  '/email': 'ana@example.test',
  '/role': 'nurse',
  '/specialty': { code: '394537008', display: 'Pediatrics' },
  '/organizationId': 'org_south2',
  '/locationId': 'loc_annex2',
  '/period': { start: '2025-01-01', end: '2025-12-31' },
  '/availableTime': [block(['mon'], '08:00:00', '12:00:00')],
};

function bodyAt(pointer: string, value: unknown): Record<string, unknown> {
  const [, top = '', leaf] = pointer.split('/');
  return { [top]: leaf === undefined ? value : { [leaf]: value } };
}

/** Fields of which one is not the field in question. */
const OTHERS: Readonly<Record<VendorName, readonly string[]>> = {
  clinikapi: ['/locationId', '/role'],
  live: ['/email'],
  vitalis: ['/address/text', '/phone'],
  cobalt: ['/status', '/availableTime'],
};

const monday = (...shifts: unknown[]) => ({ hours: [day('Monday', ...shifts)] });
const recurring = (recurrence: object) => monday(shift('T08:00:00', 'T12:00:00', { set_recur: recurrence }));

const ROWS: readonly [VendorName, string, object][] = [
  ['cobalt', '/availableTime', monday(shift('T19:00:00', 'T07:00:00'))],
  ['cobalt', '/availableTime', monday(shift('T08:00:00', 'T24:00:00'))],
  ['cobalt', '/availableTime', { hours: [day('monday', shift('T08:00:00', 'T12:00:00'))] }],
  ['cobalt', '/availableTime', recurring({ recur_interval_type: 'months', recur_interval_amount: 1 })],
  ['cobalt', '/availableTime', recurring({ recur_interval_type: 'days', recur_interval_amount: 0 })],
  ['cobalt', '/availableTime', recurring({ recur_interval_type: 'days', recur_interval_amount: 1.5 })],
  ['cobalt', '/availableTime', recurring({ recur_interval_description: 'Every other Monday.' })],
  ['cobalt', '/availableTime', { hours: [day('Lunes', shift('T08:00:00', 'T12:00:00'))] }],
  ['cobalt', '/availableTime', monday(shift('T8', 'T12:00:00'))],
  ['cobalt', '/availableTime', monday(shift('T08:00:00', 'T08:00:00'))],
  ['cobalt', '/availableTime', monday({ start: 'T08:00:00' })],
  ['cobalt', '/availableTime', monday(shift('T08:00:00', 'T12:00:00', { set_start_date: '31/12/2025' }))],
  [
    'cobalt',
    '/availableTime',
    monday(shift('T08:00:00', 'T12:00:00', { set_end_date: '2025-02-30T00:00:00' })),
  ],
  ['cobalt', '/availableTime', monday(shift('T08:00:00', 'T12:00:00', { set_end_date: '   ' }))],
  ['cobalt', '/status', { status: 'retired' }],
  ['cobalt', '/status', { status: ' ' }],
  ['vitalis', '/status', { state: 'Jubilado' }],
  ['vitalis', '/status', { state: '  ' }],
  ['vitalis', '/gender', { gender: 'Mujer trans' }],
  ['vitalis', '/gender', { gender: '\u00a0' }],
  ['vitalis', '/name/given', { name: '   ' }],
  ['vitalis', '/name/family', { surname: '\u200b' }],
  ['vitalis', '/address/text', { address: ' \n ' }],
  ['vitalis', '/nationalId', { dni: 'LE 4/123456' }],
  ['vitalis', '/specialty', { specialityID: 3 }],
  ['clinikapi', '/status', { status: 'suspended' }],
  ['clinikapi', '/role', { role: 7 }],
  ['clinikapi', '/role', { role: ' \t' }],
  ['clinikapi', '/specialty', { specialties: [{ display: 'Cardiology' }] }],
  ['clinikapi', '/specialty', { specialties: [{ code: ' ', display: 'Cardiology' }] }],
  ['clinikapi', '/specialty', { specialties: [[{ code: '1' }, { code: '2' }]] }],
  ['clinikapi', '/period', { period: { start: 'next spring' } }],
  ['clinikapi', '/period', { period: { start: '2024-01-01', end: '2024-13-01' } }],
  ['clinikapi', '/period', { period: '2024' }],
  ['clinikapi', '/organizationId', { organizationId: { reference: 'Organization/org_1' } }],
  ['clinikapi', '/locationId', { locationId: '\u2800' }],
  ['live', '/status', { status: 'suspended' }],
  ['live', '/phone', { phone: 5550100 }],
  ['live', '/phone', { phone: '  ' }],
  ['live', '/specialty', { specialties: [{ display: 'Cardiology' }] }],
  ['live', '/availableTime', { availableTime: [{ daysOfWeek: ['mon'], allDay: true }] }],
  ['live', '/availableTime', { availableTime: [block(['mon'], '22:00:00', '06:00:00')] }],
  ['live', '/availableTime', { availableTime: [block(['mon', 'holiday'], '08:00', '12:00')] }],
  ['live', '/availableTime', { availableTime: 'by appointment' }],
];

test.each(ROWS)('%s %s stored as %j', async (name, pointer, members) => {
  const vendor = truth.vendors[name];
  vendor.store({ ...members });
  const before = vendor.stored();
  const read = await vendor.get();
  expect(read.status).toBe(200);
  expect(at(read.body.data, pointer)).toBeUndefined();
  expect(warnings(read)).toContain(`${pointer} unreadable`);

  // A form sends its record back.
  const same = await vendor.patch(form(read), ifMatch(read));
  expect([same.status, vendor.sent(), vendor.stored()]).toEqual([200, [], before]);

  // null would delete what nobody has seen.
  const cleared = await vendor.patch(bodyAt(pointer, null));
  expect(cleared.status).toBe(422);
  expect(['stored_value_invalid', 'not_clearable']).toContain(cleared.body.code);
  expect(complaints(cleared)).toEqual([`${pointer} ${cleared.body.code}`]);
  expect(vendor.stored()).toEqual(before);

  // An update of another field leaves it alone.
  const other = OTHERS[name].find((candidate) => candidate !== pointer) ?? '';
  expect((await vendor.patch(bodyAt(other, NEW[other]))).status).toBe(200);
  expect(vendor.stored()).toMatchObject(members);

  // A new value replaces it, and says so.
  const again = await vendor.get();
  const replaced = await vendor.patch(bodyAt(pointer, NEW[pointer]), ifMatch(again));
  expect([replaced.status, receipt(replaced)]).toEqual([
    200,
    [expect.stringMatching(/ (verified|accepted)$/)],
  ]);
  expect(warnings(replaced)).toContain(`${pointer} lost_on_update`);
});

function at(record: Record<string, unknown>, pointer: string): unknown {
  const [, top = '', leaf] = pointer.split('/');
  const found = record[top];
  return leaf === undefined ? found : Object(found)[leaf];
}

test.each([
  ['Monday to the next morning', monday(shift('T19:00:00', 'T07:00:00'))],
  ['a day in lower case', { hours: [day('monday', shift('T08:00:00', 'T12:00:00'))] }],
])('the empty week is what empties hours that cannot be read: %s', async (_name, members) => {
  const { cobalt } = truth.vendors;
  cobalt.store(members);
  const emptied = await cobalt.patch({ availableTime: [] });
  expect([emptied.status, receipt(emptied), cobalt.sent()]).toEqual([
    200,
    ['/availableTime verified'],
    [{ hours: [] }],
  ]);
  expect(warnings(emptied)).toContain('/availableTime lost_on_update');
});
