const fc = require('fast-check');

fc.configureGlobal({ numRuns: 25, seed: 20240229 });
