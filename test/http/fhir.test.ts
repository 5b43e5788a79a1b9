/** Reading staff as FHIR R4: the resource itself, checked against the published schema, and the choice of it by `Accept`. */
import { EXTENSIONS, toPractitionerRole } from '../../src/http/fhir';
import { r4Checker } from '../support/r4';
import { KEYS, openStage, type Stage } from '../support/stage';

const expectValid = r4Checker('PractitionerRole', ['Practitioner']);
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

const FULL = {
  id: 'st-42',
  status: 'on-leave',
  name: { given: 'Ana María', family: 'Pérez' },
  nationalId: '01234567',
  birthDate: '1985-03-15',
  gender: 'female',
  address: { text: 'Av. Corrientes 5678' },
  phone: '+54 11 9876-5432',
  email: 'ana@example.org',
  role: 'doctor',
  specialty: { code: '394579002', display: 'Cardiology', system: 'http://snomed.info/sct' },
  organizationId: 'org_1',
  locationId: 'loc_1',
  period: { start: '2024-01-01', end: '2025-12-31' },
  availableTime: [
    {
      daysOfWeek: ['mon', 'wed'],
      availableStartTime: '09:00:00',
      availableEndTime: '17:00:00',
      locationId: 'centro',
      period: { start: '2024-01-01' },
      recurrence: { interval: 2, unit: 'week', start: '2024-01-01', description: 'Every 2 weeks.' },
    },
    { daysOfWeek: ['tue'], availableStartTime: '08:00:00', availableEndTime: '12:00:00' },
  ],
};

describe('a full record', () => {
  const resource = toPractitionerRole(FULL);

  test('is a valid PractitionerRole with its Practitioner contained', () => {
    expectValid(resource);
    expect(resource).toMatchObject({
      resourceType: 'PractitionerRole',
      id: 'st-42',
      identifier: [{ value: 'st-42' }],
      active: true,
      period: { start: '2024-01-01', end: '2025-12-31' },
      practitioner: { reference: '#practitioner' },
      contained: [
        {
          resourceType: 'Practitioner',
          id: 'practitioner',
          identifier: [{ value: '01234567', type: { coding: [{ code: 'NI' }] } }],
          name: [{ given: ['Ana María'], family: 'Pérez' }],
          gender: 'female',
          birthDate: '1985-03-15',
          address: [{ text: 'Av. Corrientes 5678' }],
        },
      ],
      code: [{ coding: [{ code: 'doctor' }] }],
      specialty: [
        { coding: [{ system: 'http://snomed.info/sct', code: '394579002', display: 'Cardiology' }] },
      ],
      organization: { type: 'Organization', identifier: { value: 'org_1' } },
      location: [{ type: 'Location', identifier: { value: 'loc_1' } }],
      telecom: [
        { system: 'phone', value: '+54 11 9876-5432' },
        { system: 'email', value: 'ana@example.org' },
      ],
      notAvailable: [{ description: 'On leave' }],
    });
  });

  test('says in extensions what R4 has no element for', () => {
    expect(resource.extension).toEqual([{ url: EXTENSIONS.status, valueCode: 'on-leave' }]);
    const [limited, plain] = resource.availableTime ?? [];
    expect(limited).toEqual({
      daysOfWeek: ['mon', 'wed'],
      availableStartTime: '09:00:00',
      availableEndTime: '17:00:00',
      extension: [
        {
          url: EXTENSIONS.blockLocation,
          valueReference: { type: 'Location', identifier: { value: 'centro' } },
        },
      ],
      modifierExtension: [
        { url: EXTENSIONS.blockPeriod, valuePeriod: { start: '2024-01-01' } },
        {
          url: EXTENSIONS.blockRecurrence,
          extension: [
            { url: 'interval', valuePositiveInt: 2 },
            { url: 'unit', valueCode: 'week' },
            { url: 'period', valuePeriod: { start: '2024-01-01' } },
            { url: 'description', valueString: 'Every 2 weeks.' },
          ],
        },
      ],
    });
    expect(plain).toEqual({
      daysOfWeek: ['tue'],
      availableStartTime: '08:00:00',
      availableEndTime: '12:00:00',
    });
    expect(resource.availabilityExceptions).toMatch(/extensions/);
  });

  test('loses no value that the JSON shows', () => {
    const text = JSON.stringify(resource);
    const leaves = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
    for (const leaf of leaves(FULL)) expect(text).toContain(JSON.stringify(leaf));
  });
});

test.each([
  ['active', true, undefined],
  ['inactive', false, undefined],
  ['on-leave', true, [{ description: 'On leave' }]],
])('status %s is active %s', (status, active, notAvailable) => {
  const resource = toPractitionerRole({ id: 'a', status });
  expectValid(resource);
  expect(resource.active).toBe(active);
  expect(resource.notAvailable).toEqual(notAvailable);
});

test.each([
  ['nothing but the id', { id: 'a' }],
  ['nulls everywhere', Object.fromEntries(Object.keys(FULL).map((key) => [key, key === 'id' ? 'a' : null]))],
  ['empty texts', { id: 'a', phone: '', role: ' ', name: { given: '', family: '' }, address: { text: '' } }],
  ['no hours', { id: 'a', availableTime: [] }],
  ['half a specialty', { id: 'a', specialty: { display: 'Cardiology' } }],
])('%s is valid, and nothing is made up', (_name, record) => {
  const resource = toPractitionerRole(record);
  expectValid(resource);
  expect(JSON.stringify(resource)).not.toMatch(/null|undefined|""|\[\]|\{\}/);
});

test.each(['st_42', 'a~b', 'a:b@c', 'x'.repeat(65)])(
  'an id that FHIR has no form for stays an identifier: %s',
  (id) => {
    const resource = toPractitionerRole({ id });
    expectValid(resource);
    expect(resource.id).toBeUndefined();
    expect(resource.identifier?.[0]?.value).toBe(id);
  },
);

test('what could not be read is named', () => {
  const warnings = [{ code: 'unreadable', pointer: '/status', detail: '' }];
  const resource = toPractitionerRole({ id: 'a' }, warnings);
  expectValid(resource);
  expect(resource.active).toBeUndefined();
  expect(resource.extension).toEqual([{ url: EXTENSIONS.unreadable, valueString: '/status' }]);
});

describe('GET /staff/:id', () => {
  const get = async (accept: string | undefined, key: string = KEYS.centro, path = '/staff/st-1') => {
    const response = await fetch(stage.url + path, {
      headers: { authorization: `Bearer ${key}`, ...(accept !== undefined && { accept }) },
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  };
  const JSON_TYPE = 'application/json; charset=utf-8';
  const FHIR = 'application/fhir+json; charset=utf-8';

  test.each([
    [undefined, JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['text/html', JSON_TYPE],
    ['application/fhir+json', FHIR],
    ['Application/FHIR+JSON', FHIR],
    ['application/fhir+json; fhirVersion=4.0', FHIR],
    ['application/fhir+json; fhirVersion=3.0', JSON_TYPE],
    ['application/json;q=0.5, application/fhir+json', FHIR],
    ['application/json, application/fhir+json;q=0.5', JSON_TYPE],
    ['application/fhir+json;q=0, */*', JSON_TYPE],
    ['application/fhir+json;q=0', JSON_TYPE],
    ['application/fhir+json, */*;q=0.1', FHIR],
    ['application/fhir+xml', JSON_TYPE],
  ])('with Accept: %s answers as %s', async (accept, type) => {
    const { status, headers } = await get(accept);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('vary')).toMatch(/accept/i);
  });

  test.each(Object.entries({ north: KEYS.north, centro: KEYS.centro, south: KEYS.south }))(
    'is valid for the vendor of %s, and says what the JSON says',
    async (_clinic, key) => {
      const plain = await get('application/json', key);
      const fhir = await get('application/fhir+json', key);
      expectValid(fhir.body);
      expect(fhir.body).toEqual(
        JSON.parse(JSON.stringify(toPractitionerRole(plain.body.data, plain.body.meta.warnings))),
      );
      // The same record in another form: only the weak tag may be the same.
      expect(fhir.headers.get('etag')).toBe(`W/${plain.headers.get('etag')}`);
    },
  );

  test('a mistake is a problem document, not an OperationOutcome', async () => {
    const { status, headers, body } = await get('application/fhir+json', KEYS.centro, '/staff/nobody');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(body.code).toBe('staff_not_found');
  });
});
