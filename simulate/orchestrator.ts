import { createVirtualClock, type VirtualClock } from '../src/backtest/virtual-clock.ts';
import type { Task } from '../src/domain/task.ts';
import { mean } from '../src/trial/evidence/distributions.ts';
import { type Change, changed } from './change.ts';
import type { Noise } from './noise.ts';

/** The values of a task. */
export interface Dispatched {
  /** By parameter: whether it has its new value. */
  readonly on: readonly boolean[];
  /** Newest change in force. */
  readonly sequence: number;
}

/** A method that tunes parameters. */
export interface Tuner {
  resolve(taskId: string, labels: Task['labels']): Dispatched | Promise<Dispatched>;
  /** A task has ended. */
  record(task: Task, dispatched: Dispatched): void | Promise<void>;
  /** Runs a cycle; every `CYCLE_TASKS`. */
  cycle(): void | Promise<void>;
  /** By parameter: whether its new value is in force; one on trial is not. */
  inForce(): readonly boolean[];
}

export type CreateTuner = (clock: VirtualClock) => Tuner | Promise<Tuner>;

/** An orchestrator, and the true effects of its parameters. */
export interface World {
  readonly noise: Noise;
  /** Milliseconds between two dispatches, by default `PACE_MS`. */
  readonly paceMs?: number | undefined;
  /** The effect of each parameter's new value on the i-th task. */
  changesAt(i: number): readonly Change[];
  /** What the i-th task's report measures, by whether each parameter has its new value. */
  measure?(i: number, on: readonly boolean[]): Task['measurements'];
  /** Called for each dispatched task: by parameter, whether it has its new value. */
  onDispatch?(on: readonly boolean[]): void;
  /** Whether the run ends before the i-th task. */
  isOver?(i: number): boolean;
}

/** The results of a run. */
export interface PolicyRun {
  /** Log latency per task above the best values; over the run, and over each half. */
  readonly regret: number;
  readonly halves: readonly [first: number, second: number];
  /** Regret of the second half by harmful values that are on, and helpful ones that are not. */
  readonly ofHarmful: number;
  readonly ofMissed: number;
  /** At the end: whether each new value is in force, and how many are so wrongly or not. */
  readonly inForce: readonly boolean[];
  readonly harmfulOn: number;
  readonly helpfulMissed: number;
}

/** Tasks of a run by default. */
export const POLICY_TASKS = 3000;

/** Milliseconds between dispatches: with several tasks in flight, and with hardly ever two. */
const PACE_MS = 1500;
export const SLOW_PACE_MS = 300_000;

/** Tasks between two cycles. */
const CYCLE_TASKS = 20;

interface Running {
  readonly task: Task;
  readonly dispatched: Dispatched;
}

/** Runs an orchestrator with a tuner, in virtual time. */
export async function runPolicy(
  world: World,
  createTuner: CreateTuner,
  tasks = POLICY_TASKS,
): Promise<PolicyRun> {
  const clock = createVirtualClock(0);
  const tuner = await createTuner(clock);
  const running: Running[] = [];
  const regrets: Regret[] = [];
  const { paceMs = PACE_MS } = world;
  let nextCycleMs = CYCLE_TASKS * paceMs;
  for (let i = 0; i < tasks && world.isOver?.(i) !== true; i += 1) {
    const dispatchMs = (i + 1) * paceMs;
    for (;;) {
      const [first] = running;
      const finishMs = first?.task.finishTimeMs ?? Number.POSITIVE_INFINITY;
      if (Math.min(finishMs, nextCycleMs) > dispatchMs) break;
      clock.set(Math.min(finishMs, nextCycleMs));
      if (first !== undefined && finishMs <= nextCycleMs) {
        running.shift();
        await tuner.record(first.task, first.dispatched);
      } else {
        nextCycleMs += CYCLE_TASKS * paceMs;
        await tuner.cycle();
      }
    }
    clock.set(dispatchMs);
    const dispatched = await tuner.resolve(`task-${i}`, world.noise.at(i).labels);
    world.onDispatch?.(dispatched.on);
    const changes = world.changesAt(i);
    regrets.push(regretOf(changes, dispatched.on));
    const draw = changed(world.noise.at(i), together(changes, dispatched.on));
    const { latencyMs, status, labels } = draw;
    const measurements = world.measure?.(i, dispatched.on) ?? {};
    const finishTimeMs = dispatchMs + latencyMs;
    insert(running, {
      task: { ...taskNamed(i, dispatched), latencyMs, status, labels, measurements, finishTimeMs },
      dispatched,
    });
  }
  const inForce = tuner.inForce();
  const atEnd = world.changesAt(tasks);
  const half = Math.floor(tasks / 2);
  return {
    regret: sumOf(regrets),
    inForce,
    halves: [sumOf(regrets.slice(0, half)), sumOf(regrets.slice(half))],
    ofHarmful: mean(regrets.slice(half).map(({ harmful }) => harmful)),
    ofMissed: mean(regrets.slice(half).map(({ missed }) => missed)),
    harmfulOn: atEnd.filter((change, p) => change.logLatency > 0 && inForce[p]).length,
    helpfulMissed: atEnd.filter((change, p) => isHelpful(change) && !inForce[p]).length,
  };
}

function taskNamed(i: number, { sequence }: Dispatched) {
  return {
    taskId: `task-${i}`,
    agentId: '',
    deltaSequence: sequence,
  };
}

/** Keeps `running` in order of finish time. */
function insert(running: Running[], one: Running): void {
  const later = running.findIndex(({ task }) => task.finishTimeMs > one.task.finishTimeMs);
  running.splice(later < 0 ? running.length : later, 0, one);
}

/** Log latency of a task above the best values. */
interface Regret {
  /** By harmful values that are on, and by helpful ones that are not. */
  readonly harmful: number;
  readonly missed: number;
}

function regretOf(changes: readonly Change[], on: readonly boolean[]): Regret {
  const total = (isMeant: (change: Change, p: number) => boolean) =>
    together(changes, changes.map(isMeant)).logLatency;
  return {
    harmful: total((change, p) => !isHelpful(change) && on[p] === true),
    missed: -total((change, p) => isHelpful(change) && on[p] !== true),
  };
}

function sumOf(regrets: readonly Regret[]): number {
  return mean(regrets.map(({ harmful, missed }) => harmful + missed));
}

/** The joint effect of the parameters that are on. */
function together(changes: readonly Change[], on: readonly boolean[]): Required<Change> {
  const own = changes.filter((_, p) => on[p]);
  const stays = (share: 'breaks' | 'mends') =>
    own.reduce((product, change) => product * (1 - (change[share] ?? 0)), 1);
  return {
    logLatency: own.reduce((sum, { logLatency }) => sum + logLatency, 0),
    breaks: 1 - stays('breaks'),
    mends: 1 - stays('mends'),
  };
}

function isHelpful({ logLatency }: Change): boolean {
  return logLatency < 0;
}
