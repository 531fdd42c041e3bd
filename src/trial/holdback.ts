import type { Metric } from '../domain/effect.ts';
import { mean } from './distributions.ts';
import { isWatched, wagersOf } from './evidence.ts';
import { addToGain, type Gain, noGain } from './gain.ts';
import { type GroupOutcomes, readGroup } from './group-score.ts';
import type { TrialPlan } from './plan.ts';

/** What is known of a confirmed change while some tasks keep the old value. Plain JSON. */
export interface HoldbackState {
  /** Per metric of `watchedMetrics` and wager: the sum of the Shiryaev–Roberts procedure. */
  readonly detectors: readonly (readonly number[])[];
  /** What the new value gains per task: of latency, and of each amount that the trial looks at. */
  readonly gains: readonly Gain[];
  /** Groups counted. */
  readonly groups: number;
  /** Median latency of tasks when the change was confirmed, in milliseconds. */
  readonly usualMs: number;
  /** Tasks ever recorded when this part of the holdback began. */
  readonly fromTask: number;
  /** Tasks ever recorded from which the next group may begin. */
  readonly nextTask: number;
  /** Tasks ever recorded from which the value before may be tried again. */
  readonly retrialTask: number;
}

/** Sizes of differences that amounts are clipped by come from the trial; here there are none. */
const NO_SIZES: readonly number[] = [];

/** The sums may not grow beyond what JSON can hold. */
const MAX_SUM = 1e100;

/**
 * Tasks that pass on average until a value that harms nothing is taken back: the average run length
 * of the detector.
 */
const AVERAGE_RUN_LENGTH = 100_000;

/** Tasks of a part of holdback: the next one has new coins, and needs nothing from before. */
const PART_TASKS = 1000;

/** Tasks ever recorded at which a part of holdback is over. */
export function partEnd({ fromTask }: HoldbackState): number {
  return fromTask + PART_TASKS;
}

/** Metrics whose harm is watched for. */
export function watchedMetrics({ primary, guards }: TrialPlan): readonly Metric[] {
  return [primary, ...guards].filter((metric) => isWatched(metric, primary));
}

/** Holdback before its first group. */
export function startHoldback(
  plan: TrialPlan,
  start: Pick<HoldbackState, 'usualMs' | 'fromTask' | 'nextTask' | 'retrialTask'>,
): HoldbackState {
  const amounts = [plan.primary, ...plan.guards].filter(({ kind }) => kind === 'measurement');
  return {
    detectors: watchedMetrics(plan).map((metric) => wagersOf(metric).map(() => 0)),
    gains: ['latency', ...new Set(amounts.map(({ name }) => name))].map(noGain),
    groups: 0,
    ...start,
  };
}

/**
 * One group more. `M ← (1 + M)(1 + λs)`, where s is positive if the old one was better: while the
 * new value harms nothing, the expected sum after n groups is n at most (Shin, Ramdas & Rinaldo,
 * "E-detectors", NEJSDS 2, 2024).
 */
export function addToHoldback(
  state: HoldbackState,
  group: GroupOutcomes,
  plan: TrialPlan,
): HoldbackState {
  const metrics = watchedMetrics(plan);
  return {
    ...state,
    detectors: state.detectors.map((sums, i) => {
      const metric = metrics[i];
      const reading = metric && readGroup(metric, group, NO_SIZES, plan.floorMs);
      if (metric === undefined || reading === undefined) return sums;
      const wagers = wagersOf(metric);
      return sums.map((sum, j) =>
        Math.min((1 + sum) * (1 + (wagers[j] ?? 0) * reading.stake), MAX_SUM),
      );
    }),
    gains: state.gains.map((gain) => addToGain(gain, group, plan.clips[gain.metric])),
    groups: state.groups + 1,
  };
}

/** Evidence that the value has begun to harm; it is taken back at `detectionLimit`. */
export function detection({ detectors }: Pick<HoldbackState, 'detectors'>): number {
  return mean(detectors.map(mean));
}

/** @param holdback share of tasks that keep the old value */
export function detectionLimit({ holdback }: Pick<TrialPlan, 'holdback'>): number {
  return AVERAGE_RUN_LENGTH * holdback;
}
