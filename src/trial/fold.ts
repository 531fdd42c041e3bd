import type { Arm } from './arm.ts';
import { addPair, type Outcome, type PairOutcomes } from './evidence.ts';
import type { Receipt } from './receipt.ts';
import type { OutcomeRecorded, TaskAssigned, TrialStep } from './step.ts';
import {
  type AssignedTask,
  type Block,
  type ClosedBlock,
  type Counts,
  type OpenPair,
  OUTAGE_TASKS,
  startTrial,
  type Trial,
} from './trial.ts';

/** The trial after a receipt; `undefined` before the first one and after the last. */
export function foldReceipt(trial: Trial | undefined, receipt: Receipt): Trial | undefined {
  const { step } = receipt;
  if (step.step === 'end') return undefined;
  const before = step.step === 'start' ? startTrial(step.plan, step.timeMs, step.wallMs) : trial;
  return before && foldSealed(before, receipt);
}

/** The trial after a step; it must be one that the trial allows. */
export const foldStep = rememberingLast(takeStep);

const foldSealed = rememberingLast((trial: Trial, { step, number, hash }: Receipt) => ({
  ...foldStep(trial, step),
  steps: number,
  hash,
}));

/** Whoever decides on a step folds it, and then the ledger does: the second time costs nothing. */
function rememberingLast<T>(fold: (before: Trial, taken: T) => Trial) {
  let last: { readonly before: Trial; readonly taken: T; readonly after: Trial } | undefined;
  return (before: Trial, taken: T): Trial => {
    if (last?.before !== before || last.taken !== taken) {
      last = { before, taken, after: fold(before, taken) };
    }
    return last.after;
  };
}

function takeStep(trial: Trial, step: TrialStep): Trial {
  switch (step.step) {
    case 'start':
    case 'end':
      return trial;
    case 'assign':
      return foldAssignment(trial, step);
    case 'block':
      return {
        ...trial,
        pairsBegun: step.pair,
        block: {
          arm: step.arm,
          sequence: step.sequence,
          startTimeMs: step.timeMs,
          acknowledgedMs: undefined,
          outcomes: [],
        },
      };
    case 'acknowledged':
      return {
        ...trial,
        block: trial.block && { ...trial.block, acknowledgedMs: step.timeMs },
      };
    case 'outcome':
      return trial.plan.assignment === 'task'
        ? foldTaskOutcome(trial, step)
        : foldBlockOutcome(trial, step);
    case 'missing':
      return trial.plan.assignment === 'task'
        ? foldMissingTasks(trial, step.taskIds)
        : foldMissingInBlock(trial, step.count);
    case 'pause':
      return {
        ...leaveOut(trial, trial.openPairs, true),
        // What showed an outage was touched by it.
        heldPairs: step.reason === 'outage' ? [] : trial.heldPairs,
        pauses: [...trial.pauses, step.reason],
        block: undefined,
        firstBlock: undefined,
      };
    case 'resume':
      return {
        ...trial,
        pauses: trial.pauses.filter((reason) => reason !== step.reason),
        recentFailures: { old: [], new: [] },
      };
  }
}

function foldAssignment(trial: Trial, { taskId, pair, arm, kind, timeMs }: TaskAssigned): Trial {
  const task: AssignedTask = { taskId, arm, assignTimeMs: timeMs, outcome: undefined };
  const isNew = pair > trial.pairsBegun;
  const openPairs = isNew
    ? [
        ...trial.openPairs,
        { number: pair, kind, openedAt: trial.assignments.length, tasks: [task] },
      ]
    : trial.openPairs.map((one) =>
        one.number === pair ? { ...one, tasks: [...one.tasks, task] } : one,
      );
  return {
    ...trial,
    openPairs,
    pairsBegun: Math.max(trial.pairsBegun, pair),
    assignments: [...trial.assignments, { taskId, arm }],
    expected: plus(trial.expected, arm, 1),
  };
}

function foldTaskOutcome(trial: Trial, { taskId, pair, outcome }: OutcomeRecorded): Trial {
  const open = trial.openPairs.find(({ number }) => number === pair);
  if (open === undefined) return trial;
  const tasks = open.tasks.map((task) => (task.taskId === taskId ? { ...task, outcome } : task));
  const changed = { ...open, tasks };
  const others = trial.openPairs.filter((one) => one !== open);
  if (outcome.status === 'cancelled') return leaveOut({ ...trial, openPairs: others }, [changed]);
  if (tasks.length < 2 || tasks.some((task) => task.outcome === undefined)) {
    const openPairs = trial.openPairs.map((one) => (one === open ? changed : one));
    return { ...trial, openPairs };
  }
  const half = (arm: Arm) =>
    tasks.flatMap((task) => (task.arm === arm && task.outcome ? [task.outcome] : []));
  return countPair({ ...trial, openPairs: others }, { old: half('old'), new: half('new') });
}

function foldBlockOutcome(trial: Trial, { outcome }: OutcomeRecorded): Trial {
  const { block, plan } = trial;
  if (block === undefined) return trial;
  if (outcome.status === 'cancelled') return { ...trial, block: undefined, firstBlock: undefined };
  const outcomes = [...block.outcomes, outcome];
  const changed = { ...block, outcomes };
  return outcomes.length < plan.blockTasks
    ? { ...trial, block: changed }
    : closeBlock(trial, changed, 0);
}

function foldMissingInBlock(trial: Trial, count: number): Trial {
  return trial.block === undefined ? trial : closeBlock(trial, trial.block, count);
}

/** With its second block a pair is counted, from what outcomes there are. */
function closeBlock(trial: Trial, { arm, outcomes }: Block, missing: number): Trial {
  const closed: ClosedBlock = { arm, outcomes, missing };
  const first = trial.firstBlock;
  if (first === undefined) return { ...trial, block: undefined, firstBlock: closed };
  let { expected, missing: lost } = trial;
  for (const half of [first, closed]) {
    expected = plus(expected, half.arm, half.outcomes.length + half.missing);
    lost = plus(lost, half.arm, half.missing);
  }
  const after = { ...trial, block: undefined, firstBlock: undefined, expected, missing: lost };
  if (first.outcomes.length === 0 || outcomes.length === 0) return after;
  const [old, fresh] = arm === 'new' ? [first, closed] : [closed, first];
  return countPair(after, { old: old.outcomes, new: fresh.outcomes });
}

function foldMissingTasks(trial: Trial, taskIds: readonly string[]): Trial {
  const late = new Set(taskIds);
  let { missing } = trial;
  const touched: OpenPair[] = [];
  for (const pair of trial.openPairs) {
    const lost = pair.tasks.filter(({ taskId }) => late.has(taskId));
    if (lost.length === 0) continue;
    for (const { arm } of lost) missing = plus(missing, arm, 1);
    touched.push({ ...pair, tasks: pair.tasks.filter(({ taskId }) => !late.has(taskId)) });
  }
  const numbers = new Set(touched.map(({ number }) => number));
  const openPairs = trial.openPairs.filter(({ number }) => !numbers.has(number));
  return leaveOut({ ...trial, openPairs, missing }, touched);
}

/**
 * Pairs are given up: what their tasks have not told yet, they need not tell any more.
 *
 * @param whole what they have told, too: more tasks of the faster arm have
 */
function leaveOut(trial: Trial, pairs: readonly OpenPair[], whole = false): Trial {
  let { expected } = trial;
  for (const { arm, outcome } of pairs.flatMap(({ tasks }) => tasks)) {
    if (whole || outcome === undefined) expected = plus(expected, arm, -1);
  }
  const given = new Set(pairs);
  return { ...trial, expected, openPairs: trial.openPairs.filter((pair) => !given.has(pair)) };
}

/**
 * Pairs in which every task failed wait for one in which some did not. They could only be dropped
 * for an outage as long as nobody has looked at them: dropped later, the evidence would have had a
 * second chance.
 */
function countPair(trial: Trial, pair: PairOutcomes): Trial {
  const pairs = [...trial.heldPairs, pair];
  const seen = {
    ...trial,
    recentFailures: {
      old: newestFailures(trial.recentFailures.old, pair.old),
      new: newestFailures(trial.recentFailures.new, pair.new),
    },
  };
  if (![...pair.old, ...pair.new].some(hasSucceeded)) return { ...seen, heldPairs: pairs };
  return {
    ...seen,
    heldPairs: [],
    evidence: pairs.reduce((sum, one) => addPair(sum, one, trial.plan.timeoutMs), trial.evidence),
    tasksUsed: pairs.reduce((sum, one) => sum + one.old.length + one.new.length, trial.tasksUsed),
  };
}

function hasSucceeded({ status }: Outcome): boolean {
  return status === 'success';
}

function newestFailures(former: readonly boolean[], outcomes: readonly Outcome[]): boolean[] {
  const failures = outcomes.map(({ status }) => status !== 'success');
  return [...former, ...failures].slice(-OUTAGE_TASKS);
}

function plus(counts: Counts, arm: Arm, count: number): Counts {
  return { ...counts, [arm]: counts[arm] + count };
}
