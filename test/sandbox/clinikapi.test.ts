import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import type { Listening } from '../../sandbox/kit';

/** ClinikAPI beyond the practitioner roles: practitioners that are written, raw FHIR, rows that are no records. */

const STAMP = '2026-11-22T12:00:00.000Z';
let clock = 0;
const sandbox = createClinikapiSandbox({ now: () => clock });
const { settings } = sandbox.state;
let listening: Listening;

beforeAll(async () => {
  listening = await sandbox.listen();
});
beforeEach(() => {
  clock = Date.parse(STAMP);
  sandbox.reset();
});
afterAll(() => listening.close());

const keys = SANDBOX_CREDENTIALS.clinikapi;
const JSON_PATCH = 'application/json-patch+json';
const DANA = '/v1/practitioners/prac_abc123';
const RAW_DANA = '/v1/fhir/Practitioner/prac_abc123';
const RAW_ROLE = '/v1/fhir/PractitionerRole/pr_abc123';

async function call(
  route: string,
  body?: unknown,
  { key = keys.liveKey, type = 'application/json' }: { key?: string; type?: string } = {},
) {
  const [method = 'GET', path = ''] = route.split(' ');
  const answer = await fetch(`${listening.url}${path}`, {
    method,
    headers: { 'content-type': type, 'x-api-key': key },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answered: unknown = await answer.json();
  return { status: answer.status, type: answer.headers.get('content-type'), body: answered };
}

const patch = (path: string, operations: unknown) => call(`PATCH ${path}`, operations, { type: JSON_PATCH });

describe('PATCH /v1/practitioners/{id}', () => {
  test('changes what is sent; lists and objects are replaced whole', async () => {
    const first = { phone: '+1 555 0100', languages: ['en', 'es'], address: { city: 'Boston', state: 'MA' } };
    await call(`PATCH ${DANA}`, first);
    const answer = await call(`PATCH ${DANA}`, { lastName: 'Exámple', address: { city: 'Salem' } });
    const data = {
      id: 'prac_abc123',
      firstName: 'Dana',
      lastName: 'Exámple',
      active: true,
      gender: 'female',
      npi: '1000000001',
      specialty: 'Cardiology',
      phone: '+1 555 0100',
      languages: ['en', 'es'],
      address: { city: 'Salem' },
    };
    expect(answer).toMatchObject({ status: 200, body: { data, meta: { status: 200 } } });
    expect(Object((await call(`GET ${DANA}`)).body).data).toEqual(data);
    expect(sandbox.writes).toBe(2);
    expect((await call('GET /v1/practitioners?name=exámple')).body).toMatchObject({ data: { total: 1 } });
  });

  test.each<[object, number]>([
    [{}, 200],
    [{ birthDate: '1980-01-31', photo: 'https://example.test/p.png', prefix: ['Dr.'] }, 200],
    [{ firstName: null }, 422],
    [{ firstName: '' }, 422],
    [{ lastName: 'x'.repeat(101) }, 422],
    [{ phone: '1'.repeat(21) }, 422],
    [{ gender: 'F' }, 422],
    [{ specialty: { code: '1' } }, 422],
    [{ active: 'true' }, 422],
    [{ email: 'nobody' }, 422],
    [{ address: 'Boston' }, 422],
    [{ role: 'doctor' }, 422],
    [[], 422],
  ])('%p: %p', async (body, status) => {
    const before = sandbox.state.practitioners.all();
    const answer = await call(`PATCH ${DANA}`, body);
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.body).toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(sandbox.state.practitioners.all()).toEqual(before);
  });

  test.each<[string, string, number]>([
    ['/v1/practitioners/prac_nobody', keys.liveKey, 404],
    [DANA, keys.testKey, 404],
    [DANA, keys.otherOrganizationKey, 404],
    [DANA, keys.readOnlyKey, 403],
    [DANA, keys.writeOnlyKey, 200],
    [RAW_ROLE, keys.readOnlyKey, 403],
  ])('%s with the key %s: %p', async (path, key, status) => {
    expect((await call(`PATCH ${path}`, { active: true }, { key })).status).toBe(status);
  });

  test('a conflict; a search lags behind, a read by id does not; an inactive one leaves the list', async () => {
    settings.conflicts = 1;
    expect((await call(`PATCH ${DANA}`, { active: false })).status).toBe(409);
    settings.searchLagMs = 10_000;
    expect((await call(`PATCH ${DANA}`, { active: false })).status).toBe(200);
    const total = async (query = '') => Object((await call(`GET /v1/practitioners${query}`)).body).data.total;
    expect(await total()).toBe(2);
    expect((await call(`GET ${DANA}`)).body).toMatchObject({ data: { active: false } });
    clock += 10_000;
    expect(await total()).toBe(1);
    expect(await total('?active=false')).toBe(1);
  });
});

test('a deleted role is gone by id, but lingers in searches', async () => {
  settings.searchLagMs = 10_000;
  const role = '/v1/practitioner-roles/pr_def456';
  const answer = await fetch(`${listening.url}${role}`, {
    method: 'DELETE',
    headers: { 'x-api-key': keys.liveKey },
  });
  expect(answer.status).toBe(204);
  expect((await call(`GET ${role}`)).status).toBe(404);
  const total = async () => Object((await call('GET /v1/practitioner-roles?status=active')).body).data.total;
  expect(await total()).toBe(2);
  clock += 10_000;
  expect(await total()).toBe(1);
});

test('a list goes on at its cursor and may end with a row that is no record', async () => {
  settings.phantomRows = true;
  const seen: unknown[] = [];
  for (const list of ['practitioners', 'practitioner-roles']) {
    let cursor: unknown = '';
    while (cursor !== null) {
      const { data } = Object((await call(`GET /v1/${list}?count=1&cursor=${cursor}`)).body);
      expect(data.data).toHaveLength(2);
      expect(data.data[1]).toMatchObject({ resourceType: 'OperationOutcome' });
      expect(data.data[1]).not.toHaveProperty('id');
      seen.push(data.data[0].id);
      cursor = data.cursor;
    }
  }
  expect(seen).toEqual(['prac_abc123', 'prac_xyz789', 'pr_abc123', 'pr_def456', 'pr_ghi789']);
});

describe('/v1/fhir', () => {
  test.each([
    [RAW_ROLE, { resourceType: 'PractitionerRole', active: true, code: [{ text: 'doctor' }] }],
    [RAW_DANA, { resourceType: 'Practitioner', name: [{ family: 'Example', given: ['Dana'] }] }],
    ['/v1/fhir/Organization/org_north1', { resourceType: 'Organization', name: 'Northside Clinic' }],
    [
      '/v1/fhir/Location/loc_main1',
      { resourceType: 'Location', managingOrganization: { reference: 'Organization/org_north1' } },
    ],
  ])('GET %s answers the bare resource', async (path, shown) => {
    const answer = await call(`GET ${path}`);
    expect(answer).toMatchObject({ status: 200, body: { ...shown, meta: { versionId: '1' } } });
    expect(answer.type).toMatch(/^application\/fhir\+json/);
    expect(answer.body).not.toHaveProperty('data');
    expect((await call(`GET ${path}`, undefined, { key: keys.testKey })).status).toBe(404);
  });

  test('PATCH of a role takes the operations of RFC 6902', async () => {
    const answer = await patch(RAW_ROLE, [
      { op: 'test', path: '/active', value: true },
      { op: 'replace', path: '/active', value: false },
      { op: 'add', path: '/specialty/-', value: { coding: [{ code: '394537008' }], text: 'Pediatrics' } },
      { op: 'remove', path: '/period' },
      { op: 'replace', path: '/code/0/coding/0/code', value: 'consultant' },
      { op: 'copy', from: '/specialty/0', path: '/specialty/0' },
      { op: 'move', from: '/specialty/2', path: '/specialty/0' },
      { op: 'add', path: '/telecom', value: [{ system: 'phone', value: '+1 555 0100' }] },
    ]);
    expect(answer).toMatchObject({
      status: 200,
      body: { id: 'pr_abc123', meta: { versionId: '2', lastUpdated: STAMP }, active: false },
    });
    expect(sandbox.state.roles.get('pr_abc123')).toEqual({
      id: 'pr_abc123',
      environment: 'live',
      organization: 'tenant-north',
      practitionerId: 'prac_abc123',
      role: 'consultant',
      status: 'inactive',
      specialties: [
        { code: '394537008', display: 'Pediatrics' },
        { code: '394579002', display: 'Cardiology', system: 'http://snomed.info/sct' },
        { code: '394579002', display: 'Cardiology', system: 'http://snomed.info/sct' },
      ],
      organizationId: 'org_north1',
      organizationName: 'Northside Clinic',
      locationId: 'loc_main1',
      locationName: 'Main Building',
      phone: '+1 555 0100',
      version: 2,
      createdAt: '2026-11-01T08:00:00.000Z',
      updatedAt: STAMP,
    });
    expect((await call('GET /v1/practitioner-roles/pr_abc123')).body).toMatchObject({
      data: { status: 'inactive', role: 'consultant' },
    });
  });

  test('PATCH of a practitioner', async () => {
    const answer = await patch(RAW_DANA, [
      { op: 'replace', path: '/name/0/given/0', value: 'Zoë' },
      { op: 'replace', path: '/identifier/0/value', value: '1999999999' },
      { op: 'remove', path: '/gender' },
    ]);
    expect(answer).toMatchObject({ status: 200, body: { name: [{ given: ['Zoë'] }] } });
    expect(Object((await call(`GET ${DANA}`)).body).data).toEqual({
      id: 'prac_abc123',
      firstName: 'Zoë',
      lastName: 'Example',
      active: true,
      npi: '1999999999',
      specialty: 'Cardiology',
    });
  });

  test.each<[string, unknown]>([
    ['an object', { active: false }],
    ['no operation', [{ path: '/active' }]],
    ['an unknown operation', [{ op: 'merge', path: '/active', value: false }]],
    ['no value', [{ op: 'replace', path: '/active' }]],
    ['a pointer without its slash', [{ op: 'replace', path: 'active', value: false }]],
    ['a target that is not there', [{ op: 'replace', path: '/nothing', value: 1 }]],
    ['a removal of nothing', [{ op: 'remove', path: '/telecom/0' }]],
    ['an index beyond the list', [{ op: 'add', path: '/specialty/7', value: {} }]],
    [
      'a test that fails',
      [
        { op: 'replace', path: '/active', value: false },
        { op: 'test', path: '/id', value: '' },
      ],
    ],
    ['another id', [{ op: 'replace', path: '/id', value: 'pr_def456' }]],
    ['another resource', [{ op: 'replace', path: '', value: { resourceType: 'Patient' } }]],
    ['a member of the wrong type', [{ op: 'replace', path: '/active', value: 'no' }]],
    ['no practitioner', [{ op: 'remove', path: '/practitioner' }]],
    ['a prototype', [{ op: 'add', path: '/__proto__/active', value: false }]],
  ])('%s is refused whole', async (_name, operations) => {
    const before = sandbox.state.roles.all();
    expect(await patch(RAW_ROLE, operations)).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_ERROR' },
    });
    expect(sandbox.state.roles.all()).toEqual(before);
    expect(sandbox.writes).toBe(0);
  });

  test.each<[string, string, number]>([
    [RAW_ROLE, 'application/json', 415],
    [RAW_DANA, 'application/fhir+json', 415],
    ['/v1/fhir/PractitionerRole/pr_nobody', JSON_PATCH, 404],
    ['/v1/fhir/Practitioner/prac_nobody', JSON_PATCH, 404],
    ['/v1/fhir/Organization/org_north1', JSON_PATCH, 404],
    ['/v1/fhir/Patient/p1', JSON_PATCH, 404],
  ])('PATCH %s as %s: %p', async (path, type, status) => {
    expect((await call(`PATCH ${path}`, [], { type })).status).toBe(status);
  });
});
