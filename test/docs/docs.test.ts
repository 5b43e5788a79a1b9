/** What the documentation names exists, and what exists is named in the documentation. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import joi from 'joi';
import { adapters } from '../../adapters';
import { configurationTable, FILES, fill, formatted, generatedParts } from '../../scripts/generatedParts';
import { configReference } from '../../src/config/reference';
import { createLog } from '../../src/ops/log';
import { PROBLEMS } from '../../src/problem';
import { OUTCOMES } from '../../src/receipt';
import { ATTACKS } from '../hostile/attacks';

const ROOT = join(__dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Pages that are kept here; the others belong to what they describe. */
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'client/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const ALL = PAGES.map(read).join('\n');

/** The texts between single backticks, outside of blocks of code. */
function marked(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, inner = '']) => inner);
}

function sourcesBelow(folder: string): string {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(folder, name)))
    .join('\n');
}

const SOURCE = ['src', 'adapters', 'config'].map(sourcesBelow).join('\n');

test('the generated parts are fresh', async () => {
  const parts = await generatedParts(ROOT);
  const stale = FILES.filter((file) => formatted(ROOT, file, fill(read(file), parts)) !== read(file));
  expect({ stale, fix: 'npm run generate' }).toEqual({ stale: [], fix: 'npm run generate' });
  const used = FILES.flatMap((file) =>
    [...read(file).matchAll(/<!-- generated:(\w+) -->/g)].map(([, name]) => name),
  );
  expect(used.sort()).toEqual(Object.keys(parts).sort());
});

test('a setting of an adapter that does not say what it means fails the generator', () => {
  const [first, ...others] = adapters;
  if (first === undefined) throw new Error('there are adapters');
  const settings = { ...first.settings, options: joi.object({ mute: joi.boolean() }) };
  expect(() => configurationTable([{ ...first, settings }, ...others])).toThrow(
    new TypeError(`no description says what these keys mean: vendors.<vendor>.options.mute (${first.name})`),
  );
});

test('every link leads to a file', () => {
  const broken = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every vendor’s page is linked where the others are', () => {
  const missing = ['README.md', 'docs/limits.md'].flatMap((page) =>
    adapters
      .filter(({ name }) => !read(page).includes(`adapters/${name}/README.md)`))
      .map(({ name }) => `${page}: adapters/${name}/README.md`),
  );
  expect(missing).toEqual([]);
});

test('every file that is named exists', () => {
  const paths = marked(ALL).filter((text) =>
    /^(src|adapters|config|test|scripts|client|docs)\/[\w./-]+\.\w+$/.test(text),
  );
  expect(paths.length).toBeGreaterThan(3);
  // `config/gateway.yaml` is made by the one who runs it.
  const missing = paths.filter((path) => !existsSync(join(ROOT, path)) && path !== 'config/gateway.yaml');
  expect(missing).toEqual([]);
});

test('every code that is named exists, and every code is named', () => {
  const words = [...new Set(marked(ALL).filter((text) => /^[a-z]+(_[a-z]+)+$/.test(text)))];
  expect(words.length).toBeGreaterThan(30);
  expect(words.filter((word) => !SOURCE.includes(word))).toEqual([]);
  const errors = marked(read('docs/errors.md'));
  expect(Object.keys(PROBLEMS).filter((code) => !errors.includes(code))).toEqual([]);
  const receipt = marked(read('docs/read-a-receipt.md'));
  expect(OUTCOMES.filter((outcome) => !receipt.includes(outcome))).toEqual([]);
});

test('every code inside errors and warnings is named', () => {
  const used = [
    ...SOURCE.matchAll(/\bcode: '([a-z_]+)'/g),
    ...SOURCE.matchAll(/^ {2}'[a-z]+\.[a-z.]+': \['([a-z_]+)'/gm),
  ];
  const named = new Set(marked(read('docs/errors.md')).flatMap((text) => text.split(', ')));
  // Of the queue and of the audit, which tell them in words of their own; and of vendors, in comparisons.
  const elsewhere = [
    'lease_expired',
    'discarded',
    'expired',
    'vendor_failed',
    'login_required',
    'session_expired',
    'record_not_found',
    'credentials_rejected',
    'text',
    // Of the guard.
    'links_incomplete',
    'not_compared',
    'comparison_stale',
    'differences',
    'queue_not_empty',
    // Of FHIR.
    'incomplete',
  ];
  const missing = [...new Set(used.map(([, code = '']) => code))].filter(
    (code) => !named.has(code) && !elsewhere.includes(code),
  );
  expect(missing).toEqual([]);
});

test('every configuration key that is named exists', () => {
  const known = configReference(adapters).map(({ path }) => path.replaceAll(/<[^>]+>/g, '*'));
  const roots = new Set(known.map((path) => path.split(/[.[]/)[0] ?? ''));
  const named = marked(ALL)
    .map((text) => /^([a-z]+(\.(<[a-z]+>|\w+)|\[\])+)(:.*)?$/i.exec(text)?.[1])
    .filter((path) => path !== undefined)
    .filter((path) => roots.has(path.split('.')[0] ?? ''));
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !known.includes(path.replaceAll(/<[^>]+>/g, '*')))).toEqual([]);
});

test('every environment variable that is named is read', () => {
  const named = [...new Set(marked(ALL).filter((text) => /^[A-Z]+(_[A-Z]+)*$/.test(text)))];
  const other = new Set([
    'GET',
    'PUT',
    'PATCH',
    'DELETE',
    'POST',
    'SIGTERM',
    'SIGHUP',
    'UNREADABLE',
    'NAME',
    'CHROMIUM_PATH',
  ]);
  const readAnywhere = SOURCE + read('test/support/browser.ts');
  expect(named.filter((name) => !other.has(name) && !readAnywhere.includes(name))).toEqual([]);
  expect(ALL).toContain('CHROMIUM_PATH');
});

describe('commands', () => {
  const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;
  const subcommands = readdirSync(join(ROOT, 'src/cli'))
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(`src/cli/${file}`).matchAll(/\bprogram\s*\.command\('([\w-]+)'/g)])
    .map(([, name = '']) => name);

  test('every npm script that is named exists', () => {
    const named = [...new Set([...ALL.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name))];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('every npm script is named', () => {
    const standard = ['test', 'start'];
    const missing = Object.keys(scripts).filter(
      (name) => !standard.includes(name) && !new RegExp(`npm run ${name}(?![\\w-])`).test(ALL),
    );
    expect(missing).toEqual([]);
  });

  test('every command of the program is on the page of commands, and the other way round', () => {
    expect(subcommands.length).toBeGreaterThan(4);
    const named = [...read('docs/commands.md').matchAll(/^\| `npm run cli -- ([\w-]+)/gm)];
    expect([...new Set(named.map(([, name]) => name))].sort()).toEqual([...new Set(subcommands)].sort());
  });

  test('no page names a command that does not exist', () => {
    const named = [...ALL.matchAll(/npm run cli -- ([\w-]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !subcommands.includes(name))).toEqual([]);
  });
});

test('the table of the log names exactly the members that a line can have', () => {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const context = { requestId: 'r', code: 'c', caller: 'a', clinic: 'n', vendor: 'v', route: '/r' };
  log.request(context, 'GET', 200, 1);
  log.vendorCall({ requestId: 'r', vendor: 'v', operation: 'read', outcome: 'ok', status: 200 }, 1);
  log.defect(context, new Error('x'));
  log.info('audit head', { sequence: 1, hash: 'h' });
  const members = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))));
  const section = read('docs/observability.md').split('## The log')[1]?.split('## ')[0] ?? '';
  const named = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual([...members].sort());
});

test('the page on metrics names every way in which a vendor call can end', () => {
  const members = (file: string, type: string) => {
    const union = new RegExp(`export type ${type} =([\\s\\S]+?);\\n\\n`).exec(read(file))?.[1] ?? '';
    return [...union.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  };
  const outcomes = members('src/connection/observer.ts', 'CallOutcome');
  const kinds = members('src/adapter/contract.ts', 'FailureKind');
  expect([outcomes.length, kinds.length]).toEqual([4, 11]);
  const paragraph =
    /^A call to a vendor ends as [\s\S]+?\n\n/m.exec(read('docs/observability.md'))?.[0] ?? '';
  const named = [...paragraph.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(named.sort()).toEqual([...outcomes, ...kinds].sort());
});

test('every row of the threat model names tests that exist, and every attack is in it', () => {
  const [, table = ''] = /\n(\| who, with what[\s\S]*?)\n\n/.exec(read('docs/security.md')) ?? [];
  const cells = table
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').at(-2) ?? '');
  expect(cells.length).toBeGreaterThan(25);
  const attacks = ATTACKS.map(({ name }) => name);
  const quoted = cells.flatMap((cell) => [...cell.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name));
  expect([...new Set(quoted)].sort()).toEqual([...attacks].sort());

  const missing = cells.flatMap((cell, index) => {
    // Names come before the file that they are in.
    const parts = cell.split(/(`test\/[\w/.]+\.ts`)/);
    const files = parts.filter((_, place) => place % 2 === 1).map((file) => file.replaceAll('`', ''));
    const known = files.flatMap((file, place) =>
      marked(parts[place * 2] ?? '')
        .filter((name) => !name.startsWith('npm run '))
        .map((name) => ({ name, isThere: read(file).includes(name) })),
    );
    const isNamed = known.length > 0 || files.length > 0 || cell.includes('"');
    return [
      ...(isNamed ? [] : [`row ${index + 1}`]),
      ...known.flatMap(({ name, isThere }) => (isThere ? [] : [name])),
    ];
  });
  expect(missing).toEqual([]);
});

test('every row of the OWASP table has its test', () => {
  const rows = [...read('docs/security.md').matchAll(/^\| (API\d+) [^|]*\|[^|]*\| ([^|]+)\|$/gm)];
  expect(rows.map(([, number]) => number)).toEqual(
    Array.from({ length: 10 }, (_, index) => `API${index + 1}`),
  );
  const tests = read('test/docs/owasp.test.ts');
  expect(rows.filter(([, , name = '']) => !tests.includes(`test('${name.trim()}:`))).toEqual([]);
});
