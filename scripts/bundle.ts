/** Bundles the program into `dist/bundle`, or into the folder that is named (docs/decisions/0008-bundle.md). */
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { bundleConsole } from './bundleConsole';

/** The root of the checkout, seen from dist/scripts or, where the sources run as they are, from scripts. */
const ROOT = join(__dirname, __filename.endsWith('.ts') ? '..' : '../..');

async function bundled(entry: string): Promise<string> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: entry,
    platform: 'node',
    tsconfig: 'tsconfig.json',
    // A driver that instrumentations look for, and that is loaded only with PostgreSQL; files, not code.
    external: ['pg', /^@scalar\//],
    optimization: { pifeForModuleWrappers: false },
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false, comments: false });
  await bundle.close();
  return inLatin1(output[0].code);
}

/** V8 keeps a program of which one character is beyond Latin-1 in memory at twice its size. */
function inLatin1(code: string): string {
  return code.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'program.js');
  writeFileSync(program, await bundled('src/main.ts'));
  writeFileSync(join(folder, 'gateway.js'), await bundled('src/start.ts'), { mode: 0o755 });
  // What `/docs` is made of, with its licence: the package around it is large, and only a checkout has it.
  const reference = dirname(require.resolve('@scalar/api-reference'));
  copyFileSync(join(reference, 'browser/standalone.js'), join(folder, 'reference.js'));
  copyFileSync(join(ROOT, 'src/http/docs/reference.LICENSE'), join(folder, 'reference.LICENSE'));
  await bundleConsole(join(folder, 'console'));
  console.log(`${folder}: ${(statSync(program).size / 1e6).toFixed(1)} MB`);
}

void main(resolve(process.argv[2] ?? join(ROOT, 'dist/bundle')));
