/**
 * Real tmux, real shells, real clients: suites run in parallel, each on a private tmux server. They mostly wait
 * for programs, as many suites as cores run at once. A test may take longer than a call of 60 s that is not
 * answered (tests/support/client.ts): that error says who stood still, jest's own does not.
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
  expand: true,
  maxWorkers: 2,
  testTimeout: 90_000,
};
