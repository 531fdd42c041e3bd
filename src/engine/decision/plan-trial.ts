import type { Delta } from '../../domain/delta.ts';
import type { Rule } from '../../domain/rule.ts';
import { scopeOf } from '../../domain/scope.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import type { Task } from '../../domain/task.ts';
import { withUtility } from '../../domain/utility.ts';
import { own, type Value } from '../../domain/value.ts';
import { type LedgerView, newestOf } from '../../ledger/view.ts';
import { SUFFICIENT } from '../../trial/evidence/bets.ts';
import { carryKey, changeKey } from '../../trial/memory/change.ts';
import {
  clipsOf,
  formatOf,
  MEASURED_TASKS,
  measureBlockTimeout,
  measureHistory,
  measureLarge,
  measureMetric,
  measureOutcomeTimeout,
  measureScale,
  type TrialPlan,
} from '../../trial/plan.ts';
import { tellingLabels } from '../../trial/predict.ts';
import { probationTasks, proofsOf } from '../../trial/preview/constraints.ts';
import { TAKING_BACK } from '../../trial/verdict.ts';
import type { Environment } from './environment.ts';
import { plannedCohorts } from './plan-cohorts.ts';
import { utilitiesOf } from './utilities.ts';

/** How trials of a change assign arms; `undefined` in mode `auto` until it is known whether tasks ask by id. */
export function assignmentOf(
  { settings, asksByTask }: Pick<Environment, 'settings' | 'asksByTask'>,
  subject: Pick<Delta, 'ruleId' | 'target'>,
): TrialPlan['assignment'] | undefined {
  const { assignment } = scopeOf(settings, subject);
  if (assignment !== 'auto') return assignment;
  const ask = asksByTask();
  return ask === undefined ? undefined : ask ? 'task' : 'switchback';
}

/** As `assignmentOf`, for a trial that begins: `objectionTo` has made sure that one of a cohort can be by tasks. */
function assignmentFor(
  environment: Environment,
  {
    isApplied,
    ...change
  }: Pick<Delta, 'ruleId' | 'target' | 'cohort'> & Pick<Subject, 'isApplied'>,
): TrialPlan['assignment'] {
  if (change.cohort !== undefined) return 'task';
  return isApplied ? 'switchback' : (assignmentOf(environment, change) ?? 'switchback');
}

/** What a trial compares. */
interface Subject {
  readonly delta: Pick<Delta, 'deltaId' | 'ordinal' | 'target' | 'cohort' | 'newValue'>;
  readonly rule: Pick<Rule, 'id' | 'fingerprint' | 'primary' | 'guards'>;
  /** The live value of the parameter. */
  readonly oldValue: Value | undefined;
  /** The confirmed delta whose old value is tried again; absent if a rule proposed the change. */
  readonly retrialOf?: string;
  /** Whether the new value is applied at once, and compared in blocks. */
  readonly isApplied?: boolean;
  /** Of a search: one of its races, or the trial that is to prove its champion. */
  readonly search?: 'race' | 'final';
}

/**
 * The outcome timeout in milliseconds: the configured one, or one measured from tasks.
 *
 * @param longestMs as for `measureOutcomeTimeout`
 */
export function outcomeTimeout(
  { settings }: Pick<Environment, 'settings'>,
  tasks: readonly Task[],
  longestMs?: number,
): number {
  const { outcomeTimeoutSeconds } = settings.trial;
  return outcomeTimeoutSeconds === undefined
    ? measureOutcomeTimeout(tasks, longestMs)
    : outcomeTimeoutSeconds * 1000;
}

/** The newest tasks of a cohort, or of all, with the utility that is compared. */
export function measuredTasks(
  view: Pick<LedgerView, 'newestTasks'>,
  { settings }: Pick<Environment, 'settings'>,
  { primary, cohort }: Pick<TrialPlan, 'primary' | 'cohort'>,
): readonly Task[] {
  const utilityOf = utilitiesOf(settings);
  return newestOf(view, MEASURED_TASKS, cohort).map((task) =>
    withUtility(task, [primary], utilityOf),
  );
}

/** The plan of a trial, from the config and the newest tasks. */
export function planTrial(
  view: LedgerView,
  environment: Environment,
  { delta, rule, oldValue, retrialOf, isApplied = false, search }: Subject,
): TrialPlan {
  const { deltaId, ordinal, target, cohort, newValue } = delta;
  const { id: ruleId, fingerprint, guards } = rule;
  const { trial } = environment.settings;
  const tasks = measuredTasks(view, environment, { primary: rule.primary, cohort });
  const primary = measureMetric(rule.primary, tasks);
  const change = { ruleId, fingerprint, target, cohort, oldValue, newValue };
  const { longestMs } =
    search === undefined
      ? (own(view.head.changes, changeKey(change)) ?? {})
      : (own(view.head.searches, target) ?? {});
  const large = measureLarge(tasks);
  const predictBy = trial.predictBy ?? tellingLabels(tasks);
  const isPredicted = trial.pairBy.length === 0;
  const timeoutSeconds = trial.outcomeTimeoutSeconds;
  const blockTimeoutMs =
    timeoutSeconds === undefined ? measureBlockTimeout(tasks, trial.blockTasks) : undefined;
  const assignment = assignmentFor(environment, { ...change, isApplied });
  const scale = { ...measureScale(tasks, trial.timeoutMs), blockTasks: trial.blockTasks };
  const proofs = proofsOf(guards, { ...scale, assignment }, tasks);
  const carried =
    retrialOf === undefined && search !== 'final'
      ? view.pendingWork.carried(carryKey(change))
      : undefined;
  const isOfRule = retrialOf === undefined && search === undefined;
  const isSplit = isOfRule && assignment === 'task' && cohort === undefined;
  return {
    format: formatOf(assignment),
    deltaId,
    ...change,
    ...(isSplit ? plannedCohorts(view, environment.settings, target) : {}),
    assignment,
    ...(isApplied ? { isApplied } : {}),
    ...scopeOfPlan(environment.settings, change, assignment),
    ...(search === 'race' ? { isRace: true } : {}),
    ...(search === 'final' ? { isFinal: true } : {}),
    seed: trial.seed === undefined ? undefined : `${trial.seed}/${ordinal}`,
    retrialOf,
    primary,
    guards,
    ...scale,
    pairBy: trial.pairBy,
    pairWaitTasks: trial.pairWaitTasks,
    predictBy: isPredicted ? predictBy : [],
    history: measureHistory(tasks, isPredicted ? predictBy : []),
    outcomeTimeoutMs: outcomeTimeout(environment, tasks, longestMs),
    ...(blockTimeoutMs === undefined ? {} : { blockTimeoutMs }),
    maxMs: trial.maxSeconds * 1000,
    sufficient: retrialOf === undefined ? SUFFICIENT : TAKING_BACK,
    probationTasks: probationTasks(proofs, trial.probationTasks),
    probationMs: trial.probationSeconds * 1000,
    holdback: trial.holdback,
    clips: clipsOf(large),
    large,
    carried: carried?.map((one, i) => (i === 0 ? { ...one, metric: primary } : one)),
  };
}

/** What a plan keeps of the scope of its change. */
function scopeOfPlan(
  settings: LoopSettings,
  change: Pick<TrialPlan, 'ruleId' | 'target'>,
  assignment: TrialPlan['assignment'],
): Pick<TrialPlan, 'interferesWith' | 'budget' | 'settleMs'> {
  const { interferesWith, budget } = scopeOf(settings, change);
  const { settleSeconds } = settings.trial;
  const settles = assignment === 'switchback' && settleSeconds > 0;
  return {
    ...(interferesWith === undefined ? {} : { interferesWith }),
    ...(budget < 1 ? { budget } : {}),
    ...(settles ? { settleMs: settleSeconds * 1000 } : {}),
  };
}
