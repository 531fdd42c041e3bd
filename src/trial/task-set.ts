import type { Arm } from './arm.ts';
import { GROUP_TASKS } from './evidence/group-score.ts';
import type { Outcome } from './evidence/outcome.ts';

/** A task that was assigned an arm. */
export interface AssignedTask {
  readonly taskId: string;
  readonly arm: Arm;
  readonly assignTimeMs: number;
  readonly kind: string;
  /** The value of the plan's cohorts' label, if it is one of the plan; the tasks of a pair have it in common. */
  readonly cohort?: string | undefined;
  /** Predicted log latency. */
  readonly predicted: number;
  /** `undefined` until the task is reported or times out. */
  readonly outcome: Outcome | undefined;
}

/** Tasks that are compared with each other: a pair, or a group. */
export interface TaskSet {
  /** Number of the set; with the stage's seed, it determines the arms. */
  readonly number: number;
  /** Tasks when full: 2, or `GROUP_TASKS`; fewer for a group that a suspension cut short. */
  readonly size: number;
  readonly tasks: readonly AssignedTask[];
}

/** Whether a set is full and every task of it has an outcome. */
export function isComplete({ size, tasks }: TaskSet): boolean {
  return tasks.length === size && tasks.every(({ outcome }) => outcome !== undefined);
}

/** Whether a set still takes tasks. */
export function isFilling({ size, tasks }: TaskSet): boolean {
  return size === GROUP_TASKS && tasks.length < size;
}
