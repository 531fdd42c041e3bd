import { commitmentTo, repeatableSeed } from './arm.ts';
import type { TrialPlan } from './plan.ts';
import type { TrialStep } from './step.ts';
import type { Trial } from './trial.ts';

/** Seeds by stage, as receipts disclose them. */
export type Disclosed = ReadonlyMap<number, string>;

/** What names the coins of a stage. */
export interface Coins {
  readonly plan: Pick<TrialPlan, 'seed'>;
  readonly stages: number;
  readonly commitment: string;
}

/** What is disclosed in the course of a trial. */
export function disclosedSeeds(steps: readonly TrialStep[]): Disclosed {
  const seeds = new Map<number, string>();
  let stage = 1;
  for (const step of steps) {
    if (!('seed' in step) || typeof step.seed !== 'string') continue;
    if (step.step === 'renew') stage = step.stages;
    seeds.set(stage, step.seed);
    stage += 1;
  }
  return seeds;
}

/** The seed of a stage; `undefined`: none is known that fits what was committed to. */
export function seedOf({ plan, stages, commitment }: Coins, seeds: Disclosed): string | undefined {
  const { seed } = plan;
  const known = seed === undefined ? seeds.get(stages) : repeatableSeed(seed, stages);
  return known !== undefined && commitmentTo(known) === commitment ? known : undefined;
}

/** Why a stage cannot have begun with a commitment, in words; `undefined`: it can. */
export function faultOfCommitment({ plan, stages, commitment }: Coins): string | undefined {
  if (typeof commitment !== 'string') return 'it commits to no seed';
  const { seed } = plan;
  return seed === undefined || commitmentTo(repeatableSeed(seed, stages)) === commitment
    ? undefined
    : 'it commits to another seed than the plan names';
}

/** Why a stage cannot have ended with a seed, in words; `undefined`: it can. */
export function faultOfSeed({ commitment }: Trial, seed: string): string | undefined {
  return commitmentTo(seed) === commitment
    ? undefined
    : 'the seed that it discloses is not the one that was committed to';
}
