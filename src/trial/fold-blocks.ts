import type { Arm } from './arm.ts';
import { countArrivedBlocks, countBlocks, isCancelled } from './count.ts';
import type { PairOutcomes } from './evidence/pair-score.ts';
import type { BlockStarted, OutcomeRecorded, TrialRested } from './step.ts';
import { type Block, plusCount, runningBlock, type Trial } from './trial.ts';

export function foldBlock(trial: Trial, { set, arm, sequence, timeMs }: BlockStarted): Trial {
  const block: Block = {
    set,
    arm,
    sequence,
    endSequence: undefined,
    startTimeMs: timeMs,
    acknowledgedMs: undefined,
    endMs: undefined,
    outcomes: [],
  };
  const blocks = [...withEnd(sequence, trial.blocks), block];
  return { ...trial, tossed: set, blocks, isResting: false };
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
  const block = trial.blocks.find(({ set, arm }) => set === step.set && arm === step.arm);
  if (block === undefined) return trial;
  const outcomes = [...block.outcomes, step.outcome];
  const after = replace(trial, block, { outcomes });
  const isFull = outcomes.length >= trial.plan.blockTasks;
  return isFull && block.endMs === undefined ? endBlock(after, step.timeMs) : after;
}

/** The running block ends; the second one of a pair completes it. */
export function endBlock(trial: Trial, endMs: number): Trial {
  const ended = replace(trial, runningBlock(trial), { endMs });
  const { blocks, plan, assigned, dispatched } = ended;
  if (blocks.length % 2 === 1) return ended;
  const count = 2 * plan.blockTasks;
  return countArrivedBlocks(
    { ...ended, assigned: assigned + count, dispatched: dispatched + count },
    halvesOf(blocks.slice(-2), plan.blockTasks),
  );
}

/** The oldest pair of blocks is counted. */
export function foldSettled(trial: Trial): Trial {
  const pair = trial.blocks.slice(0, 2);
  const { plan, countedBlocks } = trial;
  let { expected, missing, cancelled } = trial;
  for (const { arm, outcomes } of pair) {
    const lacking = Math.max(plan.blockTasks - outcomes.length, 0);
    expected = plusCount(expected, arm, outcomes.length + lacking);
    missing = plusCount(missing, arm, lacking);
    cancelled = plusCount(cancelled, arm, outcomes.filter(isCancelled).length);
  }
  const after = {
    ...trial,
    blocks: trial.blocks.slice(2),
    countedBlocks: [...countedBlocks, ...pair.map(({ outcomes: _, ...span }) => span)],
    expected,
    missing,
    cancelled,
  };
  return countBlocks(after, halvesOf(pair));
}

/** Drops the blocks of a pair that has not ended. */
export function dropUnfinished(trial: Trial): Trial {
  const { blocks } = trial;
  const ended = blocks.filter(({ endMs }) => endMs !== undefined).length;
  return { ...trial, blocks: blocks.slice(0, ended - (ended % 2)) };
}

/** Drops all blocks: those of ended pairs no longer count towards the limits. */
export function dropBlocks(trial: Trial): Trial {
  const ended = dropUnfinished(trial).blocks.length;
  return { ...trial, blocks: [], assigned: trial.assigned - ended * trial.plan.blockTasks };
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
