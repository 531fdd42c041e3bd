import type { Guard, Metric } from '../../domain/effect.ts';
import { type Bets, betOnAmount, betOnRank, PLACE_WAGERS, placeBets, RATE_WAGERS } from './bets.ts';
import { mean } from './distributions.ts';
import {
  betsOf,
  type Evidence,
  eHelp,
  eNotWorse,
  type MetricEvidence,
  wagersOf,
} from './evidence.ts';
import { ALIKE_STRATA, type GroupOutcomes, type GroupReading, readGroup } from './group-score.ts';
import { betBeyondMargin, betOnMargin, groupStake, pairStake } from './margin.ts';
import { successOf } from './outcome.ts';
import {
  type PairOutcomes,
  type PairReading,
  readPair,
  type Scale,
  strataOf,
} from './pair-score.ts';
import { addToTotals } from './totals.ts';

/** Maximum number of differences kept for estimates: carried evidence must not grow without bound. */
const MAX_DIFFERENCES = 1000;

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
      ...withTotals(one, pair),
      ...withMargins(one, scale, (guard) => pairStake(guard, pair, scale)),
    });
  });
}

/** The evidence after one more group. */
export function addGroup(evidence: Evidence, group: GroupOutcomes, scale: Scale): Evidence {
  const pair = { old: [group.old], new: group.new };
  return evidence.map((one) => {
    const { metric, mixed } = one;
    const reading = readGroup(metric, group, mixed.sizes, scale.floorMs);
    if (reading === undefined) return one;
    const { stake } = reading;
    const wagers = wagersOf(metric);
    return withPeaks({
      ...tally(one, reading, stake, pair),
      mixed: metric.statistic === 'median' ? mixed : placeBets(mixed, wagers, stake),
      groups: placeBets(one.groups, wagers, stake),
      groupSteps: betOnSteps(one.groupSteps, reading),
      ...withTotals(one, pair),
      ...withMargins(one, scale, (guard) => groupStake(guard, group)),
    });
  });
}

function withTotals({ metric, totals }: MetricEvidence, pair: PairOutcomes) {
  return totals === undefined ? {} : { totals: addToTotals(totals, metric, pair.old, pair.new) };
}

function withMargins(
  { metric, notWorse, beyond }: MetricEvidence,
  scale: Scale,
  stakeOf: (guard: Guard) => number | undefined,
): Pick<MetricEvidence, 'notWorse' | 'beyond'> {
  const proven = betOnMargin(notWorse, metric, scale, stakeOf);
  if (beyond === undefined) return { notWorse: proven };
  return { notWorse: proven, beyond: betBeyondMargin(beyond, metric, scale, stakeOf) };
}

function betOnSteps(bets: readonly Bets[], { steps }: GroupReading): readonly Bets[] {
  if (steps === undefined) return bets;
  const place = 1 + ALIKE_STRATA.indexOf(steps.name);
  return bets.map((one, i) => {
    if (i === 0) return placeBets(one, RATE_WAGERS, steps.success);
    return i === place ? placeBets(one, PLACE_WAGERS, steps.place) : one;
  });
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
    peaks: { help: Math.max(help, eHelp(one)), notWorse: Math.max(notWorse, eNotWorse(one)) },
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
