/** The whole suite, as `npm test` runs it: see test/batches/batch.ts. */
/** @type {import('jest').Config} */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/test/batches/*.batch.ts'],
  globalSetup: '<rootDir>/test/batches/setup.cjs',
  // All at once: much of what they do is waiting for sockets and child processes.
  maxWorkers: 5,
  // A worker whose event loop is empty still has half a gigabyte to give back, and five of them share the processor: half a
  // second, the default, is not always enough, and Jest then speaks of a leak. One that really hangs is told after this.
  workerGracefulExitTimeout: 15_000,
};
