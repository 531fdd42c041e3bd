import { createVirtualClock, type VirtualClock } from '../src/backtest/virtual-clock.ts';
import type { Task } from '../src/domain/task.ts';
import { mean } from '../src/trial/distributions.ts';
import { changed } from './change.ts';
import type { Noise } from './noise.ts';

/** What a task is to run with. */
export interface Dispatched {
  /** By parameter: whether it has its new value. */
  readonly on: readonly boolean[];
  /** Newest change in force. */
  readonly sequence: number;
}

/** Something that decides on parameters as tasks go by. */
export interface Tuner {
  resolve(taskId: string): Dispatched | Promise<Dispatched>;
  /** A task has ended, that was dispatched so. */
  record(task: Task, dispatched: Dispatched): void | Promise<void>;
  /** Looks at the window; every `CYCLE_MS`. */
  cycle(): void | Promise<void>;
  /** By parameter: whether its new value is in force; one on trial is not. */
  inForce(): readonly boolean[];
}

export type CreateTuner = (clock: VirtualClock) => Tuner | Promise<Tuner>;

/** An orchestrator, and the truth about its parameters. */
export interface World {
  readonly noise: Noise;
  /** What each parameter's new value adds to the logarithm of latency, for the i-th task. */
  effectsAt(i: number): readonly number[];
}

/** What became of a run. */
export interface PolicyRun {
  /** Log latency per task above that of whoever knows the truth; of both halves of the run. */
  readonly regret: number;
  readonly halves: readonly [first: number, second: number];
  /** At the end. */
  readonly harmfulOn: number;
  readonly helpfulMissed: number;
}

export const POLICY_TASKS = 3000;

const CYCLE_MS = 30_000;

/** Between two dispatches. */
const PACE_MS = 1500;

interface Running {
  readonly task: Task;
  readonly dispatched: Dispatched;
}

/** Has a tuner tune an orchestrator, in virtual time. */
export async function runPolicy(world: World, createTuner: CreateTuner): Promise<PolicyRun> {
  const clock = createVirtualClock(0);
  const tuner = await createTuner(clock);
  const running: Running[] = [];
  const regrets: number[] = [];
  let nextCycleMs = CYCLE_MS;
  for (let i = 0; i < POLICY_TASKS; i += 1) {
    const dispatchMs = (i + 1) * PACE_MS;
    for (;;) {
      const [first] = running;
      const finishMs = first?.task.finishTimeMs ?? Number.POSITIVE_INFINITY;
      if (Math.min(finishMs, nextCycleMs) > dispatchMs) break;
      clock.set(Math.min(finishMs, nextCycleMs));
      if (first !== undefined && finishMs <= nextCycleMs) {
        running.shift();
        await tuner.record(first.task, first.dispatched);
      } else {
        nextCycleMs += CYCLE_MS;
        await tuner.cycle();
      }
    }
    clock.set(dispatchMs);
    const dispatched = await tuner.resolve(`task-${i}`);
    const effects = world.effectsAt(i);
    const effect = sumOf(effects, dispatched.on);
    regrets.push(effect - sumOf(effects, effects.map(isHelpful)));
    const { latencyMs, status } = changed(world.noise.at(i), { logLatency: effect });
    const finishTimeMs = dispatchMs + latencyMs;
    insert(running, {
      task: { ...taskNamed(i, dispatched), latencyMs, status, finishTimeMs },
      dispatched,
    });
  }
  const inForce = tuner.inForce();
  const atEnd = world.effectsAt(POLICY_TASKS);
  return {
    regret: mean(regrets),
    halves: [mean(regrets.slice(0, POLICY_TASKS / 2)), mean(regrets.slice(POLICY_TASKS / 2))],
    harmfulOn: atEnd.filter((effect, p) => effect > 0 && inForce[p]).length,
    helpfulMissed: atEnd.filter((effect, p) => effect < 0 && !inForce[p]).length,
  };
}

function taskNamed(i: number, { sequence }: Dispatched) {
  return {
    taskId: `task-${i}`,
    agentId: '',
    labels: {},
    measurements: {},
    deltaSequence: sequence,
  };
}

/** In order of their ends. */
function insert(running: Running[], one: Running): void {
  const later = running.findIndex(({ task }) => task.finishTimeMs > one.task.finishTimeMs);
  running.splice(later < 0 ? running.length : later, 0, one);
}

function sumOf(effects: readonly number[], on: readonly boolean[]): number {
  return effects.reduce((sum, effect, p) => (on[p] ? sum + effect : sum), 0);
}

function isHelpful(effect: number): boolean {
  return effect < 0;
}
