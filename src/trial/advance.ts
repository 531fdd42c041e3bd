import type { Task } from '../domain/task.ts';
import { own } from '../domain/value.ts';
import { nextBlock } from './assign.ts';
import { eHarm, eHelp, type Outcome } from './evidence.ts';
import { foldStep } from './fold.ts';
import type { BlockStarted, OutcomeRecorded, OutcomesMissing } from './step.ts';
import type { Trial } from './trial.ts';
import { type Finding, isOutage, judge } from './verdict.ts';

/** A task that has ended, as far as a trial looks at it. */
export type FinishedTask = Pick<
  Task,
  'taskId' | 'status' | 'latencyMs' | 'measurements' | 'finishTimeMs' | 'deltaSequence'
>;

/** What a task's end is to the trial; `undefined`: nothing, it is not one of the trial's. */
export function recordOutcome(
  trial: Trial,
  task: FinishedTask,
  timeMs: number,
): OutcomeRecorded | undefined {
  const place = placeOf(trial, task);
  if (place === undefined) return undefined;
  // Its e-values are filled in before anybody else sees it: the fold does not look at them.
  const step: { -readonly [K in keyof OutcomeRecorded]: OutcomeRecorded[K] } = {
    step: 'outcome',
    timeMs,
    taskId: task.taskId,
    ...place,
    outcome: outcomeOf(trial, task),
  };
  const after = foldStep(trial, step);
  if (after.tasksUsed > trial.tasksUsed) {
    step.e = after.evidence.map((one) => [eHarm(one), eHelp(one)] as const);
  }
  return step;
}

/** Outcomes that have not come in time; `undefined`: none. */
export function missingOutcomes(trial: Trial, nowMs: number): OutcomesMissing | undefined {
  const { block, openPairs, plan } = trial;
  const isLate = (sinceMs: number) => nowMs - sinceMs >= plan.outcomeTimeoutMs;
  if (block !== undefined) {
    if (!isLate(block.startTimeMs)) return undefined;
    const count = plan.blockTasks - block.outcomes.length;
    return { step: 'missing', timeMs: nowMs, taskIds: [], count };
  }
  const taskIds = openPairs
    .flatMap(({ tasks }) => tasks)
    .filter(({ outcome, assignTimeMs }) => outcome === undefined && isLate(assignTimeMs))
    .map(({ taskId }) => taskId);
  if (taskIds.length === 0) return undefined;
  return { step: 'missing', timeMs: nowMs, taskIds, count: taskIds.length };
}

/** What a trial does of itself, once a step has been taken. */
export type NextMove =
  | { readonly move: 'end'; readonly finding: Finding }
  | { readonly move: 'pause' }
  | ({ readonly move: 'switch' } & Pick<BlockStarted, 'pair' | 'arm'>);

/** The next move that is due; `undefined`: the trial waits for tasks. */
export function nextMove(trial: Trial, nowMs: number): NextMove | undefined {
  const finding = judge(trial, nowMs);
  if (finding !== undefined) return { move: 'end', finding };
  if (trial.pauses.length > 0) return undefined;
  if (isOutage(trial)) return { move: 'pause' };
  if (trial.plan.assignment === 'task' || trial.block !== undefined) return undefined;
  return { move: 'switch', ...nextBlock(trial) };
}

function placeOf(
  trial: Trial,
  task: FinishedTask,
): Pick<OutcomeRecorded, 'pair' | 'arm'> | undefined {
  if (trial.plan.assignment === 'switchback') {
    const { block, pairsBegun } = trial;
    return block !== undefined && ranIn(block, task)
      ? { pair: pairsBegun, arm: block.arm }
      : undefined;
  }
  if (task.taskId === '') return undefined;
  for (const { number, tasks } of trial.openPairs) {
    const found = tasks.find(({ taskId }) => taskId === task.taskId);
    if (found !== undefined) {
      return found.outcome === undefined ? { pair: number, arm: found.arm } : undefined;
    }
  }
  return undefined;
}

/**
 * A task belongs to the block whose value it was dispatched with: by the sequence that it names or,
 * where it names none, if it began after every client had acknowledged the block's switch.
 */
function ranIn({ sequence, acknowledgedMs }: NonNullable<Trial['block']>, task: FinishedTask) {
  if (task.deltaSequence > 0) return task.deltaSequence >= sequence;
  return acknowledgedMs !== undefined && task.finishTimeMs - task.latencyMs >= acknowledgedMs;
}

function outcomeOf({ plan }: Trial, { status, latencyMs, measurements }: FinishedTask): Outcome {
  const seen: Record<string, number> = {};
  for (const { kind, name } of [plan.primary, ...plan.guards]) {
    const value = kind === 'measurement' ? own(measurements, name) : undefined;
    if (value !== undefined) seen[name] = value;
  }
  return { status, latencyMs, measurements: seen };
}
