import { type Evidence, noEvidence } from './evidence/evidence.ts';
import type { TrialPlan } from './plan.ts';

/** Tasks that tell of the primary metric. */
export function tasksIn([primary]: Evidence): number {
  return primary === undefined ? 0 : primary.tasksOld + primary.tasksNew;
}

/** The evidence before the first set: that of an earlier trial of the same change, or none. */
export function initialEvidence(plan: TrialPlan): Evidence {
  return plan.carried ?? freshEvidence(plan);
}

/** No evidence, of each metric. */
export function freshEvidence(plan: TrialPlan): Evidence {
  return [plan.primary, ...plan.guards].map((metric) => noEvidence(metric, plan));
}
