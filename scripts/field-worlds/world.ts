import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { normalNoise, wanderingNoise } from '../../test/support/engine/noise.ts';
import { seededRandom } from '../../test/support/engine/seed.ts';

/** The random part of a task, independent of its arm. */
export interface Chance {
  /** Latency with the old value, in milliseconds of the world. */
  readonly latencyMs: number;
  /** A standard normal deviate, for its cost. */
  readonly spread: number;
  /** Uniform from 0 to 1: the task fails if it is above the success rate. */
  readonly luck: number;
  /** Uniform from 0 to 1: the quantile of its difficulty. */
  readonly hardness: number;
}

/** The result of a task. */
export interface Run {
  readonly latencyMs: number;
  readonly status: TaskStatus;
  readonly measurements?: Readonly<Record<string, number>>;
  /** From its end to its report, in milliseconds of the world. */
  readonly delayMs?: number;
  /** It is never reported. */
  readonly isLost?: boolean;
}

/** A condition on the results of a world's seeds. */
export type Condition =
  | 'helped is false'
  | 'harmed is false'
  | 'found'
  | 'harmed'
  | 'not kept'
  | 'not begun';

/** An orchestrator, and the known effect of the change. */
export interface World {
  readonly name: string;
  readonly targets: readonly Condition[];
  /** Tasks in flight. */
  readonly inFlight: number;
  /** Standard deviation of log latency. */
  readonly deviation: number;
  /** Correlation of neighbours' log latencies. */
  readonly common: number;
  /** Fields of the config's `trial` section. */
  readonly trial: Readonly<Record<string, number>>;
  /** Further fields of the rule. */
  readonly rule: Readonly<Record<string, unknown>>;
  /** Seeds that run in parallel. */
  readonly lanes: number;
  run(chance: Chance, isNew: boolean): Run;
}

/** Median latency, in milliseconds of the world. */
const TYPICAL_MS = 1000;

/** A generator of tasks' random parts, from a seed. */
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

/** Success with probability `successRate`. */
export function statusOf({ luck }: Chance, successRate: number): TaskStatus {
  return luck < successRate ? TaskStatus.SUCCESS : TaskStatus.FAILURE;
}
