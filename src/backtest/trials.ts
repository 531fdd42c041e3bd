import type { DeltaEffect, TrialVerdict } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import type { Value } from '../domain/value.ts';
import { trialEffect } from '../trial/effect.ts';
import type { TrialPlan } from '../trial/plan.ts';
import type { TrialStep } from '../trial/step.ts';
import type { Trial } from '../trial/trial.ts';

/** A trial that was begun in a replay. */
export interface ReplayedTrial extends Omit<DeltaEffect, 'verdict'> {
  readonly deltaId: string;
  readonly ruleId: string;
  readonly target: string;
  readonly oldValue: Value | undefined;
  readonly newValue: Value | undefined;
  /** Unix times in milliseconds; `undefined`: it was still on at the end. */
  readonly startTimeMs: number;
  readonly endTimeMs: number | undefined;
  readonly verdict: TrialVerdict | undefined;
  /** What it found; until then, what it could find. */
  readonly summary: string;
  /** Why the trace says nothing of it; empty: it does. */
  readonly unjudged: string;
}

/** What makes the tasks of a trace tell of trials. */
export interface TraceFacts {
  /** Some name the newest change at their dispatch. */
  readonly hasSequences: boolean;
  /** The coins can be tossed again: `trial.seed` is set. */
  readonly hasSeed: boolean;
}

const UNJUDGED = {
  sequences: "the trace's tasks carry no delta_sequence",
  seed: 'without trial.seed nobody knows which value their tasks ran with',
  blocks: "none of the trace's tasks ran in a block of theirs",
} as const;

/**
 * Keeps what becomes of the trials of a replay, and tasks that would mislead them from them. A
 * trace tells of a trial only where it was recorded under the same one: then its tasks name the
 * sequences of the switches that the replay makes again.
 */
export class TrialLog {
  readonly #unreadable: string;
  readonly #trials: ReplayedTrial[] = [];
  #divergence = '';

  constructor({ hasSequences, hasSeed }: TraceFacts) {
    const withoutSeed = hasSeed ? '' : UNJUDGED.seed;
    this.#unreadable = hasSequences ? withoutSeed : UNJUDGED.sequences;
  }

  /**
   * The tasks as a trial may see them: no sequence where it does not mean the replay's.
   *
   * @param sequence that the replay has come to
   */
  readable(tasks: readonly Task[], sequence: number): readonly Task[] {
    const ahead = tasks.find(({ deltaSequence }) => deltaSequence > sequence);
    if (ahead !== undefined) this.#divergence ||= describeDivergence(ahead, sequence);
    if (this.#fault() === '') return tasks;
    return tasks.map((task) => ({ ...task, deltaSequence: 0 }));
  }

  /** A trial went on by a step. */
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
   * @param goingOn that have not ended
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
