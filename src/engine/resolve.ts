import type { Parameters } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import { type LedgerView, trialOf } from '../ledger/view.ts';
import { type Assignment, armOf, type Dispatch, takesTasks } from '../trial/assign.ts';
import { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { TrialChanges } from './trial-changes.ts';

/** The values that a task is to run with. */
export interface Resolved {
  readonly parameters: Parameters;
  /** Newest change in force. */
  readonly deltaSequence: number;
  /** One of a value on trial comes first. */
  readonly assignments: readonly Assignment[];
}

/** The values in force: what everyone has who is not told otherwise. */
export function baseline({ head }: Pick<LedgerView, 'head'>): Resolved {
  // A copy: of a commit that is being made, the values go on changing.
  const parameters = { ...head.parameters };
  return { parameters, deltaSequence: head.sequence, assignments: [] };
}

/**
 * The values for a task about which nothing is to be decided, so that nothing need be made durable;
 * `undefined`: a trial is to give it an arm.
 *
 * @param isFirst it has not asked before: a task that runs already keeps its values
 */
export function settled(
  view: LedgerView,
  { taskId }: Dispatch,
  isFirst = true,
): Resolved | undefined {
  const { trials, head } = view;
  if (trials.length === 0) return baseline(view);
  const recorded = head.counters.tasksRecorded;
  const isWanted = trials.some(
    (trial) => takesTasks(trial, recorded) && armOf(trial, taskId) === undefined,
  );
  // One that has run already would never tell how it went.
  if (isWanted && isFirst && !view.hasTaskId(taskId)) return undefined;
  return withArms(view, armsOf(view, taskId));
}

/** Gives a task its arm of each trial that takes it in: the same one each time. */
export function resolve(dispatch: Dispatch, environment: Environment): Decision<Resolved> {
  return (view) => {
    const done = settled(view, dispatch);
    if (done !== undefined) return { events: [], result: () => done };
    const changes = new Changes(view, environment.nowMs);
    const assignments = new TrialChanges(changes, view, environment).assign(dispatch);
    return { events: changes.events, result: (after) => withArms(after, assignments) };
  };
}

/** A trial by blocks gives every task the arm of the block that runs. */
function armsOf({ trials }: LedgerView, taskId: string): Assignment[] {
  return trials.flatMap(({ block, pauses, plan, stage, assignments }): Assignment[] => {
    // While trials are paused, a value on trial is not in force for anyone.
    if (stage === 'trial' && pauses.length > 0) return [];
    const arm = block?.arm ?? armOf({ assignments }, taskId);
    return arm === undefined ? [] : [{ deltaId: plan.deltaId, arm, stage }];
  });
}

function withArms(view: LedgerView, assignments: readonly Assignment[]): Resolved {
  const { deltaSequence, parameters } = baseline(view);
  const values = new Map(Object.entries(parameters));
  // A value on trial stands before one of the same parameter that is held back.
  const ordered = assignments.toSorted((a, b) => Number(isOnTrial(b)) - Number(isOnTrial(a)));
  for (const { deltaId, arm } of ordered.toReversed()) {
    const plan = trialOf(view, deltaId)?.plan;
    if (plan?.assignment !== 'task') continue;
    const value = arm === 'new' ? plan.newValue : plan.oldValue;
    if (value === undefined) values.delete(plan.target);
    else values.set(plan.target, value);
  }
  return { parameters: Object.fromEntries(values), deltaSequence, assignments: ordered };
}

function isOnTrial({ stage }: Assignment): boolean {
  return stage === 'trial';
}
