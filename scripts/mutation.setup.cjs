const fc = require('fast-check');

fc.configureGlobal({ numRuns: 5, seed: 20240229 });
