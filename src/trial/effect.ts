import type { DeltaEffect, Metric, MetricEffect, TrialVerdict } from '../domain/effect.ts';
import { mean, median, medianInterval, rateInterval } from './distributions.ts';
import { type Evidence, eHarm, eHelp, type MetricEvidence } from './evidence.ts';

/** What a trial's evidence says of its delta. Metrics that no pair told anything of are left out. */
export function trialEffect<V extends TrialVerdict | undefined>(
  verdict: V,
  evidence: Evidence,
  tasksUsed: number,
): Omit<DeltaEffect, 'verdict'> & { readonly verdict: V } {
  return { verdict, metrics: evidence.filter(hasPairs).map(metricEffect), tasksUsed };
}

function hasPairs({ pairs }: MetricEvidence): boolean {
  return pairs > 0;
}

/**
 * Latency and measurements: the median of the pairs' differences. Success: their mean. The
 * intervals hold at the moment they are taken; what holds at any moment are the e-values.
 */
function metricEffect(evidence: MetricEvidence): MetricEffect {
  const { metric, differences, tasksOld, tasksNew } = evidence;
  // As measured, new less old; the evidence has positive for worse.
  const raw = metric.better === 'lower' ? differences : differences.map((value) => -value);
  const isRate = metric.kind === 'success';
  const [lower, upper] = isRate ? rateInterval(raw) : medianInterval(raw);
  return {
    metric: metric.name,
    // Never minus zero: it would be written as such.
    estimate: (isRate ? mean(raw) : median(raw)) + 0,
    lower: lower + 0,
    upper: upper + 0,
    eHarm: eHarm(evidence),
    eHelp: eHelp(evidence),
    tasksOld,
    tasksNew,
  };
}

/** The findings per metric in words: `latency -29 % (-35 to -22), success +0.0 points (…)`. */
export function describeMetrics(metrics: readonly MetricEffect[]): string {
  return metrics.map((one) => `${one.metric} ${describeMetric(one)}`).join(', ');
}

function describeMetric({ metric, estimate, lower, upper }: MetricEffect): string {
  const show = scaleOf(metric);
  return `${show(estimate)}${UNITS.get(metric) ?? ''} (${show(lower)} to ${show(upper)})`;
}

const UNITS = new Map([
  ['latency', ' %'],
  ['success', ' points'],
]);

function scaleOf(metric: Metric['name']): (value: number) => string {
  if (metric === 'latency') return (value) => signed((Math.exp(value) - 1) * 100, 0);
  if (metric === 'success') return (value) => signed(value * 100, 1);
  return (value) => (value > 0 ? '+' : '') + String(Number(value.toPrecision(3)));
}

function signed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) > 0 ? `+${text}` : text.replace(/^-(0(?:\.0+)?)$/, '$1');
}
