// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is the configuration's own syntax
/** URLs with secrets in them: what is filled in is encoded, what would be cut at the wrong place is refused, nothing is printed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { adapters } from '../../adapters';
import { checkConfig } from '../../src/cli/checkConfig';
import { loadConfig } from '../../src/config/load';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-urls-'));
});
afterAll(() => rm(folder, { recursive: true }));

const path = () => join(folder, 'gateway.yaml');

interface Given {
  store?: string;
  baseUrl?: string;
  jwksUri?: string;
}

function yaml({ store, baseUrl = 'https://vendor.example', jwksUri = 'https://login.example/jwks' }: Given) {
  return `
${store === undefined ? '' : `store: { url: ${JSON.stringify(store)} }`}
vendors:
  main: { adapter: clinikapi, baseUrl: ${JSON.stringify(baseUrl)}, credentials: { apiKey: clk_live_x } }
clinics: { north: { vendor: main } }
callers: [{ name: app, keySha256: ${'ab'.repeat(32)}, clinic: north, scopes: [staff:read] }]
tokens: [{ name: login, issuer: "https://login.example", audience: a, jwksUri: ${JSON.stringify(jwksUri)} }]
`;
}

async function load(given: Given, env: Record<string, string> = {}) {
  await writeFile(path(), yaml(given));
  return loadConfig(path(), { adapters, env });
}

/** What check-config prints and its exit code. */
async function check(given: Given, env: Record<string, string> = {}) {
  await writeFile(path(), yaml(given));
  let printed = '';
  const write = (text: string) => {
    printed += text;
  };
  const code = await checkConfig({ path: path(), adapters, env, out: { write }, err: { write } });
  return { code, printed };
}

/** Each delimiter of URLs before a text that is looked for. */
const PASSWORDS = ['@', '/', '#', '?', '%', '%4', '&', ':', ' ', '\\', '+', '=', 'ñ'].map(
  (odd) => `12${odd}canary${odd}x`,
);

describe('what is filled in inside a URL', () => {
  test.each(PASSWORDS)('reaches the database as it is: %s', async (password) => {
    await writeFile(join(folder, 'password'), `${password}\n`);
    const file = `\${file:${join(folder, 'password')}}`;
    for (const [store, env] of [
      ['postgres://me:${PASSWORD}@db.example:5433/gateway?sslmode=verify-full', { PASSWORD: password }],
      [`postgres://me:${file}@db.example:5433/gateway?sslmode=verify-full`, {}],
    ] as const) {
      const { config } = await load({ store }, env);
      expect(new Client(config.store.url)).toMatchObject({
        user: 'me',
        password,
        host: 'db.example',
        port: 5433,
        database: 'gateway',
      });
      const { code, printed } = await check({ store }, env);
      expect([code, printed]).toEqual([
        0,
        expect.stringContaining('postgres://me:***@db.example:5433/gateway?'),
      ]);
      expect(printed).not.toContain('canary');
    }
  });

  test('is encoded as user, as both at once, and as a parameter', async () => {
    const env = { USER: 'me@work', BOTH: 'me:p@/w', KEY: 'a&canary=b' };
    const urlOf = async (store: string) => (await load({ store }, env)).config.store.url;
    expect(new Client(await urlOf('postgres://${USER}:x@db/y'))).toMatchObject({
      user: 'me@work',
      host: 'db',
    });
    expect(new Client(await urlOf('postgres://${BOTH}@db/y'))).toMatchObject({
      user: 'me',
      password: 'p@/w',
    });
    const url = await urlOf('postgres://db/y?user=me&password=${KEY}');
    expect(new Client(url)).toMatchObject({ password: 'a&canary=b' });
    const { printed } = await check({ store: 'postgres://db/y?user=me&password=${KEY}' }, env);
    expect(printed).not.toContain('canary');
  });

  test('is left alone in hosts and paths, in whole URLs and outside URLs', async () => {
    const env = { HOST_NAME: 'db:5432', URL_TEXT: 'postgres://me:p%40w@db/x', PLACE: 'a/b' };
    const { config } = await load({ store: '${URL_TEXT}', baseUrl: 'https://vendor.example/${PLACE}' }, env);
    expect(config.store.url).toBe('postgres://me:p%40w@db/x');
    expect(config.vendors.main?.baseUrl).toBe('https://vendor.example/a/b');
    expect((await load({ store: 'postgres://u:p@${HOST_NAME}/x' }, env)).config.store.url).toBe(
      'postgres://u:p@db:5432/x',
    );
  });

  test('that was encoded by hand before is remarked on', async () => {
    const { warnings } = await load({ store: 'postgres://me:${PASSWORD}@db/x' }, { PASSWORD: 'p%40w' });
    expect(warnings).toEqual([
      expect.stringMatching(/^store\.url: its password looks percent-encoded twice/),
      expect.stringMatching(/^audit\.key: there is none/),
    ]);
  });
});

describe('a secret that is written into a URL as it is', () => {
  const refused = PASSWORDS.filter((password) => !/[@&:+=ñ]/.test(password));

  test.each(refused)('is refused with the remedy, and not printed: %s', async (password) => {
    const store = `postgres://me:${password}@db.example/gateway`;
    for (const [given, env] of [
      [{ store }, {}],
      [{}, { STORE_URL: store }],
      [{ store: `postgres://${password}@db.example/gateway` }, {}],
    ] as const) {
      const { code, printed } = await check(given, env);
      expect(code).toBe(1);
      expect(printed).toContain(
        'store.url: must have special characters of its user, password and parameters percent-',
      );
      expect(printed).toContain('@ is %40');
      expect(printed).not.toContain('canary');
    }
  });

  test.each(PASSWORDS)('is never printed: %s', async (password) => {
    for (const [given, env] of [
      [{ store: `postgres://me:${password}@db.example/gateway` }, {}],
      [{ store: `postgres://db.example/gateway?password=${encodeURIComponent(password)}` }, {}],
      [{ baseUrl: `https://me:${password}@vendor.example/api` }, {}],
      [{ jwksUri: `https://me:${password}@login.example/jwks` }, {}],
      [{ jwksUri: `https://login.example/jwks?key=${encodeURIComponent(password)}` }, {}],
    ] as const)
      expect((await check(given, env)).printed).not.toContain('canary');
  });

  test('is masked where it can be used', async () => {
    const { code, printed } = await check({
      store: 'postgres://me:canary@db/x?sslpassword=canary',
      jwksUri: 'https://login.example/jwks?key=canary',
    });
    expect(code).toBe(0);
    expect(printed).toContain('postgres://me:***@db/x?sslpassword=***');
    expect(printed).toContain('https://login.example/jwks?key=***');
  });
});

describe('variables that win over the file', () => {
  test('may hold references of their own', async () => {
    await writeFile(join(folder, 'password'), 'p@/w\n');
    const { config } = await load(
      { store: 'sqlite:unused.db' },
      {
        STORE_URL: `postgres://me:\${file:${join(folder, 'password')}}@db/x`,
        PORT: '${CHOSEN}',
        CHOSEN: '9001',
        OPS_HOST: '0.0.0.0',
        OPS_PORT: '9002',
      },
    );
    expect(new Client(config.store.url)).toMatchObject({ password: 'p@/w', host: 'db' });
    expect([config.server.port, config.ops]).toEqual([9001, { host: '0.0.0.0', port: 9002 }]);
  });

  test('are named when something is wrong with them', async () => {
    const { code, printed } = await check({}, { STORE_URL: 'postgres://me:${NOT_SET}@db/x', PORT: 'canary' });
    expect(code).toBe(1);
    expect(printed).toContain('server.port: must be a number (from PORT)');
    expect(printed).toContain('store.url: environment variable NOT_SET is not set (from STORE_URL)');
    expect(printed).not.toContain('canary');
  });
});
