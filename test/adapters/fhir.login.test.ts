/** How the gateway signs itself in at a FHIR server, and what it lets others know of that. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { checkConfig } from '../../src/cli/checkConfig';
import { type FhirStage, type FhirStageOptions, openFhirStage } from '../support/fhirStage';

const { clientId, clientSecret } = SANDBOX_CREDENTIALS.fhir;
const KEYS = {
  RS384: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
};
const pem = (key: (typeof KEYS)['RS384']) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

async function withStage(
  options: FhirStageOptions,
  work: (stage: FhirStage) => Promise<void>,
): Promise<void> {
  const stage = await openFhirStage(options);
  try {
    await work(stage);
  } finally {
    await stage.close();
  }
}

const logins = ({ sandbox }: FhirStage) => sandbox.log.filter(({ path }) => path === '/auth/token');
const authorizations = ({ sandbox }: FhirStage) =>
  sandbox.log.filter(({ path }) => path !== '/auth/token').map(({ headers }) => headers.authorization);

/** On another origin than the base URL, which is 127.0.0.1. */
const elsewhere = (url: string) => `${url.replace('127.0.0.1', 'localhost')}/auth/token`;
const withSecret = (secret: string = clientSecret) => ({
  auth: 'oauth' as const,
  vendor: (url: string) => ({
    credentials: { tokenUrl: elsewhere(url), clientId, clientSecret: secret, scope: 'system/*.rs' },
  }),
});

test('an open server is sent no credentials', () =>
  withStage({ auth: 'none', vendor: () => ({ credentials: undefined }) }, async (stage) => {
    expect((await stage.get()).status).toBe(200);
    expect((await stage.patch({ status: 'inactive' })).status).toBe(200);
    expect(new Set(authorizations(stage))).toEqual(new Set([undefined]));
  }));

test('a fixed token is sent as it is, and a wrong one is told once', () =>
  withStage({ vendor: () => ({ credentials: { token: 'wrong-token-of-this-test' } }) }, async (stage) => {
    const reply = await stage.get();
    expect([reply.status, reply.body.code]).toEqual([502, 'vendor_credentials_rejected']);
    expect(authorizations(stage)).toEqual(['Bearer wrong-token-of-this-test']);
    expect(JSON.stringify(reply.body) + stage.lines.join('')).not.toContain('wrong-token');
  }));

describe('a client with a secret', () => {
  test('asks once for a token, at the configured address only', () =>
    withStage(withSecret(), async (stage) => {
      const replies = await Promise.all([stage.get(), stage.get(), stage.get('role-def456')]);
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
      const [login, ...more] = logins(stage);
      expect(more).toEqual([]);
      expect(login?.headers['content-type']).toBe('application/x-www-form-urlencoded');
      expect(login?.headers.host).toMatch(/^localhost:/);
      expect(login?.headers.authorization).toBeUndefined();
      expect(login?.body).toEqual({
        grant_type: 'client_credentials',
        scope: 'system/*.rs',
        client_id: clientId,
        client_secret: clientSecret,
      });
      expect(new Set(authorizations(stage)).size).toBe(1);
    }));

  test('sends the secret in Authorization: Basic instead, each part encoded, if told to', async () => {
    const [id, secret] = ['gate:way+ñ 1', 'se:cret/%25 +é'];
    const credentials = (url: string) => ({
      credentials: { tokenUrl: elsewhere(url), clientId: id, clientSecret: secret },
      options: { clientAuthentication: 'basic' },
    });
    await withStage({ auth: 'oauth', vendor: credentials, clients: { [id]: { secret } } }, async (stage) => {
      expect((await stage.get()).status).toBe(200);
      expect((await stage.patch({ status: 'inactive' })).status).toBe(200);
      const [login, ...more] = logins(stage);
      expect(more).toEqual([]);
      expect(login?.body).toEqual({ grant_type: 'client_credentials' });
      // RFC 6749 section 2.3.1 and appendix B.
      const sent = Buffer.from(String(login?.headers.authorization).replace('Basic ', ''), 'base64');
      expect(sent.toString()).toBe('gate%3Away%2B%C3%B1+1:se%3Acret%2F%2525+%2B%C3%A9');
      expect(authorizations(stage).every((header) => /^Bearer /.test(String(header)))).toBe(true);
      expect(stage.lines.join('')).not.toMatch(/se:cret|se%3Acret|Basic /);
    });
  });

  test('fetches another token when the server does not know the old one any more', () =>
    withStage(withSecret(), async (stage) => {
      await stage.get();
      stage.sandbox.state.tokens.clear();
      expect((await stage.patch({ status: 'inactive' })).status).toBe(200);
      expect(logins(stage)).toHaveLength(2);
      expect(stage.sandbox.writes).toBe(1);
    }));

  test('that is refused is not tried again and again, and nothing of it is told', () =>
    withStage(withSecret('wrong-secret-of-this-test'), async (stage) => {
      const replies = [await stage.get(), await stage.patch({ status: 'inactive' })];
      expect(replies.map(({ body }) => body.code)).toEqual([
        'vendor_credentials_rejected',
        'vendor_credentials_rejected',
      ]);
      expect(logins(stage)).toHaveLength(1);
      const told = JSON.stringify(replies.map(({ body }) => body)) + stage.lines.join('');
      expect(told).not.toMatch(/wrong-secret|sandbox-fhir-client/);
    }));

  test('with too few rights is told of a refusal', () =>
    withStage({ ...withSecret(), scope: 'system/*.rs' }, async (stage) => {
      expect((await stage.get()).status).toBe(200);
      expect((await stage.patch({ status: 'inactive' })).body.code).toBe('vendor_credentials_rejected');
    }));

  test('that gets an answer without a token has not sent anything', () =>
    withStage(withSecret(), async (stage) => {
      stage.sandbox.faults.next(
        { kind: 'answer', status: 200, body: { expires_in: 5 } },
        { path: '/auth/token' },
      );
      const reply = await stage.patch({ status: 'inactive' });
      expect(reply.body).toMatchObject({ code: 'vendor_unexpected_response', outcome: 'not_applied' });
      expect(stage.sandbox.writes).toBe(0);
    }));
});

describe.each(['RS384', 'ES384'] as const)('a client with a private key (%s)', (algorithm) => {
  const options = {
    auth: 'oauth' as const,
    vendor: (url: string) => ({
      credentials: { tokenUrl: `${url}/auth/token`, clientId: 'signer', privateKey: pem(KEYS[algorithm]) },
    }),
  };

  test('signs each login anew; the server fetches the public key from the gateway', () =>
    withStage(options, async (stage) => {
      const published = `${stage.url}/.well-known/jwks.json`;
      stage.sandbox.state.clients.set('signer', { jwksUri: published });
      expect((await stage.get()).status).toBe(200);
      stage.sandbox.state.tokens.clear();
      expect((await stage.get()).status).toBe(200);
      const assertions = logins(stage).map(({ body }) => Object(body).client_assertion);
      expect(new Set(assertions).size).toBe(2);
      for (const assertion of assertions) {
        const [header, payload] = assertion
          .split('.')
          .slice(0, 2)
          .map((part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()));
        expect(header).toMatchObject({ alg: algorithm, typ: 'JWT' });
        expect(payload).toMatchObject({ iss: 'signer', sub: 'signer' });
        expect(payload.exp - payload.iat).toBeLessThanOrEqual(300);
        expect(stage.lines.join('')).not.toContain(assertion);
      }

      const answer = await fetch(published);
      const { keys } = Object(await answer.json());
      expect(keys).toHaveLength(1);
      expect(Object.keys(keys[0]).sort()).toEqual(
        algorithm === 'RS384'
          ? ['alg', 'e', 'kid', 'kty', 'n', 'use']
          : ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      );
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        'application/json; charset=utf-8',
      ]);
      expect((await fetch(published, { method: 'POST' })).status).toBe(405);
      expect((await fetch(`${published}?a=b`)).status).toBe(400);
    }));
});

test('without a private key there are no public ones', () =>
  withStage({}, async (stage) => {
    const answer = await fetch(`${stage.url}/.well-known/jwks.json`);
    expect([answer.status, Object(await answer.json()).code]).toEqual([404, 'not_found']);
  }));

describe('the configuration', () => {
  let stage: FhirStage;
  beforeAll(async () => {
    stage = await openFhirStage();
  });
  afterAll(() => stage.close());

  async function check(credentials: object) {
    const vendors = {
      'fhir-main': { adapter: 'fhir', baseUrl: 'https://fhir.example.test/R4', credentials },
    };
    await writeFile(`${stage.configPath}.other`, stringify({ ...stage.config, vendors }));
    let text = '';
    const out = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    const code = await checkConfig({ path: `${stage.configPath}.other`, adapters, env: {}, out, err: out });
    return { code, text };
  }

  const client = { tokenUrl: 'https://login.example.test/token', clientId: 'gateway' };
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  test.each<[string, object, RegExp]>([
    [
      'a token endpoint that anybody can listen to',
      { ...client, tokenUrl: 'http://login.example.test/token', clientSecret: 'canary-secret' },
      /tokenUrl: must be a URL that starts with https/,
    ],
    [
      'a token endpoint with a password in it',
      { ...client, tokenUrl: 'https://a:canary@login.example.test/', clientSecret: 'canary-secret' },
      /tokenUrl: must be a URL/,
    ],
    ['a weak key', { ...client, privateKey: pem(weak) }, /privateKey: must be a private key/],
    ['a key of another curve', { ...client, privateKey: pem(p256) }, /privateKey: must be a private key/],
    ['no key at all', { ...client, privateKey: 'canary-no-key' }, /privateKey: must be a private key/],
    [
      'a secret and a key',
      { ...client, clientSecret: 'canary-secret', privateKey: pem(KEYS.ES384) },
      /only one of clientSecret, privateKey/,
    ],
    ['neither of them', client, /needs one of clientSecret, privateKey/],
    [
      'a token and a client',
      { ...client, token: 'canary', clientSecret: 'canary-secret' },
      /only one of token, tokenUrl/,
    ],
    ['a secret without a client', { clientSecret: 'canary-secret' }, /needs tokenUrl/],
  ])('refuses %s, and does not print it', async (_name, credentials, complaint) => {
    const { code, text } = await check(credentials);
    expect(code).toBe(1);
    expect(text).toMatch(complaint);
    expect(text).not.toMatch(/canary|PRIVATE KEY/);
  });

  test.each<[string, object]>([
    ['a secret', { ...client, clientSecret: 'canary-secret' }],
    ['a PEM key', { ...client, privateKey: pem(KEYS.RS384) }],
    ['a JWK', { ...client, privateKey: JSON.stringify(KEYS.ES384.export({ format: 'jwk' })) }],
    ['a token', { token: 'canary-token' }],
    ['nothing', {}],
    [
      'a token endpoint on this machine',
      { ...client, tokenUrl: 'http://127.0.0.1:1/token', clientSecret: 'canary' },
    ],
  ])('takes %s, and does not print it', async (_name, credentials) => {
    const { code, text } = await check(credentials);
    expect([code, text.match(/canary|PRIVATE KEY|"d"/)]).toEqual([0, null]);
  });
});
