import { countBlocks, isCancelled } from './count.ts';
import type { BlockStarted, OutcomeRecorded } from './step.ts';
import type { Block, ClosedBlock, Trial } from './trial.ts';

export function foldBlock(trial: Trial, { set, arm, sequence, timeMs }: BlockStarted): Trial {
  const block = { arm, sequence, startTimeMs: timeMs, acknowledgedMs: undefined, outcomes: [] };
  return { ...trial, tossed: set, block };
}

/** A task of the running block was reported; the last one closes the block. */
export function foldBlockOutcome(trial: Trial, { outcome }: OutcomeRecorded): Trial {
  const { block, plan } = trial;
  if (block === undefined) return trial;
  const outcomes = [...block.outcomes, outcome];
  const changed = { ...block, outcomes };
  return outcomes.length < plan.blockTasks
    ? { ...trial, block: changed }
    : closeBlock(trial, changed, 0);
}

/** The running block times out with `count` tasks missing. */
export function foldMissingInBlock(trial: Trial, count: number): Trial {
  return trial.block === undefined ? trial : closeBlock(trial, trial.block, count);
}

/** The second block of a pair completes it: the pair is counted. */
function closeBlock(trial: Trial, { arm, outcomes }: Block, missing: number): Trial {
  const closed: ClosedBlock = { arm, outcomes, missing };
  const first = trial.firstBlock;
  if (first === undefined) return { ...trial, block: undefined, firstBlock: closed };
  const [old, fresh] = arm === 'new' ? [first, closed] : [closed, first];
  const { expected, missing: lost, cancelled, assigned, dispatched } = trial;
  const cancelledIn = ({ outcomes: all }: ClosedBlock) => all.filter(isCancelled).length;
  const tasks = old.outcomes.length + old.missing + fresh.outcomes.length + fresh.missing;
  const after = {
    ...trial,
    block: undefined,
    firstBlock: undefined,
    assigned: assigned + tasks,
    dispatched: dispatched + tasks,
    expected: {
      old: expected.old + old.outcomes.length + old.missing,
      new: expected.new + fresh.outcomes.length + fresh.missing,
    },
    missing: { old: lost.old + old.missing, new: lost.new + fresh.missing },
    cancelled: { old: cancelled.old + cancelledIn(old), new: cancelled.new + cancelledIn(fresh) },
  };
  return countBlocks(after, { old: old.outcomes, new: fresh.outcomes });
}
