/** The command line as people call it: a process, its output and its exit code. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { doctor } from '../../src/cli/doctor';
import { newKey } from '../../src/cli/newKey';
import { loadConfig } from '../../src/config/load';
import { run } from '../support/commandLine';
import { PROGRAM } from '../support/gatewayProcess';
import { openStage, type Stage } from '../support/stage';

// Each call is a process that compiles what it needs.
jest.setTimeout(180_000);

async function collect(
  work: (out: PassThrough) => number | Promise<number>,
): Promise<{ code: number; out: string }> {
  const out = new PassThrough();
  const said = text(out);
  const code = await work(out);
  out.end();
  return { code, out: await said };
}

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const COMMANDS = [
  'serve',
  'check-config',
  'doctor',
  'new-key',
  'links',
  'deliveries',
  'verify-audit',
  'backup',
  'restore',
];

test('--help names every command, and each has help of its own', async () => {
  const helps = await Promise.all(
    [[], ['doctor'], ['links', 'import']].map((command) => run([...command, '--help'])),
  );
  expect(helps.map(({ code }) => code)).toEqual([0, 0, 0]);
  const [all, doctorHelp, importHelp] = helps.map(({ out }) => out);
  for (const command of COMMANDS) expect(all).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  expect(doctorHelp).toMatch(/^Usage: provider-directory-gateway doctor /);
  expect(importHelp).toMatch(/^Usage: provider-directory-gateway links import /);
});

test.each([
  ['an unknown command', ['frobnicate'], /^error: unknown command 'frobnicate'\n[\s\S]*^ {2}check-config/m],
  ['a misspelt command', ['docter', '--fast'], /^error: unknown command 'docter'\n\(Did you mean doctor\?\)/],
  ['an unknown command of a command', ['links', 'imprt'], /unknown command 'imprt'/],
  ['an unknown option without a command', ['--fast'], /^error: unknown option '--fast'/],
  ['an unknown option', ['doctor', '--fast'], /unknown option '--fast'/],
  ['a missing argument', ['links', 'import'], /missing required argument 'file'/],
  [
    'a configuration that is not there',
    ['-c', '/nowhere.yaml', 'doctor'],
    /^\/nowhere\.yaml: the file does not exist\nName the file with --config or GATEWAY_CONFIG/,
  ],
  [
    'the same for serve, which is also meant without a command',
    ['-c', '/nowhere.yaml'],
    /^\/nowhere\.yaml: the file does not exist\n/,
  ],
])('%s is told, and the exit code is 1', async (_name, args, message) => {
  const { code, err } = await run(args);
  expect(code).toBe(1);
  expect(err).toMatch(message);
});

test('a reader that goes early, as `head` does, stops nothing', async () => {
  const child = spawn(process.execPath, [...PROGRAM, '-c', stage.configPath, 'check-config']);
  child.stdout.destroy();
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(code).toBe(0);
  expect(err).toMatch(/^OK: /m);
  expect(err).not.toContain('EPIPE');
});

test('--version tells the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(__dirname, '../../package.json'), 'utf8'));
  expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test('--help tells the default of --config once', async () => {
  const { out } = await run(['--help'], { GATEWAY_CONFIG: '/etc/gateway.yaml' });
  const [told = ''] = /--config [\s\S]*?(?=\n *-h)/.exec(out) ?? [];
  expect(told.replaceAll(/\s+/g, ' ')).toBe(
    '--config <file> configuration file (default: "config/gateway.yaml", env: GATEWAY_CONFIG)',
  );
});

test('broken YAML is told by line and column, without a stack or the text', async () => {
  const path = join(stage.folder, 'broken.yaml');
  await writeFile(path, 'vendors:\n  a:\n    credentials: { apiKey: "canary }\n');
  const answers = await Promise.all(
    ['serve', 'check-config', 'doctor'].map((name) => run(['-c', path, name])),
  );
  for (const { code, out, err } of answers) {
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).not.toContain('canary');
    expect(err).toMatch(
      /^line 4, column 1: .+\nCorrect this in \S+ or in the environment, then run check-config\.\n$/,
    );
  }
});

test('a port that is taken is told with what to do', async () => {
  const path = join(stage.folder, 'taken.yaml');
  const { port } = new URL(stage.url);
  const server = { ...stage.config.server, port: Number(port) };
  await writeFile(path, stringify({ ...stage.config, server, store: { url: 'sqlite::memory:' } }));
  const { code, err } = await run(['-c', path], { LOG_LEVEL: 'silent' });
  expect(code).toBe(1);
  expect(err).toMatch(/^listen EADDRINUSE: .+\nChoose another server\.host, server\.port or ops\.port/);
});

describe('new-key', () => {
  test('prints a key, its hash and a line that works as it is', async () => {
    const { code, out } = await collect((to) => newKey({ name: 'my app', out: to }));
    expect(code).toBe(0);
    const key = /^key: +(pdg_[\w-]{43})$/m.exec(out)?.[1] ?? '';
    const hash = createHash('sha256').update(key).digest('hex');
    expect(out).toContain(`keySha256: ${hash}`);
    expect(out.split(key)).toHaveLength(2);
    const line = /^ {2}- \{ name: .*$/m.exec(out)?.[0].replace('<clinic>', 'north') ?? '';
    const path = join(stage.folder, 'new-key.yaml');
    const before = await readFile(stage.configPath, 'utf8');
    await writeFile(path, before.replace(/^callers:\n/m, `callers:\n${line}\n`));
    const { config } = await loadConfig(path, { adapters, env: {} });
    expect(config.callers[0]).toMatchObject({ name: 'my app', keySha256: hash, clinic: 'north' });
    await stage.rewrite(await readFile(path, 'utf8'));
    await stage.gateway.reload();
    expect((await stage.call('GET', '/staff/st-1', { key })).status).toBe(200);
    await stage.rewrite(before);
    await stage.gateway.reload();
  });

  test('never the same one', async () => {
    const [first, second] = await Promise.all([1, 2].map(() => collect((out) => newKey({ out }))));
    expect(first?.out).not.toBe(second?.out);
    expect(first?.out).toContain('<name>');
  });
});

describe('links', () => {
  test('are imported by the names and the id forms of the configuration, and exported again', async () => {
    const file = join(stage.folder, 'links.csv');
    const refused = join(stage.folder, 'refused.csv');
    const head = 'clinic,staffId,vendor,vendorRecordId';
    await writeFile(
      file,
      `${head}\nnorth,im-1,clinikapi-main,pr_im1\nwest,im-2,clinikapi-main,pr_2\nnorth,im-3,nowhere,x\ncentro,im-4,vitalis-centro,not-a-number\n`,
    );
    const imported = await run([
      '-c',
      stage.configPath,
      'links',
      'import',
      file,
      '--no-check',
      '--refused',
      refused,
    ]);
    expect(imported.code).toBe(2);
    expect(imported.out).toContain('Imported 1 row: 1 new');
    expect(imported.err).toContain('line 3: the clinic "west" is not configured');
    expect(imported.err).toContain('line 4: the vendor "nowhere" is not configured');
    expect(imported.err).toContain('line 5: "not-a-number" cannot be a record id of vitalis-centro');
    const exported = await run(['-c', stage.configPath, 'links', 'export', '-']);
    expect(exported.code).toBe(0);
    expect(exported.out.split('\n')[0]).toBe(head);
    expect(exported.out).toContain('north,im-1,clinikapi-main,pr_im1');
    const missing = await run(['-c', stage.configPath, 'links', 'import', '/nowhere.csv']);
    expect(missing.code).toBe(1);
  });
});

describe('doctor', () => {
  /** The doctor's table for the stage's configuration after a change. */
  async function examine(change: (config: Stage['config']) => void = () => {}) {
    const config = structuredClone(stage.config);
    change(config);
    const path = join(stage.folder, 'doctor.yaml');
    await writeFile(path, stringify(config));
    const loaded = await loadConfig(path, { adapters, env: {} });
    return collect((out) => doctor({ config: loaded.config, adapters, out }));
  }
  const rows = (out: string) =>
    Object.fromEntries(
      out
        .split('\n')
        .map((line) => line.split(/ {2,}/))
        .filter((cells) => cells.length >= 4)
        .map(([connection, check, result, detail]) => [`${connection} ${check}`, `${result} ${detail}`]),
    );

  beforeEach(() => {
    for (const sandbox of [stage.clinikapi, stage.vitalis, stage.cobalt]) sandbox.reset();
  });

  test('all is well', async () => {
    const { code, out } = await examine();
    expect(rows(out)).toMatchObject({
      'clinikapi-main reachable': expect.stringMatching(/^ok http/),
      'clinikapi-main credentials': 'ok a read was answered',
      'clinikapi-main codes.specialty': expect.stringMatching(
        /^- cannot be checked: ClinikAPI has no catalogue/,
      ),
      'clinikapi-main codes.location': '- none configured',
      'clinikapi-main clinics': 'ok north',
      'clinikapi-main write': 'ok an update that changes nothing was let through',
      'vitalis-centro write': 'ok an update that changes nothing was let through',
      'cobalt-main write': expect.stringMatching(/^- cannot be checked: /),
      'vitalis-centro codes.specialty': 'ok 3 of 3 exist at the vendor',
      'cobalt-main codes.location': 'ok 1 of 1 exist at the vendor',
    });
    expect(out).toContain('All checks passed.');
    expect(code).toBe(0);
    const written = [stage.clinikapi, stage.vitalis, stage.cobalt].map(({ writes }) => writes);
    expect(written).toEqual([0, 0, 0]);
  });

  test('codes that do not exist at the vendor are named', async () => {
    const { code, out } = await examine((config) => {
      config.vendors['vitalis-centro'].codes.specialty = { '394579002': 1, '111': 77, '222': 78 };
      config.vendors['cobalt-main'].codes.location = { centro: '00000000-0000-0000-0000-000000000000' };
      config.vendors['clinikapi-main'].codes = { organization: { hq: 'org_nowhere' } };
    });
    expect(code).toBe(2);
    expect(rows(out)).toMatchObject({
      'vitalis-centro codes.specialty': 'FAILED not at the vendor: 111: 77, 222: 78',
      'cobalt-main codes.location': 'FAILED not at the vendor: centro: 00000000-0000-0000-0000-000000000000',
      'clinikapi-main codes.organization': 'FAILED not at the vendor: hq: org_nowhere',
    });
    expect(out).toMatch(/3 of \d+ checks failed/);
  });

  test('wrong credentials are told apart from a vendor that cannot be reached', async () => {
    const { code, out } = await examine((config) => {
      config.vendors['clinikapi-main'].credentials = { apiKey: 'clk_live_wrong0canary' };
      config.vendors['vitalis-centro'].credentials = {
        email: 'admin@example.test',
        password: 'canary-wrong',
      };
      config.vendors['cobalt-main'].baseUrl = 'http://127.0.0.1:1';
    });
    expect(code).toBe(2);
    expect(rows(out)).toMatchObject({
      'clinikapi-main reachable': expect.stringMatching(/^ok /),
      'clinikapi-main credentials':
        'FAILED are refused (status 401): check credentials, and their rights at the vendor',
      'vitalis-centro credentials': expect.stringMatching(/^FAILED are refused/),
      'cobalt-main reachable':
        'FAILED cannot be reached, or fails: check baseUrl, the network and the certificate',
    });
    expect(out).not.toContain('canary');
  });

  const { clinikapi, vitalis } = SANDBOX_CREDENTIALS;
  const MAY_NOT = /^FAILED the credentials may read, but not write \(status 40[13]\)/;
  const MAY = /^ok an update that changes nothing was let through$/;
  type Change = (config: Stage['config']) => void;
  const withKey =
    (apiKey: string, more: object = {}): Change =>
    (config) =>
      Object.assign(config.vendors['clinikapi-main'], { credentials: { apiKey }, ...more });
  const withUser =
    (credentials: object, more: object = {}): Change =>
    (config) =>
      Object.assign(config.vendors['vitalis-centro'], { credentials, ...more });
  const both = { options: { tokenHeader: 'both' } };
  const live = { options: { dialect: 'live' } };

  test.each<[string, string, Change, RegExp]>([
    ['a key that may read only', 'clinikapi-main', withKey(clinikapi.readOnlyKey), MAY_NOT],
    [
      'a key that may read only, in the live dialect',
      'clinikapi-main',
      withKey(clinikapi.readOnlyKey, live),
      MAY_NOT,
    ],
    ['a key that may all', 'clinikapi-main', withKey(clinikapi.liveKey), MAY],
    ['a key that may all, in the live dialect', 'clinikapi-main', withKey(clinikapi.liveKey, live), MAY],
    ['a test key', 'clinikapi-main', withKey(clinikapi.testKey), MAY],
    ['a key of another organization', 'clinikapi-main', withKey(clinikapi.otherOrganizationKey), MAY],
    ['a user who is no administrator', 'vitalis-centro', withUser(vitalis.user), MAY_NOT],
    ['the same user with both headers', 'vitalis-centro', withUser(vitalis.user, both), MAY_NOT],
    ['an administrator who logs in', 'vitalis-centro', withUser(vitalis.admin), MAY],
    [
      'a token of the administrator in both headers',
      'vitalis-centro',
      withUser({ token: vitalis.staticAdminToken }, both),
      MAY,
    ],
  ])('the right to write: %s', async (_name, connection, change, wanted) => {
    const { code, out } = await examine(change);
    expect(rows(out)[`${connection} credentials`]).toBe('ok a read was answered');
    expect(rows(out)[`${connection} write`]).toMatch(wanted);
    expect(code).toBe(wanted === MAY ? 0 : 2);
    expect([stage.clinikapi, stage.vitalis, stage.cobalt].map(({ writes }) => writes)).toEqual([0, 0, 0]);
  });

  test('a vendor whose code judges in its own dialect answers 401, and is understood', async () => {
    stage.vitalis.state.settings.dialect = 'code';
    const { out } = await examine(withUser(vitalis.user, { options: { tokenHeader: 'x-token' } }));
    const admin = await examine(withUser(vitalis.admin, { options: { tokenHeader: 'x-token' } }));
    expect(rows(out)['vitalis-centro write']).toMatch(/not write \(status 401\)/);
    expect(rows(admin.out)['vitalis-centro write']).toMatch(MAY);
  });

  test('a write that is not answered as it should be is no proof', async () => {
    stage.vitalis.faults.add({ kind: 'answer', status: 500 }, { method: 'PATCH' });
    const { code, out } = await examine();
    expect(rows(out)['vitalis-centro write']).toMatch(
      /^FAILED .*not answered as it should be: .*\(status 500\)/,
    );
    expect(code).toBe(2);
  });

  test('mapped codes are shown with the vendor’s names', async () => {
    const { out } = await examine((config) => {
      config.vendors['vitalis-centro'].codes.specialty = { '394579002': 1, '394537008': 1, x: 2 };
      config.vendors['clinikapi-main'].codes = {
        location: { main: 'loc_main1' },
        organization: { hq: 'org_north1' },
      };
    });
    const name = (id: number) => stage.vitalis.state.specialities.get(id)?.name;
    expect(out).toContain(`  394537008 → 1 ${name(1)}\n  394579002 → 1 ${name(1)}\n`);
    expect(out).toContain(`  x → 2 ${name(2)}\n`);
    expect(out).toContain(
      'clinikapi-main codes.location, with the vendor’s names:\n  main → loc_main1 Main Building\n',
    );
    expect(out).toMatch(/cobalt-main codes\.location, .*\n {2}centro → 095f8067\S* \S+/);
  });

  test('a mapped speciality that is inactive at the vendor is a finding, one that is not mapped is none', async () => {
    const { specialities } = stage.vitalis.state;
    for (const id of [2, 3]) {
      const row = specialities.get(id);
      if (row === undefined) throw new Error('the seed is there');
      specialities.set({ ...row, state: 'Inactiva' });
    }
    const { code, out } = await examine((config) => {
      config.vendors['vitalis-centro'].codes.specialty = { a: 1, b: 2, c: 99 };
    });
    expect(rows(out)['vitalis-centro codes.specialty']).toBe(
      'FAILED not at the vendor: c: 99; inactive at the vendor: b: 2',
    );
    expect(out).toMatch(/ {2}b → 2 \S.* \(inactive\)\n {2}c → 99 \(missing\)\n/);
    expect(code).toBe(2);
    const well = await examine((config) => {
      config.vendors['vitalis-centro'].codes.specialty = { a: 1 };
    });
    expect(well.code).toBe(0);
  });

  test('a server that is not the vendor is noticed', async () => {
    const { code, out } = await examine((config) => {
      config.vendors['clinikapi-main'].baseUrl = stage.url;
    });
    expect(code).toBe(2);
    expect(rows(out)['clinikapi-main reachable']).toMatch(/^FAILED answers that there is no such page/);
  });

  test('a long list is read page by page', async () => {
    const { organizations } = stage.clinikapi.state;
    const [seed] = organizations.all();
    if (seed === undefined) throw new Error('the seed is there');
    for (let index = 0; index < 250; index += 1) organizations.set({ ...seed, id: `org_many_${index}` });
    const { code, out } = await examine((config) => {
      config.vendors['clinikapi-main'].codes = { organization: { last: 'org_many_249' } };
    });
    expect(rows(out)['clinikapi-main codes.organization']).toBe('ok 1 of 1 exist at the vendor');
    expect(code).toBe(0);
  });

  test('as a command it prints the table and exits by what it found', async () => {
    const good = await run(['-c', stage.configPath, 'doctor']);
    expect(good.out).toMatch(/^CONNECTION +CHECK +RESULT +DETAIL$/m);
    expect(good.code).toBe(0);
    stage.cobalt.faults.add({ kind: 'answer', status: 500 });
    expect((await run(['-c', stage.configPath, 'doctor'])).code).toBe(2);
  });
});

describe('--json prints one document, and nothing else on the standard output', () => {
  const json = async (...args: string[]) => {
    const { code, out, err } = await run(['-c', stage.configPath, ...args, '--json']);
    return { code, err, document: JSON.parse(out) };
  };

  beforeAll(() => stage.cobalt.reset());

  test('doctor', async () => {
    const { code, document } = await json('doctor');
    expect(code).toBe(0);
    expect(document.passed).toBe(true);
    expect(document.checks).toContainEqual({
      connection: 'clinikapi-main',
      check: 'credentials',
      result: 'ok',
      detail: 'a read was answered',
    });
    const specialties = document.checks.find(
      ({ connection, check }: Record<string, string>) =>
        connection === 'vitalis-centro' && check === 'codes.specialty',
    );
    const name = stage.vitalis.state.specialities.get(1)?.name;
    expect(specialties.codes).toHaveLength(3);
    expect(specialties.codes).toContainEqual({ code: '394579002', vendorCode: 1, name, state: 'active' });
    stage.cobalt.faults.add({ kind: 'answer', status: 500 });
    const failing = await json('doctor');
    stage.cobalt.faults.clear();
    expect(failing.code).toBe(2);
    expect(failing.document.passed).toBe(false);
    const failed = failing.document.checks.filter(({ result }: { result: string }) => result === 'failed');
    expect(failed).toMatchObject([{ connection: 'cobalt-main', check: 'reachable' }]);
  });

  test('check-config, of a configuration that can be used and of one that cannot', async () => {
    const good = await json('check-config');
    expect(good).toMatchObject({ code: 0, document: { file: stage.configPath, usable: true, problems: [] } });
    expect(good.document.config.vendors['clinikapi-main'].credentials.apiKey).toBe('***');
    expect(good.err).toMatch(/^OK: /);
    const path = join(stage.folder, 'unusable.yaml');
    await writeFile(path, stringify({ ...stage.config, sever: {} }));
    const bad = await run(['-c', path, 'check-config', '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toEqual({
      file: path,
      usable: false,
      warnings: [],
      problems: [{ path: 'sever', message: 'is not a known key; did you mean server?' }],
    });
  });

  test('new-key', async () => {
    const { code, document } = await json('new-key', 'app');
    expect(code).toBe(0);
    expect(document).toEqual({
      name: 'app',
      key: expect.stringMatching(/^pdg_[\w-]{43}$/),
      keySha256: createHash('sha256').update(document.key).digest('hex'),
    });
  });

  test('verify-audit', async () => {
    const { code, document } = await json('verify-audit');
    expect({ code, document }).toMatchObject({
      code: 0,
      document: { valid: true, rows: expect.any(Number) },
    });
  });

  test('deliveries list', async () => {
    expect(await json('deliveries', 'list')).toMatchObject({
      code: 0,
      document: { operations: [], more: false },
    });
  });
});

describe('what needs only the store works without any secret', () => {
  let path: string;
  const reference = (to: string) => `\${${to}}`;
  const withoutSecrets = (...args: string[]) => run(['-c', path, ...args]);

  beforeAll(async () => {
    const config = structuredClone(stage.config);
    for (const vendor of Object.values(config.vendors)) {
      Object.assign(vendor, {
        credentials: { apiKey: reference('NOT_SET') },
        ca: reference('file:/nowhere'),
      });
    }
    path = join(stage.folder, 'without-secrets.yaml');
    await writeFile(path, stringify({ ...config, audit: { salt: reference('NOT_SET_EITHER') } }));
  });

  test('the configuration as a whole cannot be used so', async () => {
    expect((await withoutSecrets('check-config')).err).toContain('NOT_SET_EITHER is not set');
  });

  test.each([
    [['verify-audit'], /The audit is whole/],
    [['deliveries', 'list'], /no such operations/],
    [['links', 'export', '-'], /^clinic,staffId,vendor,vendorRecordId/],
  ])('%s', async (args, said) => {
    const { code, out, err } = await withoutSecrets(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(said);
  });

  test('backup', async () => {
    const { code, out } = await withoutSecrets('backup', join(stage.folder, 'without-secrets.db'));
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('integrity checked') });
  });

  test('links import, which still knows clinics, connections and forms of ids', async () => {
    const file = join(stage.folder, 'without-secrets.csv');
    const rows = [
      'clinic,staffId,vendor,vendorRecordId',
      'centro,ws-1,vitalis-centro,77',
      'centro,ws-2,vitalis-centro,no-number',
      'north,ws-3,nowhere,x',
      'nowhere,ws-4,clinikapi-main,x',
    ];
    await writeFile(file, `${rows.join('\n')}\n`);
    const { code, out, err } = await withoutSecrets('links', 'import', file, '--no-check');
    expect(code).toBe(2);
    expect(out).toContain('Imported 1 row: 1 new');
    expect(err).toBe(
      'line 3: "no-number" cannot be a record id of vitalis-centro\n' +
        'line 4: the vendor "nowhere" is not configured\n' +
        'line 5: the clinic "nowhere" is not configured\n',
    );
  });

  test('a wrong section that they do read is told', async () => {
    const wrong = join(stage.folder, 'wrong-store.yaml');
    await writeFile(wrong, 'store: { urll: "sqlite:x" }\nclinics: { north: { vendro: x } }\n');
    expect((await run(['-c', wrong, 'verify-audit'])).err).toMatch(
      /^store\.urll: is not a known key; did you mean url\?\n/,
    );
    expect((await run(['-c', wrong, 'links', 'import', '-'])).err).toMatch(
      /^clinics\.north\.vendor: is required$/m,
    );
  });
});
