import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJson, fromJsonString } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { runBacktest } from '../../src/backtest/run.ts';
import type { Delta } from '../../src/domain/delta.ts';
import { DeltaSchema } from '../../src/gen/learning/v1/delta_pb.ts';
import { TaskSchema } from '../../src/gen/learning/v1/task_pb.ts';
import {
  configOf,
  createEngineFixture,
  taskOf,
  tasksOf,
} from '../support/engine/engine-fixture.ts';
import { ManualClock, START_MS } from '../support/engine/manual-clock.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { expectFailure, runHere } from './command-line.ts';

const TRACES = ['auto-gpt', 'mini-agi'].map((name) => `test/data/${name}.ndjson`);

function fileOf(name: string, content: string): string {
  const file = join(tempDir(), name);
  writeFileSync(file, content);
  return file;
}

test('a month of real tasks: what would have been applied, and when', async () => {
  const { code, out } = await runHere(['backtest', ...TRACES]);
  expect(code).toBe(0);
  const lines = out.split('\n');
  expect(lines[0]).toBe(
    '2023-07-29T23:57:43.722Z applied #1 fallback_strategy_threshold adjust 0.8 -> 0.75 ' +
      '(score=75) by fallback: Success rate 36.7% below target. Not compared: no client follows ' +
      'the deltas, and none of the last 30 tasks names a delta_sequence',
  );
  expect(out).toContain('2,511 tasks, 2023-07-29T23:35:13.722Z to 2023-08-29T08:29:29.905Z\n');
  expect(out).toMatch(/^87,\d{3} cycles, one every 30 s$/m);
  expect(out).toContain(
    'rule cpu: proposed nothing: it needs metrics, which traces do not carry\n',
  );
  expect(out).toMatch(/^rule fallback: 6 proposed, 6 applied, 0 rejected; its condition held in/m);
  expect(out).toContain('  fallback_strategy_threshold = 0.5\n');
}, 60_000);

test('--json: each proposal, then a summary', async () => {
  const { code, out } = await runHere(['backtest', '--json', `${TRACES[0]}`]);
  expect(code).toBe(0);
  const lines = out.split('\n');
  const { summary } = JSON.parse(lines.at(-1) ?? '');
  const deltas = lines.slice(0, -1).map((line) => fromJsonString(DeltaSchema, line));
  expect(summary).toMatchObject({ tasks: 1099, duplicates: 0 });
  expect(summary.parameters.fallback_strategy_threshold).toBe(0.5);
  expect(summary.rules.map((rule: { ruleId: string }) => rule.ruleId)).toEqual([
    'coordination',
    'fallback',
    'cpu',
    'coordination_back',
    'fallback_back',
    'cpu_back',
  ]);
  expect(deltas.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
}, 60_000);

test('it does what the service does: the same loop on its own timer', async () => {
  const yaml = 'cycle: { interval_seconds: 10 }\ncuration: { max_deltas_per_hour: 2 }';
  const tasks = Array.from({ length: 400 }, (_, i) =>
    taskOf({
      taskId: `${i % 390}`,
      finishTimeMs: Date.UTC(2026, 0, 1) + i * 3333,
      status: i % 7 < 4 ? 'success' : 'failure',
    }),
  );
  const found: Delta[] = [];
  const summary = await runBacktest(configOf(yaml), tasks, async (deltas) => {
    found.push(...deltas);
  });

  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { engine, reports } = await createEngineFixture(yaml, { clock });
  engine.start();
  for (const task of tasks) {
    await clock.advance(task.finishTimeMs - clock.now());
    await engine.recordTasks([task]);
  }
  await clock.advance(10_000);
  const expected = reports.flatMap(({ deltas }) => deltas);
  const essence = ({ deltaId: _, ...rest }: Delta) => rest;
  expect(found.map(essence)).toEqual(expected.map(essence));
  expect(found.length).toBeGreaterThan(2);
  expect(summary).toMatchObject({ tasks: 400, duplicates: 10, cycles: reports.length });
  expect(summary.parameters).toEqual(engine.ledger.state.head.parameters);
});

const DAY_MS = 86_400_000;

test('proposals that wait expire in virtual time', async () => {
  const config = configOf(
    'cycle: { interval_seconds: 3600, max_age_seconds: 0 }\ncuration: { mode: recommend, cooldown_seconds: 0 }',
  );
  const tasks = [
    ...tasksOf(30, { status: 'failure' }),
    ...tasksOf(1, { status: 'failure', finishTimeMs: START_MS + 2.5 * DAY_MS }),
  ];
  const summary = await runBacktest(config, tasks, async () => {});
  const fallback = summary.rules.find(({ ruleId }) => ruleId === 'fallback');
  expect(fallback).toMatchObject({ proposed: 3, applied: 0, rejected: 0, expired: 2 });
});

test('why a rule proposed nothing', async () => {
  const rule = (id: string, fields: string) =>
    `  - { id: ${id}, type: metric, operation: adjust, target: knob, confidence: 0.9, ` +
    `impact: positive, reasoning: '"why"', ${fields} }\n`;
  const rules = [
    rule('never', 'when: window.success_rate > 2.0, new_value: 2.0'),
    rule('same', 'when: "true", new_value: 1.0'),
    rule('metrics', 'when: metrics.cpu_percent > 85.0, new_value: 3.0'),
    rule('fault', 'when: window.measurements.cost > 1.0, new_value: 2.0'),
  ];
  const config = configOf(`parameters: { knob: { initial: 1.0 } }\nrules:\n${rules.join('')}`);
  const silences = async (count: number) => {
    const summary = await runBacktest(config, tasksOf(count), async () => {});
    return Object.fromEntries(summary.rules.map(({ ruleId, silence }) => [ruleId, silence]));
  };
  expect(await silences(30)).toEqual({
    never: 'its condition held in none of 1 cycles',
    same: 'what it would have set was set already',
    metrics: 'it needs metrics, which traces do not carry',
    fault: expect.stringMatching(/^it could not be evaluated: .*cost/),
  });
  expect((await silences(29)).never).toBe(
    'it was never asked: too few tasks, or its target rested',
  );
});

test('traces are merged by time', async () => {
  const at = (hour: number, taskId: string) =>
    `{"taskId":"${taskId}","finishTime":"2026-01-01T0${hour}:00:00Z"}\n`;
  const [odd, even] = [at(1, 'a') + at(3, 'c'), at(2, 'b') + at(2, 'a')];
  const files = [fileOf('odd', odd), fileOf('even', even)];
  const { out } = await runHere(['backtest', ...files]);
  expect(out).toContain('4 tasks, 1 of them duplicates, 2026-01-01T01:00:00.000Z to');
  expect(out).toContain('240 cycles, one every 30 s');
});

test.each([
  ['{"taskId":"a"}', /trace:1: expected a finishTime: it is what drives the clock/],
  ['{"latency":1}', /trace:1: expected the fields of a Task; there is no "latency"/],
  ['', /the traces hold no tasks/],
  [
    '{"finishTime":"1970-01-20T00:00:00Z"}\n{"finishTime":"2026-01-01T00:00:00Z"}',
    /finished from 1970-01-20T00:00:00.000Z to 2026.*is a finishTime wrong\?/,
  ],
])('a trace of %j is refused', async (content, says) => {
  await expectFailure(['backtest', fileOf('trace', content)], { code: 1, says });
});

test('a real trace keeps its times to the millisecond', () => {
  const task = fromJson(TaskSchema, { finishTime: '2023-07-29T23:35:13.722Z' });
  const { finishTime } = task;
  expect(finishTime && timestampDate(finishTime).getTime()).toBe(1690673713722);
});
