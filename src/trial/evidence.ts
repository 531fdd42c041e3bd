import type { Metric } from '../domain/effect.ts';
import type { TaskStatus } from '../domain/task.ts';
import { own } from '../domain/value.ts';
import { mean, median } from './distributions.ts';

/** What a task of a trial ended with. */
export interface Outcome {
  readonly status: TaskStatus;
  readonly latencyMs: number;
  /** Those that the trial looks at. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** The two halves of a pair: one task each, or a block each. */
export interface PairOutcomes {
  readonly old: readonly Outcome[];
  readonly new: readonly Outcome[];
}

/** What is known of one metric. Immutable, plain JSON. */
export interface MetricEvidence {
  readonly metric: Metric;
  /** Wealth of each bet on harm, and on help; see `WAGERS`. Their means are the e-values. */
  readonly harm: readonly number[];
  readonly help: readonly number[];
  /** New less old per pair, turned so that positive is worse; the newest `MAX_DIFFERENCES`. */
  readonly differences: readonly number[];
  readonly tasksOld: number;
  readonly tasksNew: number;
  /** Sum of the old half's absolute means: what a measurement's differences are relative to. */
  readonly oldScale: number;
  /** Pairs that told anything of this metric. */
  readonly pairs: number;
}

/** Evidence per metric, the primary first. */
export type Evidence = readonly MetricEvidence[];

/**
 * Fractions of the wealth that are bet on each pair, each by a bet of its own. Their mean is an
 * e-value too, and grows nearly as fast as the best of them (Ramdas, Grünwald, Vovk & Shafer,
 * "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38, 2023).
 */
const WAGERS = {
  latency: [0.2, 0.4, 0.6, 0.8, 0.95],
  measurement: [0.2, 0.4, 0.6, 0.8, 0.95],
  success: [0.5, 0.9, 0.99],
} as const;

/**
 * Differences that ranks and estimates are taken over. A trial has some hundred pairs; evidence
 * carried from trial to trial must not grow for ever.
 */
const MAX_DIFFERENCES = 1000;

/**
 * A bet that has won so much stops winning: it could get no higher than what JSON can hold. Less
 * wealth than there could be never makes evidence.
 */
const MAX_WEALTH = 1e100;

/** A measurement of more counts as so much, so that a sum of some is finite. */
const MAX_SIZE = 1e150;

/** A latency below this counts as this, in milliseconds: its logarithm must be finite. */
const MIN_LATENCY_MS = 1;

export function noEvidence(metric: Metric): MetricEvidence {
  const wealth = WAGERS[metric.kind].map(() => 1);
  const counts = { tasksOld: 0, tasksNew: 0, oldScale: 0, pairs: 0 };
  return { metric, harm: wealth, help: wealth, differences: [], ...counts };
}

/** @param timeoutMs latency that a failed task counts as at least: failing fast is not faster */
export function addPair(evidence: Evidence, pair: PairOutcomes, timeoutMs: number): Evidence {
  return evidence.map((one) => addToMetric(one, pair, timeoutMs));
}

/**
 * One bet more. Under "no effect" the coin makes the sign of each difference fair given its size,
 * so each wealth is a non-negative martingale of mean 1, and exceeds 1/α with probability α at
 * most, at whatever moment it is looked at (Ville 1939; Shafer, "Testing by betting", JRSS A 184,
 * 2021).
 */
function addToMetric(
  evidence: MetricEvidence,
  pair: PairOutcomes,
  timeoutMs: number,
): MetricEvidence {
  const { metric } = evidence;
  const oldValues = valuesOf(metric, pair.old, timeoutMs);
  const newValues = valuesOf(metric, pair.new, timeoutMs);
  if (oldValues.length === 0 || newValues.length === 0) return evidence;
  const oldMean = mean(oldValues);
  const difference = (mean(newValues) - oldMean) * (metric.better === 'lower' ? 1 : -1);
  const kept = evidence.differences.slice(1 - MAX_DIFFERENCES);
  const stake = stakeOn(metric, difference, kept);
  const wagers = WAGERS[metric.kind];
  return {
    metric,
    harm: bet(evidence.harm, wagers, stake),
    help: bet(evidence.help, wagers, -stake),
    differences: [...kept, difference],
    tasksOld: evidence.tasksOld + oldValues.length,
    tasksNew: evidence.tasksNew + newValues.length,
    oldScale: evidence.oldScale + Math.abs(oldMean),
    pairs: evidence.pairs + 1,
  };
}

function bet(wealth: readonly number[], wagers: readonly number[], stake: number): number[] {
  return wealth.map((one, i) => Math.min(one * (1 + (wagers[i] ?? 0) * stake), MAX_WEALTH));
}

/**
 * What a pair wins, -1 to 1. Success: the difference of failure rates; with single tasks this is
 * McNemar's count of discordant pairs (Psychometrika 12, 1947). Otherwise the sign of the
 * difference, weighted by the rank of its size among those so far: `g = sign(D) · #{|D_j| ≤ |D|}/k`.
 */
function stakeOn(metric: Metric, difference: number, former: readonly number[]): number {
  if (metric.kind === 'success') return difference;
  const size = Math.abs(difference);
  let rank = 1;
  for (const other of former) if (Math.abs(other) <= size) rank += 1;
  return (Math.sign(difference) * rank) / (former.length + 1);
}

function valuesOf(metric: Metric, outcomes: readonly Outcome[], timeoutMs: number): number[] {
  switch (metric.kind) {
    case 'latency':
      return outcomes.map((outcome) => logLatency(outcome, timeoutMs));
    case 'success':
      return outcomes.map((outcome) => (outcome.status === 'success' ? 1 : 0));
    case 'measurement':
      return outcomes.flatMap(({ measurements }) => {
        const value = own(measurements, metric.name);
        return value === undefined ? [] : [Math.max(-MAX_SIZE, Math.min(value, MAX_SIZE))];
      });
  }
}

function logLatency({ status, latencyMs }: Outcome, timeoutMs: number): number {
  const counted = status === 'success' ? latencyMs : Math.max(latencyMs, timeoutMs);
  return Math.log(Math.max(counted, MIN_LATENCY_MS));
}

/** Evidence that the new value harms this metric; 1: none. */
export function eHarm({ harm }: MetricEvidence): number {
  return mean(harm);
}

/** Evidence that the new value helps this metric; 1: none. */
export function eHelp({ help }: MetricEvidence): number {
  return mean(help);
}

/** Evidence of harm over all metrics: the mean of e-values is one. */
export function combinedHarm(evidence: Evidence): number {
  return mean(evidence.map(eHarm));
}

/**
 * How much worse the new value is, as the metric's thresholds count it; negative is better.
 * Latency: median log ratio. Success: mean difference of rates. A measurement: median difference
 * relative to the old value's mean size.
 */
export function worsening({ metric, differences, oldScale, pairs }: MetricEvidence): number {
  if (pairs === 0) return 0;
  if (metric.kind === 'success') return mean(differences);
  const typical = median(differences);
  if (metric.kind === 'latency') return typical;
  return oldScale === 0 ? Math.sign(typical) : typical / (oldScale / pairs);
}
