import type { Parameters } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import type { Arm } from '../trial/arm.ts';
import { armOf, type Dispatch } from '../trial/assign.ts';
import type { TrialPlan } from '../trial/step.ts';
import { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { TrialChanges } from './trial-changes.ts';

/** The values that a task is to run with. */
export interface Resolved {
  readonly parameters: Parameters;
  /** Newest change in force. */
  readonly deltaSequence: number;
  readonly trial: { readonly deltaId: string; readonly arm: Arm } | undefined;
}

/** The values in force: what everyone has who is not told otherwise. */
export function baseline({ head }: Pick<LedgerView, 'head'>): Resolved {
  // A copy: of a commit that is being made, the values go on changing.
  const parameters = { ...head.parameters };
  return { parameters, deltaSequence: head.sequence, trial: undefined };
}

/**
 * The values for a task about which nothing is to be decided, so that nothing need be made durable;
 * `undefined`: it may have an arm of its own, or is to get one.
 */
export function settled(view: LedgerView, { taskId }: Dispatch): Resolved | undefined {
  const { trial } = view;
  if (trial !== undefined && trial.pauses.length > 0) return baseline(view);
  if (trial?.plan.assignment === 'task') {
    // One that has run already would never tell how it went.
    const isOver = view.hasTaskId(taskId) && armOf(trial, taskId) === undefined;
    return isOver ? baseline(view) : undefined;
  }
  if (trial?.block === undefined) return baseline(view);
  const { deltaId } = trial.plan;
  return { ...baseline(view), trial: { deltaId, arm: trial.block.arm } };
}

/**
 * Gives a task its arm of the trial that is on, if it takes part: the same one each time, but the
 * baseline while trials are paused.
 */
export function resolve(dispatch: Dispatch, environment: Environment): Decision<Resolved> {
  return (view) => {
    const done = settled(view, dispatch);
    if (done !== undefined || view.trial === undefined) {
      return { events: [], result: (after) => done ?? baseline(after) };
    }
    const { plan } = view.trial;
    const changes = new Changes(view, environment.nowMs);
    const trials = new TrialChanges(changes, view, environment);
    const arm = armOf(view.trial, dispatch.taskId) ?? trials.assign(dispatch);
    return {
      events: changes.events,
      result: (after) => (arm === undefined ? baseline(after) : onArm(after, plan, arm)),
    };
  };
}

function onArm(view: LedgerView, { deltaId, target, oldValue, newValue }: TrialPlan, arm: Arm) {
  const { [target]: _, ...parameters } = view.head.parameters;
  const value = arm === 'new' ? newValue : oldValue;
  return {
    ...baseline(view),
    parameters: value === undefined ? parameters : { ...parameters, [target]: value },
    trial: { deltaId, arm },
  };
}
