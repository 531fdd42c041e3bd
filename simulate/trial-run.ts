import { LATENCY, SUCCESS } from '../src/domain/effect.ts';
import { missingOutcomes, nextMove, recordOutcome } from '../src/trial/advance.ts';
import type { Arm } from '../src/trial/arm.ts';
import { assignTask } from '../src/trial/assign.ts';
import type { Evidence } from '../src/trial/evidence.ts';
import { foldStep } from '../src/trial/fold.ts';
import type { TrialPlan, TrialStep } from '../src/trial/step.ts';
import { startTrial, type Trial } from '../src/trial/trial.ts';
import type { Finding } from '../src/trial/verdict.ts';
import type { Draw } from './noise.ts';

/** What a task of a run comes to, and whether anybody hears of it. */
export interface Performed extends Draw {
  readonly isLost?: boolean;
}

/** What the i-th task comes to with an arm's value. Called once for each, in order. */
export type Perform = (i: number, arm: Arm) => Performed;

/** One trial to be played. */
export interface TrialSetup {
  readonly assignment: TrialPlan['assignment'];
  readonly seed: string;
  /** Latency that a failed task counts as at least. */
  readonly timeoutMs: number;
  readonly perform: Perform;
  /** Number of its first task. */
  readonly from: number;
  /** Given up after so many tasks that were counted; without it, the trial ends itself. */
  readonly maxUsed?: number;
  readonly outcomeTimeoutMs?: number;
  readonly carried?: Evidence;
}

/** How it went. */
export interface TrialRun {
  /** `undefined`: it was given up. */
  readonly finding: Finding | undefined;
  readonly trial: Trial;
  /** Tasks dispatched until then, whether they were counted or not. */
  readonly begun: number;
  readonly pauses: number;
}

/** Tasks that run at a time. */
const IN_FLIGHT = 8;

/** A trial that has taken so many is stuck. */
const MAX_BEGUN = 20_000;

interface Running extends Performed {
  readonly taskId: string;
  readonly finishMs: number;
  readonly sequence: number;
}

/** Plays a trial by the functions that the engine plays it by, in virtual time. */
export function playTrial(setup: TrialSetup): TrialRun {
  const run = new Run(setup);
  while (run.finding === undefined && run.begun < MAX_BEGUN) {
    if (run.trial.tasksUsed >= (setup.maxUsed ?? Number.POSITIVE_INFINITY)) break;
    run.beat();
  }
  const { finding, trial, begun, pauses } = run;
  return { finding, trial, begun, pauses };
}

class Run {
  trial: Trial;
  finding: Finding | undefined;
  begun = 0;
  pauses = 0;
  readonly #setup: TrialSetup;
  readonly #running: Running[] = [];
  #nowMs = 0;
  /** Of the newest switch. */
  #sequence = 0;

  constructor(setup: TrialSetup) {
    this.#setup = setup;
    this.trial = startTrial(planOf(setup), 0);
    this.#moveOn();
  }

  /** Fills up what runs, and takes in what ends next. */
  beat(): void {
    while (this.#running.length < IN_FLIGHT) this.#dispatch();
    let next = 0;
    this.#running.forEach(({ finishMs }, i) => {
      if (finishMs < (this.#running[next]?.finishMs ?? 0)) next = i;
    });
    const [task] = this.#running.splice(next, 1);
    if (task === undefined) return;
    this.#nowMs = task.finishMs;
    const missing = missingOutcomes(this.trial, this.#nowMs);
    if (missing !== undefined) this.#take(missing);
    if (task.isLost !== true && this.finding === undefined) this.#finish(task);
  }

  #dispatch(): void {
    const i = this.#setup.from + this.begun;
    this.begun += 1;
    const taskId = `${i}`;
    const performed = this.#setup.perform(i, this.#armOf(taskId));
    const finishMs = this.#nowMs + performed.latencyMs;
    this.#running.push({ ...performed, taskId, finishMs, sequence: this.#sequence });
  }

  #armOf(taskId: string): Arm {
    if (this.#setup.assignment === 'switchback') return this.trial.block?.arm ?? 'old';
    const step = assignTask(this.trial, { taskId, labels: {} }, this.#nowMs);
    if (step !== undefined) this.trial = foldStep(this.trial, step);
    return step?.arm ?? 'old';
  }

  #finish({ taskId, status, latencyMs, sequence }: Running): void {
    if (this.trial.pauses.includes('outage') && status === 'success') {
      this.#take({ step: 'resume', timeMs: this.#nowMs, reason: 'outage' });
    }
    const finishTimeMs = this.#nowMs;
    const task = { taskId, status, latencyMs, measurements: {}, finishTimeMs };
    const ended = { ...task, deltaSequence: sequence };
    const step = recordOutcome(this.trial, ended, this.#nowMs);
    if (step !== undefined) this.#take(step);
  }

  #take(step: TrialStep): void {
    this.trial = foldStep(this.trial, step);
    this.#moveOn();
  }

  #moveOn(): void {
    const next = nextMove(this.trial, this.#nowMs);
    if (next === undefined) return;
    if (next.move === 'end') {
      this.finding = next.finding;
      return;
    }
    this.#sequence += 1;
    if (next.move === 'pause') {
      this.pauses += 1;
      this.#take({ step: 'pause', timeMs: this.#nowMs, reason: 'outage' });
    } else {
      const { pair, arm } = next;
      const sequence = this.#sequence;
      this.#take({ step: 'block', timeMs: this.#nowMs, pair, arm, sequence });
    }
  }
}

function planOf(setup: TrialSetup): TrialPlan {
  const { assignment, seed, timeoutMs, outcomeTimeoutMs = 3_600_000, carried } = setup;
  return {
    deltaId: seed,
    ruleId: 'rule',
    fingerprint: '',
    target: 'parameter',
    oldValue: 0,
    newValue: 1,
    assignment,
    seed,
    primary: LATENCY,
    guards: [SUCCESS],
    timeoutMs,
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    outcomeTimeoutMs,
    maxMs: 86_400_000,
    carried,
  };
}
