/** What is common to FHIR servers, without one: which answers are records, how versions are named, what a server can do. */
import type { RecordAccess, VendorRecord } from '../../src/adapter/contract';
import { parseExactJson } from '../../src/lib/exactJson';
import { fhir } from '../support/adapterSetups';

const plain = fhir();
const deaf = fhir({ token: 't' }, { ifMatch: false });
const role = (more: object = {}) => ({ resourceType: 'PractitionerRole', id: 'r', ...more });

test.each<[unknown, boolean, boolean]>([
  [role({ meta: { versionId: '1' } }), true, true],
  [role({ meta: { versionId: 'W-1.a' } }), true, true],
  // Without a version that fits into a header, no update could name it.
  [role({ meta: { versionId: '' } }), true, true],
  [role({ meta: { versionId: 'a b' } }), false, true],
  [role({ meta: { versionId: 'a"' } }), false, true],
  [role({ meta: { versionId: '"a' } }), false, true],
  [{ resourceType: 'Practitioner', id: 'r' }, false, false],
  [{ id: 'r' }, false, false],
  ['text', false, false],
  [[role()], false, false],
])('%j is a record: %p; of a server that heeds no version: %p', (body, isRecord, isWithout) => {
  expect(plain.record(body, 'r') !== undefined).toBe(isRecord);
  expect(deaf.record(body, 'r') !== undefined).toBe(isWithout);
});

test('a note in the place of a record acknowledges', () => {
  expect(plain.acknowledges?.({ resourceType: 'OperationOutcome' })).toBe(true);
  expect(plain.acknowledges?.(role())).toBe(false);
});

test.each<[VendorRecord, string | undefined]>([
  [{ meta: { versionId: '3', lastUpdated: '2026' } }, '3'],
  [{ meta: { lastUpdated: '2026' } }, '2026'],
  [{}, undefined],
])('the revision of %j is %p', (record, revision) => {
  expect(plain.revision?.(record)).toBe(revision);
});

test('a write names the version that it was planned on, if the server heeds it', () => {
  const current = role({ meta: { versionId: '7' }, active: true });
  const written = (adapter: RecordAccess, on: VendorRecord) =>
    [adapter.write('a b', { active: false }, on)].flat()[0];
  expect(written(plain, current)).toMatchObject({
    method: 'PUT',
    path: '/PractitionerRole/a%20b',
    headers: {
      accept: expect.stringContaining('fhir+json'),
      'if-match': 'W/"7"',
      prefer: 'return=representation',
    },
    mayAnswerNothing: true,
  });
  expect(written(deaf, current)?.headers).not.toHaveProperty('if-match');
  expect(written(plain, role())?.headers).not.toHaveProperty('if-match');
  expect(plain.read('a b')).toMatchObject({ method: 'GET', path: '/PractitionerRole/a%20b' });
});

describe('what a server can do, by its CapabilityStatement', () => {
  const able = (type: string, codes: string[], more: object = {}) => ({
    ...{ type, interaction: codes.map((code) => ({ code })) },
    ...more,
  });
  const statement = (...resource: object[]) => ({
    resourceType: 'CapabilityStatement',
    rest: [{ resource }],
  });
  const ALL = [
    able('PractitionerRole', ['read', 'update', 'search-type', 'vread']),
    able('Practitioner', ['update', 'read']),
  ];

  test.each<[string, unknown, readonly string[] | undefined]>([
    ['all', statement(...ALL), []],
    ['no type', statement(able('Practitioner', ['read', 'update'])), ['no PractitionerRole']],
    [
      'less of two',
      statement(able('PractitionerRole', ['read', 'search-type']), able('Practitioner', [])),
      ['no update of PractitionerRole', 'no read of Practitioner', 'no update of Practitioner'],
    ],
    ['nothing', { resourceType: 'CapabilityStatement' }, ['no PractitionerRole', 'no Practitioner']],
    ['another resource', { resourceType: 'Patient' }, undefined],
    ['a text', 'text', undefined],
  ])('%s', (_name, body, missing) => {
    expect(plain.checks?.abilities?.request.path).toBe('/metadata');
    expect(plain.checks?.abilities?.missing(body)).toEqual(missing);
  });

  test.each<[string | undefined, boolean]>([
    [undefined, false],
    ['versioned-update', false],
    ['versioned', true],
    ['no-version', true],
  ])('versions: %s', (versioning, isDeaf) => {
    const body = statement(
      ...ALL.map((item) => ({ ...item, ...(versioning !== undefined && { versioning }) })),
    );
    const told = ['PractitionerRole', 'Practitioner'].map(
      (type) => `no versions in updates of ${type} (set options.ifMatch: false)`,
    );
    expect(plain.checks?.abilities?.missing(body)).toEqual(isDeaf ? told : []);
    expect(deaf.checks?.abilities?.missing(body)).toEqual([]);
  });
});

test('lists of organizations and locations: names by ids, and which of them are no longer in use', () => {
  const list = plain.checks?.lists.organization;
  if (typeof list !== 'object') throw new Error('organizations are a list');
  const resources = [
    { resourceType: 'Organization', id: 'o1', name: 'North' },
    { resourceType: 'Organization', id: 'o2', active: false },
    { resourceType: 'Organization', id: 'o3', active: true, status: 'suspended' },
    { resourceType: 'Organization', id: 'o4', status: 'inactive' },
    { resourceType: 'Organization', id: 'o5', status: 'active' },
    { resourceType: 'Location', id: 'l1' },
  ];
  const body = { resourceType: 'Bundle', entry: resources.map((resource) => ({ resource })) };
  const entries = list.entries(body);
  expect(list.request.path).toBe('/Organization?_count=100');
  expect(entries).toHaveLength(5);
  expect(entries?.map((entry) => JSON.stringify(entry).includes('true'))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(entries?.[0]).toMatchObject({ code: 'o1' });
  expect(list.entries({ resourceType: 'Patient' })).toBeUndefined();
});

test.each([
  '{"a":1.50}',
  '{"a":[1e2,-0,12345678901234567890]}',
  '[-0]',
  '{"a": -1234567890123456789}',
  '{"a":-0.10,"b":1,"c":"1.50"}',
  '[1234567890123456]',
  '{"a":1E5}',
])('the digits of %s stay', (text) => {
  expect(JSON.stringify(parseExactJson(text))).toBe(text.replaceAll(': ', ':'));
});

test.each(['{"a":1,"b":-2,"c":[0,15]}', '"1.50"', '[1.5]', '{"a":0.5,"b":1.50}'])(
  'what JavaScript writes the same is a number in %s',
  (text) => {
    const parsed = parseExactJson(text);
    const first: unknown = typeof parsed === 'object' && parsed !== null ? Object.values(parsed)[0] : parsed;
    expect(typeof first).not.toBe('object');
  },
);
