import type { DeltaEffect, TrialVerdict } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import type { Value } from '../domain/value.ts';
import { trialEffect } from '../trial/effect.ts';
import type { TrialPlan } from '../trial/plan.ts';
import type { TrialStep } from '../trial/step.ts';
import type { Trial } from '../trial/trial.ts';

/** A trial that a backtest began. */
export interface ReplayedTrial extends Omit<DeltaEffect, 'verdict'> {
  readonly deltaId: string;
  readonly ruleId: string;
  readonly target: string;
  readonly oldValue: Value | undefined;
  readonly newValue: Value | undefined;
  /** Unix times in milliseconds; `endTimeMs` is `undefined` if the trial was still running. */
  readonly startTimeMs: number;
  readonly endTimeMs: number | undefined;
  readonly verdict: TrialVerdict | undefined;
  /** The finding of the trial in words; before its end, what the trial could find. */
  readonly summary: string;
  /** Why the trace does not show what the trial would have found; empty if the trace does. */
  readonly unjudged: string;
}

const UNJUDGED = {
  sequences: "the trace's tasks carry no delta_sequence",
  seed: 'without trial.seed nobody knows which value their tasks ran with',
  blocks: "none of the trace's tasks ran in a block of theirs",
} as const;

/**
 * The trials of a replay. A trace shows what a trial would find only if the trace was recorded under the same trial:
 * the tasks of the trace then name the sequences of the switches that the replay repeats. Sequences of other traces are
 * removed, since they would mislead the trials.
 */
export class TrialLog {
  readonly #unreadable: string;
  readonly #trials: ReplayedTrial[] = [];
  #divergence = '';

  constructor(tasks: readonly Task[], seed: string | undefined) {
    const withoutSeed = seed === undefined ? UNJUDGED.seed : '';
    const hasSequences = tasks.some(({ deltaSequence }) => deltaSequence > 0);
    this.#unreadable = hasSequences ? withoutSeed : UNJUDGED.sequences;
  }

  /**
   * The tasks, without their sequences if these are not the replay's.
   *
   * @param sequence the newest sequence of the replay
   */
  readable(tasks: readonly Task[], sequence: number): readonly Task[] {
    const ahead = tasks.find(({ deltaSequence }) => deltaSequence > sequence);
    if (ahead !== undefined) this.#divergence ||= describeDivergence(ahead, sequence);
    if (this.#fault() === '') return tasks;
    return tasks.map((task) => ({ ...task, deltaSequence: 0 }));
  }

  /** Takes a step of a trial. */
  take(deltaId: string, step: TrialStep): void {
    if (step.step === 'start') this.#trials.push(begun(step.plan, step.timeMs, step.summary));
    if (step.step !== 'end' && step.step !== 'promote' && step.step !== 'confirm') return;
    const { effect, summary } = step;
    const endTimeMs = step.step === 'promote' ? undefined : step.timeMs;
    const nothing = effect.tasksUsed === 0 ? UNJUDGED.blocks : '';
    this.#change(deltaId, { ...effect, endTimeMs, summary, unjudged: this.#fault() || nothing });
  }

  /**
   * Every trial, in order.
   *
   * @param goingOn the trials that have not ended
   */
  trials(goingOn: readonly Trial[]): readonly ReplayedTrial[] {
    for (const trial of goingOn) {
      const { metrics, tasksUsed } = trialEffect(undefined, trial);
      this.#change(trial.plan.deltaId, { metrics, tasksUsed, unjudged: this.#fault() });
    }
    return this.#trials;
  }

  #fault(): string {
    return this.#unreadable || this.#divergence;
  }

  #change(deltaId: string, fields: Partial<ReplayedTrial>): void {
    const place = this.#trials.findLastIndex((trial) => trial.deltaId === deltaId);
    const trial = this.#trials[place];
    if (trial !== undefined) this.#trials[place] = { ...trial, ...fields };
  }
}

function begun(plan: TrialPlan, startTimeMs: number, summary: string): ReplayedTrial {
  const { deltaId, ruleId, target, oldValue, newValue } = plan;
  return {
    ...{ deltaId, ruleId, target, oldValue, newValue, startTimeMs, summary },
    endTimeMs: undefined,
    verdict: undefined,
    metrics: [],
    tasksUsed: 0,
    unjudged: '',
  };
}

function describeDivergence({ deltaSequence, finishTimeMs }: Task, sequence: number): string {
  const when = new Date(finishTimeMs).toISOString();
  return (
    `the trace was recorded under other deltas: its task of ${when} names ` +
    `delta_sequence ${deltaSequence}, and the replay had come to ${sequence}`
  );
}
