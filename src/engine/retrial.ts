import { bornApplied } from '../domain/delta.ts';
import { hasDrifted, medianLatency, RETRIAL_REST_TASKS } from '../trial/drift.ts';
import { MEASURED_TASKS, type TrialPlan } from '../trial/plan.ts';
import type { Trial } from '../trial/trial.ts';
import { inverseOf } from './deltas.ts';
import type { Environment } from './environment.ts';
import { assignmentOf, planTrial } from './plan-trial.ts';
import { begin, objectionTo, type Place } from './start-trial.ts';

/**
 * Begins a trial of a confirmed change's old value if tasks have become slower since the confirmation;
 * answers whether it did. The present latency is then the usual one, so that the same slowness does not
 * cause another trial.
 */
export function startRetrial(place: Place, environment: Environment): boolean {
  const { view, trials } = place;
  if (trials.on !== undefined || trials.arePaused) return false;
  if (assignmentOf(environment) === undefined) return false;
  const tasks = view.newestTasks(MEASURED_TASKS);
  const recorded = view.head.counters.tasksRecorded;
  const drifted = trials.all.find(
    ({ holdback, pauses, plan }) =>
      holdback !== undefined &&
      trials.all.every((one) => one.holdback !== undefined || one.plan.target !== plan.target) &&
      pauses.length === 0 &&
      recorded >= holdback.retrialTask &&
      objectionTo(plan.primary, view, environment) === undefined &&
      hasDrifted(tasks, holdback.usualMs),
  );
  if (drifted === undefined) return false;
  trials.renewHoldback(drifted.plan.deltaId, medianLatency(tasks), recorded + RETRIAL_REST_TASKS);
  begin(place, planAgain(place, drifted, environment), environment);
  return true;
}

/** Proposes the delta that would restore the old value, and plans its trial. */
function planAgain({ view, changes }: Place, { plan }: Trial, environment: Environment): TrialPlan {
  const confirmed = view.delta(plan.deltaId);
  const delta = changes.propose({
    ...bornApplied(changes.wallMs),
    deltaId: environment.newId(),
    ruleId: plan.ruleId,
    type: confirmed?.type,
    operation: inverseOf(confirmed?.operation ?? 'modify'),
    target: plan.target,
    oldValue: changes.valueOf(plan.target),
    newValue: plan.oldValue,
    reasoning: `Tasks are slower than when delta ${plan.deltaId} was confirmed: is the value before it better by now?`,
    revertsDeltaId: plan.deltaId,
  });
  const { ruleId: id, fingerprint, primary, guards } = plan;
  const rule = { id, fingerprint, primary, guards };
  return planTrial({ view, changes }, { delta, rule, retrialOf: plan.deltaId }, environment);
}
