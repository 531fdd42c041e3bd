import type { Guard, Metric } from '../domain/effect.ts';
import {
  AMOUNT_WAGERS,
  type Bets,
  betOnAmount,
  betOnRank,
  MAX_WEALTH,
  openBets,
  PLACE_WAGERS,
  placeBets,
  RATE_WAGERS,
} from './bets.ts';
import { mean, median } from './distributions.ts';
import { ALIKE_STRATA, type GroupOutcomes, type GroupReading, readGroup } from './group-score.ts';
import { betOnGroupMargin, betOnPairMargin, marginWagers } from './margin.ts';
import { successOf } from './outcome.ts';
import {
  type PairOutcomes,
  type PairReading,
  readPair,
  type Scale,
  strataOf,
} from './pair-score.ts';

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
  /** The highest e-values so far. */
  readonly peaks: { readonly help: number; readonly notWorse: number };
  /** `PairReading.typical` of the newest `MAX_DIFFERENCES` sets, for estimates. */
  readonly differences: readonly number[];
  /** Sum over sets of (success rate of the old tasks - that of the new tasks). */
  readonly successLost: number;
  /** Sums of each arm's mean value per set, as measured. */
  readonly sums: { readonly old: number; readonly new: number };
  readonly tasksOld: number;
  readonly tasksNew: number;
  /** Pairs and groups with data; in how many the new value was worse, and better. */
  readonly sets: number;
  readonly worse: number;
  readonly better: number;
}

/** Evidence per metric, the primary metric first. */
export type Evidence = readonly MetricEvidence[];

/** Differences that estimates rest on: carried evidence must not grow without bound. */
const MAX_DIFFERENCES = 1000;

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

function betsOf({ kind, statistic }: Metric): 'rank' | 'rate' | 'amount' {
  if (kind === 'success') return 'rate';
  return statistic === 'median' ? 'rank' : 'amount';
}

/**
 * The evidence after one more pair. If the change does nothing, random assignment makes the sign of
 * each difference fair given its size, so each wealth is a non-negative martingale of mean 1, which
 * ever exceeds 1/α with probability α at most (Ville 1939; Shafer, "Testing by betting", JRSS A 184,
 * 2021).
 */
export function addPair(evidence: Evidence, pair: PairOutcomes, scale: Scale): Evidence {
  return evidence.map((one) => {
    const { metric } = one;
    const reading = readPair(metric, pair, scale);
    if (reading === undefined) return one;
    const { mixed, stratum } = reading;
    return withPeaks({
      ...tally(one, reading, stratum?.difference ?? mixed ?? 0, pair),
      mixed: mixed === undefined ? one.mixed : betOnPair(metric, one.mixed, mixed),
      strata: betInStratum(one, stratum, scale),
      notWorse: betOnPairMargin(one.notWorse, metric, pair, scale, one.mixed.sizes),
    });
  });
}

/** The evidence after one more group. */
export function addGroup(evidence: Evidence, group: GroupOutcomes, scale: Scale): Evidence {
  return evidence.map((one) => {
    const { metric, mixed } = one;
    const reading = readGroup(metric, group, mixed.sizes, scale.floorMs);
    if (reading === undefined) return one;
    const { stake } = reading;
    const wagers = wagersOf(metric);
    return withPeaks({
      ...tally(one, reading, stake, { old: [group.old], new: group.new }),
      mixed: metric.statistic === 'median' ? mixed : placeBets(mixed, wagers, stake),
      groups: placeBets(one.groups, wagers, stake),
      groupSteps: betOnSteps(one.groupSteps, reading),
      notWorse: betOnGroupMargin(one.notWorse, metric, group, scale, mixed.sizes),
    });
  });
}

function betOnSteps(bets: readonly Bets[], { steps }: GroupReading): readonly Bets[] {
  if (steps === undefined) return bets;
  const place = 1 + ALIKE_STRATA.indexOf(steps.name);
  return bets.map((one, i) => {
    if (i === 0) return placeBets(one, RATE_WAGERS, steps.success);
    return i === place ? placeBets(one, PLACE_WAGERS, steps.place) : one;
  });
}

/** Fractions staked on a group. */
export function wagersOf({ kind, statistic }: Metric): readonly number[] {
  if (kind === 'success') return RATE_WAGERS;
  return statistic === 'median' ? PLACE_WAGERS : AMOUNT_WAGERS;
}

function tally(
  one: MetricEvidence,
  { typical, old, new: fresh }: Pick<PairReading, 'typical' | 'old' | 'new'>,
  direction: number,
  pair: PairOutcomes,
): MetricEvidence {
  const successes = (half: PairOutcomes['old']) => mean(half.map(successOf));
  const { differences } = one;
  return {
    ...one,
    differences:
      typical === undefined ? differences : [...differences.slice(1 - MAX_DIFFERENCES), typical],
    successLost: one.successLost + successes(pair.old) - successes(pair.new),
    sums: { old: one.sums.old + old, new: one.sums.new + fresh },
    tasksOld: one.tasksOld + pair.old.length,
    tasksNew: one.tasksNew + pair.new.length,
    sets: one.sets + 1,
    worse: one.worse + (direction > 0 ? 1 : 0),
    better: one.better + (direction < 0 ? 1 : 0),
  };
}

function withPeaks(one: MetricEvidence): MetricEvidence {
  const { help, notWorse } = one.peaks;
  return {
    ...one,
    peaks: { help: Math.max(help, eHelp(one)), notWorse: Math.max(notWorse, mean(one.notWorse)) },
  };
}

function betOnPair(metric: Metric, bets: Bets, difference: number): Bets {
  switch (betsOf(metric)) {
    case 'rate':
      return placeBets(bets, RATE_WAGERS, difference);
    case 'rank':
      return betOnRank(bets, difference);
    case 'amount':
      return betOnAmount(bets, difference);
  }
}

function betInStratum(
  { metric, strata }: MetricEvidence,
  stratum: PairReading['stratum'],
  scale: Scale,
): readonly Bets[] {
  if (stratum === undefined) return strata;
  const { name, difference } = stratum;
  const place = strataOf(metric, scale).indexOf(name);
  return strata.map((bets, i) => {
    if (i !== place) return bets;
    return name === 'discordant'
      ? placeBets(bets, RATE_WAGERS, difference)
      : betOnRank(bets, difference);
  });
}

type Side = 'harm' | 'help';

function ofPairs({ mixed, strata }: MetricEvidence, side: Side): number {
  return Math.min(averageOf(mixed, strata, side), MAX_WEALTH);
}

/** Mean of the e-value over all and the product of e-values over strata: a pair is in one stratum. */
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

/** E-value that the new value is worse, over pairs and whatever `mixed` takes from groups. */
export function eHarm(one: MetricEvidence): number {
  return ofPairs(one, 'harm');
}

/**
 * E-value that a value in force is worse. For the primary metric, and for ranks, over groups alone:
 * wealth lost while the value helped must not hide that it harms now.
 */
export function eHarmInForce(one: MetricEvidence, isPrimary: boolean): number {
  return isPrimary || one.metric.statistic === 'median' ? mean(one.groups.harm) : eHarm(one);
}

/** E-value that the new value is not worse by the margin; 1 for the primary metric. */
export function eNotWorse({ notWorse }: MetricEvidence): number {
  return notWorse.length === 0 ? 1 : mean(notWorse);
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

/** Latency is not watched by itself if the primary metric is `outcome`, which includes it. */
export function isWatched(metric: Metric, primary: Metric | undefined): boolean {
  return primary?.kind !== 'outcome' || metric.kind !== 'latency';
}

/**
 * How much worse the new value is; negative is better. Latency and outcome: the median log ratio.
 * Success: the mean difference of rates. Totals: the ratio of totals - 1. Median of a measurement: the
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
