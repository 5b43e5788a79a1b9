/**
 * `npm test`: everything, in batches (test/batches/batch.ts). `npm test -- links`: the test files whose path holds "links";
 * other arguments are those of Jest.
 */
const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const args = process.argv.slice(2);
const isChoice = args.some((argument) => !argument.startsWith('--'));
const config = join(ROOT, isChoice ? 'jest.config.js' : 'jest.batches.config.js');

/** Words in front of all options choose files. Jest looks for them in the whole path, and the checkout's own may hold them. */
const firstOption = args.findIndex((argument) => argument.startsWith('-'));
const words = args.slice(0, firstOption === -1 ? args.length : firstOption);
const inCheckout = (word) =>
  `${ROOT.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}/.*${word.replace(/^\.\//, '')}`;

const jest = spawn(
  process.execPath,
  [
    require.resolve('jest/bin/jest'),
    '--config',
    config,
    ...words.map(inCheckout),
    ...args.slice(words.length),
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
  },
);
// Jest hears Ctrl-C itself and ends its workers.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => jest.kill('SIGTERM'));
jest.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
