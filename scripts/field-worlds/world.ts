import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { normalNoise, wanderingNoise } from '../../test/support/noise.ts';
import { seededRandom } from '../../test/support/seed.ts';

/** What chance holds for one task, whichever value it is given. */
export interface Chance {
  /** Latency with the old value, in milliseconds of the world. */
  readonly latencyMs: number;
  /** A normal deviate, for what a task costs. */
  readonly spread: number;
  /** 0 to 1: the task fails where it is above the success rate. */
  readonly luck: number;
  /** 0 to 1: how hard the task is beside others; 1 is hardest. */
  readonly hardness: number;
}

/** What a task comes to. */
export interface Run {
  readonly latencyMs: number;
  readonly status: TaskStatus;
  readonly measurements?: Readonly<Record<string, number>>;
  /** Its report comes so much later than its end, in milliseconds of the world. */
  readonly delayMs?: number;
  /** No report comes at all. */
  readonly isLost?: boolean;
}

/** What must come of the seeds of a world. */
export type Target =
  | 'helped is false'
  | 'harmed is false'
  | 'found'
  | 'harmed'
  | 'not kept'
  | 'not begun';

/** An orchestrator and its surroundings, of which it is known what a change does in them. */
export interface World {
  readonly name: string;
  readonly targets: readonly Target[];
  /** Tasks in flight. */
  readonly inFlight: number;
  /** Spread of the logarithm of latency. */
  readonly deviation: number;
  /** What neighbours have in common of it. */
  readonly common: number;
  /** Sections of the config's `trial`. */
  readonly trial: Readonly<Record<string, number>>;
  /** More of the rule. */
  readonly rule: Readonly<Record<string, unknown>>;
  /** Most of the time is waiting: so many sidecars may be looked after at a time. */
  readonly lanes: number;
  /** With the old value, or the new one. */
  run(chance: Chance, isNew: boolean): Run;
}

/** Tasks of the world take so long in the middle, in its milliseconds. */
const TYPICAL_MS = 1000;

/** Chance for one task after the other, from a seed. */
export function createChances(world: World, seed: number): () => Chance {
  const latency = wanderingNoise(seed, world.deviation, world.common);
  const spread = normalNoise(seed + 1, 1);
  const { next } = seededRandom(seed + 2);
  let i = 0;
  return () => {
    const latencyMs = TYPICAL_MS * Math.exp(latency(i));
    i += 1;
    return { latencyMs, spread: spread(), luck: next(), hardness: next() };
  };
}

/** Success or failure, by luck. */
export function statusOf({ luck }: Chance, successRate: number): TaskStatus {
  return luck < successRate ? TaskStatus.SUCCESS : TaskStatus.FAILURE;
}
