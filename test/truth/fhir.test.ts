/** What a vendor stores and FHIR has no form for is left out of the FHIR view, and named there. */
import { EXTENSIONS } from '../../src/http/fhir';
import { day, openTruth, shift, type Truth, type VendorName } from '../support/truth';

let truth: Truth;
beforeAll(async () => {
  truth = await openTruth();
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

const monday = (extra: object) => ({ hours: [day('Monday', shift('T08:00:00', 'T12:00:00', extra))] });
const rule = { recur_interval_type: 'days', recur_interval_amount: 7 };

test.each<[VendorName, object, readonly string[]]>([
  ['clinikapi', { period: { start: '2025-01-01', end: '2024-01-01' } }, ['/period']],
  ['clinikapi', { period: { start: '0000-01-01' } }, ['/period']],
  ['clinikapi', { period: { start: '2024-01-01', end: '0000-12-31' } }, ['/period']],
  ['live', { period: { start: '2025-01-02T00:00:00Z', end: '2025-01-01' } }, ['/period']],
  ['vitalis', { birthdate: '0000-03-15T00:00:00.000Z' }, ['/birthDate']],
  ['vitalis', { birthdate: '0000-02-29T12:00:00.000Z', state: 'Jubilado' }, ['/status', '/birthDate']],
  [
    'cobalt',
    monday({ set_start_date: '2026-02-01T00:00:00', set_end_date: '2026-01-01T00:00:00' }),
    ['/availableTime/0'],
  ],
  ['cobalt', monday({ set_end_date: '0000-01-01T00:00:00' }), ['/availableTime/0']],
  ['cobalt', monday({ set_recur: { ...rule, rec_start_date: '0000-01-03T00:00:00' } }), ['/availableTime/0']],
  [
    'cobalt',
    {
      hours: [
        day('Monday', shift('T08:00:00', 'T12:00:00')),
        day('Tuesday', shift('T08:00:00', 'T12:00:00', { set_end_date: '0000-01-01T00:00:00' })),
      ],
    },
    ['/availableTime/1'],
  ],
  ['clinikapi', { period: { start: '2024-01-01', end: '2024-01-01' } }, []],
  ['vitalis', { birthdate: '0001-01-01T00:00:00.000Z' }, []],
])('%s: %j leaves out %j', async (name, stored, left) => {
  const vendor = truth.vendors[name];
  vendor.store({ ...stored });
  const { status, body } = await vendor.get({ accept: 'application/fhir+json' });
  expect(status).toBe(200);
  const named = (body.extension ?? []).flatMap(
    ({ url, valueString }: { url: string; valueString: string }) =>
      url === EXTENSIONS.unreadable ? [valueString] : [],
  );
  expect(named).toEqual(left);
  expect(JSON.stringify(body)).not.toContain('"0000-');
  const plain = JSON.stringify((await vendor.get()).body.data);
  if (left.length > 0) expect(plain).toMatch(/0000-|"start":"202[56]/);
  expect(JSON.stringify(body.period ?? {}) === '{}' || !left.includes('/period')).toBe(true);
});

test.each<[VendorName, object, string]>([
  ['vitalis', { birthDate: '0001-01-01' }, '/birthDate out_of_range'],
  ['vitalis', { birthDate: '0000-01-01' }, '/birthDate invalid_format'],
  ['vitalis', { birthDate: '1849-12-31' }, '/birthDate out_of_range'],
  ['vitalis', { birthDate: '1850-02-29' }, '/birthDate invalid_format'],
  ['vitalis', { birthDate: '2999-01-01' }, '/birthDate not_in_past'],
  ['vitalis', { birthDate: '1000-01-01T00:00:00Z' }, '/birthDate out_of_range'],
])('%s: %j is refused as %s', async (name, update, complaint) => {
  const reply = await truth.vendors[name].patch(update);
  expect(
    (reply.body.errors ?? []).map((row: { pointer: string; code: string }) => `${row.pointer} ${row.code}`),
  ).toEqual([complaint]);
});
