import { bornApplied, type Delta, type Proposal } from '../domain/delta.ts';
import { sameValue } from '../domain/value.ts';
import type { LedgerView } from '../ledger/view.ts';
import type { Arm } from '../trial/arm.ts';
import type { TrialPlan } from '../trial/plan.ts';
import type { Trial } from '../trial/trial.ts';
import type { Changes } from './changes.ts';
import { inverseOf } from './deltas.ts';
import { ackDeadline } from './effects.ts';
import type { Environment } from './environment.ts';

/** What putting a value in force needs. */
export interface ValueContext {
  readonly changes: Changes;
  readonly view: LedgerView;
  readonly environment: Environment;
}

/** What the trials of one decision share. */
export interface TrialContext extends ValueContext {
  /** Tasks ever recorded, up to the one that is looked at. */
  recorded(): number;
  /** Pauses all trials. */
  pauseAll(): void;
  /** Ends the other trials of a parameter, since `deltaId` is about to set it. */
  supersede(target: string, deltaId: string): void;
  /** Ends the holdback of a confirmed change as HARMED: its old value has proven better. */
  takeBack(deltaId: string): void;
}

/**
 * Puts an arm's value in force by a new delta; answers its sequence.
 *
 * @param revertsDeltaId the delta that this one reverts; empty: none
 */
export function switchTo(
  { changes, view, environment }: ValueContext,
  plan: TrialPlan,
  arm: Arm,
  reasoning: string,
  revertsDeltaId = '',
): number {
  const delta = deltaOf({ changes, view }, plan);
  const operation = delta?.operation ?? 'modify';
  const proposal: Proposal = {
    deltaId: environment.newId(),
    ruleId: plan.ruleId,
    type: delta?.type,
    operation: arm === 'new' ? operation : inverseOf(operation),
    target: plan.target,
    oldValue: changes.valueOf(plan.target),
    newValue: arm === 'new' ? plan.newValue : plan.oldValue,
    reasoning,
    ...bornApplied(changes.wallMs),
    revertsDeltaId,
    trialDeltaId: plan.deltaId,
  };
  return changes.apply(changes.propose(proposal), { replacedValue: plan.oldValue });
}

/** As `switchTo`, by compare-and-set: only if the other arm's value is live. */
export function putInForce(
  context: ValueContext,
  plan: TrialPlan,
  arm: Arm,
  reasoning: string,
  revertsDeltaId = '',
): void {
  const live = context.changes.valueOf(plan.target);
  const [wanted, other] =
    arm === 'old' ? [plan.oldValue, plan.newValue] : [plan.newValue, plan.oldValue];
  if (sameValue(live, wanted) || !sameValue(live, other)) return;
  switchTo(context, plan, arm, reasoning, revertsDeltaId);
}

/** Puts the value of a delta that helped in force, by the delta itself. */
export function promoteValue(context: ValueContext, plan: TrialPlan, summary: string): void {
  const delta = deltaOf(context, plan);
  if (delta === undefined) return;
  const { changes, environment } = context;
  const { oldValue, retrialOf } = plan;
  // Clients have had a former value before: it needs no acknowledgement.
  const ackByMs = retrialOf === undefined ? ackDeadline(environment.settings, changes.nowMs) : null;
  changes.apply(delta, { oldValue, replacedValue: oldValue, summary, ackByMs });
}

/** Whether the live value was set by somebody else. */
export function isForeign({ changes }: ValueContext, { plan, stage }: Trial): boolean {
  const { target, oldValue, newValue, assignment } = plan;
  const live = changes.valueOf(target);
  if (sameValue(live, oldValue)) return false;
  return (stage === 'trial' && assignment === 'task') || !sameValue(live, newValue);
}

function deltaOf(
  { view, changes }: Omit<ValueContext, 'environment'>,
  { deltaId }: TrialPlan,
): Delta | undefined {
  return view.delta(deltaId) ?? changes.born(deltaId);
}
