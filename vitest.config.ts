import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Tests that run what is in tools/, which a clone may do without. */
const WITH_TOOLS = ['test/house/layers.test.ts', 'test/proto/breaking.test.ts'];

/** Whole processes: some take minutes. */
const WHOLE = [
  'test/acceptance/**/*.test.ts',
  'test/verdicts/**/*.test.ts',
  'test/faults/**/*.test.ts',
  'test/conformance/**/*.test.ts',
  'test/adopt/**/*.test.ts',
  'test/openfeature/**/*.test.ts',
  'test/otlp/frameworks/*.test.ts',
  'test/browser/**/*.test.ts',
];

type Options = NonNullable<TestProjectInlineConfiguration['test']>;

const project = (
  name: string,
  include: string[],
  options: Options,
): TestProjectInlineConfiguration => ({
  test: { name, include, pool: 'forks', maxWorkers: 2, ...options },
});

/** One file at a time, so that figures hold. */
const ALONE: Options = { testTimeout: 300_000, hookTimeout: 60_000, fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/**/*.test.ts'], {
        exclude: [...WHOLE, ...WITH_TOOLS, '**/node_modules/**'],
        testTimeout: 30_000,
      }),
      project('tools', WITH_TOOLS, { testTimeout: 60_000 }),
      // Long tests: kills, real clients.
      project('acceptance', ['test/acceptance/**/*.test.ts'], ALONE),
      // Twenty trials of each kind over the wire: how many verdicts are right.
      project('verdicts', ['test/verdicts/**/*.test.ts'], ALONE),
      // What goes wrong in the field: real faults, each with its figure.
      project('faults', ['test/faults/**/*.test.ts'], ALONE),
      // OpenFeature's real providers, each in a process of its own language.
      // The orchestrators of docs/adopt.md.
      project('adopt', ['test/adopt/**/*.test.ts'], ALONE),
      project('openfeature', ['test/openfeature/**/*.test.ts'], {
        ...ALONE,
        testTimeout: 120_000,
      }),
      // The page in a real Chromium (CHROMIUM, or on the PATH), of a real sidecar.
      project('browser', ['test/browser/**/*.test.ts'], ALONE),
      // Frameworks of agents with their instrumentations, which test/otlp/frameworks/setup.sh installs.
      project('frameworks', ['test/otlp/frameworks/*.test.ts'], ALONE),
      // Every scenario in every language, each client a process of its own.
      project('conformance', ['test/conformance/**/*.test.ts'], {
        globalSetup: 'test/conformance/table.ts',
        testTimeout: 180_000,
        hookTimeout: 60_000,
        maxWorkers: 4,
      }),
    ],
    coverage: {
      provider: 'v8',
      reportOnFailure: true,
      include: ['src/**/*.ts'],
      // The page runs in browsers: test/browser.
      exclude: ['src/gen/**', 'src/page/**/*.tsx'],
      reporter: ['text-summary', 'html'],
      thresholds: { lines: 90 },
    },
  },
});
