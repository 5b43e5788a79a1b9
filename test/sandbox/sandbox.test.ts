import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { createCobaltSandbox } from '../../sandbox/cobalt';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { type Fault, MALFORMED_FORMS } from '../../sandbox/faults';
import type { Listening } from '../../sandbox/kit';
import { createVitalisSandbox } from '../../sandbox/vitalis';

/** What the replay cannot show: the other dialects, the order of checks, limits and faults, over real sockets. */

let clock = Date.parse('2026-11-22T12:00:00.000Z');
const now = () => clock;
const vitalis = createVitalisSandbox({ now });
const clinikapi = createClinikapiSandbox({ now });
const cobalt = createCobaltSandbox({ now });
const sandboxes = { vitalis, clinikapi, cobalt };
const listening: Listening[] = [];
const urls = new Map<string, string>();

beforeAll(async () => {
  for (const [name, sandbox] of Object.entries(sandboxes)) {
    const one = await sandbox.listen();
    listening.push(one);
    urls.set(name, one.url);
  }
});
beforeEach(() => {
  clock = Date.parse('2026-11-22T12:00:00.000Z');
  for (const sandbox of Object.values(sandboxes)) sandbox.reset();
});
afterAll(() => Promise.all(listening.map((one) => one.close())));

type Vendor = keyof typeof sandboxes;
type Headers = Record<string, string>;

const CREDENTIALS: Record<Vendor, Headers> = {
  vitalis: { 'x-token': SANDBOX_CREDENTIALS.vitalis.staticAdminToken },
  clinikapi: { 'x-api-key': SANDBOX_CREDENTIALS.clinikapi.liveKey },
  cobalt: {
    client_id: SANDBOX_CREDENTIALS.cobalt.clientId,
    client_secret: SANDBOX_CREDENTIALS.cobalt.clientSecret,
    access_token: SANDBOX_CREDENTIALS.cobalt.accessToken,
  },
};

interface Call {
  body?: unknown;
  headers?: Headers;
  /** Instead of the vendor's right ones. */
  credentials?: Headers;
}

async function call(vendor: Vendor, route: string, { body, headers, credentials }: Call = {}) {
  const [method = 'GET', path = ''] = route.split(' ');
  const answer = await fetch(`${urls.get(vendor)}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(credentials ?? CREDENTIALS[vendor]),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes, body: parse(bytes.toString('utf8')) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A whole record, as Vitalis wants it. */
const JUAN = {
  name: 'Juan',
  surname: 'Pérez',
  dni: '30111222',
  birthdate: '1985-03-15',
  gender: 'Masculino',
  address: 'Av. Corrientes 1234, Buenos Aires',
  phone: '+54 11 4567-8901',
  email: 'juan.perez@example.test',
  specialityID: 1,
  state: 'Licencia',
};
const JUAN_ROUTE = 'PATCH /professionals/1';
const ROLE_ROUTE = 'PATCH /v1/practitioner-roles/pr_abc123';
const PROVIDER = 'abc123def4567890abcdef1234567890';
const PROVIDER_ROUTE = `PATCH /v1/providers/${PROVIDER}`;

describe('vitalis', () => {
  const user = () => ({ 'x-token': vitalis.state.issueToken('2') });
  const TAKEN = { ...JUAN, dni: '28333444' };

  test.each<{ name: string; route: string; call: () => Call; status: number; shows: string }>([
    {
      name: 'bad JSON comes before a missing token',
      route: JUAN_ROUTE,
      call: () => ({ body: '{"a":', credentials: {} }),
      status: 400,
      shows: 'SyntaxError',
    },
    {
      name: 'a missing token before the body',
      route: JUAN_ROUTE,
      call: () => ({ body: {}, credentials: {} }),
      status: 401,
      shows: 'No hay token en la petición',
    },
    {
      name: 'no administrator before the body',
      route: JUAN_ROUTE,
      call: () => ({ body: {}, credentials: user() }),
      status: 401,
      shows: 'no es un administrador',
    },
    {
      name: 'the body before a bad id',
      route: 'PATCH /professionals/abc',
      call: () => ({ body: { ...JUAN, name: '' } }),
      status: 400,
      shows: 'El nombre es obligatorio',
    },
    {
      name: 'a taken DNI before an unknown id',
      route: 'PATCH /professionals/9999',
      call: () => ({ body: TAKEN }),
      status: 400,
      shows: 'El DNI 28333444 ya está en uso',
    },
    {
      name: 'an unknown id last',
      route: 'PATCH /professionals/9999',
      call: () => ({ body: { ...JUAN, dni: '39999999' } }),
      status: 404,
      shows: 'El profesional no está cargado en el sistema',
    },
    {
      name: 'a body that is too large',
      route: JUAN_ROUTE,
      call: () => ({ body: { ...JUAN, address: 'x'.repeat(110_000) } }),
      status: 413,
      shows: 'PayloadTooLargeError',
    },
    {
      name: 'a route that does not exist',
      route: 'DELETE /professionals/1',
      call: () => ({}),
      status: 404,
      shows: '<pre>Cannot DELETE /professionals/1</pre>',
    },
    {
      name: 'a query string that completes a partial body',
      route: 'PATCH /professionals/1?name=Otro',
      call: () => ({ body: { ...JUAN, name: undefined } }),
      status: 200,
      shows: '"name":"Juan"',
    },
    {
      name: 'a list for a text column',
      route: JUAN_ROUTE,
      call: () => ({ body: { ...JUAN, name: ['Juan'] } }),
      status: 500,
      shows: 'Error del servidor',
    },
  ])('$name', async ({ route, call: make, status, shows }) => {
    const answer = await call('vitalis', route, make());
    expect(answer.status).toBe(status);
    expect(answer.bytes.toString('utf8')).toContain(shows);
  });

  test.each([
    { dialect: 'code', header: 'x-token', status: 200 },
    { dialect: 'code', header: 'authorization', status: 401 },
    { dialect: 'documented', header: 'x-token', status: 401 },
    { dialect: 'documented', header: 'authorization', status: 200 },
    { dialect: 'both', header: 'x-token', status: 200 },
    { dialect: 'both', header: 'authorization', status: 200 },
  ] as const)('dialect $dialect with $header: $status', async ({ dialect, header, status }) => {
    vitalis.state.settings.dialect = dialect;
    const token = vitalis.state.issueToken('1');
    const credentials = { [header]: header === 'x-token' ? token : `Bearer ${token}` };
    expect((await call('vitalis', 'GET /professionals/1', { credentials })).status).toBe(status);
  });

  test('the documented dialect: 403, a flat error list, strict values, eleven members', async () => {
    vitalis.state.settings.dialect = 'documented';
    const bearer = (id: string) => ({ authorization: `Bearer ${vitalis.state.issueToken(id)}` });
    expect((await call('vitalis', JUAN_ROUTE, { body: JUAN, credentials: bearer('2') })).status).toBe(403);

    const bad = { ...JUAN, state: 'Foo', birthdate: '1985-02-30', specialityID: 999 };
    expect((await call('vitalis', JUAN_ROUTE, { body: bad, credentials: bearer('1') })).body).toEqual({
      errors: [
        { msg: 'La fecha de nacimiento no es válida', param: 'birthdate', location: 'body' },
        { msg: 'La especialidad no existe', param: 'specialityID', location: 'body' },
        { msg: 'El estado no es válido', param: 'state', location: 'body' },
      ],
    });
    expect((await call('vitalis', JUAN_ROUTE, { body: JUAN, credentials: bearer('1') })).body).toEqual({
      professional: { id: 1, ...JUAN, dni: 30111222, birthdate: '1985-03-15T00:00:00.000Z' },
    });
  });

  test('tokens live four hours, and can be ended at once', async () => {
    const credentials = { 'x-token': vitalis.state.issueToken('1') };
    const status = async () => (await call('vitalis', 'GET /professionals/1', { credentials })).status;
    clock += 4 * 60 * 60 * 1000 - 1000;
    expect(await status()).toBe(200);
    clock += 1000;
    expect(await status()).toBe(401);

    credentials['x-token'] = vitalis.state.issueToken('1');
    expect(await status()).toBe(200);
    vitalis.state.expireTokens();
    expect(await status()).toBe(401);
    expect((await call('vitalis', 'GET /professionals/1')).status).toBe(200);
    vitalis.state.expireTokens({ staticToken: true });
    expect((await call('vitalis', 'GET /professionals/1')).status).toBe(401);
  });

  test('equal in value and type is no write', async () => {
    const stored = vitalis.state.professionals.get(1);
    const same = { ...JUAN, state: 'Activo/a', dni: 30111222 };
    await call('vitalis', JUAN_ROUTE, { body: same });
    expect(vitalis.writes).toBe(0);
    expect(vitalis.state.professionals.get(1)).toEqual(stored);
    await call('vitalis', JUAN_ROUTE, { body: { ...same, dni: '30111222' } });
    expect(vitalis.writes).toBe(1);
    expect(vitalis.state.professionals.get(1)).toEqual({ ...stored, updatedAt: '2026-11-22T12:00:00.000Z' });
  });

  test('text that is no number stays text', async () => {
    await call('vitalis', JUAN_ROUTE, { body: { ...JUAN, dni: 'AB123456' } });
    expect((await call('vitalis', 'GET /professionals/1')).body).toMatchObject({
      professional: { dni: 'AB123456' },
    });
  });

  test('a rival takes the DNI between the checks and the write', async () => {
    const rival = () => void vitalis.state.professionals.change(2, { dni: 39999999 });
    vitalis.faults.next({ kind: 'hook', when: 'commit', run: rival });
    const answer = await call('vitalis', JUAN_ROUTE, { body: { ...JUAN, dni: '39999999' } });
    expect(answer).toMatchObject({ status: 500, body: { msg: 'Error del servidor' } });
    expect(vitalis.writes).toBe(0);
  });
});

describe('clinikapi', () => {
  const keys = SANDBOX_CREDENTIALS.clinikapi;
  const specialty = { code: '394819006', display: 'Interventional Cardiology' };

  test.each<{ key: string | undefined; route?: string; status: number; code: string | undefined }>([
    { key: undefined, status: 401, code: 'UNAUTHORIZED' },
    { key: 'secret', status: 401, code: 'INVALID_KEY_FORMAT' },
    { key: 'clk_live_nobody', status: 401, code: 'INVALID_KEY' },
    { key: keys.revokedKey, status: 401, code: 'KEY_REVOKED' },
    { key: keys.expiredKey, status: 401, code: 'KEY_EXPIRED' },
    { key: keys.readOnlyKey, status: 403, code: undefined },
    { key: keys.writeOnlyKey, route: 'GET /v1/practitioner-roles/pr_abc123', status: 403, code: undefined },
    { key: keys.testKey, status: 404, code: 'NOT_FOUND' },
    { key: keys.otherOrganizationKey, status: 404, code: 'NOT_FOUND' },
  ])('the key $key: $status $code', async ({ key, route = ROLE_ROUTE, status, code }) => {
    const credentials: Headers = key === undefined ? {} : { 'x-api-key': key };
    const body = route === ROLE_ROUTE ? { status: 'inactive' } : undefined;
    const answer = await call('clinikapi', route, { credentials, body });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ requestId: answer.headers.get('x-request-id') });
    expect(Object(answer.body).code).toBe(code);
  });

  test.each<{ name: string; call: Call; status: number; body: unknown }>([
    {
      name: 'a method override before the key',
      call: { credentials: {}, headers: { 'x-http-method-override': 'PUT' } },
      status: 400,
      body: { code: 'METHOD_OVERRIDE_REJECTED' },
    },
    {
      name: 'the key before bad JSON',
      call: { credentials: {}, body: '{' },
      status: 401,
      body: { code: 'UNAUTHORIZED' },
    },
    { name: 'bad JSON', call: { body: '{' }, status: 400, body: { code: 'INVALID_JSON' } },
    {
      name: 'an unknown key and a null',
      call: { body: { phone: '1', role: null } },
      status: 422,
      body: {
        code: 'VALIDATION_ERROR',
        issues: [
          { severity: 'error', code: 'invalid', diagnostics: 'role: Expected string' },
          { severity: 'error', code: 'invalid', diagnostics: 'phone: Unrecognized key' },
        ],
      },
    },
    { name: 'a list of operations', call: { body: [] }, status: 422, body: { code: 'VALIDATION_ERROR' } },
    { name: 'a status of its own', call: { body: { status: 'on-leave' } }, status: 422, body: {} },
    { name: 'an empty body', call: { body: {} }, status: 200, body: { data: { id: 'pr_abc123' } } },
  ])('$name: $status', async ({ call: sent, status, body }) => {
    const answer = await call('clinikapi', ROLE_ROUTE, sent);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(Object(body));
    expect(clinikapi.writes).toBe(0);
  });

  test('objects are replaced whole, references are kept but not shown', async () => {
    clinikapi.state.roles.change('pr_abc123', { period: { start: '2024-01-01', end: '2025-12-31' } });
    const body = { specialty: { code: '1' }, period: { start: '2024-02-01' }, organizationId: 'org_south2' };
    const answer = await call('clinikapi', ROLE_ROUTE, { body });
    const documented = {
      id: 'pr_abc123',
      practitionerId: 'prac_abc123',
      role: 'doctor',
      status: 'active',
      specialty: { code: '1' },
      period: { start: '2024-02-01' },
    };
    expect(answer.body).toEqual({
      data: documented,
      meta: {
        requestId: answer.headers.get('x-request-id'),
        timestamp: '2026-11-22T12:00:00.000Z',
        status: 200,
        rateLimitTotal: 1000,
        rateLimitRemaining: 999,
        rateLimitReset: 60,
      },
    });
    const read = () => call('clinikapi', 'GET /v1/practitioner-roles/pr_abc123');
    expect((await read()).body).toMatchObject({
      data: { ...documented, organizationId: 'org_south2', locationId: 'loc_main1' },
    });
    clinikapi.state.settings.showReferences = 'never';
    expect((await read()).body).toMatchObject({ data: documented });
    expect(Object((await read()).body).data).not.toHaveProperty('organizationId');
  });

  test('the live dialect takes what the SDK sends and shows FHIR', async () => {
    Object.assign(clinikapi.state.settings, { dialect: 'live', rendering: 'fhir' });
    const body = { active: false, specialty: ['Cardiology'], locationName: 'Annex', availableDays: ['mon'] };
    const headers = { 'content-type': 'application/json-patch+json' };
    expect(await call('clinikapi', ROLE_ROUTE, { body, headers })).toMatchObject({
      status: 200,
      body: {
        data: {
          resourceType: 'PractitionerRole',
          active: false,
          code: [{ coding: [{ code: 'doctor' }] }],
          specialty: [{ text: 'Cardiology' }],
          organization: { reference: 'Organization/org_north1', display: 'Northside Clinic' },
          location: [{ display: 'Annex' }],
          availableTime: [{ daysOfWeek: ['mon'] }],
        },
      },
    });
    expect((await call('clinikapi', ROLE_ROUTE, { body: { specialty } })).status).toBe(422);
  });

  test('the rate limit: a rolling minute for all keys of an organization', async () => {
    clinikapi.state.settings.rateLimit = 2;
    const get = (credentials?: Headers) =>
      call('clinikapi', 'GET /v1/practitioner-roles', credentials ? { credentials } : {});
    expect((await get()).headers.get('x-ratelimit-remaining')).toBe('1');
    clock += 20_000;
    expect((await get({ 'x-api-key': keys.testKey })).headers.get('x-ratelimit-remaining')).toBe('0');
    const refused = await get();
    expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    const limit = ['limit', 'remaining', 'reset'].map((name) => refused.headers.get(`x-ratelimit-${name}`));
    expect(limit).toEqual(['2', '0', '40']);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect((await get({ 'x-api-key': keys.otherOrganizationKey })).status).toBe(200);
    clock += 40_000;
    expect((await get()).status).toBe(200);
  });

  test('the quota, and injected conflicts', async () => {
    clinikapi.state.settings.quota = 'MONTHLY_QUOTA_EXCEEDED';
    const refused = await call('clinikapi', ROLE_ROUTE, { body: {} });
    expect(refused).toMatchObject({
      status: 429,
      body: { error: 'Quota exceeded', code: 'MONTHLY_QUOTA_EXCEEDED' },
    });
    expect(refused.headers.get('x-quota-reset')).toBe('2026-12-01T00:00:00.000Z');

    clinikapi.reset();
    clinikapi.state.settings.conflicts = 1;
    const patch = () => call('clinikapi', ROLE_ROUTE, { body: { role: 'nurse' } });
    expect([(await patch()).status, (await patch()).status]).toEqual([409, 200]);
    expect(clinikapi.writes).toBe(1);
  });

  test('create, list by pages, delete', async () => {
    const body = { practitionerId: 'prac_xyz789', role: 'doctor', specialty };
    const created = await call('clinikapi', 'POST /v1/practitioner-roles', { body });
    expect(created.status).toBe(201);
    const { id } = Object(created.body).data;
    expect((await call('clinikapi', 'GET /v1/practitioner-roles?count=3')).body).toMatchObject({
      data: { data: [{}, {}, {}], total: 4, cursor: '3', hasMore: true },
    });
    expect(
      (await call('clinikapi', 'GET /v1/practitioner-roles?count=0&specialty=INTERV')).body,
    ).toMatchObject({
      data: { data: [{ id }], total: 1, cursor: null, hasMore: false },
    });
    const one = `/v1/practitioner-roles/${id}`;
    const statuses = [];
    for (const method of ['DELETE', 'DELETE', 'GET']) {
      statuses.push((await call('clinikapi', `${method} ${one}`)).status);
    }
    expect(statuses).toEqual([204, 404, 404]);
    expect((await call('clinikapi', 'POST /v1/practitioner-roles', { body: {} })).status).toBe(422);
  });

  test('a search lags behind, a read by id does not', async () => {
    clinikapi.state.settings.searchLagMs = 10_000;
    await call('clinikapi', ROLE_ROUTE, { body: { role: 'nurse' } });
    const search = async () =>
      Object((await call('clinikapi', 'GET /v1/practitioner-roles')).body).data.data[0].role;
    expect(await search()).toBe('doctor');
    expect((await call('clinikapi', 'GET /v1/practitioner-roles/pr_abc123')).body).toMatchObject({
      data: { role: 'nurse' },
    });
    clock += 10_000;
    expect(await search()).toBe('nurse');
  });

  test.each([
    ['practitioners/prac_abc123', { firstName: 'Dana' }],
    ['organizations/org_north1', { name: 'Northside Clinic' }],
    ['locations/loc_main1', { name: 'Main Building' }],
  ])('reads %s', async (path, data) => {
    expect((await call('clinikapi', `GET /v1/${path}`)).body).toMatchObject({ data });
    const list = await call('clinikapi', `GET /v1/${path.split('/')[0]}?count=1`);
    expect(list.body).toMatchObject({ data: { data: [data], hasMore: true } });
  });
});

describe('cobalt', () => {
  const facility = '095f8067-d3fc-4e13-b771-32f87cd0c3f2';
  const shift = { start: 'T09:00:00', end: 'T18:00:00', facility_id: facility };
  const tuesday = { day: 'Tuesday', shifts: [shift] };

  async function readProvider() {
    const answer = await call('cobalt', 'GET /v1/providers');
    const { providers } = Object(answer.body);
    return Object(Array.isArray(providers) ? providers.find((one) => one.id === PROVIDER) : undefined);
  }
  const daysOf = (provider: { hours: { day: string }[] }) => provider.hours.map(({ day }) => day);

  test.each<{ name: string; route?: string; call: Call; status: number; message: string }>([
    {
      name: 'a missing header before bad JSON',
      call: { credentials: { ...CREDENTIALS.cobalt, access_token: '' }, body: '{' },
      status: 401,
      message: "Header 'access_token' is required.",
    },
    {
      name: 'a wrong secret',
      call: { credentials: { ...CREDENTIALS.cobalt, client_secret: 'x' } },
      status: 401,
      message: "Invalid 'client_secret'.",
    },
    { name: 'bad JSON', call: { body: '{' }, status: 400, message: 'The request body is invalid.' },
    {
      name: 'an unknown provider before its body',
      route: 'PATCH /v1/providers/nobody',
      call: { body: {} },
      status: 404,
      message: 'Provider not found.',
    },
    { name: 'an empty body', call: { body: {} }, status: 400, message: "'value' must have at least 1 key" },
    {
      name: 'hiding without the feature',
      call: { body: { hide_in_availability: 'true' } },
      status: 400,
      message: "'hide_in_availability' is not allowed",
    },
    {
      name: 'a name that Cobalt fills in itself',
      call: { body: { hours: [{ day: 'Monday', shifts: [{ ...shift, facility_name: 'x' }] }] } },
      status: 400,
      message: "'hours[0].shifts[0].facility_name' is not allowed",
    },
    {
      name: 'a day in lower case',
      call: { body: { hours: [{ day: 'monday', shifts: [] }] } },
      status: 400,
      message:
        "'hours[0].day' must be one of [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]",
    },
    {
      name: 'a time without its T',
      call: { body: { hours: [{ day: 'Monday', shifts: [{ ...shift, start: '09:00:00' }] }] } },
      status: 400,
      message: "'hours[0].shifts[0].start' must be in the format THH:MM:SS.",
    },
    {
      name: 'a day that does not exist',
      call: {
        body: { hours: [{ day: 'Monday', shifts: [{ ...shift, set_end_date: '2025-02-30T00:00:00' }] }] },
      },
      status: 400,
      message: "'hours[0].shifts[0].set_end_date' must be in ISO 8601 format.",
    },
    {
      name: 'an unknown facility',
      call: { body: { hours: [{ day: 'Monday', shifts: [{ ...shift, facility_id: 'f' }] }] } },
      status: 400,
      message: "Facility 'f' was not found in your organization's locations.",
    },
    {
      name: 'both members',
      call: { body: { status: 'INACTIVE', hours: [] } },
      status: 200,
      message: 'Provider status and hours updated successfully.',
    },
    {
      name: 'a provider by its EHR id',
      route: 'PATCH /v1/providers/ehr/99999',
      call: { body: { status: 'inactive' } },
      status: 200,
      message: 'Provider status updated successfully.',
    },
    {
      name: 'a location',
      route: 'PATCH /v1/locations/095f8067d3fc4e13b77132f87cd0c3f2',
      call: { body: { status: 'Inactive' } },
      status: 200,
      message: 'Location status updated successfully.',
    },
  ])('$name: $status', async ({ route = PROVIDER_ROUTE, call: sent, status, message }) => {
    const answer = await call('cobalt', route, sent);
    expect(answer).toMatchObject({ status, body: { success: status === 200, message } });
    expect(cobalt.writes).toBe(status === 200 ? 1 : 0);
  });

  test('an expired link: 403 everywhere', async () => {
    cobalt.state.settings.linked = false;
    for (const route of ['GET /v1/providers', 'GET /v1/settings', 'GET /v1/locations']) {
      expect(await call('cobalt', route)).toMatchObject({ status: 403, body: { error: 'login_required' } });
    }
  });

  test.each([
    { hoursMode: 'replace', hours: [tuesday], days: ['Tuesday'] },
    { hoursMode: 'merge', hours: [tuesday], days: ['Monday', 'Tuesday'] },
    { hoursMode: 'replace', hours: [], days: [] },
    { hoursMode: 'merge', hours: [], days: ['Monday'] },
  ] as const)('hours $hoursMode with $hours.length days: $days', async ({ hoursMode, hours, days }) => {
    cobalt.state.settings.hoursMode = hoursMode;
    await call('cobalt', PROVIDER_ROUTE, { body: { hours } });
    expect(daysOf(await readProvider())).toEqual(days);
  });

  test('GET shows another shape than PATCH takes', async () => {
    const rule = { rec_start_date: '2025-11-13T00:00:00', recur_interval_type: 'days' };
    const set_recur = { ...rule, rec_end_date: '2026-11-13T00:00:00', recur_interval_amount: 1 };
    const facility_id = facility.replaceAll('-', '').toUpperCase();
    cobalt.state.settings.hideInAvailability = true;
    const hours = [
      {
        day: 'Friday',
        shifts: [
          { ...shift, facility_id, set_recur },
          { start: 'T19:00:00', end: 'T20:00:00' },
        ],
      },
    ];
    await call('cobalt', PROVIDER_ROUTE, { body: { hours, hide_in_availability: 'true' } });
    expect(await readProvider()).toMatchObject({ hide_in_availability: true });
    expect((await readProvider()).hours[0].shifts).toEqual([
      {
        ...shift,
        facility_id,
        facility_name: 'Happy Clinic',
        recurrence: { ...rule, recur_interval_amount: '1' },
      },
      { start: 'T19:00:00', end: 'T20:00:00' },
    ]);
  });

  test('an acknowledgement without effect, of all or of one member', async () => {
    cobalt.state.settings.acknowledgeWithoutEffect = true;
    const body = { status: 'inactive', hours: [tuesday] };
    expect((await call('cobalt', PROVIDER_ROUTE, { body })).status).toBe(200);
    expect(cobalt.writes).toBe(0);
    cobalt.state.settings.acknowledgeWithoutEffect = ['hours'];
    await call('cobalt', PROVIDER_ROUTE, { body });
    const read = await readProvider();
    expect([read.status, daysOf(read)]).toEqual(['inactive', ['Monday']]);
  });

  test('reads lag behind a write, by count or by time', async () => {
    cobalt.state.settings.readLag = { reads: 2 };
    await call('cobalt', PROVIDER_ROUTE, { body: { status: 'inactive' } });
    const seen = [];
    for (let read = 0; read < 3; read += 1) seen.push((await readProvider()).status);
    expect(seen).toEqual(['active', 'active', 'inactive']);

    cobalt.state.settings.readLag = { milliseconds: 500 };
    await call('cobalt', PROVIDER_ROUTE, { body: { status: 'active' } });
    expect((await readProvider()).status).toBe('inactive');
    clock += 500;
    expect((await readProvider()).status).toBe('active');
  });
});

describe('faults', () => {
  const nurse = { body: { role: 'nurse' } };
  const patch = (headers: Headers = {}) => call('clinikapi', ROLE_ROUTE, { ...nurse, headers });
  const stored = () => clinikapi.state.roles.get('pr_abc123')?.role;

  test.each<{ fault: Fault; role: string }>([
    { fault: { kind: 'drop' }, role: 'doctor' },
    { fault: { kind: 'drop', when: 'before', reset: true }, role: 'doctor' },
    { fault: { kind: 'drop', when: 'after' }, role: 'nurse' },
    { fault: { kind: 'drop', when: 'after', reset: true }, role: 'nurse' },
    { fault: { kind: 'drop', when: 'during' }, role: 'nurse' },
  ])('$fault leaves the role $role', async ({ fault, role }) => {
    clinikapi.faults.next(fault);
    await expect(patch()).rejects.toThrow();
    expect(stored()).toBe(role);
    expect((await patch()).status).toBe(200);
    expect(clinikapi.log.map(({ body }) => body)).toEqual([nurse.body, nurse.body]);
    expect(clinikapi.log[1]).toMatchObject({ dropped: false, status: 200 });
  });

  test.each<{ fault: Fault; status: number; shown: unknown; role: string }>([
    {
      fault: { kind: 'answer', status: 500 },
      status: 500,
      shown: { message: 'sandbox fault' },
      role: 'doctor',
    },
    {
      fault: { kind: 'answer', status: 503, commit: true, body: { a: 1 } },
      status: 503,
      shown: { a: 1 },
      role: 'nurse',
    },
    { fault: { kind: 'no-effect' }, status: 200, shown: { data: { role: 'nurse' } }, role: 'doctor' },
    {
      fault: { kind: 'no-effect', echo: 'old' },
      status: 200,
      shown: { data: { role: 'doctor' } },
      role: 'doctor',
    },
    { fault: { kind: 'wrong-id' }, status: 200, shown: { data: { id: 'wrong_pr_abc123' } }, role: 'nurse' },
    { fault: { kind: 'wrong-id', id: 'pr_x' }, status: 200, shown: { data: { id: 'pr_x' } }, role: 'nurse' },
  ])('$fault', async ({ fault, status, shown, role }) => {
    clinikapi.faults.next(fault);
    expect(await patch()).toMatchObject({ status, body: Object(shown) });
    expect(stored()).toBe(role);
    expect(clinikapi.writes).toBe(role === 'nurse' ? 1 : 0);
  });

  test('an answer with headers and an HTML body', async () => {
    clinikapi.faults.next({
      kind: 'answer',
      status: 502,
      body: '<h1>x</h1>',
      headers: { 'retry-after': '7' },
    });
    const answer = await patch();
    expect([answer.status, answer.body, answer.headers.get('retry-after')]).toEqual([502, '<h1>x</h1>', '7']);
    expect(answer.headers.get('content-type')).toContain('text/html');
  });

  test.each(MALFORMED_FORMS)('a malformed body: %s', async (form) => {
    clinikapi.state.roles.change('pr_abc123', { specialties: [{ display: 'Cardiología' }] });
    clinikapi.faults.next({ kind: 'malformed', form, bytes: 100_000 });
    const { status, bytes, body, headers } = await patch();
    expect([status, stored()]).toEqual([200, 'nurse']);
    expect(headers.get('content-length')).toBe(String(bytes.length));
    const checks: Record<typeof form, () => void> = {
      truncated: () => expect(body).toMatch(/^\{"data":/),
      html: () => expect(body).toContain('<html>'),
      empty: () => expect(bytes).toHaveLength(0),
      array: () => expect(body).toMatchObject([{ data: { id: 'pr_abc123' } }]),
      text: () => expect(body).toBe('OK'),
      bom: () => expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]),
      latin1: () => expect(bytes.includes(Buffer.from('Cardiología', 'latin1'))).toBe(true),
      huge: () => expect(bytes.length).toBeGreaterThan(100_000),
    };
    checks[form]();
  });

  test('a malformed answer to a write that was not stored', async () => {
    clinikapi.faults.next({ kind: 'malformed', form: 'empty', commit: false });
    expect((await patch()).bytes).toHaveLength(0);
    expect(stored()).toBe('doctor');
  });

  test.each(['before', 'commit', 'after'] as const)('a delay %s', async (when) => {
    clinikapi.faults.next({ kind: 'delay', milliseconds: 60, when });
    const start = performance.now();
    const answering = patch();
    expect((await answering).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  test('a late answer finds the write stored, a late start does not', async () => {
    for (const [when, role] of [
      ['before', 'doctor'],
      ['after', 'nurse'],
    ] as const) {
      clinikapi.reset();
      clinikapi.faults.next({ kind: 'delay', milliseconds: 60_000, when });
      const answering = fetch(`${urls.get('clinikapi')}/v1/practitioner-roles/pr_abc123`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json', ...CREDENTIALS.clinikapi },
        body: JSON.stringify(nurse.body),
        signal: AbortSignal.timeout(100),
      });
      await expect(answering).rejects.toThrow();
      expect([when, stored()]).toEqual([when, role]);
    }
  });

  test('a hook changes the record between a read and a write', async () => {
    const outside = () => void clinikapi.state.roles.change('pr_abc123', { status: 'inactive' });
    clinikapi.faults.next({ kind: 'hook', run: async () => outside() }, { method: 'PATCH' });
    const route = 'GET /v1/practitioner-roles/pr_abc123';
    expect((await call('clinikapi', route)).body).toMatchObject({ data: { status: 'active' } });
    expect((await patch()).body).toMatchObject({ data: { status: 'inactive', role: 'nurse' } });
    expect(clinikapi.writes).toBe(1);
  });

  test('targets: method, path, a condition, some to let pass, a number of times', async () => {
    const unavailable: Fault = { kind: 'answer', status: 503 };
    const get = async () => (await call('clinikapi', 'GET /v1/practitioner-roles/pr_def456')).status;
    const stop = clinikapi.faults.add(unavailable, { method: 'patch', path: /pr_abc/ });
    expect([await get(), (await patch()).status, (await patch()).status]).toEqual([200, 503, 503]);
    stop();
    clinikapi.faults.next(unavailable, { after: 1, times: 2, path: '/v1/practitioner-roles/pr_def456' });
    expect([await get(), await get(), await get(), await get()]).toEqual([200, 503, 503, 200]);
    clinikapi.faults.add(unavailable, { when: (request) => request.get('x-api-key') !== undefined });
    expect(await get()).toBe(503);
    clinikapi.faults.clear();
    expect(await get()).toBe(200);
  });

  test('one request asks for a fault itself, by name or as JSON', async () => {
    const statusWith = async (fault: string) => (await patch({ 'x-sandbox-fault': fault })).status;
    expect(await statusWith('unavailable')).toBe(503);
    expect(await statusWith('{"kind":"answer","status":418}')).toBe(418);
    expect(await statusWith('{"kind":"hook"}')).toBe(400);
    expect(await statusWith('toString')).toBe(400);
    expect(clinikapi.writes).toBe(0);
    await expect(patch({ 'x-sandbox-fault': 'drop-after' })).rejects.toThrow();
    expect(clinikapi.writes).toBe(1);
  });

  test.each(['vitalis', 'cobalt'] as const)('no effect and a wrong id at %s', async (vendor) => {
    const [route, body] =
      vendor === 'vitalis' ? [JUAN_ROUTE, JUAN] : [PROVIDER_ROUTE, { status: 'inactive' }];
    sandboxes[vendor].faults.next({ kind: 'no-effect' });
    sandboxes[vendor].faults.next({ kind: 'wrong-id', id: 'another' });
    const answer = await call(vendor, route, { body });
    expect(answer.body).toMatchObject(
      vendor === 'vitalis'
        ? { professional: { id: 'another', state: 'Licencia' } }
        : { provider_id: 'another' },
    );
    expect(sandboxes[vendor].writes).toBe(0);
  });
});

describe('the kit', () => {
  test('the log keeps the newest exchanges, whole', async () => {
    const small = createCobaltSandbox({ logLimit: 2 });
    const started = await small.listen();
    for (const path of ['/a', '/b', '/c?x=1']) await fetch(`${started.url}${path}`);
    await started.close();
    expect(small.log).toMatchObject([
      { number: 2, path: '/b' },
      { number: 3, method: 'GET', path: '/c', query: { x: '1' }, status: 401, answer: { success: false } },
    ]);
  });

  test('closing ends sockets at once and can be repeated', async () => {
    const small = createCobaltSandbox();
    small.faults.add({ kind: 'delay', milliseconds: 60_000 });
    const started = await small.listen();
    const pending = fetch(`${started.url}/v1/providers`);
    const refused = expect(pending).rejects.toThrow();
    while (small.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([started.close(), started.close()]);
    await refused;
  });
});
