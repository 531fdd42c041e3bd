import { setTimeout as delay } from 'node:timers/promises';
import type { Task } from '../gen/learning/v1/task_pb.ts';
import {
  formatPlace,
  type Place,
  readTrace,
  STDIN,
  type TraceChunk,
  type TraceLine,
} from './trace.ts';

/** Tasks that are sent in one message. */
export interface TaskBatch {
  readonly tasks: Task[];
  /** Where each of them stands. */
  readonly places: readonly Place[];
  /** Bytes of all files up to the last of them. */
  readonly bytesThrough: number;
}

/** A line that is no task. */
export interface BadLine {
  readonly place: Place;
  readonly fault: string;
}

export interface BatchOptions {
  readonly files: readonly string[];
  /** Tasks in a batch, at most. */
  readonly size: number;
  /** Whether to go on after a bad line. */
  readonly onBadLine: (line: BadLine) => boolean;
}

/** The tasks of traces, one file after the other, in batches; ends early at a bad line. */
export async function* readBatches(options: BatchOptions): AsyncGenerator<TaskBatch> {
  const { size, onBadLine } = options;
  let bytesBefore = 0;
  let waiting: (TraceLine & { task: Task })[] = [];
  const batchOf = (count: number, bytesThrough: number): TaskBatch => {
    const lines = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return {
      tasks: lines.map(({ task }) => task),
      places: lines.map(({ place }) => place),
      bytesThrough,
    };
  };
  for (const file of options.files) {
    let bytesRead = 0;
    for await (const chunk of readTrace(file)) {
      bytesRead = chunk.bytesRead;
      const bytesThrough = bytesBefore + bytesRead;
      const good = goodLines(chunk, onBadLine);
      waiting.push(...good.lines);
      while (waiting.length >= size) yield batchOf(size, bytesThrough);
      // Whoever writes into a pipe may write slowly, and need not wait for a batch to fill.
      const isDue = good.isStopped || file === STDIN;
      if (isDue && waiting.length > 0) yield batchOf(size, bytesThrough);
      if (good.isStopped) return;
    }
    bytesBefore += bytesRead;
  }
  if (waiting.length > 0) yield batchOf(size, bytesBefore);
}

/** Holds batches back so that they come at `tasksPerSecond`. */
export async function* paced(
  batches: AsyncIterable<TaskBatch>,
  tasksPerSecond: number,
): AsyncGenerator<TaskBatch> {
  const startMs = performance.now();
  let tasks = 0;
  for await (const batch of batches) {
    const dueInMs = startMs + (tasks / tasksPerSecond) * 1000 - performance.now();
    if (dueInMs > 0) await delay(dueInMs);
    tasks += batch.tasks.length;
    yield batch;
  }
}

/** How a bad line is named. */
export function formatBadLine({ place, fault }: BadLine): string {
  return `${formatPlace(place)}: ${fault}`;
}

function goodLines({ lines }: TraceChunk, onBadLine: BatchOptions['onBadLine']) {
  const good: (TraceLine & { task: Task })[] = [];
  for (const line of lines) {
    if (line.fault === undefined) good.push(line);
    else if (!onBadLine(line)) return { lines: good, isStopped: true };
  }
  return { lines: good, isStopped: false };
}
