/** FHIR R4 without a server: which element of a resource a value is read from, what is written in its place, what is said of the rest. */
import { type MappedField, UNREADABLE, type VendorRecord } from '../../src/adapter/contract';
import { partOf, withPart } from '../../src/adapter/resources';
import { failureIn } from '../../src/connection/failure';
import { parseExactJson } from '../../src/lib/exactJson';
import type { Field } from '../../src/staff/fields';
import { fhir } from '../support/adapterSetups';

const SYSTEM = 'urn:oid:2.16.32.5.3';
const SNOMED = 'http://snomed.info/sct';
const plain = fhir();
const wide = fhir({ token: 't' }, { allDay: true, roleSystem: 'urn:roles' });

type Adapter = typeof plain;
type Members = Record<string, unknown>;

function mappingOf(adapter: Adapter, field: Field): MappedField<unknown> {
  const mapping = adapter.fields[field];
  if (!mapping.supported) throw new Error(`${field} is not held`);
  return mapping as MappedField<unknown>;
}

/** A record whose resource of this field has these members. */
function recordOf({ resource }: MappedField<unknown>, members: Members): VendorRecord {
  return withPart({ id: 'r' }, resource, { id: 'x', ...members });
}

const refuse = (at: string, code: string): never => {
  throw new Error(`${at} ${code}`);
};

/** The resource that is sent when the field gets this value; null takes it away. */
function written(adapter: Adapter, field: Field, value: unknown, members: Members): unknown {
  const mapping = mappingOf(adapter, field);
  const record = recordOf(mapping, members);
  const wire = value === null ? mapping.cleared?.wire : mapping.encode(value, refuse, record);
  const access = adapter.also?.find(({ name }) => name === mapping.resource) ?? adapter;
  const [request] = [access.write('x', { [mapping.key]: wire }, partOf(record, mapping.resource))].flat();
  const { id: _, ...rest } = Object(request?.body);
  return rest;
}

const phone = (value: unknown, rest: Members = {}) => ({ system: 'phone', value, ...rest });
const concept = (...codes: string[]) => ({ coding: codes.map((code) => ({ system: SNOMED, code })) });
const day = { daysOfWeek: ['mon'] };
const block = { ...day, availableStartTime: '08:00:00', availableEndTime: '12:00:00' };

test.each<[Field, Members, unknown]>([
  ['status', { active: true }, 'active'],
  ['status', { active: false }, 'inactive'],
  ['status', { active: 'yes' }, UNREADABLE],
  ['name.given', { name: [{ given: ['A', 'B'] }] }, 'A B'],
  ['name.given', { name: [{ given: ['A', null] }] }, UNREADABLE],
  ['name.given', { name: [{ family: 'X' }] }, null],
  ['name.family', { name: [{ text: 'A X' }] }, UNREADABLE],
  ['name.family', { name: [{ text: 'A X', given: ['A'] }] }, null],
  ['name.family', { name: [{ use: 'old', family: 'O' }, { family: 'N' }] }, 'N'],
  ['name.family', { name: [{ use: 'maiden', family: 'O' }] }, null],
  ['name.family', { name: [{ family: 'N' }, { use: 'official', family: 'X' }] }, 'X'],
  ['name.family', { name: [{ family: 'N', period: { end: '2020-01-01' } }, { family: 'X' }] }, 'X'],
  ['name.family', { name: [{ family: 'N', period: { end: '2999' } }, { family: 'X' }] }, 'N'],
  ['name.family', { name: [null, 'x', { family: 'N' }] }, 'N'],
  ['nationalId', { identifier: [{ system: 'urn:other', value: '1' }] }, null],
  ['nationalId', { identifier: [{ system: SYSTEM, value: '1' }] }, '1'],
  ['nationalId', { identifier: ['1', '1'].map((value) => ({ system: SYSTEM, value })) }, '1'],
  ['nationalId', { identifier: ['1', '2'].map((value) => ({ system: SYSTEM, value })) }, UNREADABLE],
  ['nationalId', { identifier: [{ system: SYSTEM, value: '1', use: 'old' }] }, null],
  ['phone', { telecom: [phone('1', { use: 'home' }), phone('2', { use: 'work' })] }, '2'],
  ['phone', { telecom: [phone('1', { use: 'mobile' }), phone('2')] }, '2'],
  ['phone', { telecom: [phone('1', { use: 'home' }), phone('2', { use: 'mobile' })] }, '2'],
  ['phone', { telecom: [phone('1', { use: 'work' }), phone('2', { use: 'home', rank: 1 })] }, '2'],
  ['phone', { telecom: [phone('1', { rank: 2 }), phone('2', { rank: 1 })] }, '2'],
  ['phone', { telecom: [phone(''), phone('2', { use: 'old' })] }, null],
  ['email', { telecom: [phone('1'), { system: 'email', value: 'a@b.test' }] }, 'a@b.test'],
  ['gender', { gender: 'unknown' }, 'unknown'],
  ['gender', {}, null],
  ['birthDate', { birthDate: '2000-02-30' }, UNREADABLE],
  ['address.text', { address: [{ text: 'A', line: ['B'] }, { text: 'C' }] }, 'A'],
  ['address.text', { address: [{ line: ['A', 'B'], city: 'C' }] }, 'A, B'],
  ['address.text', { address: [{ city: 'C' }] }, UNREADABLE],
  ['address.text', { address: [{ use: 'work' }] }, null],
  ['role', { code: [concept('a')] }, 'a'],
  ['role', { code: [concept('a'), concept('b')] }, UNREADABLE],
  ['role', { code: [{ text: 'A' }] }, UNREADABLE],
  [
    'specialty',
    { specialty: [{ coding: [{ code: 'a', display: 'A' }] }] },
    { code: 'a', display: 'A', system: SNOMED },
  ],
  ['specialty', { specialty: [] }, null],
  ['organizationId', { organization: { reference: 'Organization/org-1' } }, 'north-clinic'],
  ['organizationId', { organization: { reference: 'Organization/o/_history/2' } }, 'o'],
  ['organizationId', { organization: { reference: 'https://vendor.example.test/base/Organization/o' } }, 'o'],
  [
    'organizationId',
    { organization: { reference: 'https://vendor.example.test/Organization/o' } },
    UNREADABLE,
  ],
  ['organizationId', { organization: { reference: 'Location/o' } }, UNREADABLE],
  ['organizationId', { organization: { reference: '#contained' } }, UNREADABLE],
  ['locationId', { location: [{ reference: 'Location/loc-1' }] }, 'centro'],
  ['locationId', { location: [{ reference: 'Location/a' }, { reference: 'Location/b' }] }, UNREADABLE],
  ['locationId', { location: [] }, null],
  ['period', { period: { start: '2024-01-01T10:00:00Z' } }, { start: '2024-01-01' }],
  ['period', { period: {} }, null],
  ['availableTime', { availableTime: [block] }, [block]],
  ['availableTime', { availableTime: [{ ...day, allDay: true }] }, UNREADABLE],
])('%s of %j', (field, members, value) => {
  const mapping = mappingOf(plain, field);
  expect(mapping.decode(recordOf(mapping, members))).toEqual(value);
});

test.each<[Field, unknown, Members, Members]>([
  [
    'name.given',
    'Z',
    {
      name: [
        { use: 'nickname' },
        { use: 'official', given: ['A'], _given: [{}], text: 'A X', suffix: ['1'] },
      ],
    },
    { name: [{ use: 'nickname' }, { use: 'official', given: ['Z'], suffix: ['1'] }] },
  ],
  ['name.family', 'Z', {}, { name: [{ family: 'Z' }] }],
  [
    'name.family',
    'Z',
    { name: [{ use: 'old', family: 'O' }] },
    { name: [{ use: 'old', family: 'O' }, { family: 'Z' }] },
  ],
  ['name.family', null, { name: [{ family: 'X', given: ['A'] }] }, { name: [{ given: ['A'] }] }],
  ['name.family', null, {}, {}],
  [
    'nationalId',
    '9',
    {
      identifier: [
        { system: 'u', value: '1' },
        { system: SYSTEM, value: '2', type: 'T' },
        { system: SYSTEM, value: '3' },
      ],
    },
    {
      identifier: [
        { system: 'u', value: '1' },
        { system: SYSTEM, value: '9', type: 'T' },
      ],
    },
  ],
  ['nationalId', '9', {}, { identifier: [{ system: SYSTEM, value: '9' }] }],
  ['nationalId', null, { identifier: [{ system: SYSTEM, value: '2' }] }, {}],
  [
    'phone',
    '9',
    { telecom: [phone('1', { use: 'home' }), phone('2', { use: 'work', id: 'i' })] },
    { telecom: [phone('1', { use: 'home' }), phone('9', { use: 'work', id: 'i' })] },
  ],
  [
    'phone',
    '9',
    { telecom: [phone('1', { use: 'old' })] },
    { telecom: [phone('1', { use: 'old' }), phone('9')] },
  ],
  [
    'phone',
    null,
    { telecom: [phone('1'), { system: 'fax', value: '2' }] },
    { telecom: [{ system: 'fax', value: '2' }] },
  ],
  [
    'address.text',
    'Z',
    {
      address: [
        {
          use: 'work',
          text: 'A',
          line: ['B'],
          _line: [null],
          city: 'C',
          district: 'D',
          state: 'E',
          postalCode: 'F',
          country: 'G',
          period: {},
        },
        { text: 'H' },
      ],
    },
    { address: [{ use: 'work', text: 'Z', period: {} }, { text: 'H' }] },
  ],
  ['address.text', 'Z', { address: [{ use: 'work' }] }, { address: [{ use: 'work', text: 'Z' }] }],
  ['address.text', null, { address: [{ text: 'A' }] }, {}],
  ['gender', 'male', { b: 1, gender: 'other', a: 2 }, { b: 1, gender: 'male', a: 2 }],
  ['gender', null, { gender: 'other', _gender: {} }, { _gender: {} }],
  ['status', 'inactive', { active: true }, { active: false }],
  [
    'role',
    'z',
    { code: [{ coding: [{ system: 'urn:s', code: 'a', display: 'A' }] }] },
    { code: [{ coding: [{ system: 'urn:s', code: 'z' }] }] },
  ],
  ['role', 'z', {}, { code: [{ coding: [{ code: 'z' }] }] }],
  ['specialty', { code: 'z' }, {}, { specialty: [{ coding: [{ system: SNOMED, code: 'z' }] }] }],
  [
    'specialty',
    { code: 'z', display: 'Z', system: 'urn:s' },
    { specialty: [concept('a')] },
    { specialty: [{ coding: [{ system: 'urn:s', code: 'z', display: 'Z' }] }] },
  ],
  ['organizationId', 'north-clinic', {}, { organization: { reference: 'Organization/org-1' } }],
  [
    'locationId',
    'l.1-a',
    { location: [{ reference: 'Location/b', display: 'B' }] },
    { location: [{ reference: 'Location/l.1-a' }] },
  ],
  [
    'availableTime',
    [block, { ...block, daysOfWeek: ['tue'] }],
    { availableTime: [{ ...block, id: 'kept', availableStartTime: '08:00:00' }] },
    {
      availableTime: [
        { ...block, id: 'kept' },
        { ...block, daysOfWeek: ['tue'] },
      ],
    },
  ],
])('%s gets %j', (field, value, before, after) => {
  const sent = written(plain, field, value, before);
  expect(sent).toEqual(after);
  expect(Object.keys(Object(sent))).toEqual(Object.keys(after));
});

test('options decide of whole days and of the system of roles', () => {
  const hours = { ...day, availableStartTime: '00:00:00', availableEndTime: '23:59:59' };
  const mapping = mappingOf(wide, 'availableTime');
  expect(mapping.decode(recordOf(mapping, { availableTime: [{ ...day, allDay: true }] }))).toEqual([hours]);
  expect(written(wide, 'availableTime', [hours, block], {})).toEqual({
    availableTime: [{ ...day, allDay: true }, block],
  });
  expect(written(plain, 'availableTime', [hours], {})).toEqual({ availableTime: [hours] });
  expect(written(wide, 'role', 'z', { code: [{ coding: [{ system: 'urn:s' }] }] })).toEqual({
    code: [{ coding: [{ system: 'urn:roles', code: 'z' }] }],
  });
});

test.each<[Field, unknown, Members, string]>([
  ['status', 'on-leave', {}, ' not_expressible'],
  ['organizationId', 'a/b', {}, ' not_expressible'],
  ['locationId', 'a b', {}, ' not_expressible'],
  ['availableTime', [{ ...block, locationId: 'centro' }], {}, '/0/locationId unsupported_field'],
  ['address.text', 'Z', { address: [{ line: ['A'] }] }, ' not_expressible'],
])('%s refuses %j', (field, value, members, refusal) => {
  expect(() => written(plain, field, value, members)).toThrow(refusal);
});

test.each<[Field, Members, boolean]>([
  ['phone', { telecom: [phone('1')] }, true],
  ['phone', { telecom: [phone('1'), phone('2')] }, false],
  ['phone', { telecom: [phone('1'), phone('2', { use: 'old' }), { system: 'email', value: 'a' }] }, true],
  ['address.text', { address: [{ text: 'A' }] }, true],
  ['address.text', { address: [{ text: 'A', city: 'C' }] }, false],
  ['address.text', { address: [{ text: 'A' }, { text: 'B' }] }, false],
])('%s of %j can be taken away: %s', (field, members, can) => {
  const mapping = mappingOf(plain, field);
  expect(mapping.cleared?.unless?.(recordOf(mapping, members)) === undefined).toBe(can);
});

test.each<[Field, Members, boolean]>([
  ['specialty', { specialty: [{ coding: [{ system: 's', code: 'a', display: 'A' }], text: 'A' }] }, false],
  ['specialty', { specialty: [{ coding: [{ code: 'a' }], text: 'Other words' }] }, true],
  ['specialty', { specialty: [concept('a', 'b')] }, true],
  ['specialty', { specialty: [{ coding: [{ code: 'a', version: '1' }] }] }, true],
  ['specialty', { specialty: [{ coding: [{ code: 'a' }], extension: [] }] }, true],
  ['role', { code: [concept('a')] }, false],
  ['role', { code: [{ coding: [{ code: 'a', userSelected: true }] }] }, true],
  [
    'organizationId',
    { organization: { reference: 'Organization/a', display: 'A', type: 'Organization' } },
    false,
  ],
  ['organizationId', { organization: { reference: 'Organization/a', identifier: {} } }, true],
  ['locationId', { location: [{ reference: 'Location/a', extension: [] }] }, true],
  ['availableTime', { availableTime: [block] }, false],
  ['availableTime', { availableTime: [{ ...block, extension: [] }] }, true],
  ['name.given', { name: [{ given: ['A'], prefix: ['Dr.'] }] }, false],
  ['name.family', { name: [{ family: 'A', text: 'A' }] }, true],
  ['name.given', { name: [{ given: ['A'], _given: [{}] }] }, true],
  ['address.text', { address: [{ text: 'A', use: 'work' }] }, false],
  ['address.text', { address: [{ text: 'A', postalCode: '1' }] }, true],
  ['address.text', { address: [{ line: ['A'] }] }, false],
])('%s of %j loses something: %s', (field, members, loses) => {
  const mapping = mappingOf(plain, field);
  expect(mapping.loses?.(recordOf(mapping, members)) !== undefined).toBe(loses);
});

const sent = {
  telecom: [{ system: 'fax' }, { system: 'email' }],
  identifier: [{ system: SYSTEM }, { system: 'x' }],
};

test.each<[Members, string | undefined, string | undefined]>([
  [{ code: 'value', expression: ['Practitioner.telecom[1].value'] }, 'email', 'invalid_format'],
  [{ code: 'value', expression: ['Practitioner.telecom[0].value'] }, 'fax', 'invalid_format'],
  [{ code: 'value', expression: ['Practitioner.telecom[7]'] }, 'telecom', 'invalid_format'],
  [{ code: 'duplicate', expression: ['Practitioner.identifier[0].value'] }, 'nationalId', 'already_taken'],
  [{ code: 'duplicate', expression: ['Practitioner.identifier'] }, 'nationalId', 'already_taken'],
  [{ code: 'invalid', expression: ['Practitioner.identifier[1]'] }, 'identifier', 'invalid_format'],
  [{ code: 'required', expression: ['Practitioner.name[0].given[0]'] }, 'given', 'required'],
  [{ code: 'too-long', expression: ['Practitioner.name'] }, 'family', 'too_long'],
  [{ code: 'structure', expression: ['PractitionerRole.period.start'] }, 'period.start', 'invalid_format'],
  [
    { code: 'code-invalid', expression: ['PractitionerRole.specialty[0].coding[0]'] },
    'specialty',
    'not_allowed',
  ],
  [{ code: 'invariant' }, undefined, 'rule_violated'],
  [{ code: 'not-supported' }, undefined, 'not_supported'],
  [
    {
      code: 'processing',
      diagnostics: 'Resource Organization/a not found, specified in path: PractitionerRole.organization',
    },
    'organization',
    'unknown_code',
  ],
  [{ code: 'processing', diagnostics: 'Dana', expression: ['nonsense'] }, undefined, 'rejected_by_vendor'],
  [{ code: 'conflict' }, undefined, undefined],
  [{ code: 'value', severity: 'warning', expression: ['Practitioner.gender'] }, undefined, undefined],
  [{ code: 'value', severity: 'fatal', expression: ['Practitioner.gender'] }, 'gender', 'invalid_format'],
])('the issue %j is about %s', (issue, key, code) => {
  const body = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', ...issue }] };
  const failure = failureIn({ status: 422, headers: {}, body }, plain.errors, 'FHIR R4', {
    method: 'PUT',
    path: '/',
    body: sent,
  });
  const [complaint] = failure?.complaints ?? [];
  expect([complaint?.key, complaint?.code]).toEqual([key, code]);
  expect(JSON.stringify(failure?.complaints)).not.toContain('Dana');
});

test.each([
  [405, 'rejected'],
  [409, 'outdated'],
  [412, 'outdated'],
  [401, 'credentials_rejected'],
])('status %d is %s', (status, kind) => {
  expect(failureIn({ status, headers: {}, body: {} }, plain.errors, 'FHIR R4')?.kind).toBe(kind);
});

test('a write names the version that it was planned on, unless the server heeds none', () => {
  const current = { id: 'x', meta: { versionId: '7' } };
  const headers = (adapter: Adapter, record: VendorRecord) =>
    [adapter.write('x', {}, record)].flat().map((request) => request.headers?.['if-match']);
  expect(headers(plain, current)).toEqual(['W/"7"']);
  expect(headers(plain, { id: 'x' })).toEqual([undefined]);
  expect(headers(fhir({}, { ifMatch: false }), current)).toEqual([undefined]);
  expect([plain.versioned, fhir({}, { ifMatch: false }).versioned]).toEqual([true, false]);
});

test('a page of the list has the people beside their roles, and leads to the next', () => {
  const { list } = plain;
  const role = (id: string, person?: string) => ({
    resource: {
      resourceType: 'PractitionerRole',
      id,
      ...(person && { practitioner: { reference: `Practitioner/${person}` } }),
    },
  });
  const person = { resource: { resourceType: 'Practitioner', id: 'p', gender: 'male' } };
  const note = { resource: { resourceType: 'OperationOutcome' } };
  const bundle = (...entry: object[]) => ({ resourceType: 'Bundle', entry });
  const genders = (body: unknown) =>
    list?.rows(body)?.map((row) => partOf(Object(row), 'practitioner')?.gender);
  expect(genders(bundle(role('a', 'p'), note, role('b'), person, role('c', 'gone')))).toEqual([
    'male',
    undefined,
    undefined,
  ]);
  expect(genders(bundle(role('b')))).toEqual([undefined]);
  expect(genders({ resourceType: 'Bundle' })).toEqual([]);
  // The server has not included what it was asked for, so that nobody could be found by name.
  expect(genders(bundle(role('a', 'p')))).toBeUndefined();
  for (const nonsense of [{}, { resourceType: 'Bundle', entry: {} }, undefined])
    expect(genders(nonsense)).toBeUndefined();
  const link = [
    { relation: 'self', url: 'a' },
    { relation: 'next', url: 'https://x/y?z' },
  ];
  expect(list?.next?.({ link }, list.first)).toMatchObject({ path: 'https://x/y?z', isLink: true });
  expect(list?.next?.({ link: [link[0]] }, list.first)).toBeUndefined();
  expect([list?.total?.({ total: 3 }), list?.total?.({ total: '3' })]).toEqual([3, undefined]);
});

test('a token is fetched anew before it ends', () => {
  const { login } = fhir({ tokenUrl: 'https://login.example.test/', clientId: 'a', clientSecret: 'b' });
  const seconds = (body: unknown) =>
    typeof login?.lifetimeSeconds === 'function' ? login.lifetimeSeconds(body) : undefined;
  expect([3600, 40, 0, 'x', undefined].map((expires_in) => seconds({ expires_in }))).toEqual([
    3570, 36, 0, 270, 270,
  ]);
});

test.each([
  '[1.50,1e2,12345678901234567890,-0.0,-0,0.10,1E-7,0,5,-5,"1.50",true,null]',
  '{"a":[1,2.5],"b":{"c":1.0}}',
  '[0,1,123456789012345]',
])('%s is written as it was read', (text) => {
  expect(JSON.stringify(parseExactJson(text))).toBe(text);
});
