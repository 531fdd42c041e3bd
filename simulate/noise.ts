import { readFileSync } from 'node:fs';
import type { TaskStatus } from '../src/domain/task.ts';
import { createRandom, type Random } from '../src/rehearse/random.ts';

/** A task without any change. */
export interface Draw {
  readonly latencyMs: number;
  readonly status: TaskStatus;
  /** Known when it is dispatched. */
  readonly labels: Readonly<Record<string, string>>;
  /** Uniform from 0 to 1, independent of the rest: for changes and disturbances. */
  readonly chance: number;
}

/** The tasks of one run; the i-th does not depend on what is done with those before it. */
export interface Noise {
  /** @param i 0, 1, 2 … without end */
  at(i: number): Draw;
}

/** Kinds of noise: synthetic, and recorded from real agents with or without their failures. */
export const WORLDS = ['AR(1)', 'heavy tails', 'drift', 'jump'] as const;
export const TRACES = [
  'auto-gpt',
  'babyagi',
  'gpt-engineer',
  'mini-agi',
  'smol-developer',
] as const;
export const LATENCIES = TRACES.map((trace) => `${trace}, no failures` as const);
export const KINDS = [...WORLDS, ...TRACES, ...LATENCIES] as const;

/** Independent tasks with a wide spread of latency, as of a mix of many kinds. */
export const WIDE = 'log sd 1.2';

type World = (typeof WORLDS)[number] | typeof WIDE;
type Trace = (typeof TRACES)[number];
export type Kind = (typeof KINDS)[number] | typeof WIDE;

/** Median latency in the synthetic worlds, in milliseconds. */
export const TYPICAL_MS = 1000;

/** Of log latency: stationary standard deviation, and correlation of neighbours. */
const DEVIATION = 0.4;
const COMMON = 0.9;

const WIDE_DEVIATION = 1.2;

/** Tasks in which drifting latency doubles, and then halves again. */
const DRIFT_TASKS = 200;

/** Chance of a jump at each task, to three times the latency and back. */
const JUMP_CHANCE = 0.01;

/**
 * @param successRate of a synthetic world; a trace has its own failures
 * @param typicalMs median latency of a synthetic world, in milliseconds
 */
export function createNoise(
  kind: Kind,
  successRate: number,
  name: string,
  typicalMs = TYPICAL_MS,
): Noise {
  const random = createRandom(`noise/${kind}/${name}`);
  const chances = createRandom(`chance/${kind}/${name}`);
  const world = ([...WORLDS, WIDE] as const).find((one) => one === kind);
  if (world === undefined) {
    const draw = createTrace(kind, random);
    return remembering((i) => ({ ...draw(i), chance: chances.uniform() }));
  }
  const nextLevel = createLevels(world, random);
  return remembering((i) => {
    const latencyMs = typicalMs * Math.exp(nextLevel(i));
    const status = random.uniform() < successRate ? 'success' : 'failure';
    return { latencyMs, status, labels: {}, chance: chances.uniform() };
  });
}

/** Draws tasks in order, each once. */
function remembering(draw: (i: number) => Draw): Noise {
  const draws: Draw[] = [];
  return {
    at(i) {
      while (draws.length <= i) draws.push(draw(draws.length));
      return existing(draws[i]);
    },
  };
}

/** Log latency relative to the typical one, task by task. */
function createLevels(world: World, random: Random): (i: number) => number {
  let level = random.normal() * DEVIATION;
  let isHigh = false;
  const wander = () => {
    level = COMMON * level + Math.sqrt(1 - COMMON ** 2) * DEVIATION * random.normal();
    return level;
  };
  switch (world) {
    case 'AR(1)':
      return wander;
    case WIDE:
      return () => WIDE_DEVIATION * random.normal();
    case 'heavy tails':
      return () => 0.3 * studentT2(random);
    case 'drift':
      return (i) => wander() + Math.LN2 * triangle(i / DRIFT_TASKS);
    case 'jump':
      return () => {
        if (random.uniform() < JUMP_CHANCE) isHigh = !isHigh;
        return wander() + (isHigh ? Math.log(3) : 0);
      };
  }
}

/** Student's t with two degrees of freedom: its variance is infinite. */
function studentT2(random: Random): number {
  return random.normal() / Math.sqrt(-Math.log(random.uniform()));
}

/** Triangle wave from 0 to 1, with period 2. */
function triangle(x: number): number {
  return 1 - Math.abs((x % 2) - 1);
}

type Recorded = Omit<Draw, 'chance'>;

/** A trace, repeated from a random offset. */
function createTrace(kind: Kind, random: Random): (i: number) => Recorded {
  const trace = existing(TRACES.find((one) => kind.startsWith(one)));
  const tasks = tasksOf(trace);
  const offset = Math.floor(random.uniform() * tasks.length);
  const task = (i: number) => existing(tasks[(offset + i) % tasks.length]);
  return kind === trace ? task : (i) => ({ ...task(i), status: 'success' });
}

const read = new Map<Trace, readonly Recorded[]>();

function tasksOf(trace: Trace): readonly Recorded[] {
  const known = read.get(trace);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../test/data/${trace}.ndjson`, import.meta.url), 'utf8');
  const tasks = text.trimEnd().split('\n').map(parseTask);
  read.set(trace, tasks);
  return tasks;
}

function parseTask(line: string): Recorded {
  const { latencyMs, status, labels } = JSON.parse(line) as Omit<Recorded, 'status'> & {
    status: string;
  };
  const known = { TASK_STATUS_SUCCESS: 'success', TASK_STATUS_TIMEOUT: 'timeout' } as const;
  return { latencyMs, status: known[status as keyof typeof known] ?? 'failure', labels };
}

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is none');
  return value;
}
