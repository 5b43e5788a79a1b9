/**
 * `npm run cli -- <command>`: any command of the program, from the bundle if `npm run build` has made it since the last change
 * of the sources, else compiled first. Runs it in this process, so that signals and exit codes are its own.
 */
const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const COMPILER = join(ROOT, 'node_modules/.bin/tsc');
const BUNDLE = join(ROOT, 'dist/bundle/gateway.js');
const COMPILED = join(ROOT, 'dist/src/main.js');

/** When the newest source was changed, in milliseconds. */
function lastChange() {
  const files = ['src', 'adapters'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
  return Math.max(...files);
}

function program() {
  const canCompile = existsSync(COMPILER) && existsSync(join(ROOT, 'src'));
  if (!canCompile) return BUNDLE;
  if (existsSync(BUNDLE) && statSync(BUNDLE).mtimeMs >= lastChange()) return BUNDLE;
  // What the compiler says is no result of the command.
  execFileSync(COMPILER, ['-p', join(ROOT, 'tsconfig.build.json')], { stdio: ['ignore', 2, 2] });
  return COMPILED;
}

let file;
try {
  file = program();
} catch {
  process.exit(1);
}
require(file);
