import { hash } from 'node:crypto';

/** Which value a task runs with: the one before, or the one on trial. */
export type Arm = 'old' | 'new';

export function otherArm(arm: Arm): Arm {
  return arm === 'old' ? 'new' : 'old';
}

/**
 * The arm of the first task, or block, of a pair; the second has the other one. A fair coin that
 * anybody can toss again: the first bit of SHA-256 over `seed/pair`, 1 = new.
 *
 * @param pair 1, 2, 3 …
 */
export function tossCoin(seed: string, pair: number): Arm {
  return Number.parseInt(hash('sha256', `${seed}/${pair}`).slice(0, 1), 16) >= 8 ? 'new' : 'old';
}
