/** The whole suite, as `npm test` runs it: see test/batches/batch.ts. */
/** @type {import('jest').Config} */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/test/batches/*.batch.ts'],
  globalSetup: '<rootDir>/test/batches/setup.cjs',
  // Two of the batches mostly wait, for sockets and child processes.
  maxWorkers: 4,
};
