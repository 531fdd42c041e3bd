import { type NextMove, nextMove } from '../advance.ts';
import type { TrialStep } from '../step.ts';
import { isOfThisFormat, type Trial } from '../trial.ts';

/** The state of an audit: a trial as far as its receipts have been checked. */
export interface Course {
  readonly trial: Trial;
  /** Lower bound of the number of tasks ever recorded. */
  readonly recorded: number;
  /** Sequence of the delta by which the newest block or rest began. */
  readonly sequence: number;
  readonly timeMs: number;
  /** The move that has to follow in the same commit, if any. */
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

/** Tasks ever recorded at a step; `undefined` if the step does not name them. */
function recordedAt(step: TrialStep): number | undefined {
  if (step.step === 'confirm' || step.step === 'renew') return step.state.fromTask;
  const names = ['block', 'missing', 'rest'].includes(step.step);
  return names && 'recorded' in step ? step.recorded : undefined;
}

/** Whether a step is the move that was due, or no move was due. */
export function isDueStep({ due, timeMs }: Course, step: TrialStep): boolean {
  if (due === undefined) return true;
  if (step.timeMs !== timeMs) return false;
  if (due.move === 'pause') return step.step === 'pause' && step.reason === 'outage';
  // A due promotion is an end in two cases: another decision has set a value that is not of the trial, or the trial
  // tried an old value again.
  if (due.move === 'promote' && step.step === 'end') return true;
  return step.step === (due.move === 'switch' ? 'block' : due.move);
}

const DUE: Readonly<Record<NextMove['move'], string>> = {
  end: 'the trial had to end',
  promote: 'the value had to be put in force, on probation',
  confirm: 'the change had to be confirmed',
  renew: 'the next part of the holdback had to begin',
  suspend: 'the trial had to be suspended',
  continue: 'the suspended trial had to go on',
  pause: 'the trial had to be paused',
  switch: 'the next block had to begin',
  rest: 'no block was to run',
  settle: 'a pair of blocks had to be counted',
};

/** The move that was due, in words. */
export function describeDue(due: NextMove): string {
  return due.move === 'end' ? `${DUE.end}, ${due.finding.verdict}` : DUE[due.move];
}
