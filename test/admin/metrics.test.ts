import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { LearnedSources } from '../../src/admin/metrics/learned.ts';
import { createMetrics, type MetricSources } from '../../src/admin/metrics/metrics.ts';

const DOC = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

const LEARNED: LearnedSources = {
  parameterValues: () => [['max_"cpu"', 80.5]],
  window: () => ({ tasks: 2, successRatio: 0.5, latencies: [['0.5', 1.25]] }),
  gains: () => [['latency', 3]],
  trials: () => [{ parameter: 'level', harm: 0.5, help: 19 }],
  deltas: () => [['applied', 4]],
};

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
  learned: LEARNED,
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

/** The samples of an exposition: name and labels, with the number. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const found =
        /^(?<name>[a-zA-Z_:][\w:]*(?:\{(?:[a-z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)+\})?) (?<value>\S+)$/.exec(
          line,
        );
      if (found === null) throw new Error(`no sample: ${line}`);
      return [found.groups?.name ?? '', Number(found.groups?.value)];
    }),
  );
}

test('what was learned is told in numbers, and names with quotes stay one label', async () => {
  const metrics = createMetrics();
  metrics.addGauges(SOURCES);
  const samples = samplesOf((await metrics.page()).text);
  const learned = [...samples].filter(([name]) =>
    /^learning_(parameter|window|gain|deltas\{|trial_)/.test(name),
  );
  expect(Object.fromEntries(learned)).toEqual({
    'learning_parameter_value{parameter="max_\\"cpu\\""}': 80.5,
    learning_window_tasks: 2,
    learning_window_success_ratio: 0.5,
    'learning_window_latency_seconds{quantile="0.5"}': 1.25,
    'learning_gain{metric="latency"}': 3,
    'learning_trial_evidence{parameter="level",side="harm"}': 0.5,
    'learning_trial_evidence{parameter="level",side="help"}': 19,
    'learning_deltas{state="applied"}': 4,
  });
});

test('what is gone is told no more', async () => {
  const metrics = createMetrics();
  let values: [string, number][] = [
    ['a', 1],
    ['b', 2],
  ];
  metrics.addGauges({ ...SOURCES, learned: { ...LEARNED, parameterValues: () => values } });
  await metrics.page();
  values = [['b', 3]];
  const { text } = await metrics.page();
  expect(text).toContain('learning_parameter_value{parameter="b"} 3');
  expect(text).not.toContain('parameter="a"');
});
