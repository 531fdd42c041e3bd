import type { Task } from '../domain/task.ts';
import type { TrialPlan } from './step.ts';

/** placeholder */
export function describePower(plan: TrialPlan, tasks: readonly Task[]): string {
  return `On trial (${plan.assignment}); ${tasks.length}`;
}
