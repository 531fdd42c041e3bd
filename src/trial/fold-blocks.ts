import type { Arm } from './arm.ts';
import { addBeside } from './beside.ts';
import { type Block, isUnsettled } from './block.ts';
import { countArrivedBlocks, countBlocks } from './count.ts';
import { isCancelled } from './evidence/outcome.ts';
import type { PairOutcomes } from './evidence/pair-score.ts';
import type { BlockStarted, OutcomeRecorded, OutcomesMissing, TrialRested } from './step.ts';
import { plusCount, runningBlock, type Trial } from './trial.ts';

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
  return {
    ...trial,
    ...{ tossed: set, blocks, isResting: false, restedAt: undefined, quietSince: undefined },
  };
}

export function foldRest(trial: Trial, { sequence, recorded: restedAt }: TrialRested): Trial {
  return { ...trial, blocks: withEnd(sequence, trial.blocks), isResting: true, restedAt };
}

/** Ends the span of the last block: tasks that name this sequence, or a later one, do not belong to it. */
function withEnd(endSequence: number, blocks: readonly Block[]): readonly Block[] {
  return blocks.map((one) => (one.endSequence === undefined ? { ...one, endSequence } : one));
}

export function foldAcknowledgement(trial: Trial, acknowledgedMs: number): Trial {
  return replace(trial, runningBlock(trial), { acknowledgedMs });
}

/** Adds the report of a task to its block; a running block ends at `blockTasks` reports that count. */
export function foldBlockOutcome(trial: Trial, step: OutcomeRecorded): Trial {
  const block = trial.blocks.find((one) => isIts(one, step));
  if (block === undefined) return trial;
  if (isUnsettled(block, step, trial.plan)) return noteReport(trial, block, step.timeMs);
  const outcomes = [...block.outcomes, step.outcome];
  const beside = addBeside(trial.beside, step, trial.plan);
  const placed = replace({ ...trial, beside }, block, { outcomes });
  const after = noteReport(placed, block, step.timeMs);
  if (block.endMs !== undefined) {
    // A silent pair counts towards the limits from its first report on.
    const more = assignedIn(after) - assignedIn(trial);
    return { ...after, assigned: after.assigned + more, dispatched: after.dispatched + more };
  }
  return outcomes.length >= trial.plan.blockTasks ? endBlock(after, step.timeMs) : after;
}

/** Adds a report to a block whose pair is counted: that pair and all pairs after it are counted again. */
export function foldLateInBlock(trial: Trial, step: OutcomeRecorded): Trial {
  const at = trial.countedPairs.findIndex(({ blocks }) => blocks.some((one) => isIts(one, step)));
  const pair = trial.countedPairs[at];
  const block = pair?.blocks.find((one) => isIts(one, step));
  if (pair === undefined || block === undefined) return trial;
  if (isUnsettled(block, step, trial.plan)) return noteReport(trial, block, step.timeMs);
  const late = { ...block, outcomes: [...block.outcomes, step.outcome] };
  const blocks = pair.blocks.map((one) => (one === block ? late : one));
  const countedPairs = trial.countedPairs.slice(0, at);
  const later = trial.countedPairs.slice(at + 1);
  return [blocks, ...later.map((one) => one.blocks)].reduce(
    countPair,
    noteReport({ ...trial, ...pair.before, countedPairs }, block, step.timeMs),
  );
}

function isIts({ set, arm }: Block, step: OutcomeRecorded): boolean {
  return set === step.set && arm === step.arm;
}

/** Counts a report of a block. `longestMs` is measured from the block's end, when its last task may have begun. */
function noteReport(trial: Trial, { endMs = Infinity }: Block, timeMs: number): Trial {
  const longestMs = Math.max(trial.longestMs, timeMs - endMs);
  return { ...trial, placed: trial.placed + 1, longestMs };
}

/** Ends the running block, which timed out. */
export function foldTimedOut(trial: Trial, { timeMs, count, recorded }: OutcomesMissing): Trial {
  const after = endBlock(replace(trial, runningBlock(trial), { missing: count }), timeMs);
  const { blocks } = after;
  const isQuiet = blocks.length % 2 === 0 && isSilent(blocks.slice(-2));
  return isQuiet ? { ...after, quietSince: recorded } : after;
}

/** Whether a pair of blocks has neither reports nor missing tasks; such a pair does not count. */
function isSilent(pair: readonly Block[]): boolean {
  return pair.every(({ outcomes, missing }) => outcomes.length === 0 && missing === 0);
}

/** Ends the running block; the second block of a pair completes the pair. */
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

/** Counts the oldest pair of blocks. */
export function foldSettled(trial: Trial): Trial {
  return countPair({ ...trial, blocks: trial.blocks.slice(2) }, trial.blocks.slice(0, 2));
}

function countPair(trial: Trial, blocks: readonly Block[]): Trial {
  const { evidence, untold, compared, tasksUsed, ...counts } = trial;
  let { expected, missing, cancelled } = counts;
  const before = { evidence, untold, compared, tasksUsed, expected, missing, cancelled };
  for (const { arm, outcomes, missing: gone } of blocks) {
    expected = plusCount(expected, arm, outcomes.length + gone);
    missing = plusCount(missing, arm, gone);
    cancelled = plusCount(cancelled, arm, outcomes.filter(isCancelled).length);
  }
  const countedPairs = [...trial.countedPairs, { blocks, before }];
  return countBlocks({ ...trial, countedPairs, expected, missing, cancelled }, halvesOf(blocks));
}

/** Drops the blocks of a pair that has not ended. */
export function dropUnfinished(trial: Trial): Trial {
  const { blocks } = trial;
  const ended = blocks.filter(({ endMs }) => endMs !== undefined).length;
  return { ...trial, blocks: blocks.slice(0, ended - (ended % 2)) };
}

/** Drops all blocks; ended pairs no longer count towards the limits. */
export function dropBlocks(trial: Trial): Trial {
  return { ...trial, blocks: [], assigned: trial.assigned - assignedIn(trial) };
}

/** How many tasks the ended pairs that are not counted yet contribute to the limits. */
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
