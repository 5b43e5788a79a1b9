/**
 * Jest as mutation testing runs it: the tests of pure functions only, and of generated values so few that each mutant costs
 * seconds, not minutes. `MUTATION_TESTS` narrows it further: beginnings of file names, or whole ones without `.ts`, separated by commas.
 */
const { join } = require('node:path');
const base = require('../jest.config.js');

const names = (process.env.MUTATION_TESTS ?? 'staff,adapters,units').split(',');

module.exports = {
  ...base,
  rootDir: join(__dirname, '..'),
  testMatch: names.flatMap((name) => [`<rootDir>/test/${name}*.test.ts`, `<rootDir>/test/${name}.ts`]),
  moduleNameMapper: { '^fast-check$': '<rootDir>/scripts/mutation.fastCheck.cjs' },
};
