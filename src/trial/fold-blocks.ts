import type { Arm } from './arm.ts';
import { nothingCompared } from './compared.ts';
import { countArrivedBlocks, countBlocks, isCancelled } from './count.ts';
import { openBets } from './evidence/bets.ts';
import type { PairOutcomes } from './evidence/pair-score.ts';
import type { BlockStarted, OutcomeRecorded, OutcomesMissing, TrialRested } from './step.ts';
import { type Block, initialEvidence, plusCount, runningBlock, type Trial } from './trial.ts';

export function foldBlock(
  trial: Trial,
  { set, arm, sequence, timeMs, recorded }: BlockStarted,
): Trial {
  const block: Block = {
    set,
    arm,
    sequence,
    endSequence: undefined,
    startTimeMs: timeMs,
    acknowledgedMs: undefined,
    endMs: undefined,
    outcomes: [],
    strayBefore: recorded - trial.placed,
    missing: 0,
  };
  const blocks = [...withEnd(sequence, trial.blocks), block];
  return { ...trial, tossed: set, blocks, isResting: false, quietSince: undefined };
}

export function foldRest(trial: Trial, { sequence }: TrialRested): Trial {
  return { ...trial, blocks: withEnd(sequence, trial.blocks), isResting: true };
}

/** Ends the span of the last block: tasks that name this sequence, or a later one, do not belong to it. */
function withEnd(endSequence: number, blocks: readonly Block[]): readonly Block[] {
  return blocks.map((one) => (one.endSequence === undefined ? { ...one, endSequence } : one));
}

export function foldAcknowledgement(trial: Trial, acknowledgedMs: number): Trial {
  return replace(trial, runningBlock(trial), { acknowledgedMs });
}

/** A task of a block was reported; `blockTasks` reports end a running one. */
export function foldBlockOutcome(trial: Trial, step: OutcomeRecorded): Trial {
  const block = trial.blocks.find((one) => isIts(one, step));
  if (block === undefined) return trial;
  const outcomes = [...block.outcomes, step.outcome];
  const after = noteReport(replace(trial, block, { outcomes }), block, step.timeMs);
  const isFull = outcomes.length >= trial.plan.blockTasks;
  return isFull && block.endMs === undefined ? endBlock(after, step.timeMs) : after;
}

/** A task of a block whose pair is counted was reported: all pairs are counted again. */
export function foldLateInBlock(trial: Trial, step: OutcomeRecorded): Trial {
  const block = trial.countedBlocks.find((one) => isIts(one, step));
  if (block === undefined) return trial;
  const late = { ...block, outcomes: [...block.outcomes, step.outcome] };
  const countedBlocks = trial.countedBlocks.map((one) => (one === block ? late : one));
  return countAgain(noteReport({ ...trial, countedBlocks }, block, step.timeMs));
}

function isIts({ set, arm }: Block, step: OutcomeRecorded): boolean {
  return set === step.set && arm === step.arm;
}

/** The longest time is that from a block's end, when its last task may have begun. */
function noteReport(trial: Trial, { endMs = Infinity }: Block, timeMs: number): Trial {
  const longestMs = Math.max(trial.longestMs, timeMs - endMs);
  return { ...trial, placed: trial.placed + 1, longestMs };
}

/** The running block has waited for its reports in vain. */
export function foldTimedOut(trial: Trial, { timeMs, count, recorded }: OutcomesMissing): Trial {
  const after = endBlock(replace(trial, runningBlock(trial), { missing: count }), timeMs);
  const { blocks } = after;
  const isQuiet = blocks.length % 2 === 0 && isSilent(blocks.slice(-2));
  return isQuiet ? { ...after, quietSince: recorded } : after;
}

/** Whether nothing at all was reported in a pair of blocks: it tells nothing. */
function isSilent(pair: readonly Block[]): boolean {
  return pair.every(({ outcomes, missing }) => outcomes.length === 0 && missing === 0);
}

/** The running block ends; the second one of a pair completes it. */
function endBlock(trial: Trial, endMs: number): Trial {
  const ended = replace(trial, runningBlock(trial), { endMs });
  const { blocks, plan, assigned, dispatched } = ended;
  const pair = blocks.slice(-2);
  if (blocks.length % 2 === 1 || isSilent(pair)) return ended;
  const count = 2 * plan.blockTasks;
  return countArrivedBlocks(
    { ...ended, assigned: assigned + count, dispatched: dispatched + count },
    halvesOf(pair, plan.blockTasks),
  );
}

/** The oldest pair of blocks is counted. */
export function foldSettled(trial: Trial): Trial {
  return countPair({ ...trial, blocks: trial.blocks.slice(2) }, trial.blocks.slice(0, 2));
}

/** Counts all pairs again, in order of dispatch. */
function countAgain(trial: Trial): Trial {
  const none = { old: 0, new: 0 };
  let again: Trial = {
    ...trial,
    ...{ evidence: initialEvidence(trial.plan), untold: openBets('rate') },
    ...{ compared: nothingCompared(trial.plan), tasksUsed: 0 },
    ...{ expected: none, missing: none, cancelled: none, countedBlocks: [] },
  };
  const { countedBlocks } = trial;
  for (let i = 0; i < countedBlocks.length; i += 2) {
    again = countPair(again, countedBlocks.slice(i, i + 2));
  }
  return again;
}

function countPair(trial: Trial, pair: readonly Block[]): Trial {
  let { expected, missing, cancelled } = trial;
  for (const { arm, outcomes, missing: gone } of pair) {
    expected = plusCount(expected, arm, outcomes.length + gone);
    missing = plusCount(missing, arm, gone);
    cancelled = plusCount(cancelled, arm, outcomes.filter(isCancelled).length);
  }
  const countedBlocks = [...trial.countedBlocks, ...pair];
  return countBlocks({ ...trial, countedBlocks, expected, missing, cancelled }, halvesOf(pair));
}

/** Drops the blocks of a pair that has not ended. */
export function dropUnfinished(trial: Trial): Trial {
  const { blocks } = trial;
  const ended = blocks.filter(({ endMs }) => endMs !== undefined).length;
  return { ...trial, blocks: blocks.slice(0, ended - (ended % 2)) };
}

/** Drops all blocks: those of ended pairs no longer count towards the limits. */
export function dropBlocks(trial: Trial): Trial {
  return { ...trial, blocks: [], assigned: trial.assigned - assignedIn(trial) };
}

/** What the ended pairs that are not counted yet count for towards the limits. */
export function assignedIn(trial: Trial): number {
  const { blocks } = dropUnfinished(trial);
  const pairs = blocks.flatMap((_, i) => (i % 2 === 0 ? [blocks.slice(i, i + 2)] : []));
  return pairs.filter((pair) => !isSilent(pair)).length * 2 * trial.plan.blockTasks;
}

function halvesOf(pair: readonly Block[], most?: number): PairOutcomes {
  const half = (arm: Arm) =>
    pair.flatMap((one) => (one.arm === arm ? one.outcomes.slice(0, most) : []));
  return { old: half('old'), new: half('new') };
}

function replace(trial: Trial, block: Block | undefined, change: Partial<Block>): Trial {
  const blocks = trial.blocks.map((one) => (one === block ? { ...one, ...change } : one));
  return { ...trial, blocks };
}
