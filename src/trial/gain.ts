import { own } from '../domain/value.ts';
import { mean } from './distributions.ts';
import type { GroupOutcomes } from './group-score.ts';
import type { Outcome } from './outcome.ts';
import { MAX_AMOUNT } from './pair-score.ts';

/** What the new value gains per task, in the metric's own unit; of latency, milliseconds. */
export interface Gain {
  readonly metric: string;
  /** Groups in which it was measured. */
  readonly groups: number;
  /** Sums of (old one less mean of the new ones) and of its square; positive: less is spent. */
  readonly sum: number;
  readonly squares: number;
  /** Sum of the old ones. */
  readonly oldSum: number;
}

/** An estimate with the ends of an interval that holds at every moment with about 95 %. */
export interface GainEstimate {
  readonly perTask: number;
  readonly lower: number;
  readonly upper: number;
  /** Mean of the old ones. */
  readonly oldMean: number;
}

/** Fewer groups say too little of the spread. */
const MIN_GROUPS = 20;

const ALPHA = 0.05;

/** Makes the interval narrowest at about 100 groups. */
const RHO_SQUARED = (6.0 + Math.log(7.0)) / 100;

export function noGain(metric: string): Gain {
  return { metric, groups: 0, sum: 0, squares: 0, oldSum: 0 };
}

/**
 * One group more.
 *
 * @param clip amounts count as this at most, so that a single task does not decide
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
export function estimateGain({ groups, sum, squares, oldSum }: Gain): GainEstimate | undefined {
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
    oldMean: oldSum / groups,
  };
}
