#!/usr/bin/env node
/**
 * Starts the bundled program with what V8 kept of compiling it (scripts/bundle.ts). Another version of V8, or the same one with
 * other flags, refuses that by itself, and compiles the program as usual.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';

function codeCache(): Buffer | undefined {
  try {
    return readFileSync(join(__dirname, 'program.cache'));
  } catch {
    return undefined;
  }
}

const file = join(__dirname, 'program.js');
const cachedData = codeCache();
// The bundle is written in ASCII alone: V8 keeps it with one byte for each character, and nothing has to be decoded.
const script = new Script(readFileSync(file, 'latin1'), {
  filename: file,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  ...(cachedData && { cachedData }),
});
script.runInThisContext()(createRequire(file), file, __dirname);
