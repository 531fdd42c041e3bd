import { type Place, sameCohort } from '../domain/cohort.ts';
import type { Guard, Metric, Objective } from '../domain/effect.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own } from '../domain/value.ts';
import type { Kind, Outlook } from './planted.ts';

/** What is known of all tasks that a comparison is about, by the kinds among them. */
export type Prospect = readonly {
  readonly kind: Kind;
  readonly outlook: Outlook;
  /** By name: expected utilities. */
  readonly utilities: Readonly<Record<string, number>>;
}[];

/** The goal of a parameter for the tasks of a cohort, or for all: that of its first rule, or else its own. */
export function goalOf(
  { rules, parameters }: LoopSettings,
  { target, cohort }: Place,
): Objective | undefined {
  const ofTarget = rules.filter((rule) => rule.target === target);
  const rule = ofTarget.find((one) => sameCohort(one.cohort, cohort)) ?? ofTarget[0];
  return rule ?? own(parameters, target)?.objective;
}

/**
 * By how much the first is better than the second: a log ratio; for success and utilities, a difference; for the
 * outcome, the share of comparisons that a task wins less the share that it loses.
 */
export function advantage(metric: Metric, one: Prospect, other: Prospect): number {
  if (metric.kind === 'outcome') return winsLessLosses(one, other);
  const difference = figureOf(metric, one) - figureOf(metric, other);
  return metric.better === 'higher' ? difference : -difference;
}

/** A rate or a utility; of any other metric, the logarithm of what is typical, or of what adds up. */
function figureOf({ kind, name, statistic, expression }: Metric, prospect: Prospect): number {
  const weight = prospect.reduce((sum, one) => sum + one.kind.weight, 0);
  const mean = (read: (one: Prospect[number]) => number) =>
    prospect.reduce((sum, one) => sum + one.kind.weight * read(one), 0) / weight;
  if (kind === 'success') return mean(({ outlook }) => outlook.success);
  if (expression !== undefined) return mean(({ utilities }) => utilities[name] ?? 0);
  const log = ({ outlook }: Prospect[number]) =>
    kind === 'measurement' ? (outlook.logMeasurements[name] ?? 0) : outlook.logLatency;
  if (statistic !== 'total') return mean(log);
  return Math.log(mean((one) => Math.exp(log(one) + spreadOf(one.kind, name) ** 2 / 2)));
}

/** Standard deviation of the logarithm of latency, or of a measurement. */
export function spreadOf({ measurements, spread }: Kind, name: string): number {
  const measured = measurements[name];
  if (measured === undefined) return name === 'latency' ? spread : 0;
  return typeof measured === 'number' ? 0 : measured.spread;
}

function winsLessLosses(one: Prospect, other: Prospect): number {
  const weight = one.reduce((sum, { kind }) => sum + kind.weight, 0);
  const total = one.reduce((sum, { kind, outlook: a }, place) => {
    const b = other[place]?.outlook ?? a;
    const bySuccess = a.success * (1 - b.success) - b.success * (1 - a.success);
    // Latencies without any spread, but for this, would make the least difference decide all.
    const spread = Math.max(kind.spread, 0.01);
    // Two normal latencies: their difference has twice the variance.
    const faster = erf((b.logLatency - a.logLatency) / (2 * spread));
    return sum + kind.weight * (bySuccess + a.success * b.success * faster);
  }, 0);
  return total / weight;
}

/** Differences that are rounding. */
const NOTHING = 1e-9;

/** Whether the first is worse than the second: by the primary metric, or by a guard's margin. */
export function isWorse({ primary, guards }: Objective, one: Prospect, other: Prospect): boolean {
  return advantage(primary, one, other) < -NOTHING || breaksGuard(guards, one, other);
}

/** Whether the first is worse than the second by more than a guard's margin. */
export function breaksGuard(guards: readonly Guard[], one: Prospect, other: Prospect): boolean {
  return guards.some((guard) => {
    const { margin, kind, better } = guard;
    const most =
      kind === 'success' || kind === 'outcome'
        ? margin
        : better === 'lower'
          ? Math.log1p(margin)
          : -Math.log1p(-margin);
    return advantage(guard, one, other) < -most - NOTHING;
  });
}

/** The error function, by Abramowitz & Stegun 7.1.26: off by less than 1e-6. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const poly = coefficients.reduce((sum, coefficient) => sum * t + coefficient, 0) * t;
  return Math.sign(x) * (1 - poly * Math.exp(-x * x));
}
