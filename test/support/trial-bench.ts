import { LATENCY, SUCCESS } from '../../src/domain/effect.ts';
import {
  type FinishedTask,
  missingOutcomes,
  nextMove,
  recordOutcome,
} from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import { assignTask } from '../../src/trial/assign.ts';
import type { Outcome } from '../../src/trial/evidence.ts';
import { foldStep } from '../../src/trial/fold.ts';
import type { PauseReason, TrialPlan, TrialStep } from '../../src/trial/step.ts';
import { startTrial, type Trial } from '../../src/trial/trial.ts';
import { taskOf } from './engine-fixture.ts';

/** A plan of a trial task by task, of latency, guarded by success, but for what is said. */
export function planOf(fields: Partial<TrialPlan> = {}): TrialPlan {
  return {
    deltaId: 'd',
    ruleId: 'r',
    fingerprint: 'f',
    target: 'level',
    oldValue: 0,
    newValue: 1,
    assignment: 'task',
    seed: 's',
    primary: LATENCY,
    guards: [SUCCESS],
    timeoutMs: 1000,
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    outcomeTimeoutMs: 60_000,
    maxMs: 3_600_000,
    carried: undefined,
    ...fields,
  };
}

/** A success of 100 ms, but for what is said. */
export function outcomeOf(fields: Partial<Outcome> = {}): Outcome {
  return { status: 'success', latencyMs: 100, measurements: {}, ...fields };
}

/** A trial by itself, on a clock of its own: takes the steps that it is told to, none of itself. */
export class TrialBench {
  trial: Trial;
  nowMs = 0;
  sequence = 0;
  #tasks = 0;

  constructor(plan: Partial<TrialPlan> = {}) {
    this.trial = startTrial(planOf(plan), this.nowMs);
  }

  take(step: TrialStep): void {
    this.trial = foldStep(this.trial, step);
  }

  /** Gives a task its arm; `undefined`: it has none. */
  assign(taskId: string, labels: Readonly<Record<string, string>> = {}): Arm | undefined {
    const step = assignTask(this.trial, { taskId, labels }, this.nowMs);
    if (step !== undefined) this.take(step);
    return step?.arm;
  }

  /** Ends a task; `false`: it is none of the trial's. */
  finish(taskId: string, fields: Partial<FinishedTask> = {}): boolean {
    const task = taskOf({ taskId, latencyMs: 100, finishTimeMs: this.nowMs, ...fields });
    const step = recordOutcome(this.trial, task, this.nowMs);
    if (step !== undefined) this.take(step);
    return step !== undefined;
  }

  /** Two tasks one after the other, each of which ends as its arm says. */
  pair(end: (arm: Arm) => Partial<FinishedTask>): void {
    for (const _ of ['one', 'two']) {
      this.#tasks += 1;
      const arm = this.assign(`task-${this.#tasks}`);
      if (arm !== undefined) this.finish(`task-${this.#tasks}`, end(arm));
    }
  }

  /** Begins the block that is due; answers its arm. */
  block(): Arm {
    const next = nextMove(this.trial, this.nowMs);
    if (next?.move !== 'switch') throw new Error(`expected a switch, not ${next?.move}`);
    this.sequence += 1;
    const { pair, arm } = next;
    this.take({ step: 'block', timeMs: this.nowMs, pair, arm, sequence: this.sequence });
    return arm;
  }

  /** Gives up what is late; answers how much. */
  expire(): number {
    const step = missingOutcomes(this.trial, this.nowMs);
    if (step !== undefined) this.take(step);
    return step?.count ?? 0;
  }

  pause(reason: PauseReason = 'operator'): void {
    this.take({ step: 'pause', timeMs: this.nowMs, reason });
  }

  resume(reason: PauseReason = 'operator'): void {
    this.take({ step: 'resume', timeMs: this.nowMs, reason });
  }

  /** What the trial does next of itself. */
  get next() {
    return nextMove(this.trial, this.nowMs);
  }
}
