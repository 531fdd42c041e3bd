import { nameOf } from '../../domain/cohort.ts';
import type { Rule } from '../../domain/rule.ts';
import { scopeOf } from '../../domain/scope.ts';
import { type LedgerView, newestOf } from '../../ledger/view.ts';
import { MEASURED_TASKS, measureScale } from '../../trial/plan.ts';
import { objectionToConstraints, proofsOf } from '../../trial/preview/constraints.ts';
import { objectionToTrial } from '../../trial/preview/power.ts';
import type { Environment } from '../decision/environment.ts';
import { assignmentOf, outcomeTimeout } from '../decision/plan-trial.ts';

/** Why no trial of a rule begins as tasks come at present, in words; `undefined` if it may. */
export function objectionTo(
  rule: Pick<Rule, 'id' | 'target' | 'cohort' | 'primary' | 'guards'>,
  view: Pick<LedgerView, 'newestTasks'>,
  environment: Pick<Environment, 'settings' | 'asksByTask'>,
): string | undefined {
  const { id: ruleId, target, cohort, primary, guards } = rule;
  const { maxSeconds, blockTasks, settleSeconds, timeoutMs, probationTasks } =
    environment.settings.trial;
  const { budget } = scopeOf(environment.settings, { ruleId, target });
  const tasks = newestOf(view, MEASURED_TASKS, cohort);
  const assignment = assignmentOf(environment, { ruleId, target }) ?? 'switchback';
  if (cohort !== undefined && assignment !== 'task') {
    return `a value for ${nameOf(cohort)} is tried task by task, and tasks do not ask by their ids`;
  }
  const limits = {
    assignment,
    blockTasks,
    maxMs: maxSeconds * 1000,
    settleMs: settleSeconds * 1000,
    budget,
    primary,
    outcomeTimeoutMs: outcomeTimeout(environment, tasks),
  };
  const proofs = proofsOf(guards, { ...limits, ...measureScale(tasks, timeoutMs) }, tasks);
  return objectionToTrial(limits, tasks) ?? objectionToConstraints(proofs, probationTasks);
}
