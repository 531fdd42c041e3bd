import { type Cohort, cohortOf, isForTask, liveValues } from '../domain/cohort.ts';
import type { Parameters } from '../domain/value.ts';
import { type LedgerView, trialOf } from '../ledger/view.ts';
import { stageSeed } from '../trial/arm.ts';
import { type Assignment, armOf, type Dispatch, drawsOf, takesTask } from '../trial/assign.ts';
import { isBeforeForce } from '../trial/standing.ts';
import { runningBlock, type Stage, type Trial } from '../trial/trial.ts';
import { decision, type EngineDecision } from './decision/decision.ts';
import { hasRefused } from './decision/refusals.ts';

/** The values for a task to run with. */
export interface Resolved {
  readonly parameters: Parameters;
  /** Sequence of the newest applied change. */
  readonly deltaSequence: number;
  /** The assignment by a delta in state TRIAL comes first. */
  readonly assignments: readonly Assignment[];
  /** The cohort whose values these are; absent: none's. */
  readonly cohort?: Cohort | undefined;
}

/** The live values for a task with these labels; without labels, those of no cohort. */
export function baseline(
  { head }: Pick<LedgerView, 'head'>,
  labels: Dispatch['labels'] = {},
): Resolved {
  const cohort = cohortOf(head.cohortValues?.label, labels);
  // A copy, since later decisions of the same commit change the draft's values.
  const parameters = { ...liveValues(head, cohort) };
  return { parameters, deltaSequence: head.sequence, assignments: [], cohort };
}

/**
 * The values for a task that needs no new assignment, and so no commit; `undefined` if a trial takes the task.
 *
 * @param isFirst it has not asked for this before; a running task keeps its values
 */
export function settled(
  view: LedgerView,
  { taskId, labels, clientId = '', target }: Dispatch,
  isFirst = true,
): Resolved | undefined {
  const { trials } = view;
  if (trials.length === 0) return baseline(view, labels);
  const isWanted = (trial: Trial) =>
    (target === undefined || target === trial.plan.target) &&
    isForTask(trial.plan, labels, view.head) &&
    takesTask(
      trial,
      drawsOf(trial, () => seedOf(view, trial), taskId),
    ) &&
    armOf(trial, taskId) === undefined &&
    !hasRefused(view, trial.plan.deltaId, clientId);
  // A task that is recorded already would never be reported again.
  if (isFirst && !view.hasTaskId(taskId) && trials.some(isWanted)) return undefined;
  return held(view, { taskId, labels });
}

/** The values for a task with the arms that it has, and no others. */
export function held(
  view: LedgerView,
  { taskId, labels }: Pick<Dispatch, 'taskId' | 'labels'>,
): Resolved {
  if (view.trials.length === 0) return baseline(view, labels);
  return withArms(view, labels, armsOf(view, taskId));
}

function seedOf({ head }: LedgerView, { plan, stages }: Trial): string {
  return stageSeed(plan, head.secret, stages);
}

/** Resolves the values for a task, and assigns it arms; a task gets the same arms each time it asks. */
export function resolve(dispatch: Dispatch): EngineDecision<Resolved> {
  return decision(({ view, trials }) => {
    const done = settled(view, dispatch);
    if (done !== undefined) return () => done;
    const assignments = trials.assign(dispatch);
    return (after) => withArms(after, dispatch.labels, assignments);
  });
}

/** The arms that a task has; in a switchback trial, that of the running block. */
function armsOf({ trials }: LedgerView, taskId: string): Assignment[] {
  return trials.flatMap((trial): Assignment[] => {
    const { pauses, plan, stage } = trial;
    // While a trial is paused, no task runs with a new value that is not in force.
    if (isBeforeForce(trial) && pauses.length > 0) return [];
    const arm = runningBlock(trial)?.arm ?? armOf(trial, taskId);
    return arm === undefined ? [] : [{ deltaId: plan.deltaId, arm, stage }];
  });
}

function withArms(
  view: LedgerView,
  labels: Dispatch['labels'],
  assignments: readonly Assignment[],
): Resolved {
  const { deltaSequence, parameters, cohort } = baseline(view, labels);
  const values = new Map(Object.entries(parameters));
  const ordered = assignments.toSorted((a, b) => Number(isOnTrial(b)) - Number(isOnTrial(a)));
  // A value on trial, or on probation, takes precedence over a holdback of the same parameter.
  const applied = ordered.toSorted((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));
  for (const { deltaId, arm } of applied.toReversed()) {
    const plan = trialOf(view, deltaId)?.plan;
    if (plan?.assignment !== 'task') continue;
    const value = arm === 'new' ? plan.newValue : plan.oldValue;
    if (value === undefined) values.delete(plan.target);
    else values.set(plan.target, value);
  }
  return { parameters: Object.fromEntries(values), deltaSequence, assignments: ordered, cohort };
}

const STAGES: readonly Stage[] = ['trial', 'probation', 'holdback'];

function isOnTrial({ stage }: Assignment): boolean {
  return stage === 'trial';
}
