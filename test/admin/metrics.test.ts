import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics, type MetricSources } from '../../src/admin/metrics/metrics.ts';

const DOC = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

const SOURCES: MetricSources = {
  latestSequence: () => 0,
  subscribers: () => 0,
  pendingCalls: () => 0,
  connections: () => 0,
  tasksInHistory: () => 0,
  ledgerBytes: () => 0,
  newestBackupMs: () => undefined,
  ledgerWritable: () => true,
  configRefused: () => false,
  accessRefused: () => false,
  certificateEndMs: () => 0,
  active: () => true,
  onTrial: () => false,
  trialsPaused: () => false,
};

test('docs/operations.md lists each metric, with its type and help', async () => {
  const metrics = createMetrics();
  metrics.addGauges(SOURCES);
  const { text } = await metrics.page();
  const rows = [...text.matchAll(/^# HELP (learning_\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(
    ([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`,
  );
  expect(rows.length).toBeGreaterThan(20);
  expect(DOC.split('\n').filter((line) => line.startsWith('| `learning_'))).toEqual(rows);
});
