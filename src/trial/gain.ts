import { own } from '../domain/value.ts';
import { ALPHA } from './evidence/bets.ts';
import { mean } from './evidence/distributions.ts';
import { type Outcome, successOf } from './evidence/outcome.ts';
import { MAX_AMOUNT, type PairOutcomes } from './evidence/pair-score.ts';
import { RHO_SQUARED } from './evidence/totals.ts';
import type { TrialPlan } from './plan.ts';

/**
 * Sums from which the gain per task of the new value is estimated, in the metric's own unit: latency in milliseconds,
 * success as a rate.
 */
export interface Gain {
  readonly metric: string;
  /** Number of groups in which both arms have the metric. */
  readonly groups: number;
  /**
   * Sums over groups of (mean of the old arm - mean of the new arm) and of its square; for success, of (new - old).
   * Positive: the new value saves, or more tasks succeed.
   */
  readonly sum: number;
  readonly squares: number;
  /** Sum over groups of the mean of the old arm. */
  readonly oldSum: number;
}

/** The mean gain per task and an interval around it, valid at any time with about 95 %. */
export interface GainEstimate {
  readonly perTask: number;
  readonly lower: number;
  readonly upper: number;
}

/** Minimum number of groups for an estimate; with fewer, the variance is too uncertain. */
export const MIN_GROUPS = 20;

/**
 * Groups added to the observed ones when the variance is computed: one per arm, with a large amount or, for success, a
 * failure. A few observed groups may contain none although the arm produces them.
 */
const IMAGINED_GROUPS = 2;

/** As `MIN_GROUPS`, for `estimateDifference`. */
const MIN_COMPARED = 5;

export function noGain(metric: string): Gain {
  return { metric, groups: 0, sum: 0, squares: 0, oldSum: 0 };
}

/** The metrics whose gains are estimated: latency, success, and each measurement of the plan. */
export function gainedMetrics({
  primary,
  guards,
}: Pick<TrialPlan, 'primary' | 'guards'>): readonly string[] {
  const amounts = [primary, ...guards].filter(({ kind }) => kind === 'measurement');
  return [...new Set(['latency', 'success', ...amounts.map(({ name }) => name)])];
}

/**
 * Adds a group, a pair, or two blocks; the sums stay the same if an arm does not have the metric.
 *
 * @param clip larger amounts count as this, so that one task cannot dominate the mean
 */
export function addToGain(gain: Gain, arms: PairOutcomes, clip = MAX_AMOUNT): Gain {
  const isSuccess = gain.metric === 'success';
  const most = Math.min(clip, MAX_AMOUNT);
  const amountOf = (outcome: Outcome) => {
    if (isSuccess) return [successOf(outcome)];
    const amount =
      gain.metric === 'latency' ? outcome.latencyMs : own(outcome.measurements, gain.metric);
    return amount === undefined ? [] : [Math.max(-most, Math.min(amount, most))];
  };
  const olds = arms.old.flatMap(amountOf);
  const others = arms.new.flatMap(amountOf);
  if (olds.length === 0 || others.length === 0) return gain;
  const old = mean(olds);
  const difference = isSuccess ? mean(others) - old : old - mean(others);
  return {
    ...gain,
    groups: gain.groups + 1,
    sum: gain.sum + difference,
    squares: gain.squares + difference ** 2,
    oldSum: gain.oldSum + old,
  };
}

/**
 * The mean gain with an asymptotic confidence sequence; `undefined` with too few groups (Waudby-Smith, Arbour, Sinha,
 * Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52,
 * 2024, theorem 2.2). The variance is computed over the groups and `IMAGINED_GROUPS` more.
 *
 * @param large an amount of the metric that is rarely exceeded; not used for success
 */
export function estimateGain(gain: Gain, large = 0): GainEstimate | undefined {
  const { groups, sum } = gain;
  if (groups < MIN_GROUPS) return undefined;
  return around(sum / groups, varianceOf(gain, large), groups);
}

/**
 * As `estimateGain`, with the sample variance, for a trial and its probation, which may have few pairs and groups. With
 * fewer than about 50, the interval is only roughly valid.
 */
export function estimateDifference(gain: Gain): GainEstimate | undefined {
  const { groups, sum } = gain;
  if (groups < MIN_COMPARED) return undefined;
  return around(sum / groups, (varianceOf(gain, 0) * groups) / (groups - 1), groups);
}

function varianceOf({ metric, groups, sum, squares }: Gain, large: number): number {
  const size = metric === 'success' ? 1 : large;
  const imagined = size === 0 ? 0 : IMAGINED_GROUPS;
  const count = groups + imagined;
  return Math.max((squares + imagined * size ** 2) / count - (sum / count) ** 2, 0);
}

function around(perTask: number, variance: number, groups: number): GainEstimate {
  const t = groups * RHO_SQUARED;
  const halfWidth =
    Math.sqrt(variance) *
    Math.sqrt(((2 * (t + 1)) / (groups * t)) * Math.log(Math.sqrt(t + 1) / ALPHA));
  return {
    perTask,
    lower: perTask - halfWidth,
    upper: perTask + halfWidth,
  };
}
