import { hash } from 'node:crypto';

/** Which value a task runs with: the one before, or the one on trial. */
export type Arm = 'old' | 'new';

/** Tasks in a group of probation and of holdback, one of which keeps the old value. */
export const GROUP_TASKS = 5;

export function otherArm(arm: Arm): Arm {
  return arm === 'old' ? 'new' : 'old';
}

/**
 * The seed of a stage's coins: SHA-256, in hex, over `secret/deltaId/stage`. Each stage has its own,
 * so that one may be disclosed when it ends.
 *
 * @param secret the ledger's
 */
export function secretSeed(secret: string, deltaId: string, stage: number): string {
  return hash('sha256', `${secret}/${deltaId}/${stage}`);
}

/**
 * As `secretSeed`, where coins are to be repeatable: SHA-256 over `seed/stage`. A delta that is proposed
 * again in another run has another id.
 *
 * @param seed of the trial's plan
 */
export function repeatableSeed(seed: string, stage: number): string {
  return hash('sha256', `${seed}/${stage}`);
}

/** What is published of a seed before its coins are tossed: SHA-256 of it, in hex. */
export function commitmentTo(seed: string): string {
  return hash('sha256', seed);
}

/**
 * The arm of the first task, or block, of a pair; the second has the other one. A fair coin that
 * anybody can toss again once the seed is disclosed: the first bit of SHA-256 over `seed/number`,
 * 1 = new.
 *
 * @param number of the pair: 1, 2, 3 …
 */
export function tossCoin(seed: string, number: number): Arm {
  return draw(seed, number) >= 2 ** 47 ? 'new' : 'old';
}

/** The place in a group, from 0, of the task that keeps the old value; all are as likely. */
export function drawPlace(seed: string, number: number): number {
  return draw(seed, number) % GROUP_TASKS;
}

/** A whole number from 0 to `max`: all are as likely. */
export function drawGap(seed: string, number: number, max: number): number {
  return draw(`${seed}/gap`, number) % (max + 1);
}

/** The first 48 bits of SHA-256 over `seed/number`. */
function draw(seed: string, number: number): number {
  return Number.parseInt(hash('sha256', `${seed}/${number}`).slice(0, 12), 16);
}
