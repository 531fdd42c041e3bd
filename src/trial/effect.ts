import type { DeltaEffect, GainEffect, MetricEffect, TrialVerdict } from '../domain/effect.ts';
import { own } from '../domain/value.ts';
import { besideOf } from './beside.ts';
import { comparisonOf } from './compared.ts';
import { meanInterval, median, medianInterval, rateInterval } from './evidence/distributions.ts';
import { eHarm, eHarmInForce, eHelp, type MetricEvidence } from './evidence/evidence.ts';
import { hasMargin, isConstraint } from './evidence/margin.ts';
import { isRate } from './evidence/pair-score.ts';
import { estimateGain, type Gain } from './gain.ts';
import type { TrialPlan } from './plan.ts';
import { isByGroups, type Trial } from './trial.ts';

/** The effect of a delta by its trial's evidence. Metrics without data are left out. */
export function trialEffect<V extends TrialVerdict | undefined>(
  verdict: V,
  trial: Pick<Trial, 'stage' | 'plan' | 'evidence' | 'tasksUsed' | 'holdback'> &
    Partial<Pick<Trial, 'compared' | 'beside'>>,
): Omit<DeltaEffect, 'verdict'> & { readonly verdict: V } {
  const { evidence, tasksUsed, holdback, beside = [] } = trial;
  const compared = trial.compared && comparisonOf(trial.compared, trial.plan);
  const eHarmOf = (one: MetricEvidence) =>
    isByGroups(trial) ? eHarmInForce(one, one === evidence[0]) : eHarm(one);
  return {
    verdict,
    metrics: evidence
      .filter(({ sets }) => sets > 0)
      .map((one) => ({ ...metricEffect(one), eHarm: eHarmOf(one) })),
    tasksUsed,
    gains:
      holdback === undefined ? [] : holdback.gains.flatMap((gain) => gainEffect(gain, trial.plan)),
    ...(compared === undefined ? {} : { compared }),
    ...(beside.length === 0 ? {} : { beside: beside.map(besideOf) }),
  };
}

type Estimate = readonly [estimate: number, lower: number, upper: number];

/** The effect on one metric. Its interval is valid at a fixed time only; its e-values are valid at any time. */
function metricEffect(one: MetricEvidence): Omit<MetricEffect, 'eHarm'> {
  const { metric, tasksOld, tasksNew } = one;
  const [estimate, lower, upper] = estimateOf(one);
  return {
    metric: metric.name,
    statistic: metric.kind === 'outcome' ? 'share' : metric.statistic,
    // + 0 turns -0 into 0.
    estimate: estimate + 0,
    lower: lower + 0,
    upper: upper + 0,
    eHelp: eHelp(one),
    eNotWorse: one.peaks.notWorse,
    margin: hasMargin(metric) ? metric.margin : undefined,
    ...(isConstraint(metric) ? { isConstraint: true } : {}),
    tasksOld,
    tasksNew,
  };
}

/** The estimate of `MetricEffect` and its interval. */
function estimateOf(one: MetricEvidence): Estimate {
  const { metric, differences, sets, better, worse } = one;
  // In the evidence, positive is worse; the estimate has the metric's own sign.
  const raw = metric.better === 'lower' ? differences : differences.map((value) => -value);
  const sum = raw.reduce((total, value) => total + value, 0);
  const squares = raw.reduce((total, value) => total + value ** 2, 0);
  if (metric.kind === 'outcome') {
    return [(better - worse) / sets, ...rateInterval(better - worse, better + worse, sets)];
  }
  const { length } = raw;
  if (isRate(metric)) return [sum / length, ...rateInterval(sum, squares, length)];
  if (metric.statistic === 'total') return [sum / length, ...meanInterval(sum, squares, length)];
  return [median(raw), ...medianInterval(raw)];
}

function gainEffect(gain: Gain, { large }: TrialPlan): GainEffect[] {
  const { metric, groups } = gain;
  const found = estimateGain(gain, own(large ?? {}, metric));
  if (found === undefined) return [];
  const { perTask, lower, upper } = found;
  return [{ metric, perTask, lower, upper, groups }];
}
