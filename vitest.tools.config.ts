import { defineConfig } from 'vitest/config';

/** Tests that run what is in tools/, which a clone may do without. */
export const WITH_TOOLS = ['test/house/layers.test.ts', 'test/proto/breaking.test.ts'];

export default defineConfig({
  test: { include: WITH_TOOLS, testTimeout: 60_000, pool: 'forks', maxWorkers: 2 },
});
