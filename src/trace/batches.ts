import { setTimeout as delay } from 'node:timers/promises';
import type { Task } from '../gen/learning/v1/task_pb.ts';
import { formatPlace, type Place, readTrace, STDIN, type TraceLine } from './read.ts';

/** Tasks of one message. */
export interface TaskBatch {
  readonly tasks: Task[];
  /** The file and line of each task. */
  readonly places: readonly Place[];
  /** Bytes of all files up to the last task. */
  readonly bytesThrough: number;
}

/** A line that holds no valid task. */
export interface BadLine {
  readonly place: Place;
  readonly fault: string;
}

export interface BatchOptions {
  readonly files: readonly string[];
  /** Maximum tasks of a batch. */
  readonly size: number;
  /** Returns whether to continue after a bad line. */
  readonly onBadLine: (line: BadLine) => boolean;
}

/** The tasks of traces, one file after the other, in batches; ends early at a bad line. */
export async function* readBatches(options: BatchOptions): AsyncGenerator<TaskBatch> {
  const { size, onBadLine } = options;
  const waiting: GoodLine[] = [];
  let bytesBefore = 0;
  for (const file of options.files) {
    let bytesThrough = bytesBefore;
    for await (const lines of readTrace(file)) {
      const isStopped = !lines.every((line) => {
        if (line.fault !== undefined) return onBadLine(line);
        bytesThrough = bytesBefore + line.bytesThrough;
        waiting.push({ ...line, bytesThrough });
        return true;
      });
      while (waiting.length >= size) yield batchOf(waiting.splice(0, size));
      // A pipe may be written slowly: its tasks do not wait for a full batch.
      const isDue = isStopped || file === STDIN;
      if (isDue && waiting.length > 0) yield batchOf(waiting.splice(0));
      if (isStopped) return;
    }
    bytesBefore = bytesThrough;
  }
  if (waiting.length > 0) yield batchOf(waiting);
}

type GoodLine = TraceLine & { readonly task: Task };

function batchOf(lines: readonly GoodLine[]): TaskBatch {
  return {
    tasks: lines.map(({ task }) => task),
    places: lines.map(({ place }) => place),
    bytesThrough: lines.at(-1)?.bytesThrough ?? 0,
  };
}

/** Delays batches so that they carry at most `tasksPerSecond`. */
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

/** A bad line in words: `file:line: fault`. */
export function formatBadLine({ place, fault }: BadLine): string {
  return `${formatPlace(place)}: ${fault}`;
}
