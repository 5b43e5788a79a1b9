/**
 * fast-check as mutation testing sees it: few generated values, and always the same ones, also where a test asks for more, so that
 * each mutant costs seconds.
 */
const fc = require('../node_modules/fast-check/lib/cjs/fast-check.js');

const assert = (property, options) => fc.assert(property, { ...options, numRuns: 20, seed: 20240229 });

module.exports = { ...fc, assert, default: { ...fc.default, assert } };
Object.defineProperty(module.exports, '__esModule', { value: true });
