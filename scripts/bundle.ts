/**
 * Bundles the program into `dist/bundle`, or into the folder that is named, and has V8 keep what it compiles of it at a start
 * (docs/decisions/0008-bundle.md).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** What `npm start` gives to V8: it refuses code that was kept under other flags. */
const V8_FLAGS = ['--max-semi-space-size=16'];

/** The root of the checkout, seen from dist/scripts or, where the sources run as they are, from scripts. */
const ROOT = join(__dirname, __filename.endsWith('.ts') ? '..' : '../..');

async function bundled(entry: string): Promise<string> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: entry,
    platform: 'node',
    tsconfig: 'tsconfig.json',
    // A native module; a driver that instrumentations look for, and that is loaded only with PostgreSQL; files, not code.
    external: ['libsql', 'pg', /^swagger-ui-dist\//],
    optimization: { pifeForModuleWrappers: false },
    onLog: (level, { message }) => {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false, comments: false });
  await bundle.close();
  return output[0].code;
}

/** The same code in ASCII alone: as an escape, a character means the same wherever it can stand. */
function inAscii(code: string): string {
  return code.replaceAll(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A function of what a CommonJS module finds around it, for `src/start.ts` to call. On the first line, so that lines keep their numbers. */
function asFunction(code: string): string {
  return `(function (require, __filename, __dirname) {${code.replace(/^#!.*/, '')}\n})\n`;
}

/** All adapters, so that what each needs at the start is kept. Nothing is called, and nothing is kept on disk. */
const CONFIGURATION = {
  server: { host: '127.0.0.1', port: 0, drainMs: 0 },
  ops: { host: '127.0.0.1', port: 0 },
  store: { url: 'sqlite::memory:' },
  vendors: {
    clinikapi: { adapter: 'clinikapi', baseUrl: 'http://127.0.0.1:9', credentials: { apiKey: 'none' } },
    vitalis: { adapter: 'vitalis', baseUrl: 'http://127.0.0.1:9', credentials: { token: 'none' } },
    cobalt: {
      adapter: 'cobalt',
      baseUrl: 'http://127.0.0.1:9',
      credentials: { clientId: 'none', clientSecret: 'none', accessToken: 'none' },
    },
  },
  clinics: { one: { vendor: 'clinikapi' } },
  callers: [{ name: 'one', keySha256: '1'.repeat(64), clinic: 'one', scopes: ['staff:read'] }],
};

/** Runs the bundle until it is ready, and ends it; codeCache.ts then keeps what V8 has compiled. */
async function keepCompiled(folder: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'gateway-bundle-'));
  try {
    const config = join(work, 'gateway.yaml');
    writeFileSync(config, JSON.stringify(CONFIGURATION));
    const script = __filename.replace(/bundle(\.[jt]s)$/, 'codeCache$1');
    const child = spawn(process.execPath, [...process.execArgv, ...V8_FLAGS, script, folder, config], {
      env: { PATH: process.env.PATH, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'close');
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('listening on')) child.kill('SIGTERM');
    });
    const [code] = await ended;
    if (code !== 0) throw new Error(`the bundle does not run: ${said}`);
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'program.js');
  const cache = join(folder, 'program.cache');
  // First, so that it never stands beside another bundle than its own: V8 compares no more than their lengths.
  rmSync(cache, { force: true });
  writeFileSync(program, asFunction(inAscii(await bundled('src/main.ts'))));
  writeFileSync(join(folder, 'gateway.js'), await bundled('src/start.ts'), { mode: 0o755 });
  await keepCompiled(folder);
  const megabytes = (file: string) => `${(statSync(file).size / 1e6).toFixed(1)} MB`;
  console.log(`${folder}: ${megabytes(program)}, and compiled ${megabytes(cache)}`);
}

void main(resolve(process.argv[2] ?? join(ROOT, 'dist/bundle')));
