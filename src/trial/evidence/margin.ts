import type { Guard, Metric } from '../../domain/effect.ts';
import { grow, PLACE_WAGERS, SUFFICIENT } from './bets.ts';
import { GROUP_TASKS, type GroupOutcomes, readGroup, worsened } from './group-score.ts';
import { hasSucceeded, type Outcome } from './outcome.ts';
import { type PairOutcomes, readPair, type Scale } from './pair-score.ts';

/** Wagers as multiples of the one whose wealth grows fastest if nothing has changed. */
const PARTS = [0.25, 0.5, 1, 2, 4];

/** Largest fraction of wealth that is staked. */
const MAX_WAGER = 0.95;

/** Whether a metric is a guard, whose margin has to be proven. */
export function hasMargin(metric: Metric | Guard): metric is Guard {
  return 'margin' in metric;
}

/** Whether a metric is a guard whose margin must be proven. */
export function isConstraint(
  metric: Metric | Guard,
): metric is Guard & { readonly isConstraint: true } {
  return hasMargin(metric) && metric.isConstraint === true;
}

/**
 * Wagers of the bets that the new value is not worse by more than the margin δ; none for the primary
 * metric, and for totals, whose differences are summed up instead (`totals.ts`). For success, multiples of
 * δ / (2p(1 - p) + δ), where p is the success rate before the trial and 2p(1 - p) the variance of a pair's
 * difference.
 */
export function marginWagers(metric: Metric | Guard, { successRate }: Scale): readonly number[] {
  if (!hasMargin(metric) || metric.statistic === 'total') return [];
  if (metric.kind !== 'success') return PLACE_WAGERS;
  const { margin } = metric;
  const best = margin / (2 * successRate * (1 - successRate) + margin);
  return PARTS.map((part) => Math.min(part * best, MAX_WAGER));
}

/** Information of a group of five relative to a pair: with one task against n, it is 2n / (n + 1). */
const PAIRS_PER_GROUP = 1.6;

/**
 * Tasks of probation until the margin δ of success is proven, approximately, if nothing has changed: the
 * best wager stakes δ / (v + δ), v = 2p(1 - p), and log wealth grows by δ² / 2(v + δ) per pair.
 */
export function tasksToProve({ margin }: Guard, { successRate }: Scale): number {
  const variance = 2 * successRate * (1 - successRate);
  const growth = margin ** 2 / (2 * (variance + margin));
  return (GROUP_TASKS * Math.log(SUFFICIENT)) / (PAIRS_PER_GROUP * growth);
}

/**
 * Wealth after a pair or a group. The test is of a mean (success, totals) or of a median. Unlike tests of no
 * effect, it is not valid by random assignment alone: it assumes that pairs are alike on average.
 *
 * @param stakeOf positive if the new value is better than the margin allows it to be worse; `undefined` if the
 *   set has no data
 */
export function betOnMargin(
  wealth: readonly number[],
  metric: Metric | Guard,
  scale: Scale,
  stakeOf: (guard: Guard) => number | undefined,
): readonly number[] {
  const stake = hasMargin(metric) && wealth.length > 0 ? stakeOf(metric) : undefined;
  return stake === undefined ? wealth : grow(wealth, marginWagers(metric, scale), stake);
}

/** As `betOnMargin`, of the opposite: it is worse by more than the margin. The stake may be as low as -1 - δ. */
export function betBeyondMargin(
  wealth: readonly number[],
  metric: Metric | Guard,
  scale: Scale,
  stakeOf: (guard: Guard) => number | undefined,
): readonly number[] {
  const stake = hasMargin(metric) && wealth.length > 0 ? stakeOf(metric) : undefined;
  if (stake === undefined || !hasMargin(metric)) return wealth;
  const most = metric.kind === 'success' ? MAX_WAGER / (1 + metric.margin) : MAX_WAGER;
  const wagers = marginWagers(metric, scale).map((wager) => Math.min(wager, most));
  return grow(wealth, wagers, -stake);
}

/** The stake of a group; the old task is made worse by the margin. */
export function groupStake(metric: Guard, group: GroupOutcomes): number | undefined {
  const isSuccess = metric.kind === 'success';
  const shifted = isSuccess ? group : { ...group, old: worsened(metric, group.old) };
  const worse = readGroup(metric, shifted, [], 0)?.stake;
  if (worse === undefined) return undefined;
  return isSuccess ? metric.margin - worse : -worse;
}

/** As `groupStake`, of a pair. */
export function pairStake(metric: Guard, pair: PairOutcomes, scale: Scale): number | undefined {
  if (metric.kind === 'success') {
    const reading = readPair(metric, pair, scale);
    return reading && metric.margin - (reading.mixed ?? 0);
  }
  const told = metric.kind === 'latency' ? onlySuccesses(pair) : pair;
  const shifted = { ...told, old: told.old.map((outcome) => worsened(metric, outcome)) };
  const mixed = readPair(metric, shifted, scale)?.mixed;
  return mixed === undefined ? undefined : -Math.sign(mixed);
}

function onlySuccesses({ old, new: fresh }: PairOutcomes): PairOutcomes {
  const succeeded = (half: readonly Outcome[]) => half.filter(hasSucceeded);
  return { old: succeeded(old), new: succeeded(fresh) };
}
