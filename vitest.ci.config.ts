import { defineConfig } from 'vitest/config';

/** The long tests: whole processes, kills, real clients. One file at a time, so figures hold. */
export default defineConfig({
  test: {
    include: ['test/acceptance/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
