export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  cacheDirectory: '.cache/jest',
  testTimeout: 180_000, // for a machine that is busy with other things; a test waits for conditions and ends as soon as they hold
  maxWorkers: 2,
};
