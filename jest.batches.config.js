/** The whole suite, as `npm test` runs it: see test/batches/batch.ts. */
/** @type {import('jest').Config} */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/test/batches/*.batch.ts'],
  globalSetup: '<rootDir>/test/batches/setup.cjs',
  // All at once: much of what they do is waiting for sockets and child processes.
  maxWorkers: 5,
};
