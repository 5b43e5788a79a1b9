/** Runs the bundle in a folder with a configuration and, when it ends, keeps beside it what V8 has compiled. For bundle.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { constants, Script } from 'node:vm';

const [folder = '', config = ''] = process.argv.slice(2);
const file = join(folder, 'program.js');
const script = new Script(readFileSync(file, 'latin1'), {
  filename: file,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
process.argv.splice(1, Infinity, file, '--config', config, 'serve');
process.on('exit', () => {
  // As it is before the program sets it (src/main.ts): V8 remembers the flags with the code.
  setFlagsFromString('--heap-growing-percent=0');
  writeFileSync(join(folder, 'program.cache'), script.createCachedData());
});
script.runInThisContext()(createRequire(file), file, folder);
