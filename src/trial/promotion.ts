import type { Guard, Metric } from '../domain/effect.ts';
import { vetoing } from './cohorts.ts';
import { eHarm, eHelp, type MetricEvidence, worsening } from './evidence/evidence.ts';
import { isConstraint } from './evidence/margin.ts';
import type { Trial } from './trial.ts';

/** At this e-value, unequal losses prevent a promotion and a confirmation, and a guard's harm a promotion. */
export const DOUBTFUL = 3;

/** Minimum tasks for a promotion; twice as many if the primary metric is a total. */
const MIN_TASKS_TO_HELP = 30;
const MIN_TASKS_FOR_TOTALS = 60;

/** An improvement that is worth a change: 3 %, 2 points of success, or 1 point of tasks that exceed a p95. */
const MIN_GAIN = { latency: -Math.log(0.97), measurement: 0.03, success: 0.02, p95: 0.01 } as const;

/**
 * How much worse a guard may look at a promotion if its e-value of harm is below `DOUBTFUL`: 5 %, or 2 points of
 * success. Probation measures the guard more exactly.
 */
const MAX_LOSS = {
  outcome: Math.log(1.05),
  latency: Math.log(1.05),
  measurement: 0.05,
  success: 0.02,
} as const;

/** A sign of harm: the excess of worse sets over better ones, in standard deviations of that excess. */
const SIGN_OF_HARM = 0.5;

/** Minimum number of tasks with data for a metric before a trial can find an improvement of it. */
export function leastTasks({ statistic }: Metric): number {
  return statistic === 'total' ? MIN_TASKS_FOR_TOTALS : MIN_TASKS_TO_HELP;
}

/**
 * Whether the evidence suffices for a promotion, without regard to cancelled and missing tasks, and no cohort seems to
 * be harmed.
 */
export function isHelpful(trial: Trial): boolean {
  return helps(trial) && vetoing(trial).length === 0;
}

/** Whether evidence, of all tasks or of a cohort, suffices for a promotion. */
export function helps({
  evidence,
  plan,
  tasksUsed,
}: Pick<Trial, 'evidence' | 'plan' | 'tasksUsed'>): boolean {
  const [primary, ...guards] = evidence;
  if (primary === undefined || eHelp(primary) < plan.sufficient) return false;
  const least = leastTasks(primary.metric);
  const told = primary.tasksOld + primary.tasksNew;
  return tasksUsed >= least && told >= least && isWorthwhile(primary) && guards.every(isUnharmed);
}

/** Whether the improvement is worth a change. */
export function isWorthwhile(primary: MetricEvidence): boolean {
  const { metric, successLost, sets } = primary;
  const gain = -worsening(primary);
  if (metric.statistic === 'p95') return gain >= MIN_GAIN.p95;
  if (metric.kind !== 'outcome') return gain >= MIN_GAIN[metric.kind];
  return gain >= MIN_GAIN.latency || -successLost / Math.max(sets, 1) >= MIN_GAIN.success;
}

/**
 * Whether a guard permits a promotion. A guard that looks worse by more than `MAX_LOSS`, or a constraint by more than
 * its margin, must show no sign of harm.
 */
export function isUnharmed(guard: MetricEvidence): boolean {
  const harm = eHarm(guard);
  const { metric } = guard;
  const most = isConstraint(metric) ? marginOf(metric) : MAX_LOSS[metric.kind];
  if (worsening(guard) <= most) return harm < DOUBTFUL;
  const { worse, better } = guard;
  return harm < 1 && worse - better <= SIGN_OF_HARM * Math.sqrt(worse + better);
}

/** A margin in the unit of `worsening`. */
export function marginOf({ kind, statistic, margin }: Guard): number {
  return kind === 'latency' && statistic === 'median' ? Math.log(1 + margin) : margin;
}
