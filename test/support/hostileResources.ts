// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of other systems are what is sent here
/** Bodies for what vendors keep beside the record that is linked, and for a FHIR server, where values become references and codes. */
import type { HostileCase } from './hostile';
import { KEYS } from './stage';

const WEST = { key: KEYS.west, status: 200 } as const;
const UNSUPPORTED = { status: 422, code: 'unsupported_field' } as const;
const INVALID = { status: 422, code: 'validation_failed' } as const;
const KEPT = { status: 422, code: 'not_clearable' } as const;
const BLOCK = { daysOfWeek: ['mon'], availableStartTime: '09:00:00', availableEndTime: '10:00:00' };
const atFhir = (name: string, json: unknown, expected: Partial<HostileCase> = {}): HostileCase => ({
  name,
  json,
  ...WEST,
  ...expected,
});

/** No id of one may lead out of its place in a reference. */
const REFERENCES: readonly HostileCase[] = [
  ...[
    '../../Patient/1',
    'https://evil.example/Organization/1',
    'Organization/1',
    '#contained',
    'urn:uuid:8f1c2b34',
    'main/_history/1',
    'main?_format=xml',
    'main branch',
    'hospital-ñ',
    '..',
  ].map((id) =>
    atFhir(
      `the organization ${id}`,
      { organizationId: id },
      { ...UNSUPPORTED, errors: ['/organizationId not_expressible'] },
    ),
  ),
  atFhir(
    'a location beside its list',
    { locationId: 'loc/../other' },
    { ...UNSUPPORTED, errors: ['/locationId not_expressible'] },
  ),
  atFhir(
    'an organization that is a name of JavaScript',
    { organizationId: 'constructor' },
    { wire: { organization: { reference: 'Organization/constructor' } } },
  ),
];

const CODES: readonly HostileCase[] = [
  atFhir(
    'a system with a blank',
    { specialty: { code: '1', system: 'no system' } },
    { ...INVALID, errors: ['/specialty/system invalid_format'] },
  ),
  atFhir(
    'a system that is a script, as a name only',
    { specialty: { code: '1', system: 'javascript:alert(1)' } },
    { wire: { specialty: [{ coding: [{ code: '1', system: 'javascript:alert(1)' }] }] } },
  ),
  atFhir(
    'a display with markup',
    { specialty: { code: '1', display: '<script>alert(1)</script>' } },
    { wire: { specialty: [{ coding: [{ code: '1', display: '<script>alert(1)</script>' }] }] } },
  ),
  atFhir(
    'a role that is a name of JavaScript',
    { role: '__proto__' },
    { wire: { code: [{ coding: [{ code: '__proto__' }] }] } },
  ),
  atFhir('a status that FHIR has not', { status: 'on-leave' }, UNSUPPORTED),
];

/** Elements of FHIR are no members of ours. */
const ELEMENTS: readonly HostileCase[] = [
  ...['resourceType', 'identifier', 'meta', 'extension', 'contained', 'telecom', '_birthDate', 'active'].map(
    (name) =>
      atFhir(`the element ${name}`, { [name]: {} }, { ...INVALID, errors: [`/${name} unknown_field`] }),
  ),
  {
    name: 'another practitioner',
    json: { practitionerId: 'prac_xyz789' },
    ...INVALID,
    errors: ['/practitionerId unknown_field'],
  },
];

const PEOPLE: readonly HostileCase[] = [
  atFhir(
    'markup and templates in a name',
    { name: { given: '<b>Ana</b>', family: '${7*7}' } },
    { without: ['text'] },
  ),
  atFhir(
    'a NUL in an address',
    { address: { text: 'Calle\u00001' } },
    { ...INVALID, errors: ['/address/text invalid_format'] },
  ),
  atFhir('leading zeros of an id', { nationalId: '00012345' }),
  atFhir('a telephone that is taken away', { phone: null }, { ...KEPT, reachesVendor: true }),
  {
    name: 'a name that is too long for a practitioner',
    json: { name: { given: 'N'.repeat(101) } },
    ...UNSUPPORTED,
    errors: ['/name/given not_expressible'],
  },
  {
    name: 'a name of 50 signs outside of the basic plane',
    json: { name: { given: '𝒜'.repeat(50) } },
    status: 200,
    wire: { firstName: '𝒜'.repeat(50) },
  },
  {
    name: 'a telephone that is too long for a practitioner',
    json: { phone: '11 4000 1000 2000 3000' },
    ...UNSUPPORTED,
    errors: ['/phone not_expressible'],
  },
  {
    name: 'a practitioner without a name',
    json: { name: null },
    ...KEPT,
    errors: ['/name/given not_clearable', '/name/family not_clearable'],
  },
  {
    name: 'SQL in the name of a practitioner',
    json: { name: { family: "O'Neil'); DROP TABLE staff;--" } },
    status: 200,
    wire: { lastName: "O'Neil'); DROP TABLE staff;--" },
    without: ['firstName', 'status'],
  },
];

const WEEKS: readonly HostileCase[] = [
  atFhir(
    'a place within a block',
    { availableTime: [{ ...BLOCK, locationId: 'main' }] },
    { ...UNSUPPORTED, errors: ['/availableTime/0/locationId unsupported_field'] },
  ),
  atFhir(
    'every second week',
    { availableTime: [{ ...BLOCK, recurrence: { interval: 2, unit: 'week' } }] },
    { ...UNSUPPORTED, errors: ['/availableTime/0/recurrence unsupported_field'] },
  ),
  ...[[], null].map(
    (availableTime): HostileCase => ({
      name: `a week of ${JSON.stringify(availableTime)} where no day can be taken away`,
      key: KEYS.centro,
      json: { availableTime },
      ...KEPT,
      errors: ['/availableTime not_clearable'],
    }),
  ),
  {
    name: 'two blocks of one day where a day has one',
    key: KEYS.centro,
    json: {
      availableTime: [BLOCK, { ...BLOCK, availableStartTime: '11:00', availableEndTime: '12:00' }],
    },
    ...UNSUPPORTED,
    errors: ['/availableTime/1 not_expressible'],
  },
];

export const IN_FURTHER_RESOURCES: Readonly<Record<string, readonly HostileCase[]>> = {
  'references of FHIR': REFERENCES,
  'codes of FHIR': CODES,
  'elements of vendors': ELEMENTS,
  'people of practitioners': PEOPLE,
  'weeks of other resources': WEEKS,
};
