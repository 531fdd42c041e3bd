import type { Clock } from '../src/domain/clock.ts';
import type { Task } from '../src/domain/task.ts';
import type { Arm } from '../src/trial/arm.ts';
import { medianLatency } from '../src/trial/drift.ts';
import type { RestLength } from '../src/trial/memory/learned.ts';
import { WINDOW_TASKS } from './change.ts';
import type { Dispatched, Tuner } from './orchestrator.ts';

/** One trial of a parameter's new value. */
export interface Attempt {
  /** The arm of a task; `undefined`: it takes no part. */
  nextArm(taskId: string, nowMs: number): Arm | undefined;
  /** Takes a task that took part; answers the finding, if there is one. */
  take(task: Task, arm: Arm, nowMs: number): Finding | undefined;
}

/** The new value is kept, or the parameter rests. */
export type Finding = 'keep' | RestLength;

/** What an attempt starts from. */
export interface Before {
  readonly window: readonly Task[];
  /** How often the same value was found harmful. */
  readonly harmed: number;
  /** The attempt before, of the same value. */
  readonly former: Attempt | undefined;
}

export type Begin = (before: Before, seed: string) => Attempt;

/** The settings of a policy. */
export interface Setting {
  /** The rules fire while the window's median latency is above this. */
  readonly slowMs: number;
  readonly seed: string;
}

interface Parameter {
  isOn: boolean;
  tried: number;
  rests: number;
  former: Attempt | undefined;
  restUntilMs: number;
  restUntilTask: number;
}

/** A loop with one rule per parameter that tries one new value at a time, by a given method. */
export class RivalTuner implements Tuner {
  readonly #clock: Clock;
  readonly #slowMs: number;
  readonly #begin: Begin;
  readonly #seed: string;
  readonly #parameters: readonly Parameter[];
  readonly #window: Task[] = [];
  readonly #arms = new WeakMap<Dispatched, { attempt: Attempt; arm: Arm }>();
  #current: { parameter: Parameter; attempt: Attempt } | undefined;
  #tasks = 0;

  constructor(clock: Clock, count: number, { slowMs, seed }: Setting, begin: Begin) {
    this.#clock = clock;
    this.#slowMs = slowMs;
    this.#seed = seed;
    this.#begin = begin;
    this.#parameters = Array.from({ length: count }, () => ({
      isOn: false,
      tried: 0,
      rests: 0,
      former: undefined,
      restUntilMs: 0,
      restUntilTask: 0,
    }));
  }

  resolve(taskId: string): Dispatched {
    const attempt = this.#current?.attempt;
    const arm = attempt?.nextArm(taskId, this.#clock.now());
    const tried = arm === 'new' ? this.#current?.parameter : undefined;
    const dispatched: Dispatched = {
      on: this.#parameters.map((parameter) => parameter.isOn || parameter === tried),
      sequence: 0,
    };
    if (attempt !== undefined && arm !== undefined) this.#arms.set(dispatched, { attempt, arm });
    return dispatched;
  }

  record(task: Task, dispatched: Dispatched): void {
    this.#tasks += 1;
    this.#window.push(task);
    if (this.#window.length > WINDOW_TASKS) this.#window.shift();
    const part = this.#arms.get(dispatched);
    if (this.#current === undefined || part?.attempt !== this.#current.attempt) return;
    const finding = part.attempt.take(task, part.arm, this.#clock.now());
    if (finding === undefined) return;
    const { parameter } = this.#current;
    this.#current = undefined;
    if (finding === 'keep') parameter.isOn = true;
    else this.#rest(parameter, finding);
  }

  /** Begins an attempt of the parameter that was tried least, among those that do not rest. */
  cycle(): void {
    if (this.#current !== undefined || this.#window.length < WINDOW_TASKS) return;
    if (medianLatency(this.#window) <= this.#slowMs) return;
    const nowMs = this.#clock.now();
    const [parameter] = this.#parameters
      .filter(({ isOn }) => !isOn)
      .filter((one) => one.restUntilMs <= nowMs && one.restUntilTask <= this.#tasks)
      .sort((a, b) => a.tried - b.tried);
    if (parameter === undefined) return;
    parameter.tried += 1;
    const { rests: harmed, former } = parameter;
    const window = [...this.#window];
    const attempt = this.#begin({ window, harmed, former }, `${this.#seed}/${nowMs}`);
    parameter.former = attempt;
    this.#current = { parameter, attempt };
  }

  inForce(): readonly boolean[] {
    return this.#parameters.map(({ isOn }) => isOn);
  }

  #rest(parameter: Parameter, { tasks, ms }: RestLength): void {
    if (tasks > 0) parameter.rests += 1;
    parameter.restUntilMs = this.#clock.now() + ms;
    parameter.restUntilTask = this.#tasks + tasks;
  }
}
