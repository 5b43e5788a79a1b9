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

const jest = spawn(process.execPath, [require.resolve('jest/bin/jest'), '--config', config, ...args], {
  cwd: ROOT,
  stdio: 'inherit',
});
// Jest hears Ctrl-C itself and ends its workers.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => jest.kill('SIGTERM'));
jest.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
