// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is the configuration's own syntax
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import joi from 'joi';
import { parse } from 'yaml';
import { adapters as registry } from '../../adapters';
import type { AdapterModule } from '../../src/adapter/contract';
import { checkConfig } from '../../src/cli/checkConfig';
import { loadConfig } from '../../src/config/load';
import { maskConfig } from '../../src/config/mask';
import { ConfigError } from '../../src/config/problem';
import { configReference } from '../../src/config/reference';

const connect: AdapterModule['connect'] = () => {
  throw new Error('the configuration never connects');
};

const codes = joi.object({ specialty: joi.object().pattern(joi.string(), joi.number().integer()) });

const keyed: AdapterModule = {
  name: 'keyed',
  title: 'Keyed',
  settings: {
    credentials: joi.object({ apiKey: joi.string().min(4).required().description('The key.') }),
    options: joi.object({ header: joi.string().valid('authorization', 'x-token').default('authorization') }),
    codes,
  },
  verify: 'returned',
  connect,
};

const login: AdapterModule = {
  name: 'login',
  title: 'Login',
  settings: {
    credentials: joi.alternatives().try(
      joi.object({ token: joi.string().required() }),
      joi.object({
        email: joi.string().email({ tlds: false }).required(),
        password: joi.string().required(),
      }),
    ),
    options: joi.object({}),
    codes: joi.object().pattern(joi.string(), joi.object()),
  },
  verify: 'read',
  connect,
};

const either: AdapterModule = {
  ...login,
  name: 'either',
  settings: {
    ...login.settings,
    credentials: joi
      .object({ token: joi.string(), email: joi.string(), password: joi.string() })
      .xor('token', 'email')
      .and('email', 'password'),
  },
};

const adapters = [keyed, login, either];
const HASH = 'a1b2c3d4'.repeat(8);
const OTHER_HASH = 'ffeeddcc'.repeat(8);

/** The smallest configuration, with parts replaced. */
function yaml({
  vendor = '',
  credentials = '{ apiKey: key-of-north }',
  head = '',
  audit = `audit: { key: ${HASH} }`,
  clinic = '',
  callers = '',
} = {}): string {
  return `
${head}
${audit}
vendors:
  main:
    adapter: keyed
    baseUrl: https://vendor.example
    credentials: ${credentials}
${vendor.replace(/^(?=.)/gm, '    ')}
clinics:
  north:
    vendor: main
${clinic.replace(/^(?=.)/gm, '    ')}
callers:
  - { name: app, keySha256: ${HASH}, clinic: north, scopes: [staff:read] }
${callers.replace(/^(?=.)/gm, '  ')}
`;
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-config-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function load(text: string, env: Record<string, string> = {}) {
  const path = join(folder, 'gateway.yaml');
  await writeFile(path, text);
  return loadConfig(path, { adapters, env });
}

/** The problems of a configuration as `path: message` lines. */
async function problems(text: string, env: Record<string, string> = {}): Promise<string[]> {
  const error = await load(text, env).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError but ${String(error)}`);
  return error.message.split('\n');
}

/** Loads a configuration whose only credential is written as given, and gives the credential. */
async function credential(written: string, env: Record<string, string> = {}): Promise<unknown> {
  const { config } = await load(yaml({ credentials: `{ apiKey: '${written}' }` }), env);
  return config.vendors.main?.credentials.apiKey;
}

describe('a good configuration', () => {
  test.each([
    ['main', 'clinics.north.mirror: is the connection that the clinic itself uses'],
    ['mian', 'clinics.north.mirror: must be one of main, other; did you mean main?'],
    ['other', undefined],
    ['""', undefined],
  ])('has a mirror, which is another connection (%s)', async (mirror, problem) => {
    const text = `
vendors:
  main: { adapter: keyed, baseUrl: https://vendor.example, credentials: { apiKey: key-of-north } }
  other: { adapter: keyed, baseUrl: https://other.example, credentials: { apiKey: key-of-north } }
clinics: { north: { vendor: main, mirror: ${mirror} } }
`;
    const loaded = load(text);
    if (problem !== undefined) await expect(loaded).rejects.toThrow(problem);
    else expect((await loaded).config.clinics.north?.mirror).toBe(mirror === '""' ? undefined : mirror);
  });

  test('gets every default', async () => {
    const { config, warnings } = await load(yaml({ audit: '' }));
    expect(config).toEqual({
      server: {
        host: '127.0.0.1',
        port: 8080,
        tls: { certFile: '', keyFile: '', clientCaFile: '', requireClientCert: false },
        cors: { origins: [] },
        docs: 'on',
        maxConnections: 10_000,
        maxInFlight: 2_000,
        anonymous: { maxInFlight: 64, maxPerAddress: 32 },
        stallMs: 30_000,
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 30_000,
        drainMs: 3000,
        shutdownMs: 15_000,
      },
      ops: { host: '127.0.0.1', port: 9464 },
      store: { url: 'sqlite:./data/gateway.db' },
      vendors: {
        main: {
          adapter: 'keyed',
          baseUrl: 'https://vendor.example',
          credentials: { apiKey: 'key-of-north' },
          options: { header: 'authorization' },
          codes: {},
          timeoutMs: 10_000,
          readRetries: 2,
          maxConcurrent: 100,
          maxQueued: 200,
          breaker: { failures: 10, openMs: 5_000 },
          ca: '',
          verify: 'returned',
          listCacheSeconds: 30,
          propagateTrace: false,
        },
      },
      clinics: {
        north: {
          vendor: 'main',
          identity: 'linked',
          requireIfMatch: false,
          whenVendorDown: 'fail',
          switchGuard: 'warn',
        },
      },
      audit: { values: 'hashed', reads: false },
      idempotency: { ttlHours: 24 },
      deliveries: {
        concurrency: 16,
        maxQueuedPerCaller: 1_000,
        maxAttempts: 100,
        baseDelayMs: 1_000,
        maxDelayMs: 300_000,
        leaseSeconds: 30,
        pollMs: 1_000,
        retentionDays: 7,
      },
      callers: [{ name: 'app', keySha256: HASH, clinic: 'north', scopes: ['staff:read'] }],
      tokens: [],
      operators: [],
    });
    expect(warnings).toEqual([
      'audit.key: there is none, so whoever can write the store can also rewrite the audit',
    ]);
  });

  test("takes the adapter's own default for verify, and empty codes where any list is allowed", async () => {
    const text = yaml({ credentials: '{ token: t }' }).replace('adapter: keyed', 'adapter: login');
    const { config } = await load(text);
    expect(config.vendors.main).toMatchObject({ verify: 'read', options: {}, codes: {} });
  });

  test('tidies base URLs and hashes', async () => {
    const { config } = await load(
      yaml({
        callers: `- { name: b, keySha256: ${OTHER_HASH.toUpperCase()}, clinic: north, scopes: [staff:write] }`,
      }).replace('https://vendor.example', 'HTTPS://Vendor.example:443/api/'),
    );
    expect(config.vendors.main?.baseUrl).toBe('https://vendor.example/api');
    expect(config.callers[1]?.keySha256).toBe(OTHER_HASH);
  });

  test('keeps codes as they are written', async () => {
    const { config } = await load(yaml({ vendor: 'codes:\n  specialty:\n    0123: 7\n    394579002: 1' }));
    expect(config.vendors.main?.codes).toEqual({ specialty: { '0123': 7, '394579002': 1 } });
  });

  test('lets PORT, HOST and STORE_URL win, also over a variable that is missing', async () => {
    const text = yaml({ head: 'server: { port: 1 }\nstore: { url: "${NOT_SET}" }' });
    const { config } = await load(text, { PORT: '9000', HOST: '0.0.0.0', STORE_URL: 'postgres://db/x' });
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 9000 });
    expect(config.store.url).toBe('postgres://db/x');
    expect((await load(yaml(), { PORT: '', HOST: '' })).config.server.port).toBe(8080);
  });
});

describe('substitution', () => {
  test.each([
    { written: '${KEY}', env: { KEY: 'from-env' }, gives: 'from-env' },
    { written: 'a-${KEY}-${KEY}-b', env: { KEY: 'x' }, gives: 'a-x-x-b' },
    { written: '${KEY:-fallback}', env: {}, gives: 'fallback' },
    { written: '${KEY:-fallback}', env: { KEY: '' }, gives: 'fallback' },
    { written: '${KEY:-fallback}', env: { KEY: 'set!' }, gives: 'set!' },
    { written: '${KEY:-a:-b c}', env: {}, gives: 'a:-b c' },
    { written: '$${KEY}', env: { KEY: 'x' }, gives: '${KEY}' },
    { written: '$${KEY}${KEY}', env: { KEY: 'x' }, gives: '${KEY}x' },
    { written: '$KEY and $$', env: { KEY: 'x' }, gives: '$KEY and $$' },
    { written: '${KEY}', env: { KEY: '${OTHER}', OTHER: 'never' }, gives: '${OTHER}' },
    { written: '${KEY}', env: { KEY: '${file:/etc/passwd}' }, gives: '${file:/etc/passwd}' },
    {
      written: '${KEY}',
      env: { KEY: 'x"\n    baseUrl: http://evil.example' },
      gives: 'x"\n    baseUrl: http://evil.example',
    },
    { written: '${KEY}', env: { KEY: '{a: [*b, &c !d' }, gives: '{a: [*b, &c !d' },
    { written: '${KEY}', env: { KEY: '12345' }, gives: '12345' },
    { written: '${KEY}', env: { KEY: 'null' }, gives: 'null' },
  ])('$written with $env gives $gives', async ({ written, env, gives }) => {
    expect(await credential(written, { ...env })).toBe(gives);
  });

  test.each([
    { text: 'from-file', gives: 'from-file' },
    { text: 'from-file\n', gives: 'from-file' },
    { text: 'from-file\r\n', gives: 'from-file' },
    { text: 'from-file\n\n', gives: 'from-file\n' },
    { text: '${KEY}\nserver: {}', gives: '${KEY}\nserver: {}' },
  ])('a file holding $text gives $gives', async ({ text, gives }) => {
    await writeFile(join(folder, 'secret'), text);
    expect(await credential(`\${file:${join(folder, 'secret')}}`)).toBe(gives);
  });

  test.each(['${}', '${KEY', '${1KEY}', '${KEY:+x}', '${KE Y}', '${a${KEY}}'])(
    '%s is refused',
    async (written) => {
      const [line] = await problems(yaml({ credentials: `{ apiKey: '${written}' }` }), { KEY: 'x' });
      expect(line).toMatch(/^vendors\.main\.credentials\.apiKey: has a malformed/);
    },
  );

  test('numeric text becomes a number where one is wanted, and only there', async () => {
    const text = yaml({
      head: 'server: { port: "${PORT_A}" }\nops:\n  port: ${PORT_B:-9999}',
      vendor: 'codes: { specialty: { "1": "${CODE}" } }',
    });
    const { config } = await load(text, { PORT_A: '81', CODE: '77' });
    expect([config.server.port, config.ops.port]).toEqual([81, 9999]);
    expect(config.vendors.main?.codes).toEqual({ specialty: { '1': 77 } });
  });

  test.each(['', '80x', ' 80', '0x50', '8e1', '080', '70000', '-1', '80.5', '80\n'])(
    'the port %j is refused',
    async (port) => {
      const [line] = await problems(yaml({ head: 'server: { port: "${P}" }' }), { P: port });
      expect(line).toMatch(
        /^server\.port: must be a (port )?number.*\(from P\)$|^server\.port: must be a whole number \(from P\)$/,
      );
    },
  );

  test('a part of a text, or a quoted number, does not become a number', async () => {
    expect(
      await problems(yaml({ head: 'server: { port: "8${P}" }\nops: { port: "80" }' }), { P: '0' }),
    ).toEqual(['ops.port: must be a number', 'server.port: must be a number (from P)']);
  });

  test('a name that every object inherits is not a variable', async () => {
    expect(await problems(yaml({ credentials: '{ apiKey: "${constructor}" }' }))).toEqual([
      'vendors.main.credentials.apiKey: environment variable constructor is not set',
    ]);
  });
});

describe('problems', () => {
  test('are all named at once, each with its path', async () => {
    const text = `
server: { host: 127.0.0.1, port: \${PORT_X}, prot: 1 }
`.replace('${PORT_X}', '"${PORT_X}"');
    const lines = await problems(`${text}
ops: { port: 123456 }
store: { url: mysql://x }
vendor: {}
vendors:
  a: { adapter: keyed, baseUrl: "ftp://x", credentials: { apiKey: "\${A_KEY}" }, timeoutMs: 1.5 }
  b: { adapter: kayed, baseUrl: "https://u:p@x", credentials: { x: y } }
  c: { adapter: keyed, baseUrl: "https://x/?q", credentials: { apikey: "12345678" }, verify: raed }
  d: { adapter: login, baseUrl: "https://x#f", credentials: { tokn: "12345678" }, rateLimit: { requests: 0 } }
  e: { adapter: login, baseUrl: "\${E_URL}", credentials: { email: nobody } }
  f: { adapter: either, baseUrl: "https://x", credentials: { email: a@b.example, token: t } }
  "g h": {}
clinics:
  north: { vendor: aa, identity: linkd }
  south: { vendor: "\${file:/nowhere/x}" }
  west: {}
  east: { vendor: constructor }
callers:
  - { name: app, keySha256: ${HASH}, clinic: nort, scopes: [staff:raed] }
  - { name: APP, keySha256: ${HASH.toUpperCase()}, clinic: north, scopes: [] }
  - { name: 7, keySha256: abc, clinic: north, scopes: [staff:read], scope: x }
  - text
`);
    expect(lines).toMatchInlineSnapshot(`
[
  "callers.0.clinic: must be one of north, south, west, east; did you mean north?",
  "callers.0.scopes.0: must be one of staff:read, staff:write, links:write, changes:read; did you mean staff:read?",
  "callers.1.keySha256: is the same as in callers.0",
  "callers.1.name: is the same as in callers.0",
  "callers.1.scopes: needs at least 1 entry",
  "callers.2.keySha256: must be the SHA-256 of the key: 64 hexadecimal digits",
  "callers.2.name: must be text: put it in quotes",
  "callers.2.scope: is not a known key; did you mean scopes?",
  "callers.3: must be a group of keys",
  "clinics.east.vendor: must be one of a, b, c, d, e, f",
  "clinics.north.identity: must be one of linked, direct; did you mean linked?",
  "clinics.north.vendor: must be one of a, b, c, d, e, f; did you mean a?",
  "clinics.south.vendor: cannot read /nowhere/x: ENOENT",
  "clinics.west.vendor: is required",
  "ops.port: must be a port number: 0 to 65535",
  "server.port: environment variable PORT_X is not set",
  "server.prot: is not a known key; did you mean port?",
  "store.url: must be sqlite:<file> or postgres://user:password@host/database",
  "vendor: is not a known key; did you mean vendors?",
  "vendors.a.baseUrl: must be a URL that starts with https:// or http://",
  "vendors.a.credentials.apiKey: environment variable A_KEY is not set",
  "vendors.a.timeoutMs: must be a whole number",
  "vendors.b.adapter: must be one of keyed, login, either; did you mean keyed?",
  "vendors.b.baseUrl: must not hold a user or password: use credentials",
  "vendors.c.baseUrl: must not have a query or a fragment",
  "vendors.c.credentials.apikey: is not a known key; did you mean apiKey?",
  "vendors.c.credentials.apiKey: is required",
  "vendors.c.verify: must be one of returned, read; did you mean read?",
  "vendors.d.baseUrl: must not have a query or a fragment",
  "vendors.d.credentials.tokn: is not a known key; did you mean token?",
  "vendors.d.rateLimit.perSeconds: is required",
  "vendors.d.rateLimit.requests: must be at least 1",
  "vendors.e.baseUrl: environment variable E_URL is not set",
  "vendors.e.credentials.email: must be an e-mail address",
  "vendors.f.credentials: must have only one of token, email",
  "vendors.g…: is not a usable name: letters, digits, - and _, at most 64",
]
`);
  });

  test.each([
    {
      name: 'a section of the wrong kind',
      text: yaml({ head: 'server: 8080' }),
      lines: ['server: must be a group of keys'],
    },
    {
      name: 'a section left empty',
      text: yaml({ head: 'ops:' }),
      lines: ['ops: has no value: remove it or give it a group of keys'],
    },
    ...['0.0.0.0', '::', 'ops.internal'].map((host) => ({
      name: `a console in clear on ${host}`,
      text: yaml({
        head: `ops: { host: '${host}' }\noperators: [{ name: olga, keySha256: ${OTHER_HASH}, role: viewer }]`,
      }),
      lines: [
        'ops.host: is not the loopback interface, where the console needs TLS: ops.tls, or a proxy in front that speaks it and ops.tlsAtProxy: true',
      ],
    })),
    {
      name: 'operators that share a name and a key, and a role that there is not',
      text: yaml({
        head: `operators: [{ name: a, keySha256: ${OTHER_HASH}, role: admin }, { name: A, keySha256: ${OTHER_HASH}, role: viewer }]`,
      }),
      lines: [
        'operators.0.role: must be one of viewer, operator',
        'operators.1.keySha256: is the same as in operators.0',
        'operators.1.name: is the same as in operators.0',
      ],
    },
    {
      name: 'a caller that has the name of a client of an issuer',
      text: yaml({
        head: 'tokens: [{ name: login, issuer: https://login.example, audience: us, jwksUri: https://login.example/keys }]',
        callers: `- { name: login/app, keySha256: ${OTHER_HASH}, clinic: north, scopes: [staff:read] }`,
      }),
      lines: ['callers.1.name: is the name of a client of login in tokens'],
    },
    {
      name: 'equal ports',
      text: yaml({ head: 'ops: { port: 81 }\nserver: { port: 81 }' }),
      lines: ['ops.port: is the same as server.port'],
    },
    {
      name: 'a number where text is meant',
      text: yaml({ credentials: '{ apiKey: 12345 }' }),
      lines: ['vendors.main.credentials.apiKey: must be text: put it in quotes'],
    },
    {
      name: 'no vendors',
      text: 'vendors: {}\nclinics: {}',
      lines: ['clinics: needs at least 1 entry', 'vendors: needs at least 1 entry'],
    },
    {
      name: 'nothing that is required',
      text: 'server: {}',
      lines: ['clinics: is required', 'vendors: is required'],
    },
    {
      name: 'a reserved name',
      text: yaml({ vendor: 'codes: { __proto__: {} }' }),
      lines: ['vendors.main.codes.__proto__: is not a usable name'],
    },
    {
      name: 'the hash of an empty key',
      text: yaml({ audit: '' }).replace(
        HASH,
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      ),
      lines: ['callers.0.keySha256: is the SHA-256 of nothing: the key was empty when it was made'],
    },
    {
      name: 'a value that contains itself',
      text: yaml({ vendor: 'options: &a { header: *a }' }),
      lines: ['vendors.main.options.header: contains itself through an alias'],
    },
    {
      name: 'an empty variable',
      text: yaml({ credentials: '{ apiKey: "${KEY}" }' }),
      env: { KEY: '' },
      lines: ['vendors.main.credentials.apiKey: must not be empty (from KEY)'],
    },
    {
      name: 'a relative secret file',
      text: yaml({ credentials: '{ apiKey: "${file:x}" }' }),
      lines: ['vendors.main.credentials.apiKey: the path after file: must be absolute'],
    },
    {
      name: 'a directory as secret file',
      text: yaml({ credentials: '{ apiKey: "${file:/}" }' }),
      lines: ['vendors.main.credentials.apiKey: cannot read /: EISDIR'],
    },
  ])('$name', async ({ text, lines, env }) => {
    expect(await problems(text, { ...env })).toEqual(lines);
  });

  test.each([
    { name: 'a missing bracket', text: 'server: { port: 1\nops: {}\n', line: /^line 2, column 1: / },
    { name: 'a tab', text: 'server:\n\tport: 1', line: /^line 2, column 1: a tab/ },
    { name: 'a repeated key', text: 'server: {}\nserver: {}', line: /^line 2, column 1: the same key/ },
    {
      name: 'an unquoted reference in braces',
      text: 'server: { port: ${P} }',
      line: /^line 1, column 18: .*put "\$\{…\}" in quotes$/,
    },
    { name: 'a tag', text: 'a: !secret x', line: /^line 1, column 4: a tag/ },
    {
      name: 'an alias without an anchor',
      text: 'a: 1\nb: *hunter2',
      line: /^line 2, column 4: an alias \(\*name\) without/,
    },
    {
      name: 'two documents',
      text: 'a: 1\n---\nb: 1',
      line: /^line 2, column 1: the file holds more than one/,
    },
    {
      name: 'a number that would lose its zeros',
      text: 'a: 0123',
      line: /^line 1, column 4: a number with leading zeros needs quotes$/,
    },
    {
      name: 'a bomb of aliases',
      text: `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(50)}]\nc: &c [${'*b,'.repeat(50)}]\nd: [${'*c,'.repeat(50)}]`,
      line: /^an alias/,
    },
    { name: 'a list', text: '- a', line: /^the file must hold keys/ },
    { name: 'a word', text: 'hello', line: /^the file must hold keys/ },
    { name: 'comments only', text: '# nothing', line: /^the file is empty$/ },
    { name: 'nothing', text: ' \n', line: /gateway\.yaml: the file is empty$/ },
    {
      name: 'too much',
      text: `# ${'x'.repeat(1024 * 1024)}`,
      line: /gateway\.yaml: the file is larger than 1 MB$/,
    },
  ])('of the file: $name', async ({ text, line }) => {
    const lines = await problems(text);
    expect(lines[0]).toMatch(line);
  });

  test.each([
    { name: 'nowhere.yaml', reason: 'the file does not exist' },
    { name: 'folder', reason: 'is a directory, not a file' },
    { name: 'latin1', reason: 'the file is not UTF-8 text' },
  ])('of the path: $reason', async ({ name, reason }) => {
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'latin1'), Buffer.from('a: caf\xe9', 'latin1'));
    const path = join(folder, name);
    const problem = { path: '', message: `${path}: ${reason}` };
    await expect(loadConfig(path, { adapters, env: {} })).rejects.toMatchObject({ problems: [problem] });
  });
});

describe('warnings', () => {
  test.each([
    { url: 'http://vendor.example', warns: true },
    { url: 'http://localhost.evil.example', warns: true },
    { url: 'http://10.0.0.1', warns: true },
    { url: 'https://vendor.example', warns: false },
    { url: 'http://localhost:1', warns: false },
    { url: 'http://127.9.9.9', warns: false },
    { url: 'http://[::1]:80', warns: false },
  ])('base URL $url: $warns', async ({ url, warns }) => {
    const { warnings } = await load(yaml().replace('https://vendor.example', url));
    expect(warnings).toHaveLength(warns ? 1 : 0);
  });

  test('tell of odd credentials and of missing callers', async () => {
    const text = yaml({ credentials: '{ apiKey: "${KEY}" }' }).replace(/callers:.*/s, '');
    const { warnings } = await load(text, { KEY: 'two\nlines' });
    expect(warnings).toEqual([
      'vendors.main.credentials.apiKey: has a line break or white space at an end; is that meant?',
      'callers: there are none, so every request will be refused',
    ]);
  });
});

describe('two names for the same records', () => {
  /** Two connections and two clinics: `north` at `main` by links. */
  const two = (second: string, west: string) =>
    yaml({ clinic: '' })
      .replace('clinics:\n', `  second: ${second}\nclinics:\n  west: ${west}\n`)
      .replace(/\n+(?= {2}second)/, '\n');
  const twin =
    '{ adapter: keyed, baseUrl: "https://VENDOR.example/", credentials: { apiKey: key-of-north } }';
  const elsewhere = twin.replace('VENDOR', 'other');
  const shared = (vendor: string) =>
    `vendors.${vendor}: is used by west, north, so only an operator can link staff there ("links import"): links:write would let each reach the others' people`;
  const told =
    'vendors.second: has the adapter and the origin of vendors.main; if both lead to the same records, one of them can get two staff ids, in two clinics';
  const open =
    'clinics.west.identity: direct reaches every record of main, also those of north, which uses it too';

  test.each([
    { name: 'the same system twice', second: twin, west: '{ vendor: second }', warnings: [told] },
    {
      name: 'other credentials',
      second: twin.replace('key-of-north', 'other-key'),
      west: '{ vendor: second }',
      warnings: [told],
    },
    {
      name: 'another path of one place',
      second: twin.replace('VENDOR.example', 'vendor.example/v2'),
      west: '{ vendor: second }',
      warnings: [told],
    },
    {
      name: 'another place',
      second: elsewhere,
      west: '{ vendor: second }',
      warnings: [],
    },
    {
      name: 'a connection to which two clinics may link, though neither uses it',
      second: elsewhere,
      west: '{ vendor: main, links: [second] }',
      north: '    links: [second]\n',
      warnings: [shared('main'), shared('second')],
    },
    {
      name: 'a direct clinic beside a linked one',
      second: elsewhere,
      west: '{ vendor: main, identity: direct }',
      warnings: [open, shared('main')],
    },
    {
      name: 'a direct clinic by itself',
      second: elsewhere,
      west: '{ vendor: second, identity: direct }',
      warnings: [],
    },
    {
      name: 'two linked clinics of one connection',
      second: elsewhere,
      west: '{ vendor: main }',
      warnings: [shared('main')],
    },
  ])('$name', async ({ second, west, north = '', warnings }) => {
    const text = two(second, west).replace(/(?<=north:\n {4}vendor: main\n)/, north);
    const { code, out, err } = await check(text);
    expect(code).toBe(0);
    const said = out.split('\n').filter((line) => line.startsWith('#'));
    expect(said).toEqual(warnings.map((warning) => `# Warning: ${warning}`));
    expect(err).toMatch(/^OK: /);
    expect(out + err).not.toMatch(/key-of-north|other-key/);
  });
});

/** Runs check-config on a text and gives the exit code and all that was printed. */
async function check(text: string, env: Record<string, string> = {}) {
  const path = join(folder, 'gateway.yaml');
  await writeFile(path, text);
  const printed = { out: '', err: '' };
  const out = { write: (chunk: string) => (printed.out += chunk) };
  const err = { write: (chunk: string) => (printed.err += chunk) };
  const code = await checkConfig({ path, adapters, env, out, err });
  return { code, ...printed };
}

describe('secrets', () => {
  const CANARIES = ['canary-env', 'canary-file', 'canary-plain', 'canary-store', 'canary%2Fquery'];
  const env = {
    KEY: 'canary-env',
    STORE_URL: 'postgres://user:canary-store@db/x?sslpassword=canary%2Fquery',
  };

  async function planted(more = ''): Promise<string> {
    await writeFile(join(folder, 'secret'), 'canary-file\n');
    return `
vendors:
  a: { adapter: keyed, baseUrl: "https://x.example", credentials: { apiKey: "\${KEY}" } }
  b: { adapter: login, baseUrl: "https://x.example", credentials: { token: "\${file:${join(folder, 'secret')}}" } }
  c: { adapter: login, baseUrl: "http://x.example", credentials: { email: a@b.example, password: canary-plain } }
clinics: { north: { vendor: a } }
callers: [{ name: app, keySha256: ${HASH}, clinic: north, scopes: [staff:read] }]
${more}`;
  }

  test('are masked in what check-config prints, and the rest is there', async () => {
    const { code, out, err } = await check(await planted(), env);
    const path = join(folder, 'gateway.yaml');
    const verdict = '3 vendor connections, 1 clinic, 1 caller, 2 warnings (the lines with "# Warning")';
    expect({ code, err }).toEqual({ code: 0, err: `OK: ${path} can be used: ${verdict}.\n` });
    for (const canary of CANARIES) expect(out).not.toContain(canary);
    expect(out).toMatch(/^# Warning: vendors\.c\.baseUrl: http:\/\//);
    expect(out).not.toContain(HASH);
    expect(parse(out)).toMatchObject({
      store: { url: 'postgres://user:***@db/x?sslpassword=***' },
      vendors: {
        a: { credentials: { apiKey: '***' } },
        c: { credentials: { email: '***', password: '***' } },
      },
      callers: [{ keySha256: 'a1b2c3d4…', scopes: ['staff:read'] }],
    });
  });

  test('are listed for the logger', async () => {
    const { secrets } = await load(await planted(), env);
    expect([...secrets].sort()).toEqual(
      ['canary-env', 'canary-file', 'canary-plain', 'canary-store', 'canary/query', 'a@b.example'].sort(),
    );
  });

  test('masking leaves the configuration itself alone', async () => {
    const { config } = await load(await planted(), env);
    const before = structuredClone(config);
    maskConfig(config);
    expect(config).toEqual(before);
  });

  // Wherever a secret ends up by mistake, no message may repeat it.
  test.each([
    { name: 'syntax', text: 'vendors: { a: { credentials: { apiKey: "canary\n' },
    { name: 'alias', text: 'vendors:\n  a:\n    credentials: *canary' },
    { name: 'reserved character', text: 'a: @canary' },
    { name: 'bad escape', text: 'a: "canary\\q"' },
    { name: 'block header', text: 'a: |canary\n  x' },
    { name: 'whole credentials', text: yaml({ credentials: 'canary' }) },
    { name: 'missing space', text: yaml({ credentials: '{apiKey:canary}' }) },
    { name: 'secret as key', text: yaml({ credentials: '{ canary: x }' }) },
    {
      name: 'secret as key, other forms',
      text: yaml({ credentials: '{ canary: x }' }).replace('keyed', 'login'),
    },
    {
      name: 'secret with the wrong form',
      text: yaml({ credentials: '{ email: canary, password: canary }' }).replace('keyed', 'login'),
    },
    { name: 'secret in a list', text: yaml({ credentials: '[canary]' }) },
    { name: 'secret in the base URL', text: yaml().replace('vendor.example', 'canary:canary@x') },
    { name: 'secret in the store URL', text: yaml({ head: 'store: { url: "mysql://u:canary@x" }' }) },
    { name: 'secret in an unusable URL', text: yaml({ head: 'store: { url: "postgres://u:canary@:x" }' }) },
    { name: 'secret as port', text: yaml({ head: 'server: { port: "${S}" }' }) },
    { name: 'secret as adapter', text: yaml().replace('keyed', '${S}') },
    { name: 'secret as clinic', text: yaml().replace('vendor: main', 'vendor: ${S}') },
    { name: 'secret as scope', text: yaml().replace('[staff:read]', '["${S}"]') },
    { name: 'secret as hash', text: yaml().replace(HASH, '"${S}"') },
    { name: 'secret as option', text: yaml({ vendor: 'options: { header: "${S}" }' }) },
    { name: 'secret as default', text: yaml({ head: 'server: { port: "${X:-canary}" }' }) },
    { name: 'secret in a malformed reference', text: yaml({ credentials: '{ apiKey: "${canary!}" }' }) },
  ])('stay out of problems: $name', async ({ text }) => {
    const { code, out, err } = await check(text, { S: 'canary' });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^\S.*\n/);
    expect(err).not.toContain('canary');
  });
});

test('check-config prints one problem a line, with its path', async () => {
  const { code, err } = await check(yaml({ head: 'sever: {}', credentials: '{ apiKey: "${KEY}" }' }));
  expect(code).toBe(1);
  expect(err).toBe(
    'sever: is not a known key; did you mean server?\nvendors.main.credentials.apiKey: environment variable KEY is not set\n' +
      `Correct these 2 problems in ${join(folder, 'gateway.yaml')} or in the environment, then run check-config.\n`,
  );
});

describe('the reference', () => {
  const rows = configReference(adapters);

  test('says what each general key means', () => {
    const general = rows.filter(({ adapter }) => adapter === undefined);
    expect(general.length).toBeGreaterThan(20);
    expect(general.filter(({ meaning }) => meaning === '')).toEqual([]);
  });

  test.each([
    { path: 'server.port', type: 'integer', default: '8080' },
    { path: 'vendors.<vendor>.adapter', type: '"keyed" | "login" | "either"', default: 'required' },
    { path: 'vendors.<vendor>.verify', type: '"returned" | "read"', default: "the adapter's" },
    { path: 'vendors.<vendor>.rateLimit.requests', type: 'integer', default: 'required' },
    {
      path: 'vendors.<vendor>.credentials.apiKey',
      type: 'string',
      default: 'required',
      adapter: 'keyed',
      meaning: 'The key.',
    },
    { path: 'vendors.<vendor>.credentials.password', type: 'string', default: 'required', adapter: 'login' },
    { path: 'vendors.<vendor>.options.header', default: '"authorization"', adapter: 'keyed' },
    {
      path: 'callers[].scopes',
      type: 'list of "staff:read" | "staff:write" | "links:write" | "changes:read"',
    },
    { path: 'clinics.<clinic>.vendor', type: 'a key of vendors', default: 'required' },
    { path: 'callers[].keySha256', type: '64 hex digits', default: 'required' },
  ])('lists $path', (row) => {
    expect(rows).toContainEqual(expect.objectContaining(row));
  });

  test('and the example file know the same keys', async () => {
    const text = await readFile(join(__dirname, '../../config/gateway.example.yaml'), 'utf8');
    const inExample = new Set(keyPaths(parse(text)));
    const general = rows.filter(({ adapter }) => adapter === undefined).map(({ path }) => path);
    expect(general.filter((path) => !inExample.has(path))).toEqual([]);
  });

  /** The paths in a document, written as the reference writes them. */
  function keyPaths(value: unknown, path = ''): string[] {
    if (Array.isArray(value)) return value.flatMap((item) => [`${path}[]`, ...keyPaths(item, `${path}[]`)]);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      const shown = path === 'vendors' || path === 'clinics' ? `<${path.slice(0, -1)}>` : key;
      const below = path === '' ? shown : `${path}.${shown}`;
      return [below, ...keyPaths(item, below)];
    });
  }
});

test('the console is let out where a proxy speaks TLS, and its secrets are not printed', async () => {
  const oidc = `{ issuer: 'https://login.example', clientId: console, clientSecret: s3cret-of-oidc, roles: { a: viewer } }`;
  const head = `ops: { host: 0.0.0.0, tlsAtProxy: true, oidc: ${oidc} }`;
  const { config, secrets } = await load(yaml({ head }));
  expect(config.ops.oidc).toMatchObject({ claim: 'roles', scope: 'openid profile' });
  expect(secrets).toContain('s3cret-of-oidc');
  expect(JSON.stringify(maskConfig(config))).not.toContain('s3cret');
  const [line] = await problems(yaml({ head: head.replace('https:', 'http:') }));
  expect(line).toMatch(/^ops\.oidc\.issuer: must be a URL that starts with https/);
});

test('the example file is a good configuration once its variables are set', async () => {
  const text = await readFile(join(__dirname, '../../config/gateway.example.yaml'), 'utf8');
  const any = {
    credentials: joi.object().unknown(),
    options: joi.object().unknown(),
    codes: joi.object().unknown(),
  };
  const named = registry.map(({ name }) => ({ ...keyed, name, settings: any }));
  const path = join(folder, 'gateway.yaml');
  await writeFile(path, text);
  const variables = [...new Set([...text.matchAll(/: \$\{(\w+)\}/g)].map((match) => match[1] ?? ''))];
  const env = Object.fromEntries(variables.map((name) => [name, HASH]));
  const { config, warnings } = await loadConfig(path, { adapters: named, env });
  // One connection for each of several kinds of vendors.
  const used = Object.values(config.vendors).map(({ adapter }) => adapter);
  expect([used.length >= 4, new Set(used).size]).toEqual([true, used.length]);
  expect(warnings).toEqual([]);
  await expect(loadConfig(path, { adapters: named, env: {} })).rejects.toMatchObject({
    problems: { length: variables.length },
  });
});
