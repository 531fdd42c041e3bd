import { LATENCY, OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import type { Task } from '../../../src/domain/task.ts';
import {
  type FinishedTask,
  missingOutcomes,
  nextMove,
  recordOutcome,
} from '../../../src/trial/advance.ts';
import { type Arm, repeatableSeed, secretSeed } from '../../../src/trial/arm.ts';
import { assignTask, kindOfTask, nextBlock } from '../../../src/trial/assign.ts';
import { trialEffect } from '../../../src/trial/effect.ts';
import { GROUP_TASKS } from '../../../src/trial/evidence/group-score.ts';
import type { Outcome } from '../../../src/trial/evidence/outcome.ts';
import type { Scale } from '../../../src/trial/evidence/pair-score.ts';
import { foldRunning } from '../../../src/trial/fold.ts';
import { carriedOver } from '../../../src/trial/fold-stages.ts';
import { startHoldback } from '../../../src/trial/holdback.ts';
import { formatOf, type TrialPlan } from '../../../src/trial/plan.ts';
import type { PauseReason, TaskAssigned, TrialStep } from '../../../src/trial/step.ts';
import { startTrial, type Trial } from '../../../src/trial/trial.ts';
import type { Finding } from '../../../src/trial/verdict.ts';
import { taskOf } from '../engine/engine-fixture.ts';

/** Failures count as a second, and tell nothing under ten milliseconds; half of all tasks succeed. */
export const SCALE: Scale = {
  timeoutMs: 1000,
  floorMs: 10,
  successRate: 0.5,
  assignment: 'task',
};

export const SUCCESS_GUARD = { ...SUCCESS, margin: 0.05 };
export const LATENCY_GUARD = { ...LATENCY, margin: 0.05 };

/** A plan of a trial task by task, of the outcome, guarded by success, but for what is said. */
export function planOf(fields: Partial<TrialPlan> = {}): TrialPlan {
  return {
    format: formatOf(fields.assignment ?? SCALE.assignment),
    deltaId: 'd',
    ruleId: 'r',
    fingerprint: 'f',
    target: 'level',
    oldValue: 0,
    newValue: 1,
    seed: 's/d',
    retrialOf: undefined,
    primary: OUTCOME,
    guards: [SUCCESS_GUARD],
    ...SCALE,
    successRate: 0.95,
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    predictBy: [],
    history: [],
    outcomeTimeoutMs: 60_000,
    maxMs: 86_400_000,
    sufficient: 20,
    probationTasks: 3000,
    probationMs: 864_000_000,
    holdback: 0.05,
    clips: {},
    carried: undefined,
    ...fields,
  };
}

/** A success of 100 ms, but for what is said. */
export function outcomeOf(fields: Partial<Outcome> = {}): Outcome {
  return { status: 'success', latencyMs: 100, measurements: {}, ...fields };
}

/** A success, and a failure, that took so long. */
export const ok = (latencyMs: number) => outcomeOf({ latencyMs });
export const failed = (latencyMs: number) => outcomeOf({ status: 'failure', latencyMs });

/** A success without a latency. */
export const UNTIMED: Outcome = { status: 'success', measurements: {} };

/** A holdback passes over far fewer tasks between two groups. */
const MAX_PASSED_OVER = 1000;

/** A trial by itself, on a clock of its own: takes the steps that it is told to, none of itself. */
export class TrialBench {
  trial: Trial;
  nowMs = 0;
  sequence = 0;
  /** Tasks ever recorded. */
  recorded = 0;
  /** How the trial has ended. */
  finding: Finding | undefined;
  #tasks = 0;

  constructor(plan: Partial<TrialPlan> = {}) {
    this.trial = startTrial(planOf(plan), { timeMs: 0, commitment: '' });
  }

  /** Of the coins of the present stage. */
  get seed(): string {
    return this.seedOf(this.trial.stages);
  }

  seedOf(stage: number): string {
    const { seed, deltaId } = this.trial.plan;
    return seed === undefined ? secretSeed('', deltaId, stage) : repeatableSeed(seed, stage);
  }

  take(step: TrialStep): void {
    this.trial = foldRunning(this.trial, step);
  }

  /** Gives a task its arm; `undefined`: it has none. */
  assign(taskId: string, labels: Readonly<Record<string, string>> = {}): Arm | undefined {
    return this.dispatch(taskId, labels)?.arm;
  }

  /** As `assign`; answers the step. */
  dispatch(
    taskId: string,
    labels: Readonly<Record<string, string>> = {},
  ): TaskAssigned | undefined {
    const { seed, nowMs: timeMs } = this;
    const kind = kindOfTask(this.trial.plan, labels);
    const step = assignTask(this.trial, { taskId, kind, timeMs, seed });
    if (step !== undefined) this.take(step);
    return step;
  }

  /** Ends a task; `false`: it is none of the trial's. */
  finish(taskId: string, fields: Partial<FinishedTask> = {}): boolean {
    const task: Task = taskOf({ taskId, latencyMs: 100, finishTimeMs: this.nowMs, ...fields });
    this.recorded += 1;
    const step = recordOutcome(this.trial, task, this.nowMs);
    if (step !== undefined) this.take(step);
    return step !== undefined;
  }

  /** Assigns so many tasks more, past those that begin no group; answers their ids with their arms. */
  open(count: number): (readonly [taskId: string, arm: Arm])[] {
    return Array.from({ length: count }, () => {
      for (let tries = 0; tries < MAX_PASSED_OVER; tries += 1) {
        this.#tasks += 1;
        const taskId = `task-${this.#tasks}`;
        const arm = this.assign(taskId);
        if (arm !== undefined) return [taskId, arm] as const;
      }
      throw new Error('no task was given an arm');
    });
  }

  /** Two tasks one after the other, each of which ends as its arm says. */
  pair(end: (arm: Arm) => Partial<FinishedTask> = () => ({})): void {
    for (const [taskId, arm] of this.open(2)) this.finish(taskId, end(arm));
  }

  pairs(count: number, end?: (arm: Arm) => Partial<FinishedTask>): void {
    for (let i = 0; i < count; i += 1) this.pair(end);
  }

  /** Five tasks of probation or of holdback, one after the other. */
  group(end: (arm: Arm) => Partial<FinishedTask> = () => ({})): void {
    for (const [taskId, arm] of this.open(GROUP_TASKS)) this.finish(taskId, end(arm));
  }

  /** Begins the block that is due; answers its arm. */
  block(): Arm {
    if (this.next?.move !== 'switch') throw new Error(`a switch is due, not ${this.next?.move}`);
    this.sequence += 1;
    const { set, arm } = nextBlock(this.trial, this.seed);
    const { nowMs: timeMs, sequence, recorded } = this;
    this.take({ step: 'block', timeMs, set, arm, sequence, recorded });
    return arm;
  }

  #rest(): void {
    this.sequence += 1;
    this.take({ step: 'rest', timeMs: this.nowMs, sequence: this.sequence });
  }

  /** Gives up what is late; answers how much. */
  expire(): number {
    const step = missingOutcomes(this.trial, this.nowMs, this.recorded);
    if (step !== undefined) this.take(step);
    return step?.count ?? 0;
  }

  pause(reason: PauseReason = 'operator'): void {
    this.take({ step: 'pause', timeMs: this.nowMs, reason });
  }

  resume(reason: PauseReason = 'operator'): void {
    this.take({ step: 'resume', timeMs: this.nowMs, reason });
  }

  /** The value is put in force, whatever the evidence. */
  promote(): void {
    const effect = { ...trialEffect('helped', this.trial), verdict: 'helped' } as const;
    this.take({ step: 'promote', ...this.#nextStage(), effect, summary: '' });
  }

  /** The change is confirmed, whatever the evidence. */
  confirm(usualMs = 100): void {
    const effect = { ...trialEffect('helped', this.trial), verdict: 'helped' } as const;
    const { recorded } = this;
    const start = { usualMs, retrialTask: recorded, fromTask: recorded };
    const state = startHoldback(this.trial.plan, this.trial.evidence, start);
    this.take({ step: 'confirm', ...this.#nextStage(), effect, summary: '', state });
  }

  /** The holdback goes on with its next part. */
  renew(): void {
    const { holdback, stages, plan, hash: former } = this.trial;
    if (holdback === undefined) throw new Error('nothing is held back');
    const effect = { ...trialEffect('helped', this.trial), verdict: 'helped' } as const;
    const state = { ...holdback, fromTask: this.recorded };
    const step = { step: 'renew', ...this.#nextStage(), effect, summary: '', former } as const;
    this.take({ ...step, stages, plan, state, ...carriedOver(this.trial) });
  }

  /** Takes what is due of itself until the trial waits for tasks, or is over; answers the moves. */
  settle(): string[] {
    const moves: string[] = [];
    for (let { next } = this; next !== undefined && this.finding === undefined; { next } = this) {
      moves.push(next.move === 'end' ? next.finding.verdict : next.move);
      if (next.move === 'end') this.finding = next.finding;
      else if (next.move === 'promote') this.promote();
      else if (next.move === 'confirm') this.confirm();
      else if (next.move === 'settle') this.take(next.step);
      else if (next.move === 'rest') this.#rest();
      else if (next.move === 'suspend' || next.move === 'continue') {
        this.take({ step: next.move, timeMs: this.nowMs, summary: '' });
      } else break;
    }
    return moves;
  }

  /** What the trial does next of itself. */
  get next() {
    return nextMove(this.trial, this.nowMs, this.recorded);
  }

  #nextStage() {
    return { timeMs: this.nowMs, seed: this.seed, commitment: '' };
  }
}
