/** One test for each row of the table in docs/security.md: the OWASP API Security Top 10 (2023). */
import { randomUUID } from 'node:crypto';
import { type ConsoleClient, consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    configure: (config) => {
      for (const caller of config.callers) {
        if (caller.name === 'south-app')
          Object.assign(caller, { rateLimit: { requests: 5, perSeconds: 60 } });
      }
    },
  });
});
afterAll(() => stage.close());

const writes = () => stage.clinikapi.log.filter(({ method }) => method === 'PATCH').length;

test('API1 Broken object level authorization: what belongs to another clinic does not exist', async () => {
  const queued = await stage.patch(KEYS.north, { status: 'active' }, { prefer: 'respond-async' });
  const location = queued.headers.get('location') ?? '';
  expect((await stage.call('GET', location)).status).toBe(200);
  expect((await stage.call('GET', location, { key: KEYS.centro })).status).toBe(404);
  expect((await stage.call('POST', `${location}/retry`, { key: KEYS.centro })).status).toBe(404);

  await stage.call('PUT', '/staff/st-of-centro/links/vitalis-centro', {
    key: KEYS.centro,
    body: { vendorRecordId: '2' },
  });
  expect((await stage.call('GET', '/staff/st-of-centro', { key: KEYS.centro })).status).toBe(200);
  for (const method of ['GET', 'PATCH']) {
    const body = method === 'PATCH' ? { status: 'active' } : undefined;
    const reply = await stage.call(method, '/staff/st-of-centro', { ...(body && { body }) });
    expect(reply.body).toMatchObject({ status: 404, code: 'staff_not_found' });
  }
  expect((await stage.call('GET', '/staff/st-of-centro/links')).body.data).toEqual([]);
  const seen = (await stage.call('GET', '/changes')).body.data.map(
    ({ clinic }: { clinic: string }) => clinic,
  );
  expect(new Set(seen)).toEqual(new Set(['north']));
});

test('API2 Broken authentication: nothing but a configured key opens, and nothing tells why not', async () => {
  const attempts: [string, Record<string, string>][] = [
    ['/staff/st-1', {}],
    ['/staff/st-1', { authorization: 'Bearer ' }],
    ['/staff/st-1', { authorization: 'Bearer wrong' }],
    ['/staff/st-1', { authorization: `Basic ${Buffer.from(`x:${KEYS.north}`).toString('base64')}` }],
    ['/staff/st-1', { 'x-api-key': KEYS.north }],
    [`/staff/st-1?api_key=${KEYS.north}`, {}],
    ['/staff/st-1', { cookie: `key=${KEYS.north}` }],
  ];
  const details = new Set<string>();
  for (const [path, headers] of attempts) {
    const reply = await stage.call('GET', path, { key: null, headers });
    expect(reply.status).toBe(401);
    details.add(reply.body.detail);
  }
  expect(details.size).toBe(1);
});

test('API3 Broken object property level authorization: only canonical fields go in and come out', async () => {
  const before = writes();
  for (const body of [{ id: 'st-2' }, { organizationOwner: 'me' }, { status: 'active', isAdmin: true }]) {
    expect((await stage.patch(KEYS.north, body)).status).toBe(422);
  }
  expect(writes()).toBe(before);
  // Each answer is checked against the OpenAPI document, so no other member can come out.
  expect(Object.keys((await stage.call('GET', '/staff/st-1')).body.data)).toEqual(
    expect.arrayContaining(['id', 'status']),
  );
});

test('API4 Unrestricted resource consumption: bodies and callers have limits', async () => {
  const large = await stage.patch(KEYS.north, { address: { text: 'x'.repeat(200_000) } });
  expect(large.body.code).toBe('payload_too_large');
  const statuses: number[] = [];
  for (let index = 0; index < 8; index += 1) {
    statuses.push((await stage.call('GET', '/capabilities', { key: KEYS.south })).status);
  }
  expect(statuses).toContain(429);
  expect((await stage.call('GET', '/capabilities', { key: KEYS.north })).status).toBe(200);
});

test('API5 Broken function level authorization: every route asks for its scope', async () => {
  const refused = [
    ['PATCH', '/staff/st-1', { status: 'active' }],
    ['PUT', '/staff/st-1/links/clinikapi-main', { vendorRecordId: 'pr_abc123' }],
    ['DELETE', '/staff/st-1/links/clinikapi-main', undefined],
    ['GET', '/changes', undefined],
    ['POST', `/operations/${randomUUID()}/retry`, undefined],
  ] as const;
  for (const [method, path, body] of refused) {
    const reply = await stage.call(method, path, { key: KEYS.reader, ...(body && { body }) });
    expect({ path, code: reply.body.code }).toEqual({ path, code: 'forbidden' });
  }
});

test('API6 Unrestricted access to sensitive business flows: a repeated update is carried out once', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const before = writes();
  for (let index = 0; index < 5; index += 1) {
    expect((await stage.patch(KEYS.north, { role: 'surgeon' }, headers)).status).toBe(200);
  }
  expect(writes()).toBe(before + 1);
});

test('API7 Server side request forgery: nothing that a caller sends decides where the gateway calls', async () => {
  for (const vendorRecordId of ['http://127.0.0.1/', '../../admin', 'a/b', '..', 'x?y=z', '@host']) {
    const reply = await stage.call('PUT', '/staff/st-9/links/clinikapi-main', { body: { vendorRecordId } });
    expect({ vendorRecordId, code: reply.body.code }).toEqual({ vendorRecordId, code: 'validation_failed' });
  }
  const paths = stage.clinikapi.log.map(({ path }) => path);
  expect(paths.every((path) => /^\/v1\/practitioner(-role)?s\//.test(path))).toBe(true);
});

test('API8 Security misconfiguration: safe headers, no CORS, no inner life in errors, metrics elsewhere', async () => {
  const reply = await stage.call('GET', '/healthz', {
    key: null,
    headers: { origin: 'https://evil.example' },
  });
  expect(reply.headers.get('x-powered-by')).toBeNull();
  expect(reply.headers.get('server')).toBeNull();
  expect(reply.headers.get('access-control-allow-origin')).toBeNull();
  expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
  expect(reply.headers.get('content-security-policy')).toContain("default-src 'self'");
  const broken = await stage.patch(KEYS.north, '{"status":');
  expect(broken.body.code).toBe('malformed_request');
  expect(JSON.stringify(broken.body)).not.toMatch(/node_modules|\.[tj]s:|at \w+ \(/);
  expect((await stage.call('GET', '/metrics', { key: null })).status).toBe(404);
});

test('API9 Improper inventory management: the document lists every route, and an answer that it does not know fails', async () => {
  const { body } = await stage.call('GET', '/openapi.json', { key: null });
  expect(Object.keys(body.paths)).toContain('/staff/{id}');
  for (const path of ['/v1/staff/st-1', '/admin', '/debug', '/.env', '/people']) {
    expect((await stage.call('GET', path)).body.code).toBe('not_found');
  }
});

test('API10 Unsafe consumption of APIs: what a vendor answers is not believed', async () => {
  stage.clinikapi.faults.next({ kind: 'wrong-id' }, { method: 'PATCH' });
  const other = await stage.patch(KEYS.north, { role: 'nurse' });
  expect(other.body.code).toBe('vendor_unexpected_response');
  stage.clinikapi.faults.next({ kind: 'no-effect', echo: 'old' }, { method: 'PATCH' });
  const unchanged = await stage.patch(KEYS.north, { role: 'midwife' });
  expect(unchanged.body.code).toBe('write_not_confirmed');
});

describe('Console', () => {
  let operators: Stage;
  let olga: ConsoleClient;
  let vera: ConsoleClient;

  beforeAll(async () => {
    operators = await openStage({ configure: withOperators });
    [olga, vera] = [consoleClient(operators.gateway.opsUrl), consoleClient(operators.gateway.opsUrl)];
    await olga.signIn(OPERATOR_KEYS.olga);
    await vera.signIn(OPERATOR_KEYS.vera);
  });
  afterAll(() => operators.close());

  test('Broken access control: nothing without a session, no act by a viewer, every route asks', async () => {
    const document = (await vera.api('GET', '/openapi.json')).body;
    const stranger = consoleClient(operators.gateway.opsUrl);
    const open = [
      '/console/api/sign-in',
      'post /console/api/session',
      '/console/api/oidc/start',
      '/console/api/oidc/callback',
    ];
    let asked = 0;
    for (const [path, methods] of Object.entries<object>(document.paths)) {
      for (const method of Object.keys(methods)) {
        if (open.includes(path) || open.includes(`${method} ${path}`)) continue;
        const url = path.replaceAll(/\{\w+\}/g, 'x');
        const body = method === 'post' ? { body: {} } : {};
        expect([path, (await stranger.ask(method.toUpperCase(), url, body)).status]).toEqual([path, 401]);
        if (method === 'post')
          expect([path, (await vera.ask('POST', url, body)).status]).toEqual([path, 403]);
        asked += 1;
      }
    }
    expect(asked).toBeGreaterThan(15);
  });

  test('Cross-site request forgery: an act needs what only the session’s own page can read', async () => {
    const session = { cookie: olga.cookie ?? '' };
    const stolen = consoleClient(operators.gateway.opsUrl);
    for (const headers of [session, { ...session, 'x-csrf-token': 'guess' }]) {
      const reply = await stolen.api('POST', '/connections/cobalt-main/doctor', { headers });
      expect(reply.body.code).toBe('forbidden');
    }
    const form = { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' };
    const planted = await stolen.api('POST', '/session', {
      body: JSON.stringify({ key: OPERATOR_KEYS.vera }),
      headers: form,
    });
    expect(planted.status).toBe(403);
    expect(planted.headers.get('set-cookie')).toBeNull();
  });

  test('Clickjacking and injection: no frame, nothing inline, nothing from elsewhere, JSON is never a page', async () => {
    for (const path of ['/console', '/console/api/now', '/console/api/nothing']) {
      const { headers } = await olga.ask('GET', path);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get('content-security-policy')).not.toMatch(/unsafe|\*|https?:/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('Privacy: what a record holds is in no answer', async () => {
    const canary = 'Canaria de Prueba 4711';
    await operators.patch(KEYS.centro, { address: { text: canary } });
    await operators.patch(KEYS.centro, { address: { text: canary } }, { prefer: 'respond-async' });
    const paths = [
      '/now',
      '/deliveries?status=succeeded',
      '/deliveries',
      '/staff/centro/st-1',
      '/changes',
      '/configuration',
    ];
    for (const path of [...paths, '/connections', '/switch/centro', '/changes/export']) {
      const { status, text } = await olga.api('GET', path);
      expect([path, status, text.includes(canary)]).toEqual([path, 200, false]);
    }
  });
});
