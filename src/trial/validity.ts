import type { Arm } from './arm.ts';
import { SUFFICIENT } from './evidence/bets.ts';
import { mean, upperTail } from './evidence/distributions.ts';
import { OUTAGE_TASKS, openTasks, type Trial } from './trial.ts';

/** Number of tasks from which missing outcomes can make a trial invalid, and the tolerated share of missing ones. */
const MIN_EXPECTED = 40;
const TOLERABLE_MISSING = 0.2;

/** The outcome timeout is too short if this many reports, and this share of the tasks, are late. */
const MIN_LATE = 3;
const TOLERABLE_LATE = 0.02;

/** P-value below which a finding is not considered chance. */
const INVALID_P = 0.001;

/** Minimum number of failures among the newest `OUTAGE_TASKS` tasks of each arm in an outage. */
const OUTAGE_FAILURES = 8;

/** Share of failures before the trial above which no outage is detected. */
const MAX_USUAL_FAILURES = 0.71;

/** Whether the outcome timeout is too short, by the reports that came after it. */
export function areTooLate(late: number, tasks: number): boolean {
  return late >= MIN_LATE && late > TOLERABLE_LATE * tasks;
}

/**
 * Whether the newest tasks of both arms failed far more often than tasks before the trial. The test is symmetric in the
 * arms.
 */
export function isOutage({ recentFailures, plan, stage }: Trial): boolean {
  const usual = 1 - plan.successRate;
  if (stage === 'holdback' || usual > MAX_USUAL_FAILURES) return false;
  const failures = (arm: Arm) => recentFailures[arm].filter(Boolean).length;
  const [old, fresh] = [failures('old'), failures('new')];
  if (old < OUTAGE_FAILURES || fresh < OUTAGE_FAILURES) return false;
  return upperTail(old + fresh, 2 * OUTAGE_TASKS, usual) < INVALID_P;
}

/** Why a trial is invalid, in words; `undefined` if it is valid. */
export function reasonInvalid(trial: Trial): string | undefined {
  const { expected, missing, lost, plan } = trial;
  if (eUntold(trial) >= SUFFICIENT) return describeUntold(trial);
  const running = openTasks(trial).filter(({ outcome }) => outcome === undefined).length;
  const all = expected.old + expected.new - running;
  const late = lost.filter((one) => one.late !== undefined).length;
  // In a trial in blocks, late reports are counted, so they do not make it invalid.
  if (plan.assignment === 'task' && areTooLate(late, all)) {
    return `${late} reports came after the outcome timeout; the next trial waits longer`;
  }
  const gone = missing.old + missing.new;
  const isMore = all >= MIN_EXPECTED && gone > TOLERABLE_MISSING * all;
  if (!isMore || upperTail(gone, all, TOLERABLE_MISSING) >= INVALID_P) return undefined;
  return plan.assignment === 'switchback' && gone === all
    ? 'no task is known to have run with either value: none names a delta_sequence, and no client acknowledges'
    : `${gone} of ${all} outcomes are missing`;
}

/** E-value, two-sided, that one arm has more tasks without data. */
export function eUntold({ untold: { harm, help } }: Pick<Trial, 'untold'>): number {
  return mean([...harm, ...help]);
}

/** How the arms differ in tasks without data, in words. */
function describeUntold(trial: Trial): string {
  const { cancelled, missing, plan } = trial;
  if (cancelled.old + cancelled.new + missing.old + missing.new > 0) return describeLosses(trial);
  const names = [plan.primary, ...plan.guards].map(({ name }) => name).join(' or ');
  return `reports of one value lack ${names} more often than those of the other`;
}

/** Cancelled and missing tasks of each arm, in words. */
export function describeLosses({ cancelled, missing, expected }: Trial): string {
  const text = (arm: Arm) =>
    `of ${expected[arm]} tasks of the ${arm} value ${cancelled[arm]} were cancelled and ${missing[arm]} not reported`;
  return `${text('old')}, ${text('new')}`;
}
