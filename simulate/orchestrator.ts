import { createVirtualClock, type VirtualClock } from '../src/backtest/virtual-clock.ts';
import type { Task } from '../src/domain/task.ts';
import { mean } from '../src/trial/distributions.ts';
import { type Change, changed } from './change.ts';
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
  resolve(taskId: string, labels: Task['labels']): Dispatched | Promise<Dispatched>;
  /** A task has ended, that was dispatched so. */
  record(task: Task, dispatched: Dispatched): void | Promise<void>;
  /** Looks at the window; every `CYCLE_TASKS`. */
  cycle(): void | Promise<void>;
  /** By parameter: whether its new value is in force; one on trial is not. */
  inForce(): readonly boolean[];
}

export type CreateTuner = (clock: VirtualClock) => Tuner | Promise<Tuner>;

/** An orchestrator, and the truth about its parameters. */
export interface World {
  readonly noise: Noise;
  /** Milliseconds between two dispatches; by itself `PACE_MS`. */
  readonly paceMs?: number | undefined;
  /** What each parameter's new value does to the i-th task; asked for once it is dispatched. */
  changesAt(i: number): readonly Change[];
  /** Told of each task that is dispatched: by parameter, whether it has its new value. */
  onDispatch?(on: readonly boolean[]): void;
  /** Nothing more is to be learned from tasks from the i-th on. */
  isOver?(i: number): boolean;
}

/** What became of a run. */
export interface PolicyRun {
  /** Log latency per task above that of whoever knows the truth; of both halves of the run. */
  readonly regret: number;
  readonly halves: readonly [first: number, second: number];
  /** Of the second half: what harms and is on, and what helps and is not. */
  readonly ofHarmful: number;
  readonly ofMissed: number;
  /** At the end, by parameter: whether its new value is in force; and how many are wrong. */
  readonly inForce: readonly boolean[];
  readonly harmfulOn: number;
  readonly helpfulMissed: number;
}

/** Tasks of a run, unless it says otherwise. */
export const POLICY_TASKS = 3000;

/** Between two dispatches: where some tasks run at a time, and where hardly any two do. */
const PACE_MS = 1500;
export const SLOW_PACE_MS = 300_000;

/** Between two cycles. */
const CYCLE_TASKS = 20;

interface Running {
  readonly task: Task;
  readonly dispatched: Dispatched;
}

/** Has a tuner tune an orchestrator, in virtual time. */
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
    const finishTimeMs = dispatchMs + latencyMs;
    insert(running, {
      task: { ...taskNamed(i, dispatched), latencyMs, status, labels, finishTimeMs },
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
    measurements: {},
    deltaSequence: sequence,
  };
}

/** In order of their ends. */
function insert(running: Running[], one: Running): void {
  const later = running.findIndex(({ task }) => task.finishTimeMs > one.task.finishTimeMs);
  running.splice(later < 0 ? running.length : later, 0, one);
}

/** Log latency that a task takes more than it had to. */
interface Regret {
  /** By values that harm and are on, and by values that help and are not. */
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

/** What the parameters that are on do together. */
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
