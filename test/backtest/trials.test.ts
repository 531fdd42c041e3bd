import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runBacktest } from '../../src/backtest/run.ts';
import type { Task } from '../../src/domain/task.ts';
import type { Parameters } from '../../src/domain/value.ts';
import { effectOf } from '../../src/engine/effects.ts';
import { runHere } from '../cli/command-line.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import { normalNoise } from '../support/engine/noise.ts';
import {
  RECORDED_BEAT_MS,
  RECORDED_FROM_MS,
  recordTrace,
} from '../support/engine/recorded-trace.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** Two rules that always want a value raised. */
const rule = (id: string, target: string) =>
  `  - { id: ${id}, when: 'true', type: resource, operation: adjust, target: ${target},
      new_value: '1', reasoning: '"why"', confidence: 0.9, impact: positive }\n`;

const yamlOf = (trial: string) => `
cycle: { interval_seconds: 30 }
curation: { mode: trial, cooldown_seconds: 60 }
trial: { ${trial} }
parameters: { bad: { initial: 0 }, good: { initial: 0 } }
rules:
${rule('worse', 'bad')}${rule('better', 'good')}`;

const YAML = yamlOf('assignment: switchback, seed: s');

const noise = (seed = 3) => {
  const next = normalNoise(seed);
  return (_: number, { bad, good }: Parameters): Partial<Task> => ({
    latencyMs: 1000 * Math.exp(next()) * (bad === 1 ? 2 : 1) * (good === 1 ? 0.5 : 1),
  });
};

const backtest = (tasks: readonly Task[], yaml = YAML) =>
  runBacktest(configOf(yaml), tasks, async () => {});

test('the trials of a trace come out as the sidecar found them', async () => {
  const { tasks, engine } = await recordTrace({ yaml: YAML, count: 900, run: noise() });
  const { trials, parameters, rules } = await backtest(tasks);
  const { state } = engine.ledger;
  const found = [...state.deltasNewestFirst()]
    .filter(({ effect, trialDeltaId }) => effect !== undefined && trialDeltaId === '')
    .sort((a, b) => a.ordinal - b.ordinal);
  expect(found.map(({ effect }) => effect?.verdict)).toEqual(
    expect.arrayContaining(['harmed', 'helped']),
  );
  const judged = trials.filter(({ verdict }) => verdict !== undefined);
  expect(found.map((delta) => effectOf(state, delta))).toMatchObject(
    judged.map(({ verdict, metrics, tasksUsed, gains }) => ({
      verdict,
      metrics,
      tasksUsed,
      gains,
    })),
  );
  expect(judged.map(({ summary }) => summary)).toEqual(found.map(({ summary }) => summary));
  expect(judged.every(({ unjudged }) => unjudged === '')).toBe(true);
  expect(parameters).toEqual(state.head.parameters);
  expect(rules.map(({ tried }) => tried).reduce((a, b) => a + b)).toBe(trials.length);
});

test('so do those in whose blocks nothing comes for a while', async () => {
  const yaml = yamlOf('assignment: switchback, seed: s, outcome_timeout_seconds: 45');
  // Long pauses after some tasks: the blocks that are on then wait in vain.
  const run = noise();
  let lostMs = 0;
  const { tasks, engine } = await recordTrace({
    yaml,
    count: 300,
    run(i, parameters) {
      if (i % 50 === 49) lostMs += 600_000;
      return {
        ...run(i, parameters),
        finishTimeMs: RECORDED_FROM_MS + i * RECORDED_BEAT_MS + lostMs,
      };
    },
  });
  const { trials } = await backtest(tasks, yaml);
  const [trial] = engine.ledger.state.trials;
  const verdicts = [...engine.ledger.state.deltasNewestFirst()].flatMap(
    ({ effect }) => effect?.verdict ?? [],
  );
  expect(verdicts).not.toEqual([]);
  expect(verdicts).not.toContain('invalid');
  expect(trials.flatMap(({ verdict }) => verdict ?? [])).toEqual(verdicts.reverse());
  expect(trials.at(-1)?.tasksUsed).toBe(trial?.tasksUsed ?? trials.at(-1)?.tasksUsed);
});

test('one that is not over', async () => {
  const { tasks, engine } = await recordTrace({ yaml: YAML, count: 90, run: noise() });
  const { trials } = await backtest(tasks);
  expect(trials).toMatchObject([{ verdict: undefined, endTimeMs: undefined, unjudged: '' }]);
  expect(trials[0]?.tasksUsed).toBe(engine.ledger.state.trials[0]?.tasksUsed);
  expect(trials[0]?.tasksUsed).toBeGreaterThan(0);
});

test('tasks without a sequence', async () => {
  const { tasks } = await recordTrace({ yaml: YAML, count: 200, run: noise() });
  const { trials } = await backtest(tasks.map((task) => ({ ...task, deltaSequence: 0 })));
  expect(trials).toMatchObject([
    { verdict: undefined, unjudged: "the trace's tasks carry no delta_sequence", tasksUsed: 0 },
  ]);
});

test('coins that cannot be tossed again', async () => {
  const { tasks } = await recordTrace({ yaml: YAML, count: 200, run: noise() });
  const { trials } = await backtest(tasks, yamlOf('assignment: switchback'));
  expect(trials).toMatchObject([
    { unjudged: 'without trial.seed nobody knows which value their tasks ran with', tasksUsed: 0 },
  ]);
});

test('another history than the replay has', async () => {
  const { tasks } = await recordTrace({ yaml: YAML, count: 200, run: noise() });
  const later = tasks.map((task) => ({ ...task, deltaSequence: task.deltaSequence + 40 }));
  const { trials } = await backtest(later);
  expect(trials).toMatchObject([{ tasksUsed: 0 }]);
  expect(trials[0]?.unjudged).toBe(
    'the trace was recorded under other deltas: its task of 2026-01-01T00:00:00.000Z names ' +
      'delta_sequence 40, and the replay had come to 0',
  );
});

test('tasks that never ran with what was tried', async () => {
  const { tasks } = await recordTrace({ yaml: YAML, count: 200, run: noise() });
  const yaml = yamlOf('assignment: switchback, seed: s, outcome_timeout_seconds: 10');
  const behind = tasks.map((task, i) => ({ ...task, deltaSequence: i > 150 ? 1 : 0 }));
  const { trials } = await backtest(behind, yaml);
  const unjudged = "none of the trace's tasks ran in a block of theirs";
  expect(trials[0]).toMatchObject({ verdict: 'invalid', tasksUsed: 0, unjudged });
});

function fileOf(name: string, lines: readonly string[]): string {
  const file = join(tempDir(), name);
  writeFileSync(file, lines.join('\n'));
  return file;
}

const traceFile = (tasks: readonly Task[]) =>
  fileOf(
    'trace.ndjson',
    tasks.map(({ taskId, status, latencyMs, finishTimeMs, deltaSequence }) =>
      JSON.stringify({
        ...{ taskId, latencyMs, deltaSequence },
        status: `TASK_STATUS_${status.toUpperCase()}`,
        finishTime: new Date(finishTimeMs).toISOString(),
      }),
    ),
  );

test('the report, for people and as JSON', async () => {
  const { tasks } = await recordTrace({ yaml: YAML, count: 400, run: noise() });
  const files = ['--config', fileOf('config.yaml', [YAML]), traceFile(tasks)];
  const { code, out } = await runHere(['backtest', ...files]);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^2026-01-01T00:01:30\.000Z trial bad adjust 0 -> 1 \(score=\d+\) by worse: why\. On trial, in/m,
  );
  expect(out).toMatch(/^rule worse: \d+ proposed, 0 applied, 0 rejected, \d put on trial/m);
  expect(out).toMatch(
    /^trials, if the trace was recorded with this very config:\n {2}trial of backtest-\d+: bad 0 -> 1 by worse, 2026-01-01T00:01:30\.000Z to 2026-\S+: HARMED, \d+ tasks: Harmed, in \d+ tasks: outcome/m,
  );
  const { out: json } = await runHere(['backtest', '--json', ...files]);
  const { summary } = JSON.parse(json.split('\n').at(-1) ?? '');
  expect(summary.trials[0]).toMatchObject({
    ...{ ruleId: 'worse', target: 'bad', oldValue: 0, newValue: 1, verdict: 'harmed' },
    startTime: '2026-01-01T00:01:30.000Z',
    endTime: expect.stringMatching(/^2026-01-01T/),
    metrics: [{ metric: 'outcome' }, { metric: 'success' }, { metric: 'latency' }],
    unjudged: '',
  });
  expect(summary.trials.at(-1)).toMatchObject({ verdict: null, endTime: null });
});

test('the report says once why it does not judge', async () => {
  const { tasks } = await recordTrace({ yaml: YAML, count: 200, run: noise() });
  const trace = traceFile(tasks.map((task) => ({ ...task, deltaSequence: 0 })));
  const { out } = await runHere(['backtest', '--config', fileOf('config.yaml', [YAML]), trace]);
  expect(out).toMatch(
    /^1 trial could not be judged: the trace's tasks carry no delta_sequence\nparameters at/m,
  );
  expect(out).not.toMatch(/very config/);
});
