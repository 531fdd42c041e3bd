import type { Task } from '../domain/task.ts';
import { own } from '../domain/value.ts';
import { type BlockSpan, blockTimeUpMs, MAX_BLOCK_OUTCOMES } from './block.ts';
import { mustRest } from './budget.ts';
import type { Outcome } from './evidence/outcome.ts';
import { partEnd } from './holdback.ts';
import type { OutcomeRecorded, OutcomesMissing, PairSettled } from './step.ts';
import { tasksLeft } from './task-limits.ts';
import { isFilling } from './task-set.ts';
import {
  awaitsOutcomes,
  countedBlocks,
  openSets,
  openTasks,
  pairDueMs,
  runningBlock,
  type Trial,
} from './trial.ts';
import { isOutage } from './validity.ts';
import { type Finding, isHarmful, judge } from './verdict.ts';

/** The fields of a reported task that a trial reads. */
export type FinishedTask = Pick<
  Task,
  'taskId' | 'status' | 'latencyMs' | 'measurements' | 'finishTimeMs' | 'deltaSequence'
>;

/** The step that a reported task leads to; `undefined` if the trial takes no report of that task. */
export function recordOutcome(
  trial: Trial,
  task: FinishedTask,
  timeMs: number,
): OutcomeRecorded | undefined {
  const place = placeOf(trial, task, timeMs);
  if (place === undefined) return undefined;
  const { taskId, finishTimeMs, latencyMs = 0 } = task;
  const began =
    trial.plan.settleMs === undefined ? {} : { beganMs: Math.round(finishTimeMs - latencyMs) };
  return { timeMs, taskId, ...place, outcome: outcomeOf(trial, task), ...began };
}

/**
 * The step for outcomes that have timed out, if any. A block that timed out has as many missing tasks as tasks of no
 * block were recorded since it began, but at most as many as it lacks.
 *
 * @param recorded tasks ever recorded
 */
export function missingOutcomes(
  trial: Trial,
  nowMs: number,
  recorded: number,
): OutcomesMissing | undefined {
  const { plan } = trial;
  const block = runningBlock(trial);
  const isLate = (sinceMs: number) => nowMs - sinceMs >= plan.outcomeTimeoutMs;
  if (block !== undefined) {
    if (nowMs < blockTimeUpMs(block, plan)) return undefined;
    const strays = recorded - trial.placed - block.strayBefore;
    const count = Math.max(0, Math.min(strays, plan.blockTasks - block.outcomes.length));
    return { step: 'missing', timeMs: nowMs, taskIds: [], count, recorded };
  }
  const taskIds = openTasks(trial)
    .filter(({ outcome, assignTimeMs }) => outcome === undefined && isLate(assignTimeMs))
    .map(({ taskId }) => taskId);
  if (taskIds.length === 0) return undefined;
  return { step: 'missing', timeMs: nowMs, taskIds, count: taskIds.length };
}

/** The step that counts the oldest pair of blocks; `undefined` while outcomes of it may still come. */
export function settledPair(trial: Trial, nowMs: number): PairSettled | undefined {
  const [first] = trial.blocks;
  const dueMs = pairDueMs(trial);
  if (first === undefined || dueMs === undefined || nowMs < dueMs) return undefined;
  return { step: 'settle', timeMs: nowMs, set: first.set };
}

/** The next move of a trial. */
export type NextMove =
  | { readonly move: 'end'; readonly finding: Finding }
  | { readonly move: 'settle'; readonly step: PairSettled }
  | {
      readonly move:
        | 'promote'
        | 'confirm'
        | 'renew'
        | 'suspend'
        | 'continue'
        | 'pause'
        | 'switch'
        | 'rest';
    };

/**
 * The next move that is due; `undefined` while the trial waits for tasks.
 *
 * @param recorded tasks ever recorded
 */
export function nextMove(trial: Trial, nowMs: number, recorded: number): NextMove | undefined {
  const { stage, suspendedMs, pauses } = trial;
  const settled = settledPair(trial, nowMs);
  if (settled !== undefined) return { move: 'settle', step: settled };
  const finding = judge(trial, nowMs);
  if (finding?.verdict === 'helped') return { move: stage === 'trial' ? 'promote' : 'confirm' };
  if (finding !== undefined) return { move: 'end', finding };
  if (stage === 'holdback') return isPartOver(trial, recorded) ? { move: 'renew' } : undefined;
  if (suspendedMs === undefined) {
    // Harm in order of dispatch also suspends the trial, since its verdict waits for late reports.
    const looksHarmful = isHarmful(trial, trial.arrival) || isHarmful(trial, trial.evidence);
    if (looksHarmful) return { move: 'suspend' };
  }
  if (pauses.length > 0) return undefined;
  if (suspendedMs !== undefined) {
    const isDecided = !awaitsOutcomes(trial) && !isHarmful(trial, trial.evidence);
    return isDecided ? { move: 'continue' } : nextBlockMove(trial, recorded);
  }
  return isOutage(trial) ? { move: 'pause' } : nextBlockMove(trial, recorded);
}

/**
 * The move while no block runs: `switch` begins the next block. `rest` comes before it while the trial is suspended,
 * has no tasks left, waits after a pair without reports for another task to be recorded, or has to rest between pairs to
 * stay within its budget.
 */
function nextBlockMove(trial: Trial, recorded: number): NextMove | undefined {
  const { plan, suspendedMs, isResting, quietSince = -1 } = trial;
  if (plan.assignment === 'task' || runningBlock(trial) !== undefined) return undefined;
  const mayBegin = suspendedMs === undefined && recorded > quietSince && tasksLeft(trial) > 0;
  if (mayBegin && !mustRest(trial, recorded)) return { move: 'switch' };
  return isResting ? undefined : { move: 'rest' };
}

/**
 * Whether a part of a holdback is over: enough tasks are recorded, its newest group is full, and no pause lasts.
 * Receipts before the next part may be dropped, and a pause among them would be lost.
 */
function isPartOver({ holdback, sets, pauses }: Trial, recorded: number): boolean {
  if (holdback === undefined || pauses.length > 0) return false;
  return recorded >= partEnd(holdback) && !sets.some(isFilling);
}

type OutcomePlace = Pick<OutcomeRecorded, 'step' | 'set' | 'arm' | 'sinceMs'>;

function placeOf(trial: Trial, task: FinishedTask, nowMs: number): OutcomePlace | undefined {
  if (trial.plan.assignment === 'switchback') return placeInBlocks(trial, task, nowMs);
  const { taskId } = task;
  if (taskId === '') return undefined;
  for (const { number, tasks } of openSets(trial)) {
    const found = tasks.find((one) => one.taskId === taskId && one.outcome === undefined);
    if (found !== undefined) {
      const sinceMs = nowMs - found.assignTimeMs;
      return { step: 'outcome', set: number, arm: found.arm, sinceMs };
    }
  }
  const lost = trial.lost.find((one) => one.taskId === taskId && one.late === undefined);
  return lost && { step: 'late', set: lost.set, arm: lost.arm, sinceMs: nowMs - lost.assignTimeMs };
}

/** Finds the block in which a task was dispatched. The report is `late` if the block's pair was already counted. */
function placeInBlocks(trial: Trial, task: FinishedTask, nowMs: number): OutcomePlace | undefined {
  const isIts = (span: BlockSpan) => ranIn(span, task);
  const open = trial.blocks.find(isIts);
  const block = open ?? countedBlocks(trial).find(isIts);
  if (block === undefined || block.outcomes.length >= MAX_BLOCK_OUTCOMES) return undefined;
  const { set, arm, startTimeMs } = block;
  return { step: open ? 'outcome' : 'late', set, arm, sinceMs: nowMs - startTimeMs };
}

/**
 * Whether a task was dispatched in a block. The `deltaSequence` that it names decides. A task that names none
 * must have begun after every client had acknowledged the block's switch, and before the block ended.
 */
function ranIn(span: BlockSpan, { deltaSequence, finishTimeMs, latencyMs = 0 }: FinishedTask) {
  const { sequence, endSequence = Infinity, acknowledgedMs = Infinity, endMs = Infinity } = span;
  if (deltaSequence > 0) return sequence <= deltaSequence && deltaSequence < endSequence;
  const beganMs = finishTimeMs - latencyMs;
  return acknowledgedMs <= beganMs && beganMs < endMs;
}

function outcomeOf({ plan }: Trial, { status, latencyMs, measurements }: FinishedTask): Outcome {
  const seen: Record<string, number> = {};
  for (const { kind, name } of [plan.primary, ...plan.guards]) {
    const value = kind === 'measurement' ? own(measurements, name) : undefined;
    if (value !== undefined) seen[name] = value;
  }
  return {
    status,
    ...(latencyMs === undefined ? {} : { latencyMs }),
    measurements: seen,
  };
}
