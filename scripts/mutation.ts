/**
 * `npm run mutation`: Stryker over the code that decides what becomes of a value, group by group, each with the tests that
 * prove it, those without a socket if there are any. Prints a score per file and per group; fails below 80 %. Reports go to reports/mutation/, which is not in the
 * repository. Stryker is a package of its own, in mutation/, so that the install of the project need not fetch it; it is
 * installed on first use.
 *
 *   node dist/scripts/mutation.js [group ...]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

interface Group {
  name: string;
  mutate: readonly string[];
  /** Beginnings of the names of the test files. */
  tests: readonly string[];
}

const GROUPS: readonly Group[] = [
  {
    name: 'staff',
    mutate: [
      ...['normalise', 'mergePatch', 'patch', 'schema'].map((file) => `src/staff/${file}.ts`),
      'src/receipt.ts',
    ],
    tests: ['staff/staff', 'staff/limits'],
  },
  {
    name: 'gateway',
    mutate: ['update/plan', 'update/admit', 'update/receipt', 'directory/failures', 'directory/record'].map(
      (file) => `src/${file}.ts`,
    ),
    tests: ['update/rules'],
  },
  {
    name: 'vendor',
    mutate: [
      'src/connection/failure.ts',
      ...['codecs', 'codes', 'fields', 'issues', 'time'].map((file) => `src/adapter/${file}.ts`),
    ],
    tests: ['adapter/codecs'],
  },
  {
    name: 'clinikapi',
    mutate: [
      ...['documented', 'live', 'reading', 'errors'].map((file) => `adapters/clinikapi/${file}.ts`),
      'src/adapter/fhir.ts',
    ],
    tests: ['adapters/clinikapi'],
  },
  {
    name: 'vitalis',
    mutate: ['fields', 'errors', 'messages'].map((file) => `adapters/vitalis/${file}.ts`),
    tests: ['adapters/vitalis'],
  },
  {
    name: 'cobalt',
    mutate: ['adapters/cobalt/hours.ts', 'adapters/cobalt/errors.ts'],
    tests: ['adapters/cobalt'],
  },
  {
    name: 'fhir',
    mutate: [
      ...['errors', 'fields'].map((file) => `adapters/fhir/${file}.ts`),
      ...['fhirElements', 'fhirErrors', 'fhirFields', 'fhirServer'].map((file) => `src/adapter/${file}.ts`),
      'src/lib/exactJson.ts',
    ],
    tests: ['adapters/fhir.test', 'adapters/fhir.server'],
  },
  {
    name: 'people',
    mutate: ['practitioner', 'lists'].map((file) => `adapters/clinikapi/${file}.ts`),
    tests: ['adapters/clinikapi.people.test'],
  },
  {
    name: 'hours',
    mutate: ['adapters/vitalis/schedules.ts'],
    tests: ['adapters/vitalis.hours.test'],
  },
  {
    name: 'list',
    // What the others do takes a vendor: test/http/staffList*.test.ts.
    mutate: ['filter', 'fold', 'cursor'].map((file) => `src/directory/${file}.ts`),
    tests: ['directory/search'],
  },
  {
    name: 'oauth',
    mutate: ['src/adapter/oauth.ts'],
    tests: ['adapters/fhir.login', 'adapter/oauth'],
  },
  {
    name: 'match',
    // `match.ts` is judged on thousands of pairs, which takes too long for each mutant.
    mutate: ['alike', 'blocks', 'evidence'].map((file) => `src/switch/match/${file}.ts`),
    tests: ['switch/alike'],
  },
];

const GOAL = 80;
const REPORTS = join('reports', 'mutation');
/** The package that holds Stryker. */
const PACKAGE = 'mutation';

interface Report {
  files: Readonly<Record<string, { mutants: readonly { status: string }[] }>>;
}

interface Score {
  /** Mutants that a test noticed, a run into the timeout included. */
  detected: number;
  /** Those, the ones that survived, and the ones that no test runs through. */
  valid: number;
}

function scoreOf(mutants: readonly { status: string }[]): Score {
  const detected = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const missed = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').length;
  return { detected, valid: detected + missed };
}

const percent = ({ detected, valid }: Score) => (valid === 0 ? 100 : (100 * detected) / valid);
const line = (name: string, score: Score) =>
  `mutation: ${name}: ${percent(score).toFixed(1)} % (${score.detected} of ${score.valid} mutants detected)\n`;

/** npm writes its own copy of the lock file last: without it, or with an older one, the install is not that of the lock file. */
function isInstalled(): boolean {
  const copy = join(PACKAGE, 'node_modules', '.package-lock.json');
  return existsSync(copy) && statSync(copy).mtimeMs >= statSync(join(PACKAGE, 'package-lock.json')).mtimeMs;
}

/** @throws Error with what npm said, where it fails */
function install(): void {
  process.stderr.write(`mutation: installing Stryker into ${PACKAGE}/node_modules\n`);
  const { status, stderr } = spawnSync('npm', ['ci'], { cwd: PACKAGE, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Stryker cannot be installed: ${stderr}`);
}

/** Runs one group. @throws Error where Stryker itself fails */
function run({ name, mutate, tests }: Group): Score {
  const output = join(REPORTS, `${name}.log`);
  const log = openSync(output, 'w');
  const words = ['run', 'stryker.config.json', '--mutate', mutate.join(',')];
  // Started in the root of the project: from there it takes the sources, and jest.
  const done = spawnSync(join(PACKAGE, 'node_modules', '.bin', 'stryker'), words, {
    stdio: ['ignore', log, log],
    env: { ...process.env, MUTATION_TESTS: tests.join(',') },
  });
  closeSync(log);
  if (done.status !== 0) throw new Error(`Stryker failed in the group ${name}; see ${output}`);
  const path = join(REPORTS, `${name}.json`);
  copyFileSync(join(REPORTS, 'mutation.json'), path);
  const { files }: Report = JSON.parse(readFileSync(path, 'utf8'));
  for (const [file, { mutants }] of Object.entries(files)) process.stdout.write(line(file, scoreOf(mutants)));
  return scoreOf(Object.values(files).flatMap(({ mutants }) => mutants));
}

function main(wanted: readonly string[]): void {
  const groups = GROUPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (groups.length === 0) {
    throw new Error(`There is no such group. There are: ${GROUPS.map(({ name }) => name).join(', ')}`);
  }
  if (!isInstalled()) install();
  mkdirSync(REPORTS, { recursive: true });
  const total = { detected: 0, valid: 0 };
  for (const group of groups) {
    const score = run(group);
    process.stdout.write(line(`group ${group.name}`, score));
    total.detected += score.detected;
    total.valid += score.valid;
    if (percent(score) < GOAL) process.exitCode = 1;
  }
  process.stdout.write(line('all', total));
}

main(process.argv.slice(2));
