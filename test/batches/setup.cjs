/** Before all batches: besides what every run needs, the bundle that `npm start` runs, for the tests that start a gateway. */
const { execFileSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const prepare = require('../support/globalSetup.cjs');

const ROOT = join(__dirname, '../..');

module.exports = () => {
  prepare();
  // As deep below the project as the real one, from where it finds its packages and its version.
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const bundle = mkdtempSync(join(ROOT, 'dist/bundle-test-'));
  process.on('exit', () => rmSync(bundle, { recursive: true, force: true }));
  execFileSync(
    process.execPath,
    ['-r', join(ROOT, 'test/support/typescript.cjs'), join(ROOT, 'scripts/bundle.ts'), bundle],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  process.env.GATEWAY_TEST_BUNDLE = bundle;
};
