import { hash } from 'node:crypto';
import { GROUP_TASKS } from './evidence/group-score.ts';

/** The value a task runs with: the one before the change, or the new one. */
export type Arm = 'old' | 'new';

export function otherArm(arm: Arm): Arm {
  return arm === 'old' ? 'new' : 'old';
}

/**
 * The seed of a stage: SHA-256, in hex, of `secret/deltaId/stage`. Each stage has its own seed, so that the seed can be
 * disclosed when the stage ends.
 *
 * @param secret the ledger's secret
 */
export function secretSeed(secret: string, deltaId: string, stage: number): string {
  return hash('sha256', `${secret}/${deltaId}/${stage}`);
}

/**
 * As `secretSeed`, for repeatable assignments: SHA-256, in hex, of `seed/stage`. Delta ids are left out,
 * since they differ from run to run.
 *
 * @param seed the plan's seed
 */
export function repeatableSeed(seed: string, stage: number): string {
  return hash('sha256', `${seed}/${stage}`);
}

/** The seed of a stage of a trial: from the plan's seed if it has one, else from the ledger's secret. */
export function stageSeed(
  { seed, deltaId }: { readonly seed: string | undefined; readonly deltaId: string },
  secret: string,
  stage: number,
): string {
  return seed === undefined ? secretSeed(secret, deltaId, stage) : repeatableSeed(seed, stage);
}

/** The SHA-256 of a seed, in hex: the commitment that is published before the seed is used. */
export function commitmentTo(seed: string): string {
  return hash('sha256', seed);
}

/**
 * The arm of the first task, or block, of a pair; the second gets the other arm. A fair coin that can
 * be verified once the seed is disclosed: the first bit of SHA-256 of `seed/number`, 1 = new.
 *
 * @param number of the pair: 1, 2, 3 …
 */
export function tossCoin(seed: string, number: number): Arm {
  return draw(seed, number) >= 2 ** 47 ? 'new' : 'old';
}

/** The index in a group of the task that keeps the old value: 0 to 4, uniform. */
export function drawPlace(seed: string, number: number): number {
  return draw(seed, number) % GROUP_TASKS;
}

/**
 * Whether a task begins a group, with probability `share`: the first 48 bits of SHA-256 of `seed/group/taskId`, as a
 * fraction, are below `share`. The result is the same at each call, also after a restart.
 */
export function drawBeginning(seed: string, taskId: string, share: number): boolean {
  return share >= 1 || draw(`${seed}/group`, taskId) < share * 2 ** 48;
}

/**
 * Whether a task takes part within a budget, with probability `share`: as `drawBeginning`, by `seed/enter/taskId`.
 */
export function drawEntry(seed: string, taskId: string, share: number): boolean {
  return share >= 1 || draw(`${seed}/enter`, taskId) < share * 2 ** 48;
}

/** The first 48 bits of SHA-256 of `seed/name`. */
function draw(seed: string, name: number | string): number {
  return Number.parseInt(hash('sha256', `${seed}/${name}`).slice(0, 12), 16);
}
