import type { GainEffect, MetricEffect, Statistic } from '../../domain/effect.ts';
import { marginText } from '../../domain/margin-text.ts';
import { SUFFICIENT } from '../evidence/bets.ts';

/**
 * The estimate per metric in words, with its statistic and interval: `latency -29 % (median; -35 to
 * -22), success +0.3 points (share; -1.0 to +1.6)`.
 */
export function describeMetrics(metrics: readonly MetricEffect[]): string {
  return metrics.map(describeMetric).join(', ');
}

function describeMetric(effect: MetricEffect): string {
  const { metric, statistic, estimate, lower, upper } = effect;
  const { show, unit } = formatOf(effect);
  const of = metric === 'outcome' ? 'comparisons won less lost' : STATISTIC_NAMES[statistic];
  const interval = `${of}; ${show(lower)} to ${show(upper)}`;
  return `${metric} ${show(estimate)}${unit} (${interval})`;
}

/**
 * As `describeMetrics`, for a change that helped. A metric whose interval contains 0 is described as no difference
 * shown; for a guard, the text also says whether its margin is proven.
 */
export function describeHelp(metrics: readonly MetricEffect[]): string {
  return metrics.map((one) => (isShown(one) ? describeMetric(one) : describeNone(one))).join(', ');
}

function isShown({ lower, upper }: MetricEffect): boolean {
  return lower > 0 || upper < 0;
}

function describeNone(effect: MetricEffect): string {
  const { metric, margin, eNotWorse } = effect;
  if (margin === undefined) return `${metric}: no difference shown`;
  const isProven = eNotWorse >= SUFFICIENT;
  return `${metric}: no difference shown, worse by less than ${marginText(metric, margin)} is ${isProven ? 'proven' : 'not proven'}`;
}

/** Gains per task in words: `latency 310 ms less per task (mean; 120 to 500; 40 groups)`. */
export function describeGains(gains: readonly GainEffect[]): string {
  return gains.map(describeGain).join(', ');
}

function describeGain({ metric, perTask, lower, upper, groups }: GainEffect): string {
  if (lower <= 0 && upper >= 0) return `${metric}: no difference shown in ${groups} groups`;
  if (metric === 'success') return describeSuccess(perTask, lower, upper, groups);
  const unit = metric === 'latency' ? ' ms' : '';
  const isLess = perTask > 0;
  const [size, from, to] = isLess ? [perTask, lower, upper] : [-perTask, -upper, -lower];
  const interval = `mean; ${round(from)} to ${round(to)}; ${groups} groups`;
  return `${metric} ${round(size)}${unit} ${isLess ? 'less' : 'more'} per task (${interval})`;
}

function describeSuccess(perTask: number, lower: number, upper: number, groups: number): string {
  const [size, from, to] = [perTask, lower, upper].map((value) => signed(value * 100, 1));
  return `success ${size} points (share; ${from} to ${to}; ${groups} groups)`;
}

const STATISTIC_NAMES: Readonly<Record<Statistic, string>> = {
  median: 'median',
  total: 'mean',
  share: 'share',
  mean: 'mean',
  p95: 'tasks above the p95 before the trial',
};

interface NumberFormat {
  readonly unit: string;
  readonly show: (value: number) => string;
}

/** The unit and number format of `MetricEffect.estimate`. */
function formatOf({ metric, statistic }: MetricEffect): NumberFormat {
  if (metric === 'success' || statistic === 'p95') {
    return { unit: ' points', show: (value) => signed(value * 100, 1) };
  }
  if (metric === 'outcome') return { unit: ' points', show: (value) => signed(value * 100, 0) };
  if (metric === 'latency' && statistic !== 'total') {
    return { unit: ' %', show: (value) => signed((Math.exp(value) - 1) * 100, 0) };
  }
  const unit = metric === 'latency' ? ' ms' : '';
  return { unit, show: (value) => (value > 0 ? '+' : '') + round(value) };
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function signed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) > 0 ? `+${text}` : text.replace(/^-(0(?:\.0+)?)$/, '$1');
}
