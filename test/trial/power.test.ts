import { expect, test } from 'vitest';
import { LATENCY, type Metric, SUCCESS } from '../../src/domain/effect.ts';
import type { Task } from '../../src/domain/task.ts';
import { nextMove, recordOutcome } from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import { armOf, assignTask } from '../../src/trial/assign.ts';
import { noEvidence } from '../../src/trial/evidence.ts';
import { foldStep } from '../../src/trial/fold.ts';
import { describePower } from '../../src/trial/power.ts';
import type { TrialPlan } from '../../src/trial/step.ts';
import { startTrial, type Trial } from '../../src/trial/trial.ts';
import { taskOf, tasksOf } from '../support/engine-fixture.ts';
import { normalNoise } from '../support/noise.ts';
import { seededRandom } from '../support/seed.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower' };
const ALL = { followers: 1, ask: true, sequence: 1 };

function planOf(fields: Partial<TrialPlan> = {}): TrialPlan {
  return {
    deltaId: 'delta',
    ruleId: 'rule',
    fingerprint: 'text',
    target: 'level',
    oldValue: 0,
    newValue: 1,
    assignment: 'task',
    seed: 'seed',
    primary: LATENCY,
    guards: [SUCCESS],
    timeoutMs: 5000,
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    outcomeTimeoutMs: 3_600_000,
    maxMs: 86_400_000,
    carried: undefined,
    ...fields,
  };
}

interface Work {
  readonly latencyMs?: number;
  /** Standard deviation of log latency, and what neighbours share of it. */
  readonly deviation?: number;
  readonly common?: number;
  readonly success?: number;
}

/** Tasks of a kind, every three seconds one. */
function createWork({ latencyMs = 100, deviation = 0.4, common = 0, success = 1 }: Work = {}) {
  const noise = normalNoise(7, deviation);
  const { next } = seededRandom(8);
  let level = noise();
  let i = 0;
  return (): Task => {
    i += 1;
    level = common * level + Math.sqrt(1 - common ** 2) * noise();
    return taskOf({
      taskId: `${i}`,
      status: next() < success ? 'success' : 'failure',
      latencyMs: latencyMs * Math.exp(level),
      measurements: { cost: 5 + 2 * noise() },
      finishTimeMs: i * 3000,
    });
  };
}

function tasksFrom(work: () => Task, count = 100): Task[] {
  return Array.from({ length: count }, work);
}

test('how long it takes and what it could find', () => {
  const tasks = tasksFrom(createWork());
  expect(describePower(planOf(), tasks, ALL)).toBe(
    'On trial, task by task: 200 tasks take about 10 minutes at 1,200 tasks an hour. At the ' +
      'noise of the last 100 tasks a change of latency by ×1.42 would most likely be found, ' +
      'after about 50 tasks; one of ×1.2 most likely not.',
  );
  expect(describePower(planOf({ assignment: 'switchback' }), tasks, ALL)).toMatch(
    /^On trial, in blocks of 5: 200 tasks, beside those that run over a switch, take about 10 minutes at 1,200 tasks an hour\. .* latency by ×1\.42 /,
  );
  expect(describePower(planOf({ seed: 'other' }), [...tasks], ALL)).toBe(
    describePower(planOf({ seed: 'other' }), tasks, ALL),
  );
});

test('the largest effects, and the smallest', () => {
  const quiet = tasksFrom(createWork({ deviation: 0.05 }));
  expect(describePower(planOf(), quiet, ALL)).toMatch(
    /a change of latency by ×1\.1 would most likely be found, after about \d+ tasks\.$/,
  );
  const wild = tasksFrom(createWork({ deviation: 3 }));
  expect(describePower(planOf(), wild, ALL)).toMatch(
    /the last 100 tasks even a change of latency by ×3 would most likely not be found\.$/,
  );
});

test.each([
  [
    'success',
    SUCCESS,
    0.95,
    /a change of success by 40 points .*; one of 20 points most likely not\.$/,
  ],
  ['success that is rare', SUCCESS, 0.1, /a change of success by \d0 points would most likely be/],
  ['a measurement', COST, 1, /a change of cost by 20 % would .*; one of 10 % most likely not\.$/],
  [
    'one where more is better',
    { ...COST, better: 'higher' } as const,
    1,
    /a change of cost by [12]0 % would/,
  ],
])('%s', (_, primary, success, text) => {
  const plan = planOf({ primary, guards: [LATENCY] });
  expect(describePower(plan, tasksFrom(createWork({ success })), ALL)).toMatch(text);
});

test('the time there is', () => {
  const tasks = tasksFrom(createWork());
  expect(describePower(planOf({ maxMs: 120_000 }), tasks, ALL)).toMatch(
    /: trial\.max_seconds ends it after 2 minutes, about 40 tasks at 1,200 tasks an hour\. .* latency by ×2 /,
  );
  const slow = tasks.map((task, i) => ({ ...task, finishTimeMs: i * 86_400_000 }));
  expect(describePower(planOf({ maxMs: 40 * 3_600_000 }), slow, ALL)).toMatch(
    /ends it after 40 hours, about 1 task at 0\.042 tasks an hour\. .* most likely not be found\.$/,
  );
  const [first = taskOf()] = tasks;
  for (const few of [[first], Array.from({ length: 30 }, () => first), []]) {
    expect(describePower(planOf(), few, ALL)).toMatch(/: how long 200 tasks take is not known\. /);
  }
  const busy = tasksFrom(createWork({ latencyMs: 30_000, deviation: 0.1 }));
  const inBlocks = planOf({ assignment: 'switchback' });
  expect(describePower(inBlocks, busy, ALL)).toMatch(/over a switch, take about 30 minutes at 1,2/);
  const fast = tasks.map((task, i) => ({ ...task, finishTimeMs: i }));
  expect(describePower(planOf(), fast, ALL)).toMatch(/ take about 1 second at 3,600,000 tasks an/);
});

test('too little to tell', () => {
  const tasks = tasksFrom(createWork(), 19);
  expect(describePower(planOf(), tasks, ALL)).toMatch(
    /at 1,200 tasks an hour\. What could be found cannot be told from 19 tasks\.$/,
  );
  const large = planOf({ assignment: 'switchback', blockTasks: 51 });
  expect(describePower(large, tasksFrom(createWork()), ALL)).toMatch(/cannot be told from 100 t/);
  const costly = tasks.map((task) => ({ ...task, measurements: {} }));
  const some = [...tasks, ...costly];
  expect(describePower(planOf({ primary: COST }), some, ALL)).toMatch(
    /cannot be told from 38 tasks, of which 19 tell cost\.$/,
  );
  const cancelled = tasksOf(30, { status: 'cancelled' });
  expect(describePower(planOf(), [...tasks, ...cancelled], ALL)).toMatch(/told from 19 tasks\.$/);
});

test('who takes part', () => {
  const tasks = tasksFrom(createWork());
  const inBlocks = planOf({ assignment: 'switchback' });
  expect(describePower(inBlocks, tasks, { ...ALL, followers: 0 })).toBe(
    'On trial, in blocks of 5. As it is, no task can be given an arm: no client follows the ' +
      'deltas, and none of the last 100 tasks names a delta_sequence.',
  );
  const condition = /No client follows the deltas: only tasks that name a delta_sequence have an a/;
  const young = { ...ALL, followers: 0, sequence: 0 };
  expect(describePower(inBlocks, tasks, young)).toMatch(condition);
  const naming = tasks.map((task) => ({ ...task, deltaSequence: 3 }));
  expect(describePower(inBlocks, naming, young)).not.toMatch(/No client|no task/);
  expect(describePower(planOf(), tasks, { ...ALL, ask: false })).toMatch(
    /An arm is given to tasks that ask for it by their id; few are known to\./,
  );
});

test('it goes on from the evidence there is', () => {
  const evidence = { ...noEvidence(LATENCY), tasksOld: 40, tasksNew: 40, pairs: 40 };
  const plan = planOf({ carried: [evidence, noEvidence(SUCCESS)] });
  expect(describePower(plan, tasksFrom(createWork()), ALL)).toMatch(
    /It goes on from the evidence of 80 tasks\. .* found, after about \d+ more tasks; /,
  );
});

/** Worse by so much in the new arm. */
type Harm = (task: Task, effect: number, random: () => number) => Task;

const slower: Harm = (task, effect) => ({ ...task, latencyMs: task.latencyMs * effect });

const failing: Harm = (task, points, random) =>
  random() < points / 100 / 0.9 ? { ...task, status: 'failure' } : task;

const costlier: Harm = (task, percent) => ({
  ...task,
  measurements: { cost: (task.measurements.cost ?? 0) + (5 * percent) / 100 },
});

test.each<[string, Partial<TrialPlan>, Work, Harm]>([
  ['latency', {}, {}, slower],
  ['latency that wanders', {}, { deviation: 0.8, common: 0.9 }, slower],
  ['latency, in blocks', { assignment: 'switchback' }, { common: 0.5 }, slower],
  ['success', { primary: SUCCESS, guards: [] }, { success: 0.9 }, failing],
  ['a measurement', { primary: COST }, {}, costlier],
])('what it says would be found is found: %s', (_, fields, kind, harm) => {
  const work = createWork(kind);
  const text = describePower(planOf(fields), tasksFrom(work), ALL);
  const [, effect, tasks] =
    / by ×?([\d.]+)\D* would most likely be found, after about (\d+)/.exec(text) ?? [];
  expect(text).toMatch(/would most likely be found/);
  const { next } = seededRandom(9);
  const used = Array.from({ length: 200 }, (__, i) => {
    const plan = planOf({ ...fields, seed: `trial-${i}` });
    return tasksToHarm(plan, work, (task) => harm(task, Number(effect), next));
  });
  const found = used.filter((count) => count !== undefined).sort((a, b) => a - b);
  expect(found.length).toBeGreaterThan(140);
  const median = found[found.length >> 1] ?? 0;
  expect(median).toBeGreaterThan(Number(tasks) / 2);
  expect(median).toBeLessThan(Number(tasks) * 2);
});

/** Tasks until a trial finds harm; `undefined`: it ends otherwise. */
function tasksToHarm(plan: TrialPlan, work: () => Task, harm: (task: Task) => Task) {
  let trial = startTrial(plan, 0);
  for (;;) {
    const next = nextMove(trial, 0);
    if (next?.move === 'end') {
      return next.finding.verdict === 'harmed' ? trial.tasksUsed : undefined;
    }
    if (next?.move === 'switch') {
      const { pair, arm } = next;
      trial = foldStep(trial, { step: 'block', timeMs: 0, pair, arm, sequence: 1 });
    }
    trial = runTask(trial, work(), harm);
  }
}

function runTask(before: Trial, task: Task, harm: (task: Task) => Task): Trial {
  const assigned = before.block ? undefined : assignTask(before, task, 0);
  const trial = assigned === undefined ? before : foldStep(before, assigned);
  const arm: Arm | undefined = trial.block?.arm ?? armOf(trial, task.taskId);
  const outcome = { ...(arm === 'new' ? harm(task) : task), deltaSequence: 1 };
  const step = recordOutcome(trial, outcome, 0);
  return step === undefined ? trial : foldStep(trial, step);
}
