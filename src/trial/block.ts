import type { Arm } from './arm.ts';
import type { Outcome } from './evidence/outcome.ts';
import type { TrialPlan } from './plan.ts';

/** What tells the tasks of a block: the sequence that they name or, without one, when they began. */
export interface BlockSpan {
  /** Number of its pair. */
  readonly set: number;
  readonly arm: Arm;
  /** Sequence of its switch, and of the next switch; `undefined`: there was none yet. */
  readonly sequence: number;
  readonly endSequence: number | undefined;
  readonly startTimeMs: number;
  /** When the last client acknowledged its switch; `undefined`: not all have. */
  readonly acknowledgedMs: number | undefined;
  /** `undefined`: it is running. */
  readonly endMs: number | undefined;
}

/** A block, and what is known of its tasks. */
export interface Block extends BlockSpan {
  /** In order of their reports, those after its end included. */
  readonly outcomes: readonly Outcome[];
  /** Tasks recorded before it began that were of no block. */
  readonly strayBefore: number;
  /** Tasks recorded while it waited for its reports in vain that were of no block; at most as many as it lacked. */
  readonly missing: number;
}

/** A block takes no more reports: a client that applies no change any more goes on naming the same one. */
export const MAX_BLOCK_OUTCOMES = 1000;

/** When a block ends with fewer tasks than it was to have. */
export function blockTimeUpMs(
  { startTimeMs }: Block,
  { outcomeTimeoutMs, blockTimeoutMs = 0 }: TrialPlan,
): number {
  return startTimeMs + Math.max(outcomeTimeoutMs, blockTimeoutMs);
}
