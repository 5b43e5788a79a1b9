/** Few generated values, and always the same ones, wherever a test does not ask for a number of its own. */
const fc = require('fast-check');

fc.configureGlobal({ numRuns: 10, seed: 20240229 });
