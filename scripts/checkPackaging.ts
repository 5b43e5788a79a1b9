/**
 * What is shipped besides our own code: the lock files, the licences of production dependencies, their known weaknesses, and
 * the bill of materials. `--check` fails on a stale docs/licences.md instead of writing it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, member } from '../src/lib/json';
import { advisoryComplaints } from './advisories';
import { formatted, table } from './generatedParts';
import { isOutsider, LINT_OPTIONS, LOCK_FILES, lockComplaints } from './lockfile';
import { PINNED_FILES, pinComplaints } from './pins';

/** The root of the checkout, seen from dist/scripts. */
const ROOT = join(__dirname, '../..');

interface Run {
  status: number;
  out: string;
  err: string;
}

function run(command: string, ...parameters: string[]): Run {
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status: status ?? 1, out: stdout, err: stderr };
}

function tool(name: string, ...parameters: string[]): Run {
  return run(join(ROOT, 'node_modules/.bin', name), ...parameters);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkLockFile(path: string): void {
  const lock = parsed(readFileSync(join(ROOT, path), 'utf8'));
  const complaints = lockComplaints(lock);
  // Looks at what has an address; with omit-lockfile-registry-resolved that is only what does not come from the registry.
  const lint = tool('lockfile-lint', '--path', path, ...LINT_OPTIONS);
  if (lint.status !== 0) complaints.push((lint.out + lint.err).trim());
  if (complaints.length > 0) fail(`${path}:\n  ${complaints.join('\n  ')}`);
  else {
    const packages = Object.values(Object(member(lock, 'packages')));
    const outsiders = packages.filter(isOutsider).length;
    const others =
      outsiders > 0 ? `; without one ${outsiders} builds of development tools for other platforms` : '';
    say(`${path}: ${packages.length - 1 - outsiders} packages, each with its integrity hash${others}`);
  }
}

/** Licences that ask for nothing but their text. Another one is looked at by a person before it is added here. */
const ALLOWED = new Set([
  '(MIT OR WTFPL)',
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** Shipped though development dependencies: the build puts what is needed of them beside the bundle. */
const BUILT_IN = [
  // docs/decisions/0010-reference.md
  ['@scalar/api-reference', 'MIT'],
  // In the console's page, with their texts in LICENSES.txt beside it.
  ['preact', 'MIT'],
  ['@preact/signals', 'MIT'],
  ['@preact/signals-core', 'MIT'],
];

function licences(): string[][] {
  const { status, out, err } = tool(
    'license-checker-rseidelsohn',
    '--production',
    '--json',
    '--excludePrivatePackages',
  );
  const found = parsed(out);
  if (status !== 0 || !isObject(found)) throw new Error(`the licences cannot be listed: ${err}`);
  return (
    Object.entries(found)
      .map(([id, facts]) => {
        const at = id.lastIndexOf('@');
        return [id.slice(0, at), [member(facts, 'licenses')].flat().join(', ')];
      })
      .concat(BUILT_IN)
      // What the platform decides (which build of Node) must not make the list differ from machine to machine.
      .filter(([name = '']) => !/^node-(linux|win)-/.test(name))
      .sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
  );
}

function checkLicences(check: boolean): void {
  const rows = licences();
  const others = rows.filter(([, licence = '']) => !ALLOWED.has(licence));
  if (others.length > 0) fail(`licences to look at: ${others.map((row) => row.join(' ')).join('; ')}`);
  const path = join(ROOT, 'docs/licences.md');
  const unique = rows.filter(([name, licence], index) => {
    const previous = rows[index - 1];
    return previous === undefined || previous[0] !== name || previous[1] !== licence;
  });
  const text = formatted(
    ROOT,
    'docs/licences.md',
    `# Licences of production dependencies

Written by \`npm run generate\`. Their texts are in the packages.

${table(['package', 'licence'], unique)}
`,
  );
  if (!check) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) fail('docs/licences.md is stale; run: npm run generate');
  say(`licences: ${unique.length} production packages, ${others.length} to look at`);
}

function checkPins(): void {
  const complaints = PINNED_FILES.flatMap((path) =>
    pinComplaints(path, readFileSync(join(ROOT, path), 'utf8'), new Date()),
  );
  if (complaints.length > 0) fail(complaints.join('\n'));
  else
    say(
      `${PINNED_FILES.join(', ')}: images and actions by digest, or with a line of the last 90 days that says why not`,
    );
}

/** The list that is kept by hand: also where the registry answers, so that it does not grow old unnoticed. */
function checkAdvisories(): void {
  const known = parsed(readFileSync(join(ROOT, 'scripts/advisories.json'), 'utf8'));
  const lock = parsed(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const complaints = advisoryComplaints(known, lock, new Date());
  if (complaints.length > 0) fail(complaints.join('\n'));
  else say(`advisories checked by hand on ${String(member(known, 'checkedOn'))}: none applies`);
}

/** A weakness that the registry knows of is a failure. One that does not answer leaves the list that is kept by hand. */
function audit(): void {
  checkAdvisories();
  const { out } = run('npm', 'audit', '--omit=dev', '--json');
  const counts = member(member(parsed(out), 'metadata'), 'vulnerabilities');
  if (!isObject(counts)) {
    say(
      'WARNING  npm audit got NO ANSWER: what the registry knows about weaknesses is not known here, only the list kept by hand',
    );
    return;
  }
  const serious = Number(counts.high ?? 0) + Number(counts.critical ?? 0);
  const text = `npm audit: ${Object.entries(counts)
    .map(([severity, count]) => `${severity} ${count}`)
    .join(', ')}`;
  if (serious > 0) fail(text);
  else say(text);
}

function billOfMaterials(): void {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const { status, err } = tool(
    'cyclonedx-npm',
    '--omit',
    'dev',
    '--output-reproducible',
    '--output-file',
    'dist/sbom.cdx.json',
  );
  if (status !== 0) {
    fail(`the bill of materials cannot be made: ${err}`);
    return;
  }
  const components = member(parsed(readFileSync(join(ROOT, 'dist/sbom.cdx.json'), 'utf8')), 'components');
  say(`dist/sbom.cdx.json: ${Array.isArray(components) ? components.length : 0} components`);
}

const parts = process.argv.slice(2);
const wants = (name: string) =>
  parts.filter((part) => !part.startsWith('--')).length === 0 || parts.includes(name);
if (wants('lock')) for (const path of LOCK_FILES) checkLockFile(path);
if (wants('licences')) checkLicences(parts.includes('--check'));
if (wants('audit')) audit();
if (wants('pins')) checkPins();
if (wants('sbom')) billOfMaterials();
