import { readFileSync } from 'node:fs';
import { fromJson } from '@bufbuild/protobuf';
import { type Task, TaskSchema, TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';

/** A task of the trace: what it took in its time. */
export interface TraceTask {
  readonly labels: Readonly<Record<string, string>>;
  readonly latencyMs: number;
  readonly costUsd: number;
  readonly status: TaskStatus;
}

const TRACE = new URL('../../test/data/mini-agi.ndjson', import.meta.url);

/**
 * Challenges that the agent of the trace solved less often than this are left out: nobody gives an agent
 * work that it mostly fails at.
 */
const MIN_SUCCESS = 0.9;

/** The tasks of a real trace that report their cost, of challenges that the agent mostly solved. */
export function readTasks(): TraceTask[] {
  const lines = readFileSync(TRACE, 'utf8').trim().split('\n');
  const tasks = lines.flatMap((line) => taskOf(fromJson(TaskSchema, JSON.parse(line))) ?? []);
  const byChallenge = Object.values(Object.groupBy(tasks, ({ labels }) => labels.task ?? ''));
  return byChallenge.flatMap((alike = []) => (successRate(alike) < MIN_SUCCESS ? [] : alike));
}

/** The tasks in random order, and again in another one, for as long as somebody asks. */
export function* inRandomOrder(tasks: readonly TraceTask[]): Generator<TraceTask, never> {
  for (;;) {
    const left = [...tasks];
    while (left.length > 0) yield* left.splice(Math.floor(Math.random() * left.length), 1);
  }
}

/** `undefined`: it does not say what it cost. */
function taskOf({ labels, latencyMs, measurements, status }: Task): TraceTask | undefined {
  const { cost_usd: costUsd } = measurements;
  if (costUsd === undefined || latencyMs === undefined) return undefined;
  return { labels, latencyMs, costUsd, status };
}

function successRate(tasks: readonly TraceTask[]): number {
  const succeeded = tasks.filter(({ status }) => status === TaskStatus.SUCCESS).length;
  return succeeded / tasks.length;
}
