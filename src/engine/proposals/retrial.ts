import { overlap } from '../../domain/cohort.ts';
import { isOfSearch } from '../../domain/search.ts';
import { newestOf } from '../../ledger/view.ts';
import { hasDrifted, medianLatency, RETRIAL_REST_TASKS } from '../../trial/drift.ts';
import { MAX_PARALLEL } from '../../trial/parallel.ts';
import { MEASURED_TASKS, type TrialPlan } from '../../trial/plan.ts';
import type { DecisionContext } from '../decision/decision.ts';
import { inverseOf } from '../decision/deltas.ts';
import { planTrial } from '../decision/plan-trial.ts';
import { objectionTo } from './objection.ts';
import { begin, fits } from './start-trial.ts';

/**
 * Begins a trial of a confirmed change's old value if tasks have become slower since the confirmation; returns whether
 * a trial began. The present latency then becomes the usual one, so that the same slowness does not cause another
 * trial.
 */
export function startRetrial(context: DecisionContext): boolean {
  const { view, environment, trials } = context;
  if (trials.arePaused || trials.on.length >= MAX_PARALLEL) return false;
  const recorded = view.head.counters.tasksRecorded;
  const drifted = trials.all.find(
    ({ holdback, pauses, plan }) =>
      holdback !== undefined &&
      // A search tries its former values by itself.
      !isOfSearch(plan) &&
      trials.all.every((one) => one.holdback !== undefined || !overlap(one.plan, plan)) &&
      pauses.length === 0 &&
      recorded >= holdback.retrialTask &&
      fits(context, { ...plan, id: plan.ruleId }) &&
      objectionTo({ ...plan, id: plan.ruleId }, view, environment) === undefined &&
      hasDrifted(newestOf(view, MEASURED_TASKS, plan.cohort), holdback.usualMs),
  );
  if (drifted === undefined) return false;
  const { plan } = drifted;
  const tasks = newestOf(view, MEASURED_TASKS, plan.cohort);
  const retrialTask = recorded + RETRIAL_REST_TASKS;
  trials.of(plan.deltaId)?.renew({ usualMs: medianLatency(tasks), retrialTask });
  begin(context, planAgain(context, plan));
  return true;
}

/** Proposes the delta that would restore the old value, and plans its trial. */
function planAgain(
  { view, environment, changes }: DecisionContext,
  { deltaId: retrialOf, ruleId, fingerprint, primary, guards, target, cohort, oldValue }: TrialPlan,
): TrialPlan {
  const confirmed = view.delta(retrialOf);
  const delta = changes.proposeSetting({
    ruleId,
    type: confirmed?.type,
    operation: inverseOf(confirmed?.operation ?? 'modify'),
    target,
    cohort,
    newValue: oldValue,
    reasoning: `Tasks are slower than when delta ${retrialOf} was confirmed: is the value before it better by now?`,
    revertsDeltaId: retrialOf,
  });
  const rule = { id: ruleId, fingerprint, primary, guards };
  return planTrial(view, environment, { delta, rule, oldValue: delta.oldValue, retrialOf });
}
