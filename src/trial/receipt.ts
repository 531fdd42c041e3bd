import { hash } from 'node:crypto';
import type { TrialStep } from './step.ts';

/** A step in a hash chain: no receipt can be changed, left out or moved unnoticed. */
export interface Receipt {
  /** 1, 2, 3 … within the trial. */
  readonly number: number;
  readonly step: TrialStep;
  /** SHA-256, in hex, of `former number step`, where `former` is the hash of the receipt before and `step` is JSON. */
  readonly hash: string;
}

/** The hash that stands for `former` in the first receipt of a trial. */
export function firstHash(deltaId: string): string {
  return hash('sha256', deltaId);
}

/** @param former the hash of the receipt before, or `firstHash` */
export function sealStep(former: string, number: number, step: TrialStep): Receipt {
  return { number, step, hash: hashOf(former, number, step) };
}

/** Whether a receipt is the one that was written after `former`. */
export function isSealed(former: string, { number, step, hash: claimed }: Receipt): boolean {
  return hashOf(former, number, step) === claimed;
}

function hashOf(former: string, number: number, step: TrialStep): string {
  return hash('sha256', `${former} ${number} ${JSON.stringify(step)}`);
}
