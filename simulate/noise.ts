import { readFileSync } from 'node:fs';
import type { TaskStatus } from '../src/domain/task.ts';
import { createRandom, type Random } from './random.ts';

/** What a task comes to where nothing is changed. */
export interface Draw {
  readonly latencyMs: number;
  readonly status: TaskStatus;
}

/** The tasks of one run; the i-th is the same whatever is done with those before it. */
export interface Noise {
  /** @param i 0, 1, 2 … without end */
  at(i: number): Draw;
}

/** What noise there is: made up, and recorded from real agents, with their failures or without. */
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

type World = (typeof WORLDS)[number];
type Trace = (typeof TRACES)[number];
export type Kind = (typeof KINDS)[number];

/** Latency in the middle of a made-up world, in milliseconds. */
const TYPICAL_MS = 1000;

/** Of the logarithm of latency, in the long run; neighbours have .9 of it in common. */
const DEVIATION = 0.4;
const COMMON = 0.9;

/** Tasks in which drifting latency doubles, and then halves again. */
const DRIFT_TASKS = 200;

/** Chance of a jump at each task, to three times the latency and back. */
const JUMP_CHANCE = 0.01;

/** @param successRate of a made-up world; a trace has its own failures */
export function createNoise(kind: Kind, successRate: number, name: string): Noise {
  const random = createRandom(`noise/${kind}/${name}`);
  const world = WORLDS.find((one) => one === kind);
  if (world === undefined) return createTraceNoise(kind, random);
  const nextLevel = createLevels(world, random);
  const draws: Draw[] = [];
  return {
    at(i) {
      while (draws.length <= i) {
        const latencyMs = TYPICAL_MS * Math.exp(nextLevel(draws.length));
        draws.push({ latencyMs, status: random.uniform() < successRate ? 'success' : 'failure' });
      }
      return existing(draws[i]);
    },
  };
}

/** The logarithm of latency over that of the typical one, task by task. */
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

/** From 0 up to 1 and down again, with period 2. */
function triangle(x: number): number {
  return 1 - Math.abs((x % 2) - 1);
}

/** A trace from some place on, round and round. */
function createTraceNoise(kind: Kind, random: Random): Noise {
  const trace = existing(TRACES.find((one) => kind.startsWith(one)));
  const draws = drawsOf(trace);
  const offset = Math.floor(random.uniform() * draws.length);
  const draw = (i: number) => existing(draws[(offset + i) % draws.length]);
  return kind === trace
    ? { at: draw }
    : { at: (i) => ({ latencyMs: draw(i).latencyMs, status: 'success' }) };
}

const read = new Map<Trace, readonly Draw[]>();

function drawsOf(trace: Trace): readonly Draw[] {
  const known = read.get(trace);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../test/data/${trace}.ndjson`, import.meta.url), 'utf8');
  const draws = text.trimEnd().split('\n').map(parseDraw);
  read.set(trace, draws);
  return draws;
}

function parseDraw(line: string): Draw {
  const { latencyMs, status } = JSON.parse(line) as { latencyMs: number; status: string };
  const known = { TASK_STATUS_SUCCESS: 'success', TASK_STATUS_TIMEOUT: 'timeout' } as const;
  return { latencyMs, status: known[status as keyof typeof known] ?? 'failure' };
}

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is none');
  return value;
}
