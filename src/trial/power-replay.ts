import { hash } from 'node:crypto';
import type { Metric } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import { own } from '../domain/value.ts';
import { type Arm, GROUP_TASKS } from './arm.ts';
import { assignTask, kindOfTask } from './assign.ts';
import { type Bets, SUFFICIENT } from './bets.ts';
import { mean, median } from './distributions.ts';
import { addGroup, addPair, type Evidence, eHelp, eNotWorse } from './evidence.ts';
import { foldRunning } from './fold.ts';
import { hasMargin } from './margin.ts';
import type { Outcome } from './outcome.ts';
import type { TrialPlan } from './plan.ts';
import { startTrial, type Trial } from './trial.ts';
import { CONFIRMING, isHelpful, isHopeless } from './verdict.ts';

/**
 * Trials played of each effect, and how many of them may miss it: one in five. A cycle's commit
 * waits for them, some ten milliseconds.
 */
const REPLAYS = 20;
const MAX_MISSES = 4;

/** The first ones decide, where all of so many find the effect, or so many and most miss it. */
const CLEAR_FINDS = 8;
const CLEAR_MISSES = 3;

/** Groups of probation that are played; how evidence grows in them is taken to go on. */
const PLAYED_GROUPS = 60;

/** Differences that evidence goes on from here: enough to rank against, and quick. */
const MAX_CARRIED = 50;

/** Effects that are tried: factors of latency, shares of tasks, parts of a measurement's mean. */
const LADDERS = {
  outcome: [3, 2, 1.42, 1.2, 1.1],
  latency: [3, 2, 1.42, 1.2, 1.1],
  success: [0.4, 0.2, 0.1, 0.05],
  measurement: [1, 0.5, 0.2, 0.1],
} as const;

/** What a trial can find. */
export interface Reach {
  /** The smallest effect that it most likely finds, and after how many tasks (medians). */
  readonly found:
    | {
        readonly effect: number;
        readonly tasks: number;
        /** Tasks of probation until it is confirmed. */
        readonly confirmedAfter: number;
      }
    | undefined;
  /** The largest one that it most likely does not; `undefined`: it finds all that were tried. */
  readonly missed: number | undefined;
}

/** A trial that has found help. */
interface Played {
  readonly evidence: Evidence;
  readonly tasks: number;
}

/**
 * Plays trials of effects that are known, on the outcomes there were: those of the old value are
 * made worse.
 *
 * @param tasks the newest ones, oldest first; in a switchback trial at least two blocks
 * @param maxTasks that the trial gets to see
 */
export function reachOf(plan: TrialPlan, tasks: readonly Task[], maxTasks: number): Reach {
  const random = createRandom(`${plan.deltaId}/power`);
  const play = createPlay(plan, tasks, maxTasks, random);
  let found: { readonly effect: number; readonly played: readonly Played[] } | undefined;
  let missed: number | undefined;
  // From what is found soon to what takes long: each is played only where it may be found.
  for (const effect of LADDERS[plan.primary.kind]) {
    const played = playOften(() => play(effect));
    if (played === undefined) {
      missed = effect;
      break;
    }
    found = { effect, played };
  }
  if (found === undefined) return { found, missed };
  const { effect, played } = found;
  const confirmedAfter = tasksToConfirm(plan, tasks, played, effect, random);
  return {
    found: { effect, tasks: median(played.map((one) => one.tasks)), confirmedAfter },
    missed,
  };
}

/** The trials that found the effect; `undefined`: too many miss it. */
function playOften(play: () => Played | undefined): readonly Played[] | undefined {
  const found: Played[] = [];
  let misses = 0;
  while (found.length + misses < REPLAYS) {
    const played = play();
    if (played === undefined) misses += 1;
    else found.push(played);
    if (misses > MAX_MISSES || (misses >= CLEAR_MISSES && misses > found.length)) return undefined;
    if (misses === 0 && found.length >= CLEAR_FINDS) break;
  }
  return found;
}

/** Plays one trial of an effect: answers what it found; `undefined`: nothing. */
function createPlay(
  plan: TrialPlan,
  tasks: readonly Task[],
  maxTasks: number,
  random: () => number,
) {
  const start = startOf(plan);
  const draw = createDraw(plan, tasks, random);
  const change = createChange(plan.primary, tasks, random);
  return (effect: number): Played | undefined => {
    let trial = start;
    while (trial.tasksUsed < maxTasks) {
      const halves = draw();
      const [old, fresh] = random() < 0.5 ? halves : [halves[1], halves[0]];
      const pair = {
        old: old.map((outcome) => change(outcome, 'old', effect)),
        new: fresh.map((outcome) => change(outcome, 'new', effect)),
      };
      const evidence = addPair(trial.evidence, pair, plan);
      trial = { ...trial, evidence, tasksUsed: trial.tasksUsed + old.length + fresh.length };
      if (isHelpful(trial)) return { evidence, tasks: trial.tasksUsed };
      if (isHopeless(trial)) break;
    }
    return undefined;
  };
}

/** Tasks of probation until all evidence is there, as it grows in some groups; capped. */
function tasksToConfirm(
  plan: TrialPlan,
  tasks: readonly Task[],
  played: readonly Played[],
  effect: number,
  random: () => number,
): number {
  const outcomes = tasks.map(outcomeOf);
  const change = createChange(plan.primary, tasks, random);
  const start = played[played.length >> 1]?.evidence ?? [];
  let evidence = start;
  for (let group = 0; group < PLAYED_GROUPS; group += 1) {
    const from = Math.floor(random() * Math.max(outcomes.length - GROUP_TASKS, 1));
    const own = outcomes.slice(from, from + GROUP_TASKS);
    const place = Math.floor(random() * own.length);
    const [old] = own.splice(place, 1);
    if (old === undefined) break;
    const fresh = own.map((outcome) => change(outcome, 'new', effect));
    evidence = addGroup(evidence, { old: change(old, 'old', effect), new: fresh }, plan);
  }
  const needed = evidence.map((after, i) => {
    const before = start[i];
    if (before === undefined) return 0;
    const groups = [
      ...(i === 0 ? [groupsUntil(CONFIRMING, eHelp(before), eHelp(after))] : []),
      ...(hasMargin(after.metric)
        ? [groupsUntil(SUFFICIENT, eNotWorse(before), eNotWorse(after))]
        : []),
    ];
    return Math.max(0, ...groups) * GROUP_TASKS;
  });
  return Math.min(Math.max(...needed), plan.probationTasks);
}

/** Groups until evidence that has grown so in `PLAYED_GROUPS` comes to a limit. */
function groupsUntil(limit: number, before: number, after: number): number {
  if (before >= limit) return 0;
  const growth = Math.log(after / before) / PLAYED_GROUPS;
  return growth <= 0 ? Number.POSITIVE_INFINITY : Math.ceil(Math.log(limit / before) / growth);
}

function startOf(plan: TrialPlan): Trial {
  const trial = startTrial(plan, { timeMs: 0, commitment: '' });
  const recent = (bets: Bets) => ({ ...bets, sizes: bets.sizes.slice(-MAX_CARRIED) });
  const evidence = trial.evidence.map((one) => ({
    ...one,
    mixed: recent(one.mixed),
    strata: one.strata.map(recent),
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
  let trial = startTrial(plan, { timeMs: 0, commitment: '' });
  for (const [index, { labels }] of tasks.entries()) {
    const step = assignTask(trial, {
      taskId: String(index),
      kind: kindOfTask(plan, labels),
      timeMs: 0,
      recorded: 0,
      seed: '',
    });
    if (step !== undefined) trial = foldRunning(trial, step);
  }
  return trial.sets.flatMap((set): Halves[] => {
    const [first, second] = set.tasks.map(({ taskId }) => tasks[Number(taskId)]);
    return first === undefined || second === undefined
      ? []
      : [[[outcomeOf(first)], [outcomeOf(second)]]];
  });
}

function outcomeOf({ status, latencyMs, measurements }: Task): Outcome {
  return { status, ...(latencyMs === undefined ? {} : { latencyMs }), measurements };
}

type Change = (outcome: Outcome, arm: Arm, effect: number) => Outcome;

/** Makes the old value worse than the new one, in one metric. */
function createChange(metric: Metric, tasks: readonly Task[], random: () => number): Change {
  switch (metric.kind) {
    case 'outcome':
    case 'latency':
      return (outcome, arm, factor) =>
        arm === 'old' && outcome.latencyMs !== undefined
          ? { ...outcome, latencyMs: outcome.latencyMs * factor }
          : outcome;
    case 'success':
      return changeSuccess(tasks, random);
    case 'measurement':
      return changeMeasurement(metric, tasks);
  }
}

function changeSuccess(tasks: readonly Task[], random: () => number): Change {
  const rate = mean(tasks.map(({ status }) => (status === 'success' ? 1 : 0)));
  if (rate >= 0.5) {
    return (outcome, arm, share) =>
      arm === 'old' && outcome.status === 'success' && random() < share / rate
        ? { ...outcome, status: 'failure' }
        : outcome;
  }
  // Where few succeed there is little to lose: there, the new value is made the better one.
  return (outcome, arm, share) =>
    arm === 'new' && outcome.status !== 'success' && random() < share / (1 - rate)
      ? { ...outcome, status: 'success' }
      : outcome;
}

function changeMeasurement({ name, better }: Metric, tasks: readonly Task[]): Change {
  const values = tasks.flatMap(({ measurements }) => own(measurements, name) ?? []);
  const size = mean(values.map(Math.abs)) * (better === 'lower' ? 1 : -1);
  return (outcome, arm, part) => {
    const value = own(outcome.measurements, name);
    if (arm === 'new' || value === undefined) return outcome;
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
