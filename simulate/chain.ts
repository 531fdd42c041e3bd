import { carriedOn } from '../src/trial/memory/carry.ts';
import { playTrial, type TrialRun } from './trial-run.ts';
import type { TrialSetup } from './trial-setup.ts';

/** Consecutive trials of one change. */
export interface Chain {
  /** Findings of the first trial, and of all: 1 worse, -1 better, 0 nothing. */
  readonly first: number;
  readonly all: number;
  /** Tasks counted; in the last trial, until it restored the old value or promoted the new one. */
  readonly used: number;
}

/** Runs trials until one finds something; each starts from the evidence of the one before. */
export function playChain(setup: TrialSetup, maxUsed: number): Chain {
  let { from, plan } = setup;
  let before = 0;
  let first = 0;
  for (let number = 1; ; number += 1) {
    const seed = `${setup.seed}/${number}`;
    const left = maxUsed - before;
    const run = playTrial({ ...setup, seed, from, plan, untilPromoted: true, maxUsed: left });
    const { finding, trial, acted, promoted } = run;
    const sign = signOf(run);
    if (number === 1) first = sign;
    const used = before + ((promoted ?? acted)?.used ?? trial.tasksUsed);
    if (finding?.verdict !== 'inconclusive') return { first, all: sign, used };
    before += trial.tasksUsed;
    if (before >= maxUsed) return { first, all: 0, used };
    from += run.begun;
    plan = { ...plan, carried: carriedOn(trial, 'inconclusive') };
  }
}

function signOf({ finding }: TrialRun): number {
  if (finding?.verdict === 'harmed') return 1;
  return finding?.verdict === 'helped' ? -1 : 0;
}
