import type { Place } from '../../domain/cohort.ts';
import type { HarmResponse } from '../../domain/rule.ts';
import { sameValue } from '../../domain/value.ts';
import { newestOf } from '../../ledger/view.ts';
import type { Arm } from '../../trial/arm.ts';
import { medianLatency } from '../../trial/drift.ts';
import { MEASURED_TASKS, type TrialPlan } from '../../trial/plan.ts';
import { isBeforeForce, restingArm } from '../../trial/standing.ts';
import type { TrialRested } from '../../trial/step.ts';
import type { Trial } from '../../trial/trial.ts';
import type { Changes } from './changes.ts';
import { inverseOf } from './deltas.ts';

/** What the trials of one decision share. */
export interface TrialContext {
  readonly changes: Changes;
  /** Tasks ever recorded, up to the one that is being recorded. */
  readonly recorded: number;
  /** Begins a trial. */
  start(plan: TrialPlan, summary: string): void;
  /** Pauses all trials. */
  pauseAll(): void;
  /** Ends the other trials of a place, since `deltaId` is about to set its value. */
  supersede(place: Place, deltaId: string): void;
  /** Ends the holdback of a confirmed change as HARMED: its old value has proven better. */
  takeBack(deltaId: string): void;
}

/**
 * Applies an arm's value by a new delta; returns its sequence.
 *
 * @param revertsDeltaId the delta that this one reverts; empty: none
 */
export function switchTo(
  changes: Changes,
  plan: TrialPlan,
  arm: Arm,
  reasoning: string,
  revertsDeltaId = '',
): number {
  const { type, operation = 'modify' } = changes.delta(plan.deltaId) ?? {};
  const delta = changes.proposeSetting({
    ruleId: plan.ruleId,
    type,
    operation: arm === 'new' ? operation : inverseOf(operation),
    target: plan.target,
    cohort: plan.cohort,
    newValue: arm === 'new' ? plan.newValue : plan.oldValue,
    reasoning,
    revertsDeltaId,
    trialDeltaId: plan.deltaId,
  });
  return changes.apply(delta, { replacedValue: plan.oldValue });
}

/** As `switchTo`, by compare-and-set: only if the other arm's value is live. */
export function putInForce(
  changes: Changes,
  plan: TrialPlan,
  arm: Arm,
  reasoning: string,
  revertsDeltaId = '',
): void {
  const live = changes.valueOf(plan);
  const [wanted, other] =
    arm === 'old' ? [plan.oldValue, plan.newValue] : [plan.newValue, plan.oldValue];
  if (sameValue(live, wanted) || !sameValue(live, other)) return;
  switchTo(changes, plan, arm, reasoning, revertsDeltaId);
}

/** Applies the resting value by a new delta, even if it is live already, so that later tasks belong to no block. */
export function restStep({ changes, recorded }: TrialContext, trial: Trial): TrialRested {
  const { deltaId, budget } = trial.plan;
  const text = `No block runs in the trial of ${deltaId}`;
  const sequence = switchTo(changes, trial.plan, restingArm(trial), text);
  const counted = budget === undefined ? {} : { recorded };
  return { step: 'rest', timeMs: changes.nowMs, ...counted, sequence };
}

/** Applies the value of a delta that helped, by the delta itself. */
export function promoteValue(changes: Changes, plan: TrialPlan, summary: string): void {
  const delta = changes.delta(plan.deltaId);
  if (delta === undefined) return;
  const { oldValue, retrialOf, isFinal } = plan;
  // Clients have had a retried old value, and that of a final, before: these need no acknowledgement.
  const isNew = retrialOf === undefined && isFinal !== true;
  const ackByMs = isNew ? changes.ackByMs(plan) : null;
  changes.apply(delta, { oldValue, replacedValue: oldValue, summary, ackByMs });
}

/** Puts a value in force for all: ends the other trials of the parameter, and applies the delta unless it is applied. */
export function setInForce(context: TrialContext, plan: TrialPlan, summary: string): void {
  context.supersede(plan, plan.deltaId);
  if (plan.isApplied !== true) promoteValue(context.changes, plan, summary);
}

/** Puts the new value in force at its confirmation: it is so already, except within a budget. */
export function confirmValue(context: TrialContext, plan: TrialPlan, summary: string): void {
  if (plan.budget === undefined)
    putInForce(context.changes, plan, 'new', 'The change is confirmed');
  else setInForce(context, plan, summary);
}

/** Whether the live value is neither the old value nor, in a stage that may have it live, the new one. */
export function isForeign(changes: Changes, trial: Trial): boolean {
  const { oldValue, newValue, assignment, isFinal = false } = trial.plan;
  const live = changes.valueOf(trial.plan);
  if (sameValue(live, oldValue)) return false;
  const isOldOnly = isBeforeForce(trial) && assignment === 'task' && !isFinal;
  return isOldOnly || !sameValue(live, newValue);
}

/** What the rule of a trial does about harm. */
export function onHarmOf({ ruleId }: TrialPlan, { environment }: Changes): HarmResponse {
  return environment.settings.rules.find(({ id }) => id === ruleId)?.onHarm ?? 'revert';
}

/** The task counts and the usual latency with which a part of a holdback begins. */
export function holdbackStart({ holdback, plan }: Trial, { recorded, changes }: TrialContext) {
  const tasks = newestOf(changes.view, MEASURED_TASKS, plan.cohort);
  const { usualMs = medianLatency(tasks), retrialTask = recorded } = holdback ?? {};
  return { usualMs, fromTask: recorded, retrialTask };
}
