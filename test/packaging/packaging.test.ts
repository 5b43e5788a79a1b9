/** What is shipped: the lock file, the image, the files that it needs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILES, lockComplaints } from '../../scripts/lockfile';

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
    ['a weak hash', { 'node_modules/a': { ...entry, integrity: 'md5-abc' } }],
    ['a repository', { 'node_modules/a': { ...entry, resolved: 'git+ssh://git@example.org/a.git' } }],
    ['plain http', { 'node_modules/a': { ...entry, resolved: 'http://registry.npmjs.org/a/-/a-1.0.0.tgz' } }],
    ['another registry', { 'node_modules/a': { ...entry, resolved: 'https://registry.example.org/a.tgz' } }],
    ['a folder', { '../a': {}, 'node_modules/a': { link: true, resolved: '../a' } }],
  ])('%s is found', (_, packages) => {
    expect(lockComplaints({ lockfileVersion: 3, packages: { '': {}, ...packages } })).not.toEqual([]);
  });

  test('a good one has no complaints, an older form is refused', () => {
    const packages = { '': {}, 'node_modules/a': entry, 'node_modules/a/node_modules/b': { inBundle: true } };
    expect(lockComplaints({ lockfileVersion: 3, packages })).toEqual([]);
    expect(lockComplaints({ lockfileVersion: 1 })).not.toEqual([]);
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
      ['src', 'adapters', 'config'].filter((folder) => !lines.includes(`COPY ${folder} ./${folder}`)),
    ).toEqual([]);
  });

  test('it runs as nobody special, with pinned bases and a health check', () => {
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
