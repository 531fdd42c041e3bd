import type { Metric } from '../../domain/effect.ts';
import { TASK_STATUSES } from '../../domain/task.ts';
import { missingOutcomes, nextMove, recordOutcome, settledPair } from '../advance.ts';
import { armOf, assignTask, drawsOf, nextBlock } from '../assign.ts';
import type { BlockSpan } from '../block.ts';
import { SUFFICIENT } from '../evidence/bets.ts';
import { noEvidence } from '../evidence/evidence.ts';
import { GROUP_TASKS } from '../evidence/group-score.ts';
import { eValuesAfter, mayCount } from '../fold.ts';
import { MAX_PARALLEL } from '../parallel.ts';
import { EARLIER_FORMATS_OF_BLOCKS, type TrialPlan } from '../plan.ts';
import type {
  ArmBeside,
  BlockStarted,
  OutcomeRecorded,
  OutcomesMissing,
  PairSettled,
  TaskAssigned,
  TrialPaused,
  TrialRested,
  TrialStep,
} from '../step.ts';
import { isFilling } from '../task-set.ts';
import { countedBlocks, isOfThisFormat, type Trial } from '../trial.ts';
import { TAKING_BACK } from '../verdict.ts';
import type { Course } from './course.ts';
import { hasShape, isCount, isNear, isSame, show } from './same-json.ts';
import { type Disclosed, faultOfCommitment, seedOf } from './seeds.ts';

/** Why a step cannot begin a trial, in words; `undefined` if it can. Each `faultOf…` here returns such a reason. */
export function faultOfStart(deltaId: string, step: TrialStep): string | undefined {
  if (step.step !== 'start') return 'it does not begin the trial';
  const { plan, commitment } = step;
  if (plan.deltaId !== deltaId) return 'it begins the trial of another delta';
  if (!isOfThisFormat(plan)) {
    // For earlier formats, the audit checks only the chain of hashes.
    const isFirst = plan.format === undefined && commitment === undefined;
    const isEarlier =
      plan.assignment === 'switchback' && EARLIER_FORMATS_OF_BLOCKS.includes(plan.format);
    return isFirst || isEarlier ? undefined : 'the form of its plan is none that is known';
  }
  const { carried, sufficient, retrialOf, primary, guards } = plan;
  const metrics = [primary, ...guards];
  // `carried` may be absent, but not `null`.
  if (carried !== undefined && !isEvidence(carried, metrics, plan)) {
    return 'what it goes on from is no evidence';
  }
  if (sufficient !== (retrialOf === undefined ? SUFFICIENT : TAKING_BACK)) {
    return `evidence of ${show(sufficient)} to 1 is not what a trial needs`;
  }
  return faultOfCommitment({ plan, stages: 1, commitment });
}

function isEvidence(carried: unknown, metrics: readonly Metric[], plan: TrialPlan): boolean {
  if (!Array.isArray(carried) || carried.length !== metrics.length) return false;
  return metrics.every((metric, i) => {
    const { metric: named } = (carried[i] ?? {}) as { metric?: unknown };
    return isSame(named, metric) && hasShape(carried[i], noEvidence(metric, plan));
  });
}

/** Repeats the assignment: its set and arm must come out the same. */
export function faultOfAssignment(
  { trial }: Course,
  step: TaskAssigned,
  seeds: Disclosed,
): string | undefined {
  const { taskId, kind, cohort, timeMs, set, arm } = step;
  if (trial.plan.assignment !== 'task') return 'the trial gives arms to blocks, not to tasks';
  if (typeof taskId !== 'string' || taskId === '' || typeof kind !== 'string') {
    return 'it names no task';
  }
  if (cohort !== undefined && !trial.plan.cohorts?.values.includes(cohort)) {
    return 'its cohort is none that the trial tells apart';
  }
  if (armOf(trial, taskId) !== undefined) return 'its task had an arm already';
  const seed = seedOf(trial, seeds);
  // Which tasks take part, and may begin groups, is unknown without the seed, and earlier releases did not draw it from the seed.
  const isOpen = seed === undefined || step.recorded !== undefined;
  const known = drawsOf(trial, () => seed ?? '', taskId);
  const anyway = () => true;
  const draws = isOpen ? { mayEnter: anyway, mayBegin: anyway } : known;
  const again = assignTask(trial, { taskId, kind, cohort, timeMs, seed: seed ?? '' }, draws);
  if (again === undefined) return 'no task could be given an arm then';
  const word = trial.stage === 'trial' ? 'pair' : 'group';
  if (again.set !== set) return `its task belongs in ${word} ${again.set}`;
  if (!isNear(again.predicted, step.predicted)) {
    return `its prediction is ${show(step.predicted)}, and that of the tasks before is ${again.predicted}`;
  }
  if (seed === undefined) {
    return mayHave(trial, step, again)
      ? undefined
      : `${arm} cannot be its arm, by the others of set ${set}`;
  }
  return again.arm === arm ? undefined : `the coin says ${again.arm} in ${word} ${set}, not ${arm}`;
}

/** Whether a task can have its arm, as far as the other tasks of its set show it without the stage's seed. */
function mayHave(trial: Trial, { arm, set }: TaskAssigned, again: TaskAssigned): boolean {
  if (arm !== 'old' && arm !== 'new') return false;
  if (trial.stage === 'trial') {
    const isSecond = trial.waiting.some(({ number }) => number === set);
    return !isSecond || arm === again.arm;
  }
  const others = trial.sets.find(isFilling)?.tasks ?? [];
  const hasOld = others.some((task) => task.arm === 'old');
  if (arm === 'old') return !hasOld;
  return hasOld || others.length < GROUP_TASKS - 1;
}

export function faultOfBlock(
  { trial, sequence, recorded }: Course,
  step: BlockStarted,
  seeds: Disclosed,
): string | undefined {
  const { plan, blocks } = trial;
  if (plan.assignment !== 'switchback') return 'the trial gives arms to tasks, not to blocks';
  if (!isCount(step.recorded) || step.recorded < recorded) return faultOfRecorded(step, recorded);
  if (nextMove(trial, step.timeMs, step.recorded)?.move !== 'switch')
    return 'no block was to begin';
  const seed = seedOf(trial, seeds);
  const { set, arm } = nextBlock(trial, seed ?? '');
  const isHidden = seed === undefined && blocks.length % 2 === 0;
  const isArm = isHidden ? step.arm === 'old' || step.arm === 'new' : step.arm === arm;
  if (set !== step.set || !isArm) return `the next block was the ${arm} one of pair ${set}`;
  return faultOfSequence(step, sequence);
}

const UNCOUNTED_REST = 'it says how many tasks had been recorded, or does not';

export function faultOfRest(
  { trial, sequence, recorded }: Course,
  step: TrialRested,
): string | undefined {
  const known = step.recorded ?? recorded;
  if (!isCount(known) || known < recorded) return faultOfRecorded(step, recorded);
  if ((step.recorded !== undefined) !== (trial.plan.budget !== undefined)) return UNCOUNTED_REST;
  return nextMove(trial, step.timeMs, known)?.move === 'rest'
    ? faultOfSequence(step, sequence)
    : 'the trial was not to rest';
}

function faultOfSequence(step: BlockStarted | TrialRested, before: number): string | undefined {
  return isCount(step.sequence) && step.sequence > before
    ? undefined
    : `its switch has the sequence ${show(step.sequence)}, and one before it ${before}`;
}

export function faultOfSettled({ trial }: Course, step: PairSettled): string | undefined {
  const again = settledPair(trial, step.timeMs);
  if (again === undefined) return 'outcomes of its pair could still come';
  return again.set === step.set ? undefined : `pair ${again.set} was due`;
}

export function faultOfOutcome({ trial }: Course, step: OutcomeRecorded): string | undefined {
  const { taskId, timeMs, outcome } = step;
  const { status } = outcome;
  if (typeof taskId !== 'string') return 'it names no task';
  const known = TASK_STATUSES.find((one) => one === status);
  if (known === undefined) return `no task ends as ${show(status)}`;
  const isIts = ({ set, arm }: BlockSpan) => set === step.set && arm === step.arm;
  const block = [...trial.blocks, ...countedBlocks(trial)].find(isIts);
  const deltaSequence = block?.sequence ?? 0;
  const { latencyMs, measurements } = outcome;
  const ended = { taskId, status: known, latencyMs, measurements };
  const finishTimeMs = step.beganMs === undefined ? timeMs : step.beganMs + (latencyMs ?? 0);
  const again = recordOutcome(trial, { ...ended, finishTimeMs, deltaSequence }, timeMs);
  if (again === undefined) return 'no outcome of its task was awaited';
  if (again.step !== step.step) return 'its task had not been given up, or had been';
  if (again.set !== step.set || again.arm !== step.arm) {
    return `its task was of the ${again.arm} arm of set ${again.set}`;
  }
  return isSame(again, withoutEValues(step))
    ? faultOfBeside(trial, step)
    : 'it tells what the trial does not look at';
}

function faultOfRecorded(step: { readonly recorded?: unknown }, before: number): string {
  return `${show(step.recorded)} tasks had been recorded, and ${before} before it`;
}

export function faultOfMissing(
  { trial, recorded }: Course,
  step: OutcomesMissing,
): string | undefined {
  const known = step.recorded ?? recorded;
  if (!isCount(known) || known < recorded) return faultOfRecorded(step, recorded);
  const again = missingOutcomes(trial, step.timeMs, known);
  if (again === undefined) return 'no outcome was late';
  return isSame(again, withoutEValues(step)) ? undefined : 'other outcomes than these were late';
}

function withoutEValues(step: OutcomeRecorded | OutcomesMissing) {
  if (step.step === 'missing') {
    const { e: _, ...told } = step;
    return told;
  }
  const { e: _, beside: __, ...told } = step;
  return told;
}

/** What other trials did is in their own receipts; here it only has to be possible. */
function faultOfBeside({ plan }: Trial, { beside }: OutcomeRecorded): string | undefined {
  if (beside === undefined) return undefined;
  const isArm = ({ deltaId, target, arm }: ArmBeside) =>
    deltaId !== plan.deltaId && target !== plan.target && (arm === 'old' || arm === 'new');
  const isParallel = plan.interferesWith !== undefined && Array.isArray(beside);
  return isParallel && beside.length < MAX_PARALLEL && beside.every(isArm)
    ? undefined
    : 'it tells of trials that cannot have run beside';
}

/** Compares the e-values of a step that records them with those that it leads to. */
export function faultOfEValues(
  before: Trial,
  after: Trial | undefined,
  step: TrialStep,
): string | undefined {
  if (!mayCount(step)) return undefined;
  const e = eValuesAfter(before, after, step);
  const { e: claimed } = step;
  return isSame(e, claimed)
    ? undefined
    : `its e-values are ${show(claimed)}, and those of the outcomes are ${show(e)}`;
}

export function faultOfPause(
  { trial, recorded }: Course,
  { reason, timeMs }: TrialPaused,
): string | undefined {
  if (trial.pauses.includes(reason)) return 'the trial was paused already';
  if (reason === 'operator') return undefined;
  return reason === 'outage' && nextMove(trial, timeMs, recorded)?.move === 'pause'
    ? undefined
    : 'the outcomes show no outage';
}
