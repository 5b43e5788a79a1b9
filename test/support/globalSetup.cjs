/**
 * Databases and files of the tests go to memory where the machine has room for them there: what they prove does not depend on
 * how long a disk takes to flush. Workers inherit the environment of the process that this runs in.
 */
const { chmodSync, mkdtempSync, rmSync, statfsSync } = require('node:fs');
const { join } = require('node:path');

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 2 * 1024 ** 3;

module.exports = () => {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (process.env.TMPDIR !== undefined || bavail * bsize < ENOUGH_BYTES) return;
    const folder = mkdtempSync(join(MEMORY, 'gateway-tests-'));
    // PostgreSQL does not run as root and has a user of its own.
    chmodSync(folder, 0o755);
    process.env.TMPDIR = folder;
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  } catch {
    // Not every system has it.
  }
};
