import type { Parameters, Value } from '../../src/domain/value.ts';
import { type Change, changed } from '../change.ts';
import type { Draw, Noise } from '../noise.ts';

/** A parameter that a tuner may set. */
export interface Knob {
  readonly name: string;
  /** The value that an operator would begin with. */
  readonly initial: Value;
  /** The values that it may have: all numbers from `min` to `max`, or these. */
  readonly space:
    | { readonly min: number; readonly max: number; readonly scale: 'log' | 'linear' }
    | { readonly values: readonly Value[] };
}

/** The true effects of parameters, without noise. */
export interface SearchWorld {
  readonly name: string;
  readonly tasks: number;
  readonly knobs: readonly Knob[];
  /** The effect of values on the i-th task; the log latency of the best values is 0. */
  effectAt(i: number, values: Parameters): Change;
}

/** A task that asks for its values. */
export interface SearchTask {
  /** 0, 1, 2 … in order of dispatch. */
  readonly i: number;
  readonly taskId: string;
  readonly labels: Draw['labels'];
  /** Virtual time of its dispatch, in milliseconds. */
  readonly dispatchMs: number;
}

/** How a task has ended. */
export interface SearchOutcome extends Pick<Draw, 'latencyMs' | 'status'> {
  /** Virtual time of its report, in milliseconds. */
  readonly finishMs: number;
}

/** A method that looks for the best values. Calls come in order of virtual time. */
export interface Tuner {
  /** The values for a task to run with, by the names of the knobs. */
  choose(task: SearchTask): Parameters | Promise<Parameters>;
  /** A task has ended; it ran with `values`, as `choose` has returned them. */
  report(task: SearchTask, values: Parameters, outcome: SearchOutcome): void | Promise<void>;
  /** The values that it would run with for ever, if it had to stop here. */
  final(): Parameters;
  /** Ends what it holds, such as a process; absent: nothing. */
  close?(): void | Promise<void>;
}

/** What a tuner knows of its world when it begins. */
export interface TunerSetting {
  readonly knobs: readonly Knob[];
  readonly tasks: number;
  /** Names all chance of the tuner. */
  readonly seed: string;
}

export type CreateTuner = (setting: TunerSetting) => Tuner | Promise<Tuner>;

/** The results of one run. */
export interface SearchRun {
  /** Mean log latency per task above the best values of that moment. */
  readonly regret: number;
  /** Share of tasks on values that are worse than the initial ones. */
  readonly worseTasks: number;
  /** Whether the final values are worse than the initial ones, at the end: 1 or 0. */
  readonly worseAtEnd: number;
  /** Log latency of the final values above the best, at the end. */
  readonly lossAtEnd: number;
}

/** Values that are worse by less log latency than this count as no worse: 1 %. */
const EQUAL = 0.01;

/** Milliseconds between dispatches: hardly ever are two tasks in flight. */
const PACE_MS = 300_000;

interface Running {
  readonly task: SearchTask;
  readonly values: Parameters;
  readonly outcome: SearchOutcome;
}

/** Runs a tuner in a world. */
export async function runSearch(
  world: SearchWorld,
  noise: Noise,
  createTuner: CreateTuner,
  seed: string,
): Promise<SearchRun> {
  const { knobs, tasks } = world;
  const initial: Parameters = Object.fromEntries(knobs.map((knob) => [knob.name, knob.initial]));
  const lossAt = (i: number, values: Parameters) => world.effectAt(i, values).logLatency;
  const isWorse = (i: number, values: Parameters) =>
    lossAt(i, values) > lossAt(i, initial) + EQUAL ? 1 : 0;
  const tuner = await createTuner({ knobs, tasks, seed });
  const running: Running[] = [];
  let regret = 0;
  let worse = 0;
  for (let i = 0; i < tasks; i += 1) {
    const dispatchMs = (i + 1) * PACE_MS;
    while ((running[0]?.outcome.finishMs ?? Number.POSITIVE_INFINITY) <= dispatchMs) {
      const ended = running.shift();
      if (ended !== undefined) await tuner.report(ended.task, ended.values, ended.outcome);
    }
    const draw = noise.at(i);
    const task = { i, taskId: `task-${i}`, labels: draw.labels, dispatchMs };
    const values = await tuner.choose(task);
    regret += lossAt(i, values);
    worse += isWorse(i, values);
    const { latencyMs, status } = changed(draw, world.effectAt(i, values));
    const outcome = { latencyMs, status, finishMs: dispatchMs + latencyMs };
    const later = running.findIndex((one) => one.outcome.finishMs > outcome.finishMs);
    running.splice(later < 0 ? running.length : later, 0, { task, values, outcome });
  }
  const final = tuner.final();
  await tuner.close?.();
  return {
    regret: regret / tasks,
    worseTasks: worse / tasks,
    worseAtEnd: isWorse(tasks, final),
    lossAtEnd: lossAt(tasks, final),
  };
}
