import { GROUP_TASKS } from './evidence/group-score.ts';
import type { TrialPlan } from './plan.ts';
import type { Stage, Trial } from './trial.ts';

type Bounded = Pick<TrialPlan, 'budget' | 'assignment' | 'blockTasks'>;

/** Share of the tasks of a pair, and of a group, that run with the new value. */
const NEW_IN_PAIR = 1 / 2;
const NEW_IN_GROUP = (GROUP_TASKS - 1) / GROUP_TASKS;

/** The share of tasks that may take part in a stage of a trial by tasks, within its budget; 1: all. */
export function shareWithin({ budget = 1 }: Pick<TrialPlan, 'budget'>, stage: Stage): number {
  if (stage === 'holdback') return 1;
  return Math.min(budget / (stage === 'trial' ? NEW_IN_PAIR : NEW_IN_GROUP), 1);
}

/** The number of tasks with the old value between two pairs of blocks, within the budget; 0: none. */
function restTasks({ budget = 1, blockTasks }: Bounded): number {
  return Math.max(Math.ceil(blockTasks * (1 / budget - 2)), 0);
}

/** How many tasks come for one that takes part, in a stage. */
export function tasksPerPlace(plan: Bounded, stage: Stage): number {
  if (plan.assignment === 'task') return 1 / shareWithin(plan, stage);
  return 1 + restTasks(plan) / (2 * plan.blockTasks);
}

/** Whether the old value is to be in force for a while, between two pairs of blocks. */
export function mustRest({ plan, blocks, tossed, restedAt }: Trial, recorded: number): boolean {
  const rest = restTasks(plan);
  if (rest === 0 || tossed === 0 || blocks.length % 2 === 1) return false;
  return restedAt === undefined || recorded - restedAt < rest;
}
