import { missingOutcomes, type NextMove, nextMove, recordOutcome } from '../src/trial/advance.ts';
import type { Arm } from '../src/trial/arm.ts';
import { assignTask, cohortOfTask, kindOfTask, nextBlock } from '../src/trial/assign.ts';
import { foldRunning } from '../src/trial/fold.ts';
import type { TrialPlan } from '../src/trial/plan.ts';
import { restingArm } from '../src/trial/standing.ts';
import type { TrialStep } from '../src/trial/step.ts';
import { isSettling, runningBlock, startTrial, type Trial } from '../src/trial/trial.ts';
import type { Finding } from '../src/trial/verdict.ts';
import { type Method, type Performed, runFlow } from './flow.ts';
import type { Draw } from './noise.ts';
import { planOf, type TrialSetup } from './trial-setup.ts';

/** The results of a trial. */
export interface TrialRun {
  /** `helped`: confirmed, or promoted if that ends it; `undefined`: it reached `maxUsed`. */
  readonly finding: Finding | undefined;
  readonly trial: Trial;
  /** Tasks dispatched. */
  readonly begun: number;
  readonly pauses: number;
  /** When the value was put in force; `undefined`: never. */
  readonly promoted: Moment | undefined;
  /** When the old value was first restored, by a suspension or the end; `undefined`: never. */
  readonly acted: Moment | undefined;
  /** Duration in milliseconds. */
  readonly endedMs: number;
  /** Tasks dispatched when the new value came into force, was reverted, came into force again … */
  readonly switches: readonly number[];
}

/** A moment of a trial. */
export interface Moment {
  /** Tasks dispatched. */
  readonly begun: number;
  /** Tasks counted in order of arrival, without carried evidence. */
  readonly used: number;
  /** Milliseconds since the trial began. */
  readonly nowMs: number;
}

/** How often a trial is checked that only waits for late reports. */
const LOOK_MS = 600_000;

/** Runs a trial in virtual time, by the functions that the engine uses. */
export function playTrial(setup: TrialSetup): TrialRun {
  const run = new Run(setup);
  const begun = runFlow(setup, run);
  const { finding, trial, pauses, promoted, acted, endedMs, switches } = run;
  return { finding, trial, begun, pauses, promoted, acted, endedMs, switches };
}

/** Whether the new value was in force when `begun` tasks had been dispatched. */
export function wasInForce({ switches }: TrialRun, begun: number): boolean {
  return switches.filter((at) => at <= begun).length % 2 === 1;
}

class Run implements Method {
  trial: Trial;
  finding: Finding | undefined;
  pauses = 0;
  promoted: Moment | undefined;
  acted: Moment | undefined;
  readonly switches: number[] = [];
  readonly #setup: TrialSetup;
  readonly #plan: TrialPlan;
  readonly #carried: number;
  /** Whether the trial can end by time alone. */
  readonly #isTimed: boolean;
  /** When open tasks were assigned their arm. */
  readonly #open = new Map<string, number>();
  /** Sequence of the newest switch, now and when each task of a switchback trial was dispatched. */
  #sequence = 0;
  readonly #sequences = new Map<string, number>();
  #nowMs = 0;
  #begun = 0;
  #recorded = 0;

  constructor(setup: TrialSetup) {
    this.#setup = setup;
    this.#plan = planOf(setup);
    this.#isTimed = Number.isFinite(this.#plan.maxMs) || Number.isFinite(this.#plan.probationMs);
    this.trial = startTrial(this.#plan, { timeMs: 0, commitment: '' });
    this.#carried = this.#arrived;
    this.#moveOn();
  }

  get isOver(): boolean {
    const { maxUsed = Number.POSITIVE_INFINITY } = this.#setup;
    return this.finding !== undefined || this.trial.tasksUsed >= maxUsed;
  }

  get endedMs(): number {
    return this.#nowMs;
  }

  get restsUntilMs(): number | undefined {
    if (!isSettling(this.trial)) return undefined;
    return (Math.floor(this.#nowMs / LOOK_MS) + 1) * LOOK_MS;
  }

  dispatch(taskId: string, labels: Draw['labels'], nowMs: number): Arm {
    this.#begun += 1;
    if (this.#setup.assignment === 'switchback') {
      this.#sequences.set(taskId, this.#sequence);
      return this.#liveArm;
    }
    const kind = kindOfTask(this.#plan, labels);
    const cohort = cohortOfTask(this.#plan, labels);
    const assigning = { taskId, kind, cohort, timeMs: nowMs, seed: this.#seed };
    const step = assignTask(this.trial, assigning);
    if (step !== undefined) {
      this.trial = foldRunning(this.trial, step);
      this.#open.set(taskId, nowMs);
    }
    return step?.arm ?? this.#liveArm;
  }

  look(nowMs: number): void {
    this.#nowMs = nowMs;
    const [oldestMs = nowMs] = this.#open.values();
    const isInBlocks = this.#plan.assignment === 'switchback';
    const isLate = isInBlocks || nowMs - oldestMs >= this.#plan.outcomeTimeoutMs;
    const missing = isLate ? missingOutcomes(this.trial, nowMs, this.#recorded) : undefined;
    for (const taskId of missing?.taskIds ?? []) this.#open.delete(taskId);
    if (missing !== undefined) this.#take(missing);
    else if (this.#isTimed || isInBlocks || this.trial.suspendedMs !== undefined) this.#moveOn();
  }

  report(taskId: string, performed: Performed): void {
    this.#recorded += 1;
    this.#open.delete(taskId);
    const { status, latencyMs, isUntimed, measurements = {} } = performed;
    if (this.trial.pauses.includes('outage') && status === 'success') {
      this.#take({ step: 'resume', timeMs: this.#nowMs, reason: 'outage' });
    }
    const deltaSequence = this.#sequences.get(taskId) ?? this.#sequence;
    const ended = {
      taskId,
      status,
      measurements,
      deltaSequence,
      finishTimeMs: this.#nowMs,
      latencyMs: isUntimed === true ? undefined : latencyMs,
    };
    const step = recordOutcome(this.trial, ended, this.#nowMs);
    if (step !== undefined) this.#take(step);
  }

  get #seed(): string {
    return `${this.#setup.seed}/${this.trial.stages}`;
  }

  get #liveArm(): Arm {
    return runningBlock(this.trial)?.arm ?? restingArm(this.trial);
  }

  get #arrived(): number {
    const [primary] = this.trial.arrival;
    return primary === undefined ? 0 : primary.tasksOld + primary.tasksNew;
  }

  get #moment(): Moment {
    return { begun: this.#begun, used: this.#arrived - this.#carried, nowMs: this.#nowMs };
  }

  #take(step: TrialStep): void {
    this.trial = foldRunning(this.trial, step);
    this.#moveOn();
  }

  #moveOn(): void {
    if (this.finding !== undefined) return;
    const next = nextMove(this.trial, this.#nowMs, this.#recorded);
    const step = next && this.#stepFor(next);
    if (step !== undefined) this.#take(step);
  }

  /** The step of a move; `undefined`: it ends the run. */
  #stepFor(next: NextMove): TrialStep | undefined {
    const timeMs = this.#nowMs;
    switch (next.move) {
      case 'end':
        if (next.finding.verdict !== 'inconclusive') this.acted ??= this.#moment;
        this.#put('old');
        this.finding = next.finding;
        return undefined;
      case 'promote':
        this.promoted = this.#moment;
        this.#put('new');
        if (this.#setup.untilPromoted !== true) return promotion(timeMs);
        this.finding = HELPED;
        return undefined;
      case 'confirm':
      case 'renew':
        this.#put('new');
        this.finding = HELPED;
        return undefined;
      case 'pause':
        this.pauses += 1;
        this.#sequence += 1;
        return { step: 'pause', timeMs, reason: 'outage' };
      case 'suspend':
        this.acted ??= this.#moment;
        this.#put('old');
        return { step: 'suspend', timeMs, summary: '' };
      case 'continue':
        if (this.trial.stage === 'probation') this.#put('new');
        return { step: 'continue', timeMs, summary: '' };
      case 'switch':
        this.#sequence += 1;
        return {
          step: 'block',
          timeMs,
          ...nextBlock(this.trial, this.#seed),
          sequence: this.#sequence,
          recorded: this.#recorded,
        };
      case 'rest':
        this.#sequence += 1;
        return { step: 'rest', timeMs, sequence: this.#sequence };
      case 'settle':
        return next.step;
    }
  }

  /** Records a change of the value in force. */
  #put(arm: Arm): void {
    const isOn = this.switches.length % 2 === 1;
    if (isOn !== (arm === 'new')) this.switches.push(this.#begun);
  }
}

const HELPED: Finding = { verdict: 'helped', reason: 'help' };

function promotion(timeMs: number): TrialStep {
  const effect = { verdict: 'helped', metrics: [], tasksUsed: 0 } as const;
  return { step: 'promote', timeMs, seed: '', commitment: '', effect, summary: '' };
}
