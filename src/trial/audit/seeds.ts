import { commitmentTo, repeatableSeed } from '../arm.ts';
import type { TrialPlan } from '../plan.ts';
import type { TrialStep } from '../step.ts';
import type { Trial } from '../trial.ts';

/** Disclosed seeds, by stage. */
export type Disclosed = ReadonlyMap<number, string>;

/** What determines the seed of a stage. */
export interface Coins {
  readonly plan: Pick<TrialPlan, 'seed'>;
  readonly stages: number;
  readonly commitment: string;
}

/** The seeds that a trial's receipts disclose. */
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

/** The seed of a stage; `undefined` if none is known that matches the commitment. */
export function seedOf({ plan, stages, commitment }: Coins, seeds: Disclosed): string | undefined {
  const { seed } = plan;
  const known = seed === undefined ? seeds.get(stages) : repeatableSeed(seed, stages);
  return known !== undefined && commitmentTo(known) === commitment ? known : undefined;
}

/** Why the commitment of a stage is wrong, in words, if it is. */
export function faultOfCommitment({ plan, stages, commitment }: Coins): string | undefined {
  if (typeof commitment !== 'string') return 'it commits to no seed';
  const { seed } = plan;
  return seed === undefined || commitmentTo(repeatableSeed(seed, stages)) === commitment
    ? undefined
    : 'it commits to another seed than the plan names';
}

/** Why the disclosed seed of a stage is wrong, in words, if it is. */
export function faultOfSeed({ commitment }: Trial, seed: string): string | undefined {
  return commitmentTo(seed) === commitment
    ? undefined
    : 'the seed that it discloses is not the one that was committed to';
}
