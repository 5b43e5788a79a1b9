/** The typed client as a package: packed, installed, compiled against and run; and what it says, against the running gateway. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect, GatewayError, isAccepted, problemIn, wishing } from '../../client/index';
import { KEYS, openStage, type Stage } from '../support/stage';

jest.setTimeout(60_000);

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const PACKAGE = 'provider-directory-gateway-client';
const TSC = join(ROOT, 'node_modules/.bin/tsc');

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('a project that depends on the packed client', () => {
  let project: string;
  let packed: string[];

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'gateway-client-'));
    const client = join(project, 'client');
    await cp(join(ROOT, 'client'), client, { recursive: true, filter: (path) => !path.endsWith('/dist') });
    await run(TSC, ['-p', client, '--typeRoots', join(ROOT, 'node_modules/@types')]);
    const { stdout } = await run('npm', ['pack', client, '--json', '--pack-destination', project]);
    const [{ filename, files }] = JSON.parse(stdout);
    packed = files.map(({ path }: { path: string }) => path);
    await cp(join(ROOT, 'client/example'), project, { recursive: true });
    const manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
    const dependencies = { [PACKAGE]: `file:./${filename}` };
    await writeFile(
      join(project, 'package.json'),
      JSON.stringify({ ...manifest, dependencies, devDependencies: {} }),
    );
    await rm(client, { recursive: true });
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund'], { cwd: project });
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  test('has what is compiled, and nothing else of ours', async () => {
    expect(packed.sort()).toEqual(
      ['LICENSE', 'README.md', 'package.json']
        .concat(['gateway', 'http', 'index'].flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]))
        .sort(),
    );
    const installed = await readdir(join(project, 'node_modules'));
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual([PACKAGE]);
  });

  test('compiles its example strictly, and the example does what it says', async () => {
    await run(TSC, ['-p', project, '--typeRoots', join(ROOT, 'node_modules/@types')]);
    const { stdout } = await run(process.execPath, [
      join(project, 'dist/index.js'),
      stage.url,
      KEYS.north,
      'st-1',
    ]);
    const told = JSON.parse(stdout);
    expect(told.writable).toContain('/status');
    expect(told.wouldSend).toMatchObject({ method: 'PATCH', body: { status: 'inactive' } });
    expect(told.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
    expect(told.refusedBecause).toBe('validation_failed');
    expect(stdout).not.toContain('clk_live');
  });

  test('is told by the compiler what the API does not take', async () => {
    const wrong = `import { connect } from '${PACKAGE}';
void connect('http://127.0.0.1:1', 'key').staff.updateStaff('st-1', { status: 'retired' });`;
    await writeFile(join(project, 'index.ts'), wrong);
    const refused = await run(TSC, ['-p', project, '--typeRoots', join(ROOT, 'node_modules/@types')]).then(
      () => '',
      (error: unknown) => String(Reflect.get(Object(error), 'stdout')),
    );
    expect(refused).toMatch(/index\.ts\(2,\d+\): error TS2322/);
  });
});

test('lenient handling, a minimal answer, and a repetition that is not carried out twice', async () => {
  const gateway = connect(`${stage.url}/`, KEYS.north);
  const wishes = wishing({ lenient: true, minimal: true, idempotencyKey: randomUUID() });
  const patch = { role: 'nurse', nationalId: '30999888' };
  const first = await gateway.staff.updateStaff('st-1', patch, {}, wishes);
  expect(first.data.data).toBeUndefined();
  expect(first.data.meta.receipt.map(({ outcome }) => outcome)).toEqual(['dropped', 'verified']);
  const again = await gateway.staff.updateStaff('st-1', patch, {}, wishes);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.data).toEqual(first.data);
});

test('a queued update is told apart', async () => {
  const gateway = connect(stage.url, KEYS.centro);
  const { data } = await gateway.staff.updateStaff(
    'st-1',
    { phone: '+54 11 5555-0002' },
    {},
    wishing({ respondAsync: true }),
  );
  expect(isAccepted(data)).toBe(true);
  const { data: now } = await gateway.staff.updateStaff('st-1', { status: 'active' }, { dryRun: true });
  expect(isAccepted(now)).toBe(false);
});

test('a refusal is a problem with its code; an id cannot lead to another path', async () => {
  const stranger = connect(stage.url, 'no-such-key');
  const refused = await stranger.staff.readCapabilities().catch((error: unknown) => problemIn(error));
  expect(refused).toMatchObject({ code: 'unauthenticated', status: 401 });
  const gateway = connect(stage.url, KEYS.north);
  const missing = await gateway.staff
    .readStaff('../capabilities')
    .catch((error: unknown) => problemIn(error));
  expect(missing).toMatchObject({ code: 'staff_not_found' });
  expect(problemIn(new TypeError('fetch failed'))).toBeUndefined();
  await expect(stranger.staff.readCapabilities()).rejects.toThrow(GatewayError);
  await expect(stranger.staff.readCapabilities()).rejects.toThrow('401');
});

test('a call can be given a limit, and a stream of changes is left to the caller', async () => {
  const gateway = connect(stage.url, KEYS.north);
  const ended = gateway.staff.readStaff('st-1', { signal: AbortSignal.abort() });
  await expect(ended).rejects.toThrow('abort');
  const stream = await gateway.audit.listChanges({}, { headers: { accept: 'application/x-ndjson' } });
  expect(stream.data).toBeNull();
  const lines = (await stream.text()).trim().split('\n');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ clinic: 'north' });
});

test('the client has the version of the gateway, and needs nothing', async () => {
  const manifests = await Promise.all(
    ['package.json', 'client/package.json'].map(async (path) =>
      JSON.parse(await readFile(join(ROOT, path), 'utf8')),
    ),
  );
  expect(manifests[1].version).toBe(manifests[0].version);
  expect(manifests[1].dependencies).toBeUndefined();
  expect(manifests[1].scripts).toBeUndefined();
});
