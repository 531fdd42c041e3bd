import type { Guard, Metric } from '../../domain/effect.ts';
import { MAX_WEALTH } from './bets.ts';
import { mean } from './distributions.ts';
import { worsened } from './group-score.ts';
import { hasMargin } from './margin.ts';
import type { Outcome } from './outcome.ts';
import { turned, valueIn } from './pair-score.ts';

/** Sums of differences of amounts; positive: the new value is better. Plain JSON. */
export interface Sums {
  readonly sum: number;
  readonly squares: number;
}

/** Differences of a total, as measured: clipped ones tell little of rare large amounts. */
export interface Totals {
  readonly sets: number;
  /** Sums of the old value less the new one. */
  readonly gain: Sums;
  /** As `gain`, with the old value made worse by the guard's margin. */
  readonly margin: Sums;
}

const NOTHING: Sums = { sum: 0, squares: 0 };

export const NO_TOTALS: Totals = { sets: 0, gain: NOTHING, margin: NOTHING };

/** Minimum number of sets for an e-value of help: with fewer, rare large amounts may not have been seen. */
const MIN_SETS = 100;

/** ρ² ≈ (ln(1 - 2 ln α) - 2 ln α) / 100: largest e-values, and narrowest intervals, at about 100 sets. */
export const RHO_SQUARED = (6.0 + Math.log(7.0)) / 100;

/** The sums after one more pair or group; sets without data in an arm change nothing. */
export function addToTotals(
  totals: Totals,
  metric: Metric | Guard,
  old: readonly Outcome[],
  fresh: readonly Outcome[],
): Totals {
  const before = meanOf(metric, old);
  const after = meanOf(metric, fresh);
  if (before === undefined || after === undefined) return totals;
  const worse = hasMargin(metric) ? old.map((outcome) => worsened(metric, outcome)) : old;
  return {
    sets: totals.sets + 1,
    gain: plus(totals.gain, turned(metric, before - after)),
    margin: plus(totals.margin, turned(metric, (meanOf(metric, worse) ?? before) - after)),
  };
}

function meanOf(metric: Metric, outcomes: readonly Outcome[]): number | undefined {
  const values = outcomes.flatMap((outcome) => valueIn(metric, outcome, 0) ?? []);
  return values.length === 0 ? undefined : mean(values);
}

function plus({ sum, squares }: Sums, difference: number): Sums {
  return { sum: sum + difference, squares: squares + difference ** 2 };
}

/**
 * E-value that the mean of differences is above 0, or for `harm` below. With t = nρ² and
 * z = sum / √squares it is exp(t z² / 2(1 + t)) / √(1 + t), and 0 on the other side of 0: a lower bound
 * of Robbins' mixture over a half-normal distribution, self-normalised (Robbins, Annals of Mathematical
 * Statistics 41, 1970; de la Peña, Klass & Lai, Annals of Probability 32, 2004). It is exact for
 * differences that are symmetric if nothing has changed, and asymptotic for others.
 */
function eOfSums(sets: number, { sum, squares }: Sums, side: 'help' | 'harm'): number {
  if (squares === 0) return 1;
  const t = sets * RHO_SQUARED;
  const z = (side === 'help' ? sum : -sum) / Math.sqrt(squares);
  if (z <= 0) return 0;
  return Math.min(Math.exp((t * z * z) / (2 * (1 + t))) / Math.sqrt(1 + t), MAX_WEALTH);
}

/** E-value that the new value's total is worse. */
export function eTotalHarm({ sets, gain }: Totals): number {
  return eOfSums(sets, gain, 'harm');
}

/** E-value that the new value's total is worse by more than the margin. */
export function eBeyondMargin({ sets, margin }: Totals): number {
  return eOfSums(sets, margin, 'harm');
}

/** E-value that the new value's total is better; 1: too few sets to have seen rare large amounts. */
export function eTotalHelp({ sets, gain }: Totals): number {
  return sets < MIN_SETS ? 1 : eOfSums(sets, gain, 'help');
}

/** E-value that the new value's total is not worse by the margin; 1 with too few sets, as in `eTotalHelp`. */
export function eTotalNotWorse({ sets, margin }: Totals): number {
  return sets < MIN_SETS ? 1 : eOfSums(sets, margin, 'help');
}
