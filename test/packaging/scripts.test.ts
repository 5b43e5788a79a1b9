/** The npm scripts: few, and each does what its page says, on a fresh clone. */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../support/commandLine';

jest.setTimeout(180_000);

const ROOT = join(__dirname, '../..');
const { scripts, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const script = (file: string) => [join(ROOT, 'scripts', file)];

test('there are at most 18', () => {
  expect(Object.keys(scripts).length).toBeLessThanOrEqual(18);
});

test('every file that one names is there', () => {
  const files = Object.values<string>(scripts).flatMap(
    (line) => line.match(/(?<!\S)(?:\.\/)?(?:scripts|test)\/\S+/g) ?? [],
  );
  expect(files.length).toBeGreaterThan(4);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

describe('npm test', () => {
  const chosen = async (...args: string[]) => {
    const { code, out } = await run([...args, '--listTests'], {}, script('test.cjs'));
    expect(code).toBe(0);
    return out
      .trim()
      .split('\n')
      .map((file) => relative(ROOT, file));
  };

  test('with a word runs the files whose path holds it', async () => {
    expect(scripts.test).toBe('node scripts/test.cjs');
    // The folder of the checkout may hold the word, too.
    const several = await chosen('cli/', './test/docs/');
    expect(several).toContain('test/cli/cli.test.ts');
    expect(several).toContain('test/docs/docs.test.ts');
    expect(several.every((file) => /^test\/(cli|docs)\//.test(file))).toBe(true);
  });

  test('without one runs everything, in batches', async () => {
    const batches = await chosen();
    expect(batches.length).toBeGreaterThan(3);
    expect(batches.every((file) => /^test\/batches\/\w+\.batch\.ts$/.test(file))).toBe(true);
  });
});

test('npm run cli runs a command, compiled if there is no bundle, and nothing else is on its standard output', async () => {
  // A command that holds ten thousand people keeps to its memory.
  expect(scripts.cli).toBe('node --max-semi-space-size=4 scripts/cli.cjs');
  const { code, out } = await run(['--version'], {}, script('cli.cjs'));
  expect({ code, out }).toEqual({ code: 0, out: `${version}\n` });
});

test('npm run check runs the parts that are named, and names those that exist', async () => {
  const check = ['-r', join(ROOT, 'test/support/typescript.cjs'), ...script('check.ts')];
  const { code, err } = await run(['speling'], {}, check);
  expect({ code, err }).toEqual({
    code: 1,
    err: 'there is no check speling: types, lint, dead-code, openapi, generated, packaging\n',
  });
});
