import type { Guard, Metric } from '../../domain/effect.ts';
import {
  AMOUNT_WAGERS,
  type Bets,
  MAX_WEALTH,
  openBets,
  PLACE_WAGERS,
  RATE_WAGERS,
  SUFFICIENT,
} from './bets.ts';
import { mean, median } from './distributions.ts';
import { ALIKE_STRATA } from './group-score.ts';
import { hasMargin, isConstraint, marginWagers } from './margin.ts';
import { isRate, type Scale, strataOf } from './pair-score.ts';
import { eBeyondMargin, eTotalHarm, eTotalNotWorse, NO_TOTALS, type Totals } from './totals.ts';

/** Evidence on one metric. Immutable, plain JSON. Differences: positive is worse. */
export interface MetricEvidence {
  readonly metric: Metric | Guard;
  /** Bets on all pairs; for success and amounts also on groups. */
  readonly mixed: Bets;
  /** Bets on pairs within each stratum of `strataOf`. */
  readonly strata: readonly Bets[];
  /** Bets on groups alone. */
  readonly groups: Bets;
  /** For `outcome`: bets on success in groups, then on ranks within each of `ALIKE_STRATA`. */
  readonly groupSteps: readonly Bets[];
  /** Wealth of the bets that a guard is not worse by its margin; empty for the primary metric. */
  readonly notWorse: readonly number[];
  /** Of a constraint: wealth of the opposite bets, that it is worse by more than its margin; else absent. */
  readonly beyond?: readonly number[];
  /** The highest e-values so far. */
  readonly peaks: { readonly help: number; readonly notWorse: number };
  /** `PairReading.typical` of the newest 1,000 sets, for estimates. */
  readonly differences: readonly number[];
  /** Sum over sets of (success rate of the old tasks - that of the new tasks). */
  readonly successLost: number;
  /** Sums of a total's differences; absent for other metrics, and in evidence of earlier releases. */
  readonly totals?: Totals;
  /** Sums of each arm's mean value per set, as measured. */
  readonly sums: { readonly old: number; readonly new: number };
  readonly tasksOld: number;
  readonly tasksNew: number;
  /** Number of pairs and groups with data, and of those in which the new value was worse, and was better. */
  readonly sets: number;
  readonly worse: number;
  readonly better: number;
}

/** Evidence per metric, the primary metric first. */
export type Evidence = readonly MetricEvidence[];

/** Share of wealth in a stratum that is never staked: a noisy stratum costs a factor of 3.5 at most. */
const CASH = 2 / 7;

export function noEvidence(metric: Metric | Guard, scale: Scale): MetricEvidence {
  return {
    metric,
    mixed: openBets(betsOf(metric)),
    strata: strataOf(metric, scale).map((name) =>
      openBets(name === 'discordant' ? 'rate' : 'rank'),
    ),
    groups: openBets(metric.statistic === 'median' ? 'place' : betsOf(metric)),
    groupSteps:
      metric.kind === 'outcome'
        ? [openBets('rate'), ...ALIKE_STRATA.map(() => openBets('place'))]
        : [],
    notWorse: marginWagers(metric, scale).map(() => 1),
    ...(isConstraint(metric) ? { beyond: marginWagers(metric, scale).map(() => 1) } : {}),
    ...(metric.statistic === 'total' ? { totals: NO_TOTALS } : {}),
    peaks: { help: 1, notWorse: 1 },
    differences: [],
    successLost: 0,
    sums: { old: 0, new: 0 },
    tasksOld: 0,
    tasksNew: 0,
    sets: 0,
    worse: 0,
    better: 0,
  };
}

/** Kind of the bets on pairs. */
export function betsOf(metric: Metric): 'rank' | 'rate' | 'amount' {
  if (isRate(metric)) return 'rate';
  return metric.statistic === 'median' ? 'rank' : 'amount';
}

/** Fractions staked on a group. */
export function wagersOf(metric: Metric): readonly number[] {
  if (isRate(metric)) return RATE_WAGERS;
  return metric.statistic === 'median' ? PLACE_WAGERS : AMOUNT_WAGERS;
}

type Side = 'harm' | 'help';

function ofPairs({ mixed, strata }: MetricEvidence, side: Side): number {
  return Math.min(averageOf(mixed, strata, side), MAX_WEALTH);
}

/** Mean of the e-value over all and of the product over strata, which is an e-value as a set is in one stratum. */
function averageOf(all: Bets, strata: readonly Bets[], side: Side): number {
  if (strata.length === 0) return mean(all[side]);
  const product = strata.reduce((e, bets) => e * (CASH + (1 - CASH) * mean(bets[side])), 1);
  return (mean(all[side]) + product) / 2;
}

/** E-value that the new value is better, over pairs and groups. */
export function eHelp(one: MetricEvidence): number {
  const ofGroups =
    one.metric.statistic === 'median' ? averageOf(one.groups, one.groupSteps, 'help') : 1;
  return Math.min(ofPairs(one, 'help') * ofGroups, MAX_WEALTH);
}

/**
 * E-value that the new value is worse, over pairs and the groups in `mixed`. For a total, the mean of the e-values of
 * clipped differences and of differences as measured. A constraint may be worse by its margin: only more is harm.
 */
export function eHarm(one: MetricEvidence): number {
  if (one.beyond !== undefined) {
    return one.totals === undefined ? mean(one.beyond) : eBeyondMargin(one.totals);
  }
  const ofSets = ofPairs(one, 'harm');
  return one.totals === undefined ? ofSets : (ofSets + eTotalHarm(one.totals)) / 2;
}

/**
 * E-value that a live value is worse. For the primary metric, and for ranks, over groups alone:
 * wealth lost while the value helped must not hide that it harms now.
 */
export function eHarmInForce(one: MetricEvidence, isPrimary: boolean): number {
  if (one.beyond !== undefined) return eHarm(one);
  return isPrimary || one.metric.statistic === 'median' ? mean(one.groups.harm) : eHarm(one);
}

/** E-value that the new value is not worse by the margin; 1 for the primary metric. */
export function eNotWorse({ metric, notWorse, totals }: MetricEvidence): number {
  if (!hasMargin(metric)) return 1;
  if (totals !== undefined) return eTotalNotWorse(totals);
  return notWorse.length === 0 ? 1 : mean(notWorse);
}

/** Constraints whose margin is not proven yet. */
export function openConstraints(evidence: Evidence): readonly MetricEvidence[] {
  return evidence.filter(
    ({ metric, peaks }) => isConstraint(metric) && peaks.notWorse < SUFFICIENT,
  );
}

/** E-value of harm over all watched metrics: a mean of e-values is an e-value. */
export function combinedHarm(evidence: Evidence): number {
  return mean(watched(evidence).map(eHarm));
}

/** The metrics by which harm is found. */
export function watched(evidence: Evidence): Evidence {
  const primary = evidence[0]?.metric;
  return evidence.filter(({ metric }) => isWatched(metric, primary));
}

/** Whether a metric is watched for harm: all are, except a median latency beside an `outcome`, which includes it. */
export function isWatched(metric: Metric, primary: Metric | undefined): boolean {
  const isIncluded = metric.kind === 'latency' && metric.statistic === 'median';
  return primary?.kind !== 'outcome' || !isIncluded;
}

/**
 * How much worse the new value is; negative is better. Latency and outcome: the median log ratio.
 * Success and `p95`: the mean difference of rates. Totals: the ratio of totals - 1. Median of a measurement: the
 * median difference over the mean absolute old value.
 */
export function worsening({
  metric,
  differences,
  successLost,
  sums,
  sets,
}: MetricEvidence): number {
  if (sets === 0) return 0;
  if (metric.kind === 'success') return successLost / sets;
  if (metric.statistic === 'p95') return (sums.new - sums.old) / sets;
  if (metric.kind !== 'measurement' && metric.statistic === 'median') return median(differences);
  const sign = metric.better === 'lower' ? 1 : -1;
  const size = Math.abs(sums.old);
  if (metric.statistic === 'total') {
    const change = sign * (sums.new - sums.old);
    return size === 0 ? Math.sign(change) : change / size;
  }
  const typical = median(differences);
  return size === 0 ? Math.sign(typical) : typical / (size / sets);
}
