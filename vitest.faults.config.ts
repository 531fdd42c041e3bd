import { defineConfig } from 'vitest/config';

/** What goes wrong in the field: whole processes, real faults, each with its figure. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
