import type { TrialVerdict } from '../domain/effect.ts';
import type { Arm } from './arm.ts';
import { SUFFICIENT } from './evidence/bets.ts';
import { mean } from './evidence/distributions.ts';
import { openConstraints } from './evidence/evidence.ts';
import type { Trial } from './trial.ts';

/** The arm whose value is live in this stage, without regard to blocks. */
export function standingArm(trial: Pick<Trial, 'stage' | 'suspendedMs' | 'plan'>): Arm {
  return isBeforeForce(trial) || trial.suspendedMs !== undefined ? 'old' : 'new';
}

/**
 * Whether the old value is in force for all but the trial's own tasks: before the promotion and, within a budget, before
 * the confirmation.
 */
export function isBeforeForce(trial: Pick<Trial, 'stage' | 'plan'>): boolean {
  return isOnTrial(trial) || (trial.stage === 'probation' && trial.plan.budget !== undefined);
}

/** Whether the new value is compared in pairs, and is not live. */
export function isOnTrial({ stage, plan }: Pick<Trial, 'stage' | 'plan'>): boolean {
  return stage === 'trial' && plan.isApplied !== true;
}

/** The verdict of a trial that is ended from outside. */
export function verdictIfStopped(trial: Trial): 'invalid' | 'inconclusive' | 'helped' {
  if (standingArm(trial) === 'old') return 'invalid';
  if (isUnheld(trial)) return 'inconclusive';
  return trial.stage === 'trial' ? 'inconclusive' : 'helped';
}

/**
 * Whether a value put in force when its trial began stays live after a verdict: not after harm, nor if the value loses
 * more tasks, which is harm that no metric shows, nor while a constraint is not proven.
 */
export function staysInForce(trial: Trial, verdict: TrialVerdict): boolean {
  const { plan, suspendedMs, untold } = trial;
  if (isUnheld(trial)) return false;
  if (plan.isApplied !== true || suspendedMs !== undefined) return false;
  if (verdict === 'invalid' && mean(untold.harm) >= SUFFICIENT) return false;
  return verdict !== 'harmed';
}

/** Whether a constraint has to be proven yet; a holdback has all of them proven. */
function isUnheld({ stage, evidence }: Trial): boolean {
  return stage !== 'holdback' && openConstraints(evidence).length > 0;
}

/** The arm whose value is live while no block runs: the old one while there is nothing to compare. */
export function restingArm(trial: Trial): Arm {
  return trial.quietSince === undefined ? standingArm(trial) : 'old';
}
