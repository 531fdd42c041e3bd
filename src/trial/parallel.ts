import type { TrialPlan } from './plan.ts';

/** Maximum number of trials of values that are not in force: a task may have an arm in each. */
export const MAX_PARALLEL = 8;

/**
 * Whether trials of two parameters may be on at the same time: both say which parameters they interfere with, and
 * neither names the other. Two trials in blocks may not, since a block of one would fall on one arm of the other.
 */
export function mayRunBeside(a: Scoped, b: Scoped): boolean {
  if (a.assignment === 'switchback' && b.assignment === 'switchback') return false;
  return leavesOut(a, b) && leavesOut(b, a);
}

type Scoped = Pick<TrialPlan, 'target' | 'assignment' | 'interferesWith'>;

function leavesOut({ target, interferesWith }: Scoped, other: Scoped): boolean {
  return interferesWith !== undefined && ![...interferesWith, target].includes(other.target);
}
