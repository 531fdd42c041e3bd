import { own } from '../domain/value.ts';
import { ALPHA } from './bets.ts';
import { mean } from './distributions.ts';
import type { GroupOutcomes } from './group-score.ts';
import type { Outcome } from './outcome.ts';
import { MAX_AMOUNT } from './pair-score.ts';

/** Sums for what the new value gains per task, in the metric's own unit; latency in milliseconds. */
export interface Gain {
  readonly metric: string;
  /** Groups in which it was measured. */
  readonly groups: number;
  /** Sums of (old value - mean of the new values) and of its square; positive: the new value saves. */
  readonly sum: number;
  readonly squares: number;
  /** Sum of the old values. */
  readonly oldSum: number;
}

/** The mean gain per task and an interval around it, valid at any time with about 95 %. */
export interface GainEstimate {
  readonly perTask: number;
  readonly lower: number;
  readonly upper: number;
}

/** With fewer groups, the variance is too uncertain. */
const MIN_GROUPS = 20;

/** ρ² ≈ (ln(1 - 2 ln α) - 2 ln α) / 100 makes the interval narrowest at about 100 groups. */
const RHO_SQUARED = (6.0 + Math.log(7.0)) / 100;

export function noGain(metric: string): Gain {
  return { metric, groups: 0, sum: 0, squares: 0, oldSum: 0 };
}

/**
 * Adds a group that has the metric in both arms; another one changes nothing.
 *
 * @param clip larger amounts count as this, so that one task cannot dominate the mean
 */
export function addToGain(gain: Gain, group: GroupOutcomes, clip = MAX_AMOUNT): Gain {
  const most = Math.min(clip, MAX_AMOUNT);
  const amountOf = (outcome: Outcome) => {
    const amount =
      gain.metric === 'latency' ? outcome.latencyMs : own(outcome.measurements, gain.metric);
    return amount === undefined ? [] : [Math.max(-most, Math.min(amount, most))];
  };
  const [old] = amountOf(group.old);
  const others = group.new.flatMap(amountOf);
  if (old === undefined || others.length === 0) return gain;
  const difference = old - mean(others);
  return {
    ...gain,
    groups: gain.groups + 1,
    sum: gain.sum + difference,
    squares: gain.squares + difference ** 2,
    oldSum: gain.oldSum + old,
  };
}

/**
 * The mean with an asymptotic confidence sequence; `undefined`: too few groups (Waudby-Smith, Arbour,
 * Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
 * Annals of Statistics 52, 2024, theorem 2.2).
 */
export function estimateGain({ groups, sum, squares }: Gain): GainEstimate | undefined {
  if (groups < MIN_GROUPS) return undefined;
  const perTask = sum / groups;
  const deviation = Math.sqrt(Math.max(squares / groups - perTask ** 2, 0));
  const t = groups * RHO_SQUARED;
  const halfWidth =
    deviation * Math.sqrt(((2 * (t + 1)) / (groups * t)) * Math.log(Math.sqrt(t + 1) / ALPHA));
  return {
    perTask,
    lower: perTask - halfWidth,
    upper: perTask + halfWidth,
  };
}
