import { type NextMove, nextMove } from './advance.ts';
import type { TrialStep } from './step.ts';
import { isOfThisFormat, type Trial } from './trial.ts';

/** A trial as far as its receipts have been followed, and what the next one has to agree with. */
export interface Course {
  readonly trial: Trial;
  /** Tasks ever recorded, at least. */
  readonly recorded: number;
  /** Of the newest block's switch. */
  readonly sequence: number;
  readonly timeMs: number;
  /** What the trial had to do at once; `undefined`: nothing. */
  readonly due: NextMove | undefined;
}

/** Steps after which a trial takes those that are due, in the same commit. */
const MOVING: readonly TrialStep['step'][] = [
  ...(['start', 'outcome', 'late', 'missing', 'resume', 'block'] as const),
  ...(['suspend', 'continue', 'promote', 'confirm', 'renew'] as const),
];

/** The course once a step was taken. */
export function afterStep(
  { recorded: former, sequence }: Pick<Course, 'recorded' | 'sequence'>,
  trial: Trial,
  step: TrialStep,
): Course {
  const recorded = Math.max(former, recordedAt(step) ?? former);
  const { timeMs } = step;
  const isMoving =
    MOVING.includes(step.step) || (step.step === 'pause' && step.reason === 'outage');
  return {
    trial,
    recorded,
    sequence: step.step === 'block' ? step.sequence : sequence,
    timeMs,
    due: isMoving && isOfThisFormat(trial.plan) ? nextMove(trial, timeMs, recorded) : undefined,
  };
}

/** Tasks ever recorded when a step was taken; `undefined`: it does not say. */
function recordedAt(step: TrialStep): number | undefined {
  if (step.step === 'assign') return step.recorded;
  return step.step === 'confirm' || step.step === 'renew' ? step.state.fromTask : undefined;
}

/** Whether a step is, or may be, the move that was due. */
export function isDueStep({ due, timeMs }: Course, step: TrialStep): boolean {
  if (due === undefined) return true;
  if (step.timeMs !== timeMs) return false;
  switch (due.move) {
    case 'switch':
      return step.step === 'block';
    case 'pause':
      return step.step === 'pause' && step.reason === 'outage';
    case 'promote':
      // Where somebody else has set the parameter, and where a former value is tried, it ends.
      return step.step === 'promote' || step.step === 'end';
    default:
      return step.step === due.move;
  }
}

/** The move that was due, in words. */
export function describeDue(due: NextMove): string {
  switch (due.move) {
    case 'end':
      return `the trial had to end, ${due.finding.verdict}`;
    case 'promote':
      return 'the value had to be put in force, on probation';
    case 'confirm':
      return 'the change had to be confirmed';
    case 'renew':
      return 'the next part of the holdback had to begin';
    case 'suspend':
      return 'the trial had to be suspended';
    case 'continue':
      return 'the suspended trial had to go on';
    case 'pause':
      return 'the trial had to be paused';
    case 'switch':
      return 'the next block had to begin';
  }
}
