import { hash } from 'node:crypto';
import type { Guard } from '../../domain/effect.ts';
import type { Task } from '../../domain/task.ts';
import { assignTask, kindOfTask } from '../assign.ts';
import { addGroup, addPair } from '../evidence/add-evidence.ts';
import { type Bets, SUFFICIENT } from '../evidence/bets.ts';
import { median } from '../evidence/distributions.ts';
import { type Evidence, eHelp, eNotWorse } from '../evidence/evidence.ts';
import { GROUP_TASKS } from '../evidence/group-score.ts';
import { hasMargin, tasksToProve } from '../evidence/margin.ts';
import type { Outcome } from '../evidence/outcome.ts';
import { foldRunning } from '../fold.ts';
import type { TrialPlan } from '../plan.ts';
import { isHelpful } from '../promotion.ts';
import { startTrial, type Trial } from '../trial.ts';
import { CONFIRMING, isHopeless } from '../verdict.ts';
import { addEffectOf } from './known-effect.ts';

/**
 * Replays per effect, and how many of them may miss the effect (one in five). The commit of a cycle
 * waits for the replays: about 10 ms for trials of 200 tasks, up to 100 ms for those of 1,000.
 */
const REPLAYS = 20;
const MAX_MISSES = 4;

/** Replays of an effect end early if the first `CLEAR_FINDS` find it, or once `CLEAR_MISSES` and most miss it. */
const CLEAR_FINDS = 8;
const CLEAR_MISSES = 3;

/** Groups of probation replayed; the growth of evidence is extrapolated from them. */
const PLAYED_GROUPS = 60;

/** Maximum number of carried differences used in replays: enough for ranks, and fast. */
const MAX_CARRIED = 50;

/** Effects replayed: latency ratios, differences of success rates, shares of a measurement's mean. */
const LADDERS = {
  outcome: [3, 2, 1.42, 1.2, 1.1],
  latency: [3, 2, 1.42, 1.2, 1.1],
  success: [0.4, 0.2, 0.1, 0.05],
  measurement: [1, 0.5, 0.2, 0.1],
} as const;

/** The effects that a trial can find. */
export interface Reach {
  /** The smallest effect that the trial most likely finds, and the median number of tasks until it is found. */
  readonly found:
    | {
        readonly effect: number;
        readonly tasks: number;
        /** Tasks until probation confirms the change; at most `probationTasks` of them are in groups. */
        readonly confirmedAfter: number;
      }
    | undefined;
  /** The largest effect that the trial most likely misses; `undefined` if it finds all of `LADDERS`. */
  readonly missed: number | undefined;
}

/** A trial that has found help. */
interface Played {
  readonly evidence: Evidence;
  readonly tasks: number;
}

/**
 * Estimates a trial's power by replay: pairs of recorded outcomes, with a known effect added to one arm. The same
 * arguments give the same result.
 *
 * @param tasks the newest tasks, oldest first; for a switchback trial at least two blocks
 * @param maxTasks tasks available to the trial
 */
export function reachOf(bounded: TrialPlan, tasks: readonly Task[], maxTasks: number): Reach {
  // Only tasks that take part are replayed.
  const { budget: _, ...plan } = bounded;
  const random = createRandom(`${plan.deltaId}/power`);
  const play = createPlay(plan, tasks, maxTasks, random);
  let found: { readonly effect: number; readonly played: readonly Played[] } | undefined;
  let missed: number | undefined;
  // From large to small effects: one that is missed ends the search.
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

/** The trials that found the effect; `undefined` if too many miss it. */
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

/** Creates a function that replays one trial of an effect; it returns `undefined` if the trial missed it. */
function createPlay(
  plan: TrialPlan,
  tasks: readonly Task[],
  maxTasks: number,
  random: () => number,
) {
  const start = startOf(plan);
  const draw = createDraw(plan, tasks, random);
  const change = addEffectOf(plan.primary, tasks, random);
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

/** Tasks of probation until the change is confirmed, extrapolated from `PLAYED_GROUPS`; capped. */
function tasksToConfirm(
  plan: TrialPlan,
  tasks: readonly Task[],
  played: readonly Played[],
  effect: number,
  random: () => number,
): number {
  const outcomes = tasks.map(recordedOutcome);
  const change = addEffectOf(plan.primary, tasks, random);
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
    const { metric } = after;
    const [limit, eOf] = hasMargin(metric) ? [SUFFICIENT, eNotWorse] : [CONFIRMING, eHelp];
    return groupsUntil(limit, eOf(start[i] ?? after), eOf(after)) * GROUP_TASKS;
  });
  const [helped = 0] = needed;
  const all = Math.min(Math.max(0, ...needed), plan.probationTasks);
  // Once help is proven, groups are half as frequent if a margin is out of reach.
  const thinned = plan.guards.some((guard) => isOutOfReach(guard, plan)) ? all - helped : 0;
  return all + Math.max(thinned, 0);
}

/** Whether a guard's margin most likely cannot be proven by the end of probation. */
export function isOutOfReach(guard: Guard, plan: TrialPlan): boolean {
  return guard.kind === 'success' && tasksToProve(guard, plan) > plan.probationTasks;
}

/** Groups until an e-value reaches a limit, given its growth over `PLAYED_GROUPS`. */
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

/** The two halves of a pair, in any order. */
type Halves = readonly [readonly Outcome[], readonly Outcome[]];

/** Creates a function that draws pairs as the tasks would have formed them, so that correlation in time is kept. */
function createDraw(plan: TrialPlan, tasks: readonly Task[], random: () => number): () => Halves {
  if (plan.assignment === 'task') {
    const pairs = pairsOf(plan, tasks);
    return () => pairs[Math.floor(random() * pairs.length)] ?? [[], []];
  }
  const { blockTasks } = plan;
  const outcomes = tasks.map(recordedOutcome);
  return () => {
    const from = Math.floor(random() * (outcomes.length - 2 * blockTasks + 1));
    const middle = from + blockTasks;
    return [outcomes.slice(from, middle), outcomes.slice(middle, middle + blockTasks)];
  };
}

/** The pairs that a trial would form of these tasks. */
function pairsOf(plan: TrialPlan, tasks: readonly Task[]): Halves[] {
  let trial = startTrial(plan, { timeMs: 0, commitment: '' });
  for (const [index, { labels }] of tasks.entries()) {
    const step = assignTask(trial, {
      taskId: String(index),
      kind: kindOfTask(plan, labels),
      timeMs: 0,
      seed: '',
    });
    if (step !== undefined) trial = foldRunning(trial, step);
  }
  return trial.sets.flatMap((set): Halves[] => {
    const [first, second] = set.tasks.map(({ taskId }) => tasks[Number(taskId)]);
    return first === undefined || second === undefined
      ? []
      : [[[recordedOutcome(first)], [recordedOutcome(second)]]];
  });
}

function recordedOutcome({ status, latencyMs, measurements }: Task): Outcome {
  return { status, ...(latencyMs === undefined ? {} : { latencyMs }), measurements };
}

/** Mulberry32 (Ettinger, 2017), seeded by a string: 0 <= x < 1. */
function createRandom(seed: string): () => number {
  let state = Number.parseInt(hash('sha256', seed).slice(0, 8), 16);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
