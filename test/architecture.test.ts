/** The layout: which folder may import which. Read from the sources, so that a new file is held to it at once. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { adapters } from '../adapters';

const ROOT = join(__dirname, '..');

/** From top to bottom. Each imports only from itself and from what comes after it, values and types alike. */
const LAYOUT = [
  'src/start.ts',
  'src/main.ts',
  'src/serve.ts',
  'src/cli/',
  'src/console/',
  'src/http/',
  'src/callers/',
  'src/switch/',
  'src/queue/',
  'src/update/',
  'src/directory/',
  'src/runtime/',
  'src/connection/',
  'src/adapter/',
  'src/store/',
  'src/config/',
  'src/staff/',
  'src/ops/',
  'src/receipt.ts',
  'src/lib/',
  'src/problem.ts',
] as const;

/** Both know only JSON and each other's closed lists. */
const BOTTOM = LAYOUT.indexOf('src/receipt.ts');

interface Source {
  /** Path from the root, with `/`. */
  path: string;
  text: string;
  /** What it imports: paths of files from the root, or names of packages. */
  imports: string[];
}

function sourcesIn(folder: string): Source[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => {
    const text = readFileSync(file, 'utf8');
    return { path: fromRoot(file), text, imports: importsIn(text, dirname(file)) };
  });
}

function fromRoot(file: string): string {
  return relative(ROOT, file).split(sep).join('/');
}

/** Static imports, re-exports, dynamic imports and `require`, types included. */
function importsIn(text: string, folder: string): string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*['"]([^'"]+)['"]/g);
  return [...found].map(([, target = '']) =>
    target.startsWith('.') ? fromRoot(resolve(folder, target)).replace(/\.[cm]?[jt]s$/, '') : target,
  );
}

/** The file that an import without an extension means. */
function fileOf(target: string, files: ReadonlySet<string>): string | undefined {
  return [`${target}.ts`, `${target}/index.ts`, target].find((name) => files.has(name));
}

const src = sourcesIn('src');
const vendors = sourcesIn('adapters');
const files = new Set([...src, ...vendors].map(({ path }) => path));

/** A place's number in the layout; what is not in it has none. */
function rank(path: string): number {
  const place = LAYOUT.findIndex((name) => path === name || (name.endsWith('/') && path.startsWith(name)));
  return Math.min(place, BOTTOM);
}

/** Imports of `sources` that none of the patterns allows. */
function strays(sources: readonly Source[], allowed: readonly RegExp[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter((target) => !allowed.some((pattern) => pattern.test(target)))
      .map((target) => `${path} → ${target}`),
  );
}

/** The files of each circle of imports, each circle once. */
function circlesIn(sources: readonly Source[]): string[] {
  const arrows = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.map((target) => fileOf(target, files)).filter((file) => file !== undefined),
    ]),
  );
  const done = new Set<string>();
  const circles = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      circles.add(trail.slice(start).sort().join(' ↔ '));
      return;
    }
    if (done.has(path)) return;
    for (const next of arrows.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of arrows.keys()) visit(path, []);
  return [...circles];
}

test('the reader of imports sees every form', () => {
  const text = [
    `import a from './a';`,
    `import type { B } from "../b.ts";`,
    `import {\n  c,\n} from 'c';`,
    `export * from './d';`,
    `import './e';`,
    `const f = await import('./f');`,
    `const g = require('g');`,
  ].join('\n');
  expect(importsIn(text, join(ROOT, 'src/x'))).toEqual([
    'src/x/a',
    'src/b',
    'c',
    'src/x/d',
    'src/x/e',
    'src/x/f',
    'g',
  ]);
  expect(src.length).toBeGreaterThan(30);
  expect(src.filter(({ imports }) => imports.length > 0).length).toBeGreaterThan(25);
});

describe('the layout', () => {
  test('every file of src/ is in it', () => {
    expect(src.filter(({ path }) => rank(path) === -1).map(({ path }) => path)).toEqual([]);
  });

  test('each folder imports only from what comes after it', () => {
    const upward = src.flatMap(({ path, imports }) =>
      imports
        .filter((target) => target.startsWith('src/'))
        .map((target) => fileOf(target, files) ?? target)
        .filter((target) => rank(target) < rank(path))
        .map((target) => `${path} → ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test('no file imports itself by way of others', () => {
    expect(circlesIn([...src, ...vendors])).toEqual([]);
  });

  test('the reader of circles sees one', () => {
    const [first, second] = src;
    if (first === undefined || second === undefined) throw new Error('there are no sources');
    const without = (path: string) => path.replace(/\.ts$/, '');
    const circle = [
      { ...first, imports: [without(second.path)] },
      { ...second, imports: [without(first.path)] },
    ];
    expect(circlesIn(circle)).toEqual([[first.path, second.path].sort().join(' ↔ ')]);
  });
});

describe('no vendor’s name is in src/', () => {
  /** Names and titles of the registry, their words, and the names that the vendors gave their headers and tokens. */
  const words = new Set(
    adapters.flatMap(({ name, title }) => {
      const plain = title.normalize('NFD').replaceAll(/\p{M}/gu, '');
      return [name, title, plain, ...title.split(/\s+/), ...plain.split(/\s+/)].map((word) =>
        word.toLowerCase(),
      );
    }),
  );
  /** Ordinary words that happen to be part of a title: a new vendor's go here. */
  const ordinary = ['clinica', 'clínica'];
  /** The standard that the API itself speaks. */
  const standard = ['fhir', 'r4', 'fhir r4'];
  for (const word of [...ordinary, ...standard]) words.delete(word);
  /** Of the settings, those that are no vendor's own words. */
  const general = [
    ...['token', 'email', 'password', 'apiKey', 'accessToken', 'privateKey', 'scope'],
    ...['user', 'username', 'secret', 'apiSecret', 'key', 'tenant', 'login', 'refreshToken'],
  ];
  const settings = adapters
    .flatMap(({ settings: { credentials } }) => Object.keys(credentials.describe().keys ?? {}))
    .filter((key) => !general.includes(key));
  // `client_id` is also a claim of access tokens (RFC 9068).
  const headers = ['x-token', 'client_secret', 'access_token'];

  /** OAuth's own names (RFC 6749), in the files that sign operators in at a provider, and the gateway in at a vendor. */
  const login = 'src/adapter/oauth.ts';
  const ofOauth: Readonly<Record<string, readonly string[]>> = {
    clientId: ['src/config/operators.ts', 'src/console/oidc.ts', login],
    clientSecret: ['src/config/operators.ts', 'src/console/oidc.ts', login],
    tokenUrl: [login],
    client_secret: [login],
    access_token: ['src/console/oidc.ts', login],
  };

  test.each([...words, ...settings, ...headers])('%s', (word) => {
    const found = src.filter(
      ({ path, text }) =>
        ofOauth[word]?.includes(path) !== true &&
        names(
          `${path}
${text}`,
          word,
        ),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  /** A long word anywhere, as in `cobaltHours`; a short one, which is part of many words, only as a word of a name. */
  function names(text: string, word: string): boolean {
    const part = word.toLowerCase();
    if (part.length > 5) return text.toLowerCase().includes(part);
    const apart = text.replaceAll(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})/gu, ' ').toLowerCase();
    return new RegExp(`(?<![\\p{L}\\p{N}])${part}(?![\\p{L}\\p{N}])`, 'u').test(apart);
  }

  test('short words are found by themselves only', () => {
    for (const text of ['an abc', 'abc_id', 'src/abc.ts', "'ABC'", 'abcHours', 'readAbc', 'readAbcHours'])
      expect([text, names(text, 'Abc')]).toEqual([text, true]);
    expect(['abcd', 'xabc', 'abc1'].map((text) => names(text, 'abc'))).not.toContain(true);
    // As `rest` is part of `restored`, and of `interest`.
    expect(['restored', 'interest'].map((text) => names(text, 'rest'))).not.toContain(true);
    expect(names('longnamehours', 'longname')).toBe(true);
  });

  test('the words are those of all vendors', () => {
    expect(words.size).toBeGreaterThanOrEqual(adapters.length);
    for (const { name } of adapters) if (!standard.includes(name)) expect(words).toContain(name);
    expect(settings).toContain('clientSecret');
    // They do occur in the adapters, so the search can find them.
    for (const { name } of adapters)
      expect(vendors.some(({ text }) => text.toLowerCase().includes(name))).toBe(true);
  });
});

describe('adapters', () => {
  test('know what src/adapter/ gives them and the schema library, and no other adapter', () => {
    for (const { name } of adapters) {
      const own = vendors.filter(({ path }) => path.startsWith(`adapters/${name}/`));
      expect(own.length).toBeGreaterThan(0);
      const allowed = [/^src\/adapter$/, /^joi$/, new RegExp(`^adapters/${name}/`)];
      expect(strays(own, allowed)).toEqual([]);
    }
  });

  test('the registry knows them and what an adapter is', () => {
    const registry = vendors.filter(({ path }) => path === 'adapters/index.ts');
    expect(registry).toHaveLength(1);
    expect(strays(registry, [/^src\/adapter$/, /^adapters\/[a-z]+$/])).toEqual([]);
    expect(vendors.filter(({ path }) => path.split('/').length === 2).map(({ path }) => path)).toEqual([
      'adapters/index.ts',
    ]);
  });

  test('do no input or output: no environment, clock, log, catch', () => {
    for (const { path, text } of vendors) {
      const forbidden =
        /\bprocess\.|\bconsole\.|\bfetch\(|\bcatch\b|\bsetTimeout\b|\bDate\.now\(|\bnew Date\(\)/.exec(text);
      expect([path, forbidden?.[0]]).toEqual([path, undefined]);
    }
  });
});

describe('places', () => {
  test('the canonical record needs no packages but its own', () => {
    const own = src.filter(({ path }) => path.startsWith('src/staff/'));
    expect(own.length).toBeGreaterThan(5);
    expect(strays(own, [/^src\//, /^joi$/, /^fastest-levenshtein$/])).toEqual([]);
  });

  test('an update knows nothing of HTTP servers, SQL or command lines', () => {
    const own = src.filter(({ path }) => /^src\/(update|queue|directory|runtime|switch)\//.test(path));
    expect(own.length).toBeGreaterThan(10);
    const forbidden = own.flatMap(({ path, imports }) =>
      imports
        .filter((target) => /^(express|node:http|pg|kysely|node:sqlite|axios|undici)/.test(target))
        .map((target) => `${path} → ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  test('only the entry point knows which adapters there are', () => {
    const knowing = src.filter(({ imports }) => imports.some((target) => target.startsWith('adapters')));
    expect(knowing.map(({ path }) => path)).toEqual(['src/main.ts']);
  });

  test('nothing that is shipped knows the sandboxes or the tests', () => {
    expect(
      [...src, ...vendors]
        .filter(({ imports }) => imports.some((target) => /^(sandbox|test|bench)\//.test(target)))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  test('the environment is read in one place', () => {
    expect(src.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path)).toEqual([
      'src/main.ts',
    ]);
  });
});
