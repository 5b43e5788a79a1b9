import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { createFhirSandbox, FHIR_BASE } from '../../sandbox/fhir';
import type { Listening } from '../../sandbox/kit';
import { makePeople } from '../../sandbox/people';
import { seedPeople } from '../../sandbox/seedPeople';

/** What the FHIR server adds to Medplum's router and repository: versions, pages, tokens, faults, digits of numbers. */

let clock = Date.parse('2026-11-22T12:00:00.000Z');
const sandbox = createFhirSandbox({ now: () => clock });
let server: Listening;
beforeAll(async () => {
  server = await sandbox.listen();
});
afterAll(() => server.close());
beforeEach(() => sandbox.reset());

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${SANDBOX_CREDENTIALS.fhir.token}`,
      'content-type': 'application/fhir+json',
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

const ROLE = `${FHIR_BASE}/PractitionerRole/role-abc123`;
const ifMatch = (versionId: string) => ({ 'if-match': `W/"${versionId}"` });

test('an update needs the newest version, and gives a new one', async () => {
  const { body, headers } = await call('GET', ROLE);
  expect(headers.get('etag')).toBe(`W/"${body.meta.versionId}"`);
  const written = await call('PUT', ROLE, { ...body, active: false }, ifMatch(body.meta.versionId));
  expect(written).toMatchObject({ status: 200, body: { active: false } });
  expect(written.body.meta.versionId).not.toBe(body.meta.versionId);
  const stale = await call('PUT', ROLE, body, ifMatch(body.meta.versionId));
  expect(stale).toMatchObject({ status: 412, body: { resourceType: 'OperationOutcome' } });
  expect((await call('GET', ROLE)).body).toEqual(written.body);
  expect(sandbox.writes).toBe(1);

  sandbox.state.settings.staleStatus = 409;
  expect((await call('PUT', ROLE, body, ifMatch(body.meta.versionId))).status).toBe(409);
  sandbox.state.settings.honoursIfMatch = false;
  expect((await call('PUT', ROLE, body, ifMatch(body.meta.versionId))).status).toBe(200);
});

test('digits of numbers, unknown members and orders stay as they were sent', async () => {
  sandbox.state.settings.validates = false;
  const { body } = await call('GET', ROLE);
  const sent = JSON.stringify({ ...body, zeta: 0, alpha: [3, 1] }).replace(
    '"zeta":0',
    '"zeta":[1.50,1e2,12345678901234567890,-0.0,"1.50"]',
  );
  const { text } = await call('PUT', ROLE, sent);
  const versions = /"meta":\{[^}]*\}/;
  expect(text.replace(versions, '')).toBe(sent.replace(versions, ''));
  const stored = await sandbox.state.text('PractitionerRole', 'role-abc123');
  expect(stored).toContain('[1.50,1e2,12345678901234567890,-0.0,"1.50"]');
});

test.each<[string, number, () => Promise<{ status: number; body: unknown }>]>([
  ['a resource that is not there', 404, () => call('GET', `${FHIR_BASE}/Practitioner/nobody`)],
  ['another type', 404, () => call('GET', `${FHIR_BASE}/Patient/1`)],
  ['no token', 401, () => call('GET', ROLE, undefined, { authorization: '' })],
  ['a wrong token', 401, () => call('GET', ROLE, undefined, { authorization: 'Bearer x' })],
  ['bad JSON', 400, () => call('PUT', ROLE, '{"a":')],
  ['the body of another one', 422, () => call('PUT', ROLE, { resourceType: 'PractitionerRole', id: 'x' })],
  [
    'what the standard does not know',
    422,
    () => call('PUT', ROLE, { resourceType: 'PractitionerRole', id: 'role-abc123', active: 'yes' }),
  ],
  ['another path', 404, () => call('GET', '/elsewhere')],
])('%s is answered %d with an OperationOutcome', async (_name, status, send) => {
  expect(await send()).toMatchObject({ status, body: { resourceType: 'OperationOutcome' } });
  expect(sandbox.writes).toBe(0);
});

test('a removed resource is gone, and a server without an interaction says so', async () => {
  sandbox.state.remove('PractitionerRole', 'role-abc123');
  expect((await call('GET', ROLE)).status).toBe(410);
  sandbox.state.settings.interactions.Practitioner = ['read'];
  const { body } = await call('GET', `${FHIR_BASE}/Practitioner/prac-abc123`);
  expect((await call('PUT', `${FHIR_BASE}/Practitioner/prac-abc123`, body)).status).toBe(405);
  const { rest } = (await call('GET', `${FHIR_BASE}/metadata`, undefined, { authorization: '' })).body;
  expect(rest[0].resource[1].interaction).toEqual([{ code: 'read' }]);
});

test('pages hold their own people, and lead on', async () => {
  sandbox.state.settings.outcomeRows = true;
  const seen: string[] = [];
  const modes = new Set<string>();
  let path: string | undefined =
    `${FHIR_BASE}/PractitionerRole?_include=PractitionerRole:practitioner&_count=2`;
  let pages = 0;
  while (path !== undefined) {
    const { body, status } = await call('GET', path);
    expect(status).toBe(200);
    pages += 1;
    for (const { resource, search } of body.entry) {
      modes.add(search.mode);
      if (search.mode === 'match') seen.push(resource.id);
    }
    const next = body.link.find(({ relation }: { relation: string }) => relation === 'next');
    path = next?.url.slice(server.url.length);
  }
  expect([pages, seen.sort(), [...modes].sort()]).toEqual([
    2,
    ['role-abc123', 'role-def456', 'role-ghi789'],
    ['include', 'match', 'outcome'],
  ]);
  const south = await call('GET', `${FHIR_BASE}/PractitionerRole?organization=Organization/org-south`);
  expect(south.body.total).toBe(2);
});

test('every made-up person can be written as it is stored', async () => {
  const { fhir } = seedPeople(makePeople(30));
  for (const resource of [...fhir.practitioners, ...fhir.roles]) {
    sandbox.state.set(resource);
    const path = `${FHIR_BASE}/${resource.resourceType}/${resource.id}`;
    expect([path, (await call('PUT', path, resource)).status]).toEqual([path, 200]);
  }
});

test('faults work as at the other sandboxes', async () => {
  const { body } = await call('GET', ROLE);
  sandbox.faults.next({ kind: 'no-effect' }, { method: 'PUT' });
  expect((await call('PUT', ROLE, { ...body, active: false })).body.active).toBe(false);
  expect((await call('GET', ROLE)).body).toEqual(body);
  sandbox.faults.next({ kind: 'answer', status: 503 });
  expect((await call('GET', ROLE)).status).toBe(503);
});

describe('the token endpoint', () => {
  const { clientId, clientSecret } = SANDBOX_CREDENTIALS.fhir;
  const form = (body: Record<string, string>, headers = {}) =>
    call('POST', '/auth/token', new URLSearchParams(body).toString(), {
      authorization: '',
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    });
  const grant = { grant_type: 'client_credentials', scope: 'system/*.rs' };
  beforeEach(() => {
    clock = Date.parse('2026-11-22T12:00:00.000Z');
    sandbox.state.settings.auth = 'oauth';
  });

  test('gives a token for a secret, which ends', async () => {
    const wrong = await form({ ...grant, client_id: clientId, client_secret: 'no' });
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const { body } = await form({ ...grant, client_id: clientId, client_secret: clientSecret });
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 300 });
    const authorization = `Bearer ${body.access_token}`;
    expect((await call('GET', ROLE, undefined, { authorization })).status).toBe(200);
    clock += 301_000;
    expect((await call('GET', ROLE, undefined, { authorization })).status).toBe(401);
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    expect((await form(grant, { authorization: `Basic ${basic}` })).status).toBe(200);
  });

  test('a right that is missing is a 403', async () => {
    sandbox.state.settings.scope = 'system/PractitionerRole.rs';
    const { body } = await form({ ...grant, client_id: clientId, client_secret: clientSecret });
    const authorization = `Bearer ${body.access_token}`;
    expect((await call('GET', ROLE, undefined, { authorization })).status).toBe(200);
    expect((await call('PUT', ROLE, {}, { authorization })).status).toBe(403);
  });

  test.each(['RS384', 'ES384'])('takes an assertion signed with %s, once', async (algorithm) => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: algorithm };
    sandbox.state.clients.set('signer', { jwks: { keys: [key] } });
    const sign = (claims: object = {}) =>
      new SignJWT({
        iss: 'signer',
        sub: 'signer',
        aud: `${server.url}/auth/token`,
        exp: Math.floor(clock / 1000) + 300,
        jti: crypto.randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: algorithm, kid: 'k1', typ: 'JWT' })
        .sign(privateKey);
    const send = (assertion: string) =>
      form({
        ...grant,
        client_assertion: assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
    const good = await sign();
    expect((await send(good)).status).toBe(200);
    expect((await send(good)).body.error_description).toBe('jti was used before');
    for (const claims of [
      { aud: 'https://elsewhere.example.test' },
      { exp: Math.floor(clock / 1000) + 301 },
      { exp: Math.floor(clock / 1000) - 1 },
      { jti: undefined },
      { sub: 'other' },
    ]) {
      expect((await send(await sign(claims))).status).toBe(401);
    }
  });
});
