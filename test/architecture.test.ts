/** The arrows of the layout: who may know whom. Read from the sources, so that a new file is held to them at once. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { adapters } from '../adapters';

const ROOT = join(__dirname, '..');

interface Source {
  /** Path from the root, with `/`. */
  path: string;
  text: string;
  /** What it imports: paths from the root without an extension, or names of packages. */
  imports: string[];
}

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
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

const src = sourcesIn('src');
const vendors = sourcesIn('adapters');

/** Imports of `sources` that none of the patterns allows. */
function strays(sources: readonly Source[], allowed: readonly RegExp[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter((target) => !allowed.some((pattern) => pattern.test(target)))
      .map((target) => `${path} → ${target}`),
  );
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

describe('no vendor’s name stands under src/', () => {
  /** Names and titles of the registry, their words, and the names that the vendors gave their headers and tokens. */
  const words = new Set(
    adapters.flatMap(({ name, title }) => {
      const plain = title.normalize('NFD').replaceAll(/\p{M}/gu, '');
      return [name, title, plain, ...title.split(/\s+/), ...plain.split(/\s+/)].map((word) =>
        word.toLowerCase(),
      );
    }),
  );
  // Ordinary words of the trade that happen to stand in a title.
  for (const word of ['clinica', 'clínica']) words.delete(word);
  /** Of the settings, those that are no general words of security. */
  const general = ['token', 'email', 'password', 'apiKey', 'accessToken'];
  const settings = adapters
    .flatMap(({ settings: { credentials } }) => Object.keys(credentials.describe().keys ?? {}))
    .filter((key) => !general.includes(key));
  const headers = ['x-token', 'client_id', 'client_secret', 'access_token'];

  test.each([...words, ...settings, ...headers])('%s', (word) => {
    expect(word.length).toBeGreaterThan(3);
    const found = src.filter(({ path, text }) =>
      `${path}\n${text}`.toLowerCase().includes(word.toLowerCase()),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('the words are those of all vendors', () => {
    expect(words.size).toBeGreaterThanOrEqual(adapters.length);
    for (const { name } of adapters) expect(words).toContain(name);
    expect(settings).toContain('clientSecret');
    // They do stand where they belong, so the search can find them.
    for (const { name } of adapters)
      expect(vendors.some(({ text }) => text.toLowerCase().includes(name))).toBe(true);
  });
});

describe('arrows', () => {
  test('adapters know the vendor contract, the canonical record and the schema library, and no other adapter', () => {
    for (const { name } of adapters) {
      const own = vendors.filter(({ path }) => path.startsWith(`adapters/${name}/`));
      expect(own.length).toBeGreaterThan(0);
      expect(
        strays(own, [/^src\/vendor\//, /^src\/staff\//, /^joi$/, new RegExp(`^adapters/${name}/`)]),
      ).toEqual([]);
    }
  });

  test('the registry knows the adapters and the contract', () => {
    const registry = vendors.filter(({ path }) => path === 'adapters/index.ts');
    expect(registry).toHaveLength(1);
    expect(strays(registry, [/^src\/vendor\/contract$/, /^adapters\/[a-z]+$/])).toEqual([]);
    expect(vendors.filter(({ path }) => path.split('/').length === 2).map(({ path }) => path)).toEqual([
      'adapters/index.ts',
    ]);
  });

  test('adapters do no input or output: no environment, clock, log, catch', () => {
    for (const { path, text } of vendors) {
      const forbidden =
        /\bprocess\.|\bconsole\.|\bfetch\(|\bcatch\b|\bsetTimeout\b|\bDate\.now\(|\bnew Date\(\)/.exec(text);
      expect([path, forbidden?.[0]]).toEqual([path, undefined]);
    }
  });

  test('src/vendor knows the canonical record and the types of the configuration', () => {
    const own = src.filter(({ path }) => path.startsWith('src/vendor/'));
    expect(own.length).toBeGreaterThan(5);
    const local = strays(own, [/^src\/vendor\//, /^src\/staff\//, /^config\/types$/, /^node:/]);
    // Packages are its tools; what it must not know are other parts of this project.
    expect(local.filter((line) => /→ (src|adapters|config|sandbox|test)\//.test(line))).toEqual([]);
  });

  test('src/staff knows itself and the shape of a problem', () => {
    const own = src.filter(({ path }) => path.startsWith('src/staff/'));
    expect(own.length).toBeGreaterThan(5);
    expect(strays(own, [/^src\/staff\//, /^src\/problem$/, /^joi$/, /^fastest-levenshtein$/])).toEqual([]);
    for (const { path, text } of own)
      expect([path, /import \{[^}]*\} from '\.\.\/problem'/.test(text)]).toEqual([path, false]);
  });

  test('src/gateway knows nothing of HTTP servers, stores or command lines', () => {
    const own = src.filter(({ path }) => path.startsWith('src/gateway/'));
    const forbidden = own.flatMap(({ path, imports }) =>
      imports
        .filter((target) =>
          /^(express|node:http|pg|kysely|node:sqlite|axios|undici|src\/(cli|app|serve|main))/.test(target),
        )
        .map((target) => `${path} → ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  test('only the entry point knows which adapters there are', () => {
    const knowing = [...src, ...sourcesIn('config')].filter(({ imports }) =>
      imports.some((target) => target.startsWith('adapters')),
    );
    expect(knowing.map(({ path }) => path)).toEqual(['src/main.ts']);
  });

  test('nothing that is shipped knows the sandboxes or the tests', () => {
    const shipped = [...src, ...vendors, ...sourcesIn('config')];
    expect(
      shipped
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
