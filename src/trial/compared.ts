import type { Comparison, Difference, Metric } from '../domain/effect.ts';
import type { PairOutcomes } from './evidence/pair-score.ts';
import { addToGain, estimateDifference, type Gain, gainedMetrics, noGain } from './gain.ts';
import type { TrialPlan } from './plan.ts';

/** Sums over the pairs, groups and blocks of a trial and its probation. */
export interface Compared {
  readonly tasksOld: number;
  readonly tasksNew: number;
  /** One per metric of `gainedMetrics`. */
  readonly gains: readonly Gain[];
}

export function nothingCompared(plan: TrialPlan): Compared {
  return { tasksOld: 0, tasksNew: 0, gains: gainedMetrics(plan).map(noGain) };
}

/** The sums after a pair, a group, or two blocks, given without cancelled tasks. */
export function compare(sums: Compared, arms: PairOutcomes, { clips }: TrialPlan): Compared {
  return {
    tasksOld: sums.tasksOld + arms.old.length,
    tasksNew: sums.tasksNew + arms.new.length,
    gains: sums.gains.map((gain) => addToGain(gain, arms, clips[gain.metric])),
  };
}

/** The estimates from the sums; `undefined` if nothing was compared. */
export function comparisonOf(
  { tasksOld, tasksNew, gains }: Compared,
  { primary, guards }: TrialPlan,
): Comparison | undefined {
  if (tasksOld + tasksNew === 0) return undefined;
  const metrics = [primary, ...guards];
  const differences = gains.flatMap((gain): Difference[] => {
    const found = estimateDifference(gain);
    const { metric, groups } = gain;
    return found === undefined
      ? []
      : [{ metric, ...found, groups, better: betterOf(metric, metrics) }];
  });
  const decides = primary.kind === 'outcome' ? 'latency' : primary.name;
  return { tasksOld, tasksNew, primary: decides, differences };
}

function betterOf(metric: string, metrics: readonly Metric[]): Metric['better'] {
  if (metric === 'latency') return 'lower';
  if (metric === 'success') return 'higher';
  return metrics.find(({ name }) => name === metric)?.better ?? 'lower';
}
