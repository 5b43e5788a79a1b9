/**
 * Lets a plain `node` process run this project's TypeScript: `node -r test/support/typescript.cjs src/main.ts`. What was
 * translated is kept by its content, since tests start many such processes.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const CACHE = join(__dirname, '../../node_modules/.cache/gateway-typescript');
mkdirSync(CACHE, { recursive: true });

require.extensions['.ts'] = (module, filename) => {
  const source = readFileSync(filename, 'utf8');
  const kept = join(CACHE, `${createHash('sha256').update(source).digest('hex')}.js`);
  module._compile(read(kept) ?? translated(source, filename, kept), filename);
};

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function translated(source, filename, kept) {
  const { code } = require('@swc/core').transformSync(source, {
    filename,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  // In one step, because other processes read it at the same time.
  const unfinished = `${kept}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, kept);
  return code;
}
