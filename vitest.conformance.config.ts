import { defineConfig } from 'vitest/config';

/** Every scenario in every language, each client a process of its own; all languages at once. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: 'test/conformance/table.ts',
    testTimeout: 180_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 4,
  },
});
