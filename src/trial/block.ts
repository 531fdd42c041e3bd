import type { Arm } from './arm.ts';
import type { Outcome } from './evidence/outcome.ts';
import type { TrialPlan } from './plan.ts';

/** What identifies the tasks of a block: the sequence that they name or, without one, when they began. */
export interface BlockSpan {
  /** Number of its pair. */
  readonly set: number;
  readonly arm: Arm;
  /** Sequence of its switch, and of the next one, if any. */
  readonly sequence: number;
  readonly endSequence: number | undefined;
  readonly startTimeMs: number;
  /** When the last client acknowledged its switch; `undefined` until all have. */
  readonly acknowledgedMs: number | undefined;
  /** `undefined` while it is running. */
  readonly endMs: number | undefined;
}

/** A block and its outcomes. */
export interface Block extends BlockSpan {
  /** In order of their reports, those after its end included. */
  readonly outcomes: readonly Outcome[];
  /** Tasks recorded before it began that were of no block. */
  readonly strayBefore: number;
  /** Once it timed out: tasks recorded meanwhile that belong to no block, at most as many as it lacked. */
  readonly missing: number;
}

/** Maximum reports of a block: a client that stopped applying changes would name the same one for ever. */
export const MAX_BLOCK_OUTCOMES = 1000;

/** When a block times out. */
export function blockTimeUpMs(
  { startTimeMs }: Block,
  { outcomeTimeoutMs, blockTimeoutMs = 0 }: TrialPlan,
): number {
  return startTimeMs + Math.max(outcomeTimeoutMs, blockTimeoutMs);
}
