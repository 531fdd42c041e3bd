import type { Values } from '../../src/client/values.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import type { TraceTask } from './tasks.ts';

// What each setting truly does to a task. The sidecar is told none of it: it has to find out.

/** The smaller model is as good at these tasks, faster and cheaper. */
export const MEDIUM = { latency: 0.7, cost: 0.6 };

/** More agents at once get into each other's way: each waits, and some run into the provider's limits. */
export const CROWDED = { latency: 2, failures: 0.25 };

const FEW_AGENTS = 4;

/** What a task came to. */
export interface Outcome {
  readonly latencyMs: number;
  readonly costUsd: number;
  readonly status: TaskStatus;
  /** Whether it ran with this setting. */
  readonly isMedium: boolean;
  readonly isCrowded: boolean;
  /** What it would have taken with the large model, all else being equal, less what it took. */
  readonly saved: Amounts;
  /** What it took in the trace, which is what it would have taken had nothing been changed. */
  readonly unchanged: Amounts;
}

export interface Amounts {
  readonly latencyMs: number;
  readonly costUsd: number;
}

/** What a task of the trace comes to under these settings. */
export function outcomeOf(task: TraceTask, { model, max_agents: agents }: Values): Outcome {
  const isMedium = model === 'medium';
  const isCrowded = Number(agents) > FEW_AGENTS;
  const slowMs = task.latencyMs * (isCrowded ? CROWDED.latency : 1);
  const latencyMs = slowMs * (isMedium ? MEDIUM.latency : 1);
  const costUsd = task.costUsd * (isMedium ? MEDIUM.cost : 1);
  const fails = isCrowded && Math.random() < CROWDED.failures;
  return {
    latencyMs,
    costUsd,
    status: fails && task.status === TaskStatus.SUCCESS ? TaskStatus.FAILURE : task.status,
    isMedium,
    isCrowded,
    saved: { latencyMs: slowMs - latencyMs, costUsd: task.costUsd - costUsd },
    unchanged: { latencyMs: task.latencyMs, costUsd: task.costUsd },
  };
}

export function sumOf(amounts: readonly Amounts[]): Amounts {
  return amounts.reduce(
    (sum, { latencyMs, costUsd }) => ({
      latencyMs: sum.latencyMs + latencyMs,
      costUsd: sum.costUsd + costUsd,
    }),
    { latencyMs: 0, costUsd: 0 },
  );
}
