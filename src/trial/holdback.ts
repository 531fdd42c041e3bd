import type { Metric } from '../domain/effect.ts';
import { mean } from './distributions.ts';
import { isWatched, wagersOf } from './evidence.ts';
import { addToGain, type Gain, noGain } from './gain.ts';
import { type GroupOutcomes, readGroup } from './group-score.ts';
import type { TrialPlan } from './plan.ts';

/** The state of a holdback: some tasks keep the old value of a confirmed change. Plain JSON. */
export interface HoldbackState {
  /** Per metric of `watchedMetrics` and wager: the statistic of a Shiryaev–Roberts e-detector. */
  readonly detectors: readonly (readonly number[])[];
  /** Gains in latency and in each measurement among the plan's metrics. */
  readonly gains: readonly Gain[];
  /** Groups counted. */
  readonly groups: number;
  /** Median latency in milliseconds when the change was confirmed, or its old value last tried. */
  readonly usualMs: number;
  /** Tasks ever recorded when this part began. */
  readonly fromTask: number;
  /** Tasks ever recorded when the next group may begin. */
  readonly nextTask: number;
  /** Tasks ever recorded when the old value may be tried again. */
  readonly retrialTask: number;
}

/** Differences before a group: none, so that it is scaled by its own alone. */
const NO_SIZES: readonly number[] = [];

/** Caps the statistics, so that they stay finite in JSON. */
const MAX_SUM = 1e100;

/** Average run length to a false alarm, at least, in tasks. */
const AVERAGE_RUN_LENGTH = 100_000;

/** Tasks recorded in a part of a holdback; the next part has a new seed and needs no earlier receipt. */
const PART_TASKS = 1000;

/** Tasks ever recorded when a part is over. */
export function partEnd({ fromTask }: HoldbackState): number {
  return fromTask + PART_TASKS;
}

/** The metrics by which harm is found. */
export function watchedMetrics({ primary, guards }: TrialPlan): readonly Metric[] {
  return [primary, ...guards].filter((metric) => isWatched(metric, primary));
}

/** The state before the first group. */
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
 * The state after one more group: `M ← (1 + M)(1 + λs)`, where s is positive if the old value was
 * better. While the new value does no harm, the expectation of M after n groups is n at most (Shin,
 * Ramdas & Rinaldo, "E-detectors", NEJSDS 2, 2024).
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

/** E-detector of harm: at `detectionLimit`, the change is reverted. */
export function detection({ detectors }: Pick<HoldbackState, 'detectors'>): number {
  return mean(detectors.map(mean));
}

/** The average run length in groups: a share of `holdback` tasks keeps the old value, one per group. */
export function detectionLimit({ holdback }: Pick<TrialPlan, 'holdback'>): number {
  return AVERAGE_RUN_LENGTH * holdback;
}
