import type { Metric } from '../domain/effect.ts';
import { RATE_WAGERS } from './evidence/bets.ts';
import { mean } from './evidence/distributions.ts';
import { type Evidence, isWatched, wagersOf, watched } from './evidence/evidence.ts';
import { type GroupOutcomes, readGroup, stakeOnAmount, worsened } from './evidence/group-score.ts';
import { isConstraint } from './evidence/margin.ts';
import { addToGain, type Gain, gainedMetrics, noGain } from './gain.ts';
import type { TrialPlan } from './plan.ts';

/** The state of a holdback: some tasks keep the old value of a confirmed change. Plain JSON. */
export interface HoldbackState {
  /**
   * Statistics of Shiryaev–Roberts e-detectors, one per wager: a list for each of `watchedMetrics`, then one for
   * cancellations.
   */
  readonly detectors: readonly (readonly number[])[];
  /** Per metric of `watchedMetrics`: the usual size of a total's differences; 0 if unknown, or no total. */
  readonly scales: readonly number[];
  /** Gains in each of `gainedMetrics`; earlier releases left out success. */
  readonly gains: readonly Gain[];
  /** Groups counted. */
  readonly groups: number;
  /** Median latency in milliseconds when the change was confirmed, or its old value last tried. */
  readonly usualMs: number;
  /** Tasks ever recorded when this part began. */
  readonly fromTask: number;
  /** The number of tasks ever recorded from which the old value may be tried again. */
  readonly retrialTask: number;
}

/** Differences of a total are clipped at these multiples of their usual size; the larger lets rare large ones count. */
const CLIPS = [3, 30];

/** Caps the statistics, so that they stay finite in JSON. */
const MAX_SUM = 1e100;

/** Minimum average run length to a false alarm, in tasks. */
const AVERAGE_RUN_LENGTH = 100_000;

/** Number of tasks recorded in a part of a holdback; the next part has a new seed and needs no earlier receipt. */
const PART_TASKS = 1000;

/** The number of tasks ever recorded at which a part is over. */
export function partEnd({ fromTask }: HoldbackState): number {
  return fromTask + PART_TASKS;
}

/** The metrics by which harm is found. */
export function watchedMetrics({ primary, guards }: TrialPlan): readonly Metric[] {
  return [primary, ...guards].filter((metric) => isWatched(metric, primary));
}

/** The state before the first group, by the evidence of the trial that confirmed the change. */
export function startHoldback(
  plan: TrialPlan,
  evidence: Evidence,
  start: Pick<HoldbackState, 'usualMs' | 'fromTask' | 'retrialTask'>,
): HoldbackState {
  return {
    detectors: [
      ...watchedMetrics(plan).map((metric) => detectorWagers(metric).map(() => 0)),
      RATE_WAGERS.map(() => 0),
    ],
    scales: watched(evidence).map(({ metric, mixed }) =>
      metric.statistic === 'total' && mixed.sizes.length > 0 ? mean(mixed.sizes) : 0,
    ),
    gains: gainedMetrics(plan).map(noGain),
    groups: 0,
    ...start,
  };
}

/**
 * The state after one more group: `M ← (1 + M)(1 + λs)`, where s is positive if the old value was
 * better. While the new value does no harm, the expectation of M after n groups is n at most (Shin,
 * Ramdas & Rinaldo, "E-detectors", NEJSDS 2, 2024).
 *
 * @param group without cancelled tasks; `undefined` if an arm has no others
 * @param cancelledMore share of cancelled tasks in the new arm, less that share in the old arm
 */
export function addToHoldback(
  state: HoldbackState,
  group: GroupOutcomes | undefined,
  plan: TrialPlan,
  cancelledMore = 0,
): HoldbackState {
  const metrics = watchedMetrics(plan);
  const { gains, groups, scales } = state;
  const detectors = state.detectors.map((sums, i) => {
    const metric = metrics[i];
    const stakes = metric
      ? group && stakesOn(metric, group, plan, scales[i])
      : RATE_WAGERS.map((wager) => wager * cancelledMore);
    return detect(sums, stakes);
  });
  if (group === undefined) return { ...state, detectors };
  const pair = { old: [group.old], new: group.new };
  return {
    ...state,
    detectors,
    gains: gains.map((gain) => addToGain(gain, pair, plan.clips[gain.metric])),
    groups: groups + 1,
  };
}

function detectorWagers(metric: Metric): readonly number[] {
  const wagers = wagersOf(metric);
  return metric.statistic === 'total' ? CLIPS.flatMap(() => wagers) : wagers;
}

/** The stake of each wager of a detector; `undefined` if the group has no data. */
function stakesOn(
  metric: Metric,
  group: GroupOutcomes,
  { floorMs }: TrialPlan,
  scale = 0,
): readonly number[] | undefined {
  const wagers = wagersOf(metric);
  const held = withMargin(metric, group);
  if (scale > 0) {
    return CLIPS.flatMap((clip) => {
      const stake = stakeOnAmount(metric, held, clip * scale) ?? 0;
      return wagers.map((wager) => wager * stake);
    });
  }
  // Without a scale, a group is scaled by its own differences.
  const read = readGroup(metric, held, [], floorMs)?.stake;
  if (read === undefined) return undefined;
  const isShifted = isConstraint(metric) && metric.kind === 'success';
  const stake = isShifted ? (read - metric.margin) / (1 + metric.margin) : read;
  return detectorWagers(metric).map((_, i) => (wagers[i % wagers.length] ?? 0) * stake);
}

/** A group whose old task is worse by the margin of a constraint: only what is worse than that is harm. */
function withMargin(metric: Metric, group: GroupOutcomes): GroupOutcomes {
  if (!isConstraint(metric) || metric.kind === 'success') return group;
  return { ...group, old: worsened(metric, group.old) };
}

function detect(sums: readonly number[], stakes: readonly number[] | undefined): readonly number[] {
  if (stakes === undefined) return sums;
  return sums.map((sum, i) => Math.min((1 + sum) * (1 + (stakes[i] ?? 0)), MAX_SUM));
}

/** The e-detector of each watched metric. */
export function detections(
  { detectors }: HoldbackState,
  plan: TrialPlan,
): { readonly metric: string; readonly detection: number }[] {
  return watchedMetrics(plan).map(({ name }, i) => ({
    metric: name,
    detection: detection({ detectors: [detectors[i] ?? []] }),
  }));
}

/** E-detector of harm: at `detectionLimit`, the change is reverted. */
export function detection({ detectors }: Pick<HoldbackState, 'detectors'>): number {
  return mean(detectors.map(mean));
}

/** The average run length in groups: a share of `holdback` tasks keeps the old value, one per group. */
export function detectionLimit({ holdback }: Pick<TrialPlan, 'holdback'>): number {
  return AVERAGE_RUN_LENGTH * holdback;
}
