import type { Arm } from './arm.ts';
import type { Outcome } from './evidence/outcome.ts';
import type { TrialPlan } from './plan.ts';
import type { OutcomeRecorded } from './step.ts';

/** What identifies the tasks of a block: the sequence that they name or, without one, when they began. */
export interface BlockSpan {
  /** Number of the block's pair. */
  readonly set: number;
  readonly arm: Arm;
  /** Sequence of the delta that began the block, and of the one that ended it, if any. */
  readonly sequence: number;
  readonly endSequence: number | undefined;
  readonly startTimeMs: number;
  /** When the last client acknowledged the delta that began the block; `undefined` until all have. */
  readonly acknowledgedMs: number | undefined;
  /** `undefined` while the block is running. */
  readonly endMs: number | undefined;
}

/** A block and its outcomes. */
export interface Block extends BlockSpan {
  /** In order of their reports; reports after the block's end are included. */
  readonly outcomes: readonly Outcome[];
  /** Tasks recorded before the block began that belong to no block. */
  readonly strayBefore: number;
  /** After a timeout: tasks of no block recorded while this one ran, at most as many as it lacked reports. */
  readonly missing: number;
}

/** Maximum number of reports of a block: a client that stops applying changes names one sequence for ever. */
export const MAX_BLOCK_OUTCOMES = 1000;

/** When a block times out. */
export function blockTimeUpMs(
  { startTimeMs }: Block,
  { outcomeTimeoutMs, blockTimeoutMs = 0, settleMs = 0 }: TrialPlan,
): number {
  return startTimeMs + settleMs + Math.max(outcomeTimeoutMs, blockTimeoutMs);
}

/**
 * Whether a task of a block began before the block's value had settled: within `settleMs` after the switch or, once all
 * clients have acknowledged it, after that.
 */
export function isUnsettled(
  { startTimeMs, acknowledgedMs = startTimeMs }: BlockSpan,
  { beganMs }: Pick<OutcomeRecorded, 'beganMs'>,
  { settleMs }: TrialPlan,
): boolean {
  return settleMs !== undefined && beganMs !== undefined && beganMs < acknowledgedMs + settleMs;
}
