import type { Guard, Metric } from '../../domain/effect.ts';
import { clipped } from './bets.ts';
import { mean } from './distributions.ts';
import { hasSucceeded, logLatency, type Outcome, successOf } from './outcome.ts';
import { turned, valueIn } from './pair-score.ts';

/** Tasks in a group of probation or holdback, one of which keeps the old value. */
export const GROUP_TASKS = 5;

/** The outcomes of a group: one task, drawn at random, has the old value. */
export interface GroupOutcomes {
  readonly old: Outcome;
  readonly new: readonly Outcome[];
}

/** The result of a group in one metric; positive: the new value is worse. */
export interface GroupReading {
  /** -1 to 1; with mean 0 over the random draw if the change does nothing. */
  readonly stake: number;
  /**
   * The stake of `outcome` in two steps: whether the old task succeeded, and its rank among the tasks that ended alike.
   * Given the first, the rank has mean 0 too.
   */
  readonly steps?: {
    readonly success: number;
    readonly name: AlikeStratum;
    readonly place: number;
  };
  /** As `PairReading.typical`. */
  readonly typical: number | undefined;
  /** The old task's value and the mean of the new ones, as measured. */
  readonly old: number;
  readonly new: number;
}

/** How the old task ended; its rank is among the new tasks that ended alike. */
export const ALIKE_STRATA = ['succeeded', 'failed'] as const;
type AlikeStratum = (typeof ALIKE_STRATA)[number];

/** Negative: `a` is better; 0: neither is. */
type Compare = (a: Outcome, b: Outcome) => number;

/**
 * Reads a group; `undefined` if it has no data for the metric.
 *
 * @param sizes absolute differences so far, by which amounts are scaled
 * @param floorMs the latency of failures below this is ignored
 */
export function readGroup(
  metric: Metric,
  group: GroupOutcomes,
  sizes: readonly number[],
  floorMs: number,
): GroupReading | undefined {
  if (metric.statistic === 'p95') return readExceeding(metric, group);
  switch (metric.kind) {
    case 'outcome':
      return readOutcome(group, floorMs);
    case 'success': {
      const fresh = mean(group.new.map(successOf));
      const old = successOf(group.old);
      const stake = old - fresh;
      return { stake, typical: stake, old, new: fresh };
    }
    case 'latency':
      return metric.statistic === 'total'
        ? readAmount(metric, group, sizes)
        : readRanked(onlySuccesses(group), compareOutcomes, logOf);
    case 'measurement': {
      if (metric.statistic === 'total') return readAmount(metric, group, sizes);
      const read = (outcome: Outcome) => valueIn(metric, outcome, 0);
      return readRanked(only(group, read), byValue(metric, read), read, metric);
    }
  }
}

/** An outcome made worse by a guard's margin. */
export function worsened(metric: Guard, outcome: Outcome): Outcome {
  const worse = (value: number) => value + turned(metric, metric.margin * Math.abs(value));
  if (metric.kind === 'latency') {
    const { latencyMs } = outcome;
    return latencyMs === undefined ? outcome : { ...outcome, latencyMs: worse(latencyMs) };
  }
  const value = valueIn(metric, outcome, 0);
  if (value === undefined) return outcome;
  return { ...outcome, measurements: { ...outcome.measurements, [metric.name]: worse(value) } };
}

function readOutcome(group: GroupOutcomes, floorMs: number): GroupReading | undefined {
  const reading = readRanked(group, compareOutcomes, logOf);
  if (reading === undefined) return undefined;
  const { old, new: fresh } = group;
  const alike = fresh.filter((other) => hasSucceeded(other) === hasSucceeded(old));
  const isFast = ({ status, latencyMs = 0 }: Outcome) =>
    status !== 'success' && latencyMs < floorMs;
  const places = alike.map((other) =>
    isFast(other) && isFast(old) ? 0 : Math.sign(compareOutcomes(other, old)),
  );
  const steps = {
    success: successOf(old) - mean(fresh.map(successOf)),
    name: hasSucceeded(old) ? 'succeeded' : 'failed',
    place: mean(places),
  } as const;
  return { ...reading, steps };
}

/** The stake is the share of the new tasks that exceed, less 1 if the old one does. */
function readExceeding(metric: Metric, group: GroupOutcomes): GroupReading | undefined {
  const read = (outcome: Outcome) => valueIn(metric, outcome, 0);
  const told = only(group, read);
  if (told === undefined) return undefined;
  const old = read(told.old) ?? 0;
  const fresh = mean(told.new.map((outcome) => read(outcome) ?? 0));
  const stake = fresh - old;
  return { stake, typical: stake, old, new: fresh };
}

/** The stake is the old task's rank in the group: -1 if it is the worst, 1 if it is the best. */
function readRanked(
  group: GroupOutcomes | undefined,
  compare: Compare,
  read: (outcome: Outcome) => number | undefined,
  metric?: Metric,
): GroupReading | undefined {
  if (group === undefined) return undefined;
  const places = group.new.map((other) => Math.sign(compare(other, group.old)));
  const alike = group.new.filter((other) => hasSucceeded(other) === hasSucceeded(group.old));
  const values = alike.flatMap((other) => read(other) ?? []);
  const [old, fresh] = [read(group.old), values.length === 0 ? undefined : mean(values)];
  const difference = old === undefined || fresh === undefined ? undefined : fresh - old;
  const typical = difference && (metric ? turned(metric, difference) : difference);
  return { stake: mean(places), typical: typical || undefined, old: old ?? 0, new: fresh ?? 0 };
}

/** A success is better than a failure; of two that ended alike, the faster one is better. */
function compareOutcomes(a: Outcome, b: Outcome): number {
  if (hasSucceeded(a) !== hasSucceeded(b)) return hasSucceeded(a) ? -1 : 1;
  return a.latencyMs === undefined || b.latencyMs === undefined ? 0 : a.latencyMs - b.latencyMs;
}

function byValue(metric: Metric, read: (outcome: Outcome) => number | undefined): Compare {
  return (a, b) => turned(metric, (read(a) ?? 0) - (read(b) ?? 0));
}

function logOf({ latencyMs }: Outcome): number | undefined {
  return latencyMs === undefined ? undefined : logLatency(latencyMs);
}

function onlySuccesses(group: GroupOutcomes): GroupOutcomes | undefined {
  return only(group, (outcome) => (hasSucceeded(outcome) ? outcome.latencyMs : undefined));
}

/** The tasks of a group that have a value; `undefined` if an arm has none. */
function only(
  { old, new: fresh }: GroupOutcomes,
  read: (outcome: Outcome) => number | undefined,
): GroupOutcomes | undefined {
  const left = fresh.filter((outcome) => read(outcome) !== undefined);
  return read(old) === undefined || left.length === 0 ? undefined : { old, new: left };
}

/**
 * The stake is the clipped difference of the new tasks' mean and the old task's amount, less the mean of that
 * difference over each choice of the old task: with clipping alone, the stake's mean would not be 0.
 */
function readAmount(
  metric: Metric,
  group: GroupOutcomes,
  sizes: readonly number[],
): GroupReading | undefined {
  const told = amountsIn(metric, group);
  if (told === undefined) return undefined;
  const { differences, ...means } = told;
  // The scale must not depend on which task is the old one.
  const all = [...sizes, mean(differences.map(Math.abs))];
  const stake = centred(differences.map((difference) => clipped(difference, all)));
  return { stake, typical: differences[0], ...means };
}

/** As the stake of a total, with differences clipped at a fixed size; `undefined` without data. */
export function stakeOnAmount(
  metric: Metric,
  group: GroupOutcomes,
  most: number,
): number | undefined {
  const told = amountsIn(metric, group);
  if (told === undefined) return undefined;
  return centred(told.differences.map((one) => Math.max(-1, Math.min(one / most, 1))));
}

/** Half the difference of the first score, that of the true old task, and the mean score over every choice of it. */
function centred(scores: readonly number[]): number {
  return ((scores[0] ?? 0) - mean(scores)) / 2;
}

/** The differences of a group for each choice of the old task, the true one first, and the mean of each arm. */
function amountsIn(metric: Metric, group: GroupOutcomes) {
  const told = only(group, (outcome) => valueIn(metric, outcome, 0));
  if (told === undefined) return undefined;
  const values = [told.old, ...told.new].map((outcome) => valueIn(metric, outcome, 0) ?? 0);
  const sum = values.reduce((total, value) => total + value, 0);
  const others = values.length - 1;
  const differences = values.map((value) => turned(metric, (sum - value) / others - value));
  const [old = 0] = values;
  return { differences, old, new: (sum - old) / others };
}
