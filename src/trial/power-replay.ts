import { hash } from 'node:crypto';
import type { Metric } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import { own } from '../domain/value.ts';
import type { Arm } from './arm.ts';
import { assignTask } from './assign.ts';
import { mean, median } from './distributions.ts';
import { addPair, combinedHarm, type Outcome } from './evidence.ts';
import { foldStep } from './fold.ts';
import type { TrialPlan } from './step.ts';
import { startTrial, type Trial } from './trial.ts';
import { ending, SUFFICIENT } from './verdict.ts';

/**
 * Trials played of each effect, and how many of them may miss it: one in five. A cycle's commit
 * waits for them, some milliseconds.
 */
const REPLAYS = 40;
const MAX_MISSES = 8;

/** The first ones decide, where all of so many find the effect, or so many and most miss it. */
const CLEAR_FINDS = 12;
const CLEAR_MISSES = 5;

/** Differences that evidence goes on from here: enough to rank against, and quick. */
const MAX_CARRIED = 50;

/** Effects that are tried: factors of latency, shares of tasks, parts of a measurement's mean. */
const LADDERS = {
  latency: [3, 2, 1.42, 1.2, 1.1],
  success: [0.4, 0.2, 0.1, 0.05],
  measurement: [1, 0.5, 0.2, 0.1],
} as const;

/** What a trial can find. */
export interface Reach {
  /** The smallest effect that it most likely finds, and after how many tasks (median). */
  readonly found: { readonly effect: number; readonly tasks: number } | undefined;
  /** The largest one that it most likely does not; `undefined`: it finds all that were tried. */
  readonly missed: number | undefined;
}

/**
 * Plays trials of effects that are known, on the outcomes there were. Only what makes the primary
 * metric worse is looked at: what makes it better is found about as soon.
 *
 * @param tasks the newest ones, oldest first; in a switchback trial at least two blocks
 * @param maxTasks that the trial gets to see
 */
export function reachOf(plan: TrialPlan, tasks: readonly Task[], maxTasks: number): Reach {
  const play = createPlay(plan, tasks, maxTasks);
  let found: Reach['found'];
  // From what is found soon to what takes long: each is played only where it may be found.
  for (const effect of LADDERS[plan.primary.kind]) {
    const needed = tasksToFind(() => play(effect));
    if (needed === undefined) return { found, missed: effect };
    found = { effect, tasks: needed };
  }
  return { found, missed: undefined };
}

/** The median of the tasks that were needed; `undefined`: too many trials miss the effect. */
function tasksToFind(play: () => number | undefined): number | undefined {
  const used: number[] = [];
  let misses = 0;
  while (used.length + misses < REPLAYS) {
    const needed = play();
    if (needed === undefined) misses += 1;
    else used.push(needed);
    if (misses > MAX_MISSES || (misses >= CLEAR_MISSES && misses > used.length)) return undefined;
    if (misses === 0 && used.length >= CLEAR_FINDS) break;
  }
  return median(used);
}

/** Plays one trial of an effect: answers the tasks until harm is found; `undefined`: it is not. */
function createPlay(plan: TrialPlan, tasks: readonly Task[], maxTasks: number) {
  const random = createRandom(`${plan.seed}/power`);
  const start = startOf(plan);
  const draw = createDraw(plan, tasks, random);
  const worsen = createWorsening(plan.primary, tasks, random);
  return (effect: number): number | undefined => {
    let trial = start;
    while (trial.tasksUsed < maxTasks) {
      const halves = draw();
      const [old, fresh] = random() < 0.5 ? halves : [halves[1], halves[0]];
      const pair = {
        old: old.map((outcome) => worsen(outcome, 'old', effect)),
        new: fresh.map((outcome) => worsen(outcome, 'new', effect)),
      };
      const evidence = addPair(trial.evidence, pair, plan.timeoutMs);
      trial = { ...trial, evidence, tasksUsed: trial.tasksUsed + old.length + fresh.length };
      if (combinedHarm(evidence) >= SUFFICIENT) return trial.tasksUsed;
      if (ending(trial) !== undefined) return undefined;
    }
    return undefined;
  };
}

function startOf(plan: TrialPlan): Trial {
  const trial = startTrial(plan, 0);
  const evidence = trial.evidence.map((one) => ({
    ...one,
    differences: one.differences.slice(-MAX_CARRIED),
  }));
  return { ...trial, evidence };
}

/** The two halves of a pair, in no order. */
type Halves = readonly [readonly Outcome[], readonly Outcome[]];

/** Pairs drawn from those that the tasks would have made: what is alike in time stays together. */
function createDraw(plan: TrialPlan, tasks: readonly Task[], random: () => number): () => Halves {
  if (plan.assignment === 'task') {
    const pairs = pairsOf(plan, tasks);
    return () => pairs[Math.floor(random() * pairs.length)] ?? [[], []];
  }
  const { blockTasks } = plan;
  const outcomes = tasks.map(outcomeOf);
  return () => {
    const from = Math.floor(random() * (outcomes.length - 2 * blockTasks + 1));
    const middle = from + blockTasks;
    return [outcomes.slice(from, middle), outcomes.slice(middle, middle + blockTasks)];
  };
}

/** Pairs as a trial forms them when tasks are dispatched; at least one, of two tasks. */
function pairsOf(plan: TrialPlan, tasks: readonly Task[]): Halves[] {
  let trial = startTrial(plan, 0);
  for (const [index, { labels }] of tasks.entries()) {
    const step = assignTask(trial, { taskId: String(index), labels }, 0);
    if (step !== undefined) trial = foldStep(trial, step);
  }
  return trial.openPairs.flatMap((pair): Halves[] => {
    const [first, second] = pair.tasks.map(({ taskId }) => tasks[Number(taskId)]);
    return first === undefined || second === undefined
      ? []
      : [[[outcomeOf(first)], [outcomeOf(second)]]];
  });
}

function outcomeOf({ status, latencyMs, measurements }: Task): Outcome {
  return { status, latencyMs, measurements };
}

type Worsening = (outcome: Outcome, arm: Arm, effect: number) => Outcome;

/** Makes the new value worse than the old one, in one metric. */
function createWorsening(metric: Metric, tasks: readonly Task[], random: () => number): Worsening {
  switch (metric.kind) {
    case 'latency':
      return (outcome, arm, factor) =>
        arm === 'new' ? { ...outcome, latencyMs: outcome.latencyMs * factor } : outcome;
    case 'success':
      return worsenSuccess(tasks, random);
    case 'measurement':
      return worsenMeasurement(metric, tasks);
  }
}

function worsenSuccess(tasks: readonly Task[], random: () => number): Worsening {
  const rate = mean(tasks.map(({ status }) => (status === 'success' ? 1 : 0)));
  if (rate >= 0.5) {
    return (outcome, arm, share) =>
      arm === 'new' && outcome.status === 'success' && random() < share / rate
        ? { ...outcome, status: 'failure' }
        : outcome;
  }
  // Where few succeed there is little to lose: there, the old value is made the better one.
  return (outcome, arm, share) =>
    arm === 'old' && outcome.status !== 'success' && random() < share / (1 - rate)
      ? { ...outcome, status: 'success' }
      : outcome;
}

function worsenMeasurement({ name, better }: Metric, tasks: readonly Task[]): Worsening {
  const values = tasks.flatMap(({ measurements }) => own(measurements, name) ?? []);
  const size = mean(values.map(Math.abs)) * (better === 'lower' ? 1 : -1);
  return (outcome, arm, part) => {
    const value = own(outcome.measurements, name);
    if (arm === 'old' || value === undefined) return outcome;
    return { ...outcome, measurements: { ...outcome.measurements, [name]: value + part * size } };
  };
}

/** Mulberry32 (Ettinger, 2017), seeded by a text: from 0 to 1, 1 left out. */
function createRandom(seed: string): () => number {
  let state = Number.parseInt(hash('sha256', seed).slice(0, 8), 16);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
