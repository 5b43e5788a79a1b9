/** Who may come in, and how far: API keys that are rotated, access tokens, scopes, and one clinic's view of another. */
import { createHash } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { looksLikeToken, Tokens } from '../../src/callers/tokens';
import type { TokenConfig } from '../../src/config/types';
import { KEYS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage | undefined;
let issuer: Issuer;
beforeAll(async () => {
  issuer = await openIssuer();
});
afterAll(() => issuer.close());
afterEach(async () => {
  await stage?.close();
  stage = undefined;
  issuer.reset();
});

async function open(configure?: (config: Stage['config']) => void): Promise<Stage> {
  stage = await openStage(configure ? { configure } : {});
  return stage;
}

const ISSUER = 'https://login.example.org/';
const AUDIENCE = 'https://gateway.example.org';
const hash = (key: string) => createHash('sha256').update(key).digest('hex');

interface Issuer {
  uri: string;
  /** How often the keys were fetched. */
  fetches: number;
  /** What the next fetches wait for. */
  held: Promise<void> | undefined;
  /** What the next fetches get instead of the keys. */
  answer: { status: number; body: string } | undefined;
  keys: JWK[];
  sign: (claims?: Record<string, unknown>, options?: SignOptions) => Promise<string>;
  /** A further key pair, published or not; returns its name. */
  rotate: (publish: boolean) => Promise<string>;
  reset: () => void;
  close: () => Promise<void>;
}

interface SignOptions {
  /** The key that signs. */
  kid?: string;
  /** The name that the token gives it; null for none. */
  called?: string | null;
  expires?: string | number;
  notBefore?: number;
  without?: string;
  /** Its `typ`; none if absent. */
  type?: string;
}

async function openIssuer(): Promise<Issuer> {
  const pairs = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>['privateKey']>();
  const publicKeys = new Map<string, JWK>();
  const make = async (kid: string) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    pairs.set(kid, privateKey);
    publicKeys.set(kid, { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' });
  };
  await make('first');
  const first = publicKeys.get('first') ?? { kty: 'EC' };
  const server: Server = createServer(async (_req, res) => {
    it.fetches += 1;
    await it.held;
    const { status, body } = it.answer ?? { status: 200, body: JSON.stringify({ keys: it.keys }) };
    res.writeHead(status, { 'content-type': 'application/json', location: `${it.uri}/elsewhere` }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const it: Issuer = {
    uri: `http://127.0.0.1:${port}/jwks`,
    fetches: 0,
    held: undefined,
    answer: undefined,
    keys: [first],
    async sign(claims = {}, { kid = 'first', called = kid, expires = '5m', notBefore, without, type } = {}) {
      const all: Record<string, unknown> = {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'user-1',
        client_id: 'scheduler',
        clinic: 'north',
        scope: 'openid staff:read staff:write',
        ...claims,
      };
      if (without !== undefined) delete all[without];
      const key = pairs.get(kid);
      if (key === undefined) throw new Error(`no key ${kid}`);
      const jwt = new SignJWT(all).setProtectedHeader({
        alg: 'ES256',
        ...(called !== null && { kid: called }),
        ...(type !== undefined && { typ: type }),
      });
      if (without !== 'iat') jwt.setIssuedAt();
      if (without !== 'exp') jwt.setExpirationTime(expires);
      if (notBefore !== undefined) jwt.setNotBefore(notBefore);
      return jwt.sign(key);
    },
    async rotate(publish) {
      const kid = `key-${pairs.size}`;
      await make(kid);
      const key = publicKeys.get(kid);
      if (publish && key) it.keys = [...it.keys, key];
      return kid;
    },
    reset() {
      it.answer = undefined;
      it.held = undefined;
      it.fetches = 0;
      it.keys = [first];
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return it;
}

function tokenConfig(extra: Partial<TokenConfig> = {}): TokenConfig {
  return {
    name: 'login',
    issuer: ISSUER,
    audience: AUDIENCE,
    jwksUri: issuer.uri,
    algorithms: ['ES256'],
    clockSkewSeconds: 30,
    claims: { clinic: 'clinic', scopes: 'scope', name: 'client_id' },
    maxAgeSeconds: 3_600,
    clinics: { north: 'north' },
    ...extra,
  };
}

const now = () => Math.floor(Date.now() / 1000);

const INVALID = 'Bearer realm="provider-directory-gateway", error="invalid_token"';

describe('API keys', () => {
  test('a caller may have several, so that one can be replaced', async () => {
    const here = await open((config) => {
      Object.assign(config.callers[0] ?? {}, { keySha256: [hash(KEYS.north), hash('the-new-key')] });
    });
    for (const key of [KEYS.north, 'the-new-key']) {
      expect((await here.call('GET', '/staff/st-1', { key })).status).toBe(200);
    }
    const rest = structuredClone(here.config);
    Object.assign(rest.callers[0] ?? {}, { keySha256: hash('the-new-key') });
    await here.rewrite(rest);
    await here.gateway.reload();
    expect((await here.call('GET', '/staff/st-1', { key: KEYS.north })).status).toBe(401);
    expect((await here.call('GET', '/staff/st-1', { key: 'the-new-key' })).status).toBe(200);
  });

  test.each([
    ['nothing', undefined, 'Bearer realm="provider-directory-gateway"'],
    ['an unknown key', 'Bearer nobody', INVALID],
    ['no scheme', KEYS.north, INVALID],
    ['another scheme', `Basic ${KEYS.north}`, INVALID],
    ['the hash of a key', `Bearer ${hash(KEYS.north)}`, INVALID],
    ['two keys', `Bearer ${KEYS.north} ${KEYS.centro}`, INVALID],
    ['an endless key', `Bearer ${'x'.repeat(9000)}`, INVALID],
    ['a token, where no issuer is configured', 'Bearer aaaa.bbbb.cccc', INVALID],
  ])('%s is 401 with a challenge, and no vendor hears of it', async (_name, authorization, challenge) => {
    const here = await open();
    const response = await fetch(`${here.url}/staff/st-1`, {
      headers: authorization ? { authorization } : {},
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    expect(here.clinikapi.log).toEqual([]);
  });
});

describe('access tokens', () => {
  const withTokens =
    (extra: Partial<TokenConfig> = {}) =>
    (config: Stage['config']) =>
      void Object.assign(config, { tokens: [tokenConfig(extra)] });

  test('claims become the caller: clinic, scopes and name', async () => {
    const here = await open(withTokens());
    const key = await issuer.sign();
    expect((await here.call('GET', '/staff/st-1', { key })).body.meta.clinic).toBe('north');
    expect((await here.call('PATCH', '/staff/st-1', { key, body: { role: 'nurse' } })).status).toBe(200);
    const denied = await here.call('DELETE', '/staff/st-1/links/clinikapi-main', { key });
    expect(denied.status).toBe(403);
    expect(denied.headers.get('www-authenticate')).toBe(
      'Bearer realm="provider-directory-gateway", error="insufficient_scope", scope="links:write"',
    );
    const logged = here.lines
      .map((line) => JSON.parse(line))
      .filter(({ caller }) => caller === 'login/scheduler');
    expect(logged).toHaveLength(3);
    expect(here.lines.join('')).not.toContain('user-1');
    expect(issuer.fetches).toBe(1);
  });

  test('claims have the names and values that the configuration says', async () => {
    const here = await open(
      withTokens({
        claims: { clinic: 'https://example.org/tenant', scopes: 'permissions', name: 'azp' },
        clinics: { 'tenant-7': 'centro' },
        audience: ['other', AUDIENCE],
      }),
    );
    const claims = { 'https://example.org/tenant': 'tenant-7', permissions: ['staff:read'], azp: 'app' };
    const good = await here.call('GET', '/staff/st-1', { key: await issuer.sign(claims) });
    expect(good.body.meta.clinic).toBe('centro');
    for (const tenant of ['centro', 'tenant-8', '__proto__', 'constructor']) {
      const key = await issuer.sign({ ...claims, 'https://example.org/tenant': tenant });
      expect((await here.call('GET', '/staff/st-1', { key })).status).toBe(401);
    }
  });

  test('API keys go on working beside them', async () => {
    const here = await open(withTokens());
    expect((await here.call('GET', '/staff/st-1')).status).toBe(200);
  });

  const unsigned = (header: object, claims: object, signature = '') =>
    [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') +
    `.${signature}`;
  const claims = () => ({
    iss: ISSUER,
    aud: AUDIENCE,
    client_id: 'x',
    clinic: 'north',
    scope: 'staff:read',
    exp: now() + 60,
  });

  test.each<[string, string, () => Promise<string>]>([
    ['expired', 'err_jwt_expired', () => issuer.sign({}, { expires: now() - 60 })],
    ['not yet valid', 'err_jwt_claim_validation_failed', () => issuer.sign({}, { notBefore: now() + 600 })],
    ['for somebody else', 'err_jwt_claim_validation_failed', () => issuer.sign({ aud: 'other' })],
    ['for nobody', 'err_jwt_claim_validation_failed', () => issuer.sign({}, { without: 'aud' })],
    ['endless', 'err_jwt_claim_validation_failed', () => issuer.sign({}, { without: 'exp' })],
    ['of an unknown issuer', 'unknown_issuer', () => issuer.sign({ iss: 'https://evil.example/' })],
    ['without issuer', 'unknown_issuer', () => issuer.sign({}, { without: 'iss' })],
    ['without clinic', 'no_clinic', () => issuer.sign({}, { without: 'clinic' })],
    ['with a list of clinics', 'no_clinic', () => issuer.sign({ clinic: ['north', 'centro'] })],
    ['of an unknown clinic', 'no_clinic', () => issuer.sign({ clinic: 'west' })],
    ['good for longer than tokens may be', 'lives_too_long', () => issuer.sign({}, { expires: '2h' })],
    ['of no known age', 'err_jwt_claim_validation_failed', () => issuer.sign({}, { without: 'iat' })],
    ['an ID token', 'wrong_type', () => issuer.sign({}, { type: 'id+jwt' })],
    ['a logout token', 'wrong_type', () => issuer.sign({}, { type: 'logout+jwt' })],
    ['without name', 'no_name', () => issuer.sign({}, { without: 'client_id' })],
    ['with a name that breaks the log', 'no_name', () => issuer.sign({ client_id: 'a\nb' })],
    [
      'with a key that was never published',
      'err_jwks_no_matching_key',
      async () => issuer.sign({}, { kid: await issuer.rotate(false) }),
    ],
    ['unsigned', 'err_jose_alg_not_allowed', async () => unsigned({ alg: 'none' }, claims())],
    [
      'signed with a shared secret',
      'err_jose_alg_not_allowed',
      async () => unsigned({ alg: 'HS256', kid: 'first' }, claims(), 'AAAA'),
    ],
    [
      'with a spoilt signature',
      'err_jws_signature_verification_failed',
      async () => `${(await issuer.sign()).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
    ],
    ['no JSON', 'unknown_issuer', async () => 'aaaa.bbbb.cccc'],
  ])(
    'one that is %s is refused without a reason for the caller and with one for the operator',
    async (_name, reason, make) => {
      const here = await open(withTokens());
      const { status, headers, body } = await here.call('GET', '/staff/st-1', { key: await make() });
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe(INVALID);
      expect(body).toMatchObject({
        code: 'unauthenticated',
        detail: 'A valid key or token is expected: Authorization: Bearer <key>.',
      });
      expect(here.clinikapi.log).toEqual([]);
      const metrics = await (await fetch(`${here.gateway.opsUrl}/metrics`)).text();
      const labels = `issuer="${reason === 'unknown_issuer' ? 'none' : 'login'}",reason="${reason}"`;
      expect(metrics).toContain(`gateway_token_refusals_total{${labels}} 1`);
    },
  );

  test.each(['JWT', 'at+jwt', 'application/at+JWT'])('one of the type %s is good', async (type) => {
    const here = await open(withTokens());
    expect((await here.call('GET', '/staff/st-1', { key: await issuer.sign({}, { type }) })).status).toBe(
      200,
    );
  });

  test('an issuer says for which clinics it speaks once there are two', async () => {
    const { clinics: _, ...alone } = tokenConfig();
    const silent = open((config) => void Object.assign(config, { tokens: [alone] }));
    await expect(silent).rejects.toThrow('tokens.0.clinics: is required');
    const here = await open((config) => {
      const { north } = config.clinics;
      const callers = config.callers.filter(({ clinic }) => clinic === 'north');
      Object.assign(config, { clinics: { north }, callers, tokens: [alone] });
    });
    expect((await here.call('GET', '/staff/st-1', { key: await issuer.sign() })).status).toBe(200);
  });

  test('clocks may differ by the configured seconds', async () => {
    const here = await open(withTokens({ clockSkewSeconds: 120 }));
    const key = await issuer.sign({}, { expires: now() - 60 });
    expect((await here.call('GET', '/staff/st-1', { key })).status).toBe(200);
  });

  test('keys can be in the configuration itself', async () => {
    const { jwksUri: _, ...config } = tokenConfig({ jwks: { keys: issuer.keys.map((key) => ({ ...key })) } });
    const here = await open((all) => void Object.assign(all, { tokens: [config] }));
    expect((await here.call('GET', '/staff/st-1', { key: await issuer.sign() })).status).toBe(200);
    expect(issuer.fetches).toBe(0);
  });

  test('a change of the configuration elsewhere keeps the fetched keys', async () => {
    const here = await open(withTokens());
    const key = await issuer.sign();
    await here.call('GET', '/staff/st-1', { key });
    const next = structuredClone(here.config);
    next.callers.pop();
    await here.rewrite(next);
    await here.gateway.reload();
    expect((await here.call('GET', '/staff/st-1', { key })).status).toBe(200);
    expect(issuer.fetches).toBe(1);
  });
});

describe('the keys of an issuer', () => {
  const any = () => true;
  const reasons: string[] = [];
  const tokens = (times: ConstructorParameters<typeof Tokens>[2] = {}) =>
    new Tokens([tokenConfig()], (_issuer, reason) => void reasons.push(reason), times);
  beforeEach(() => {
    reasons.length = 0;
  });

  test('a new one is fetched when a token names it', async () => {
    const known = tokens({ cooldown: 0 });
    expect(await known.identify(await issuer.sign(), any)).toMatchObject({ name: 'login/scheduler' });
    const kid = await issuer.rotate(true);
    expect(await known.identify(await issuer.sign({}, { kid }), any)).toMatchObject({ clinic: 'north' });
    expect(issuer.fetches).toBe(2);
  });

  const all = async (known: Tokens, tokens: readonly Promise<string>[]) =>
    Promise.all((await Promise.all(tokens)).map(async (token) => (await known.identify(token, any))?.clinic));

  test('a token that names none is tried with each', async () => {
    const second = await issuer.rotate(true);
    const unpublished = await issuer.rotate(false);
    const signed = ['first', second, unpublished].map((kid) => issuer.sign({}, { kid, called: null }));
    expect(await all(tokens(), signed)).toEqual(['north', 'north', undefined]);
    expect(reasons).toEqual(['err_jws_signature_verification_failed']);
    expect(issuer.fetches).toBe(1);
  });

  test('two of one name are both tried', async () => {
    const second = await issuer.rotate(true);
    issuer.keys = issuer.keys.map((key) => ({ ...key, kid: 'shared' }));
    const signed = ['first', second].map((kid) => issuer.sign({}, { kid, called: 'shared' }));
    expect(await all(tokens(), signed)).toEqual(['north', 'north']);
    // What else is wrong with a token is not taken for the wrong key.
    const late = await issuer.sign({}, { kid: second, called: 'shared', expires: now() - 60 });
    expect(await tokens().identify(late, any)).toBeUndefined();
    expect(reasons).toEqual(['err_jwt_expired']);
  });

  test('a new one under the name of an old one is noticed', async () => {
    const known = tokens({ cooldown: 0 });
    await known.identify(await issuer.sign(), any);
    const second = await issuer.rotate(true);
    issuer.keys = issuer.keys.slice(1).map((key) => ({ ...key, kid: 'first' }));
    const signed = [second, 'first'].map((kid) => issuer.sign({}, { kid, called: 'first' }));
    expect(await all(known, signed.slice(0, 1))).toEqual(['north']);
    expect(issuer.fetches).toBe(2);
    // The old one is one no longer.
    expect(await all(known, signed.slice(1))).toEqual([undefined]);
  });

  test('a flood of signatures of no known one is one fetch', async () => {
    const known = tokens();
    await known.identify(await issuer.sign(), any);
    const kid = await issuer.rotate(false);
    const signed = Array.from({ length: 50 }, () => issuer.sign({}, { kid, called: 'first' }));
    expect(new Set(await all(known, signed))).toEqual(new Set([undefined]));
    expect(issuer.fetches).toBe(1);
  });

  test('a flood of unknown ones is one fetch', async () => {
    const known = tokens();
    await known.identify(await issuer.sign(), any);
    const kid = await issuer.rotate(false);
    const token = await issuer.sign({}, { kid });
    await Promise.all(Array.from({ length: 50 }, () => known.identify(token, any)));
    expect(issuer.fetches).toBe(1);
    expect(new Set(reasons)).toEqual(new Set(['err_jwks_no_matching_key']));
  });

  test('while their page is down the last ones serve', async () => {
    const known = tokens({ maxAge: 0, cooldown: 0 });
    await known.identify(await issuer.sign(), any);
    issuer.answer = { status: 500, body: '' };
    expect(await known.identify(await issuer.sign(), any)).toMatchObject({ clinic: 'north' });
    expect(issuer.fetches).toBe(2);
  });

  test('but not for ever', async () => {
    const known = tokens({ maxAge: 0, cooldown: 0, keep: -1 });
    await known.identify(await issuer.sign(), any);
    issuer.answer = { status: 500, body: '' };
    expect(await known.identify(await issuer.sign(), any)).toBeUndefined();
    expect(reasons).toEqual(['keys_unavailable']);
  });

  test('a failing page is not asked again at once', async () => {
    issuer.answer = { status: 503, body: '' };
    const known = tokens();
    for (const _ of [1, 2, 3]) expect(await known.identify(await issuer.sign(), any)).toBeUndefined();
    expect(issuer.fetches).toBe(1);
  });

  test.each([
    ['a redirect', { status: 302, body: '' }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['no key set', { status: 200, body: '{"keys":7}' }],
    ['far too much', { status: 200, body: `{"keys":[],"x":"${'x'.repeat(300_000)}"}` }],
  ])('%s is no key set', async (_name, answer) => {
    issuer.answer = answer;
    expect(await tokens().identify(await issuer.sign(), any)).toBeUndefined();
    expect(reasons).toEqual(['keys_unavailable']);
    expect(issuer.fetches).toBe(1);
  });

  test('what looks like a token', () => {
    expect(['a.b.c', 'a.b.'].map(looksLikeToken)).toEqual([true, true]);
    expect(['pdg_abc', 'a.b', 'a.b.c.d', '', 'a.b.c/'].map(looksLikeToken)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('tokens that are being checked', () => {
  /** The status of a read from this address of the machine's own. */
  const statusFrom = (localAddress: string, url: string, key: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}` };
      request(`${url}/staff/st-1`, { headers, localAddress, agent: false }, (res) => {
        res.resume();
        resolve(res.statusCode);
      })
        .on('error', reject)
        .end();
    });

  test('are bounded for each address, and keep out nobody else', async () => {
    const here = await open((config) => {
      Object.assign(config.server, { maxInFlight: 8 });
      Object.assign(config, { tokens: [tokenConfig()] });
    });
    let letGo: () => void = () => {};
    issuer.held = new Promise((resolve) => {
      letGo = resolve;
    });
    const token = await issuer.sign();
    // Four of eight are an address' share; they wait for the issuer's keys.
    const waiting = Array.from({ length: 4 }, () => statusFrom('127.0.0.1', here.url, token));
    await until(
      () => statusFrom('127.0.0.1', here.url, KEYS.north),
      (status) => status === 429,
    );
    const refused = await here.call('GET', '/staff/st-1', { key: token });
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await here.call('GET', '/healthz', { key: null })).status).toBe(200);
    expect(await statusFrom('127.0.0.2', here.url, KEYS.north)).toBe(200);
    letGo();
    expect(await Promise.all(waiting)).toEqual([200, 200, 200, 200]);
  });
});

describe('one clinic and another', () => {
  /** Everything that a caller of the north can try on what is the centro's; none of it tells whether it exists. */
  test('cannot see or touch each other: 404, whatever is asked for', async () => {
    const here = await open();
    await here.call('PUT', '/staff/only-centro/links/vitalis-centro', {
      key: KEYS.centro,
      body: { vendorRecordId: '2' },
    });
    const queued = await here.call('PATCH', '/staff/only-centro', {
      key: KEYS.centro,
      body: { phone: '+54 11 5555-0000' },
      headers: { prefer: 'respond-async' },
    });
    expect(queued.status).toBe(202);
    const operation = queued.headers.get('location') ?? '';
    expect(operation).toMatch(/^\/operations\/.+/);
    const attempts: [string, string, unknown?][] = [
      ['GET', '/staff/only-centro'],
      ['PATCH', '/staff/only-centro', { role: 'nurse' }],
      ['PATCH', '/staff/only-centro?dryRun=true', { role: 'nurse' }],
      ['DELETE', '/staff/only-centro/links/vitalis-centro'],
      ['GET', operation],
      ['POST', `${operation}/retry`],
    ];
    for (const [method, path, body] of attempts) {
      const foreign = await here.call(method, path, { body });
      const unheardOf = await here.call(
        method,
        path.replace('only-centro', 'nobody').replace(/operations\/[^/]+/, 'operations/nope'),
        { body },
      );
      expect([method, path, foreign.status]).toEqual([method, path, 404]);
      // Word for word as for what does not exist at all.
      expect({ ...foreign.body, requestId: '' }).toEqual({ ...unheardOf.body, requestId: '' });
    }
    expect((await here.call('GET', '/staff/only-centro/links')).body.data).toEqual([]);
    expect((await here.call('GET', '/staff/only-centro/links', { key: KEYS.centro })).body.data).toHaveLength(
      1,
    );
    const changes = await here.call('GET', '/changes?staffId=only-centro');
    // Its own vain attempts, and nothing of what the other clinic has done.
    expect(changes.body.data.length).toBeGreaterThan(0);
    for (const { clinic, caller } of changes.body.data)
      expect([clinic, caller]).toEqual(['north', 'north-app']);
  });

  test('every route with data asks for a scope', async () => {
    const here = await open((config) => {
      config.callers.push({
        name: 'bare',
        keySha256: hash('bare'),
        clinic: 'north',
        scopes: ['links:write'],
      });
    });
    const expected: [string, string, string, string][] = [
      ['bare', 'GET', '/staff/st-1', 'staff:read'],
      ['bare', 'PATCH', '/staff/st-1', 'staff:write'],
      ['bare', 'GET', '/capabilities', 'staff:read'],
      ['bare', 'GET', '/staff/st-1/links', 'staff:read'],
      [KEYS.reader, 'PUT', '/staff/st-1/links/clinikapi-main', 'links:write'],
      [KEYS.reader, 'DELETE', '/staff/st-1/links/clinikapi-main', 'links:write'],
      [KEYS.reader, 'GET', '/changes', 'changes:read'],
      ['bare', 'GET', '/operations/x', 'staff:read'],
      ['bare', 'POST', '/operations/x/retry', 'staff:write'],
    ];
    for (const [key, method, path, scope] of expected) {
      const body = method === 'PATCH' || method === 'PUT' ? {} : undefined;
      const answer = await here.call(method, path, { key, body });
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 403, 'forbidden']);
      expect(answer.headers.get('www-authenticate')).toContain(`scope="${scope}"`);
    }
  });
});
