import { type NextMove, nextMove } from '../advance.ts';
import type { TrialStep } from '../step.ts';
import { isOfThisFormat, type Trial } from '../trial.ts';

/** The state of an audit: a trial as far as its receipts have been checked. */
export interface Course {
  readonly trial: Trial;
  /** Tasks ever recorded, at least. */
  readonly recorded: number;
  /** Sequence of the newest switch. */
  readonly sequence: number;
  readonly timeMs: number;
  /** The move that has to follow in the same commit; `undefined`: none. */
  readonly due: NextMove | undefined;
}

/** The course after a step that does not end the trial. */
export function afterStep(
  { recorded: former, sequence }: Pick<Course, 'recorded' | 'sequence'>,
  trial: Trial,
  step: TrialStep,
): Course {
  const recorded = Math.max(former, recordedAt(step) ?? former);
  const { timeMs } = step;
  return {
    trial,
    recorded,
    sequence: step.step === 'block' || step.step === 'rest' ? step.sequence : sequence,
    timeMs,
    due:
      movesOn(step) && isOfThisFormat(trial.plan) ? nextMove(trial, timeMs, recorded) : undefined,
  };
}

/** Whether the engine takes the steps that are due after this one, in the same commit. */
function movesOn(step: TrialStep): boolean {
  if (step.step === 'pause') return step.reason === 'outage';
  return step.step !== 'assign' && step.step !== 'acknowledged';
}

/** Tasks ever recorded at a step; `undefined`: it does not say. */
function recordedAt(step: TrialStep): number | undefined {
  switch (step.step) {
    case 'confirm':
    case 'renew':
      return step.state.fromTask;
    case 'block':
    case 'missing':
      return step.recorded;
    default:
      return undefined;
  }
}

/** Whether a step is a move that was due, or none was. */
export function isDueStep({ due, timeMs }: Course, step: TrialStep): boolean {
  if (due === undefined) return true;
  if (step.timeMs !== timeMs) return false;
  switch (due.move) {
    case 'switch':
      return step.step === 'block';
    case 'pause':
      return step.step === 'pause' && step.reason === 'outage';
    case 'promote':
      // It ends instead if the live value is not the trial's, or if a former value was on trial.
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
    case 'rest':
      return 'no block was to run';
    case 'settle':
      return 'a pair of blocks had to be counted';
  }
}
