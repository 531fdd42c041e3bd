import type { Value } from '@bufbuild/protobuf/wkt';
import { TaskStatus } from '../../../src/gen/learning/v1/task_pb.ts';
import type { TaskFields } from './task-book.ts';

/** Parameters that are numbers, by name. */
export type Levels = Readonly<Record<string, number>>;

/** What a task is run with. */
export interface Given {
  readonly levels: Levels;
  readonly deltaSequence: bigint;
}

/** What a task comes to. */
export interface Outcome {
  readonly latencyMs: number;
  /** Success, unless it says otherwise. */
  readonly status?: TaskStatus;
  /** Nobody will hear of it. */
  readonly isLost?: boolean;
}

/** Where the parameters of tasks come from, and their outcomes go to. */
export interface WorkPort {
  start(taskId: string): Promise<Given>;
  finish(task: TaskFields): Promise<void>;
}

/** @param i counts the tasks: 0, 1, 2 … */
export type Perform = (i: number, levels: Levels) => Outcome;

/** Tasks that run at a time, unless it is said. */
const IN_FLIGHT = 4;

interface Running {
  readonly task: TaskFields;
  readonly finishMs: number;
  readonly isLost: boolean;
}

/**
 * An orchestrator's work in virtual time: nothing sleeps, and with the same answers everything
 * happens in the same order.
 */
export class VirtualWork {
  /** Tasks begun. */
  begun = 0;
  readonly #port: WorkPort;
  readonly #perform: Perform;
  readonly #inFlight: number;
  readonly #running: Running[] = [];
  #nowMs = 0;

  constructor(port: WorkPort, perform: Perform, inFlight = IN_FLIGHT) {
    this.#port = port;
    this.#perform = perform;
    this.#inFlight = inFlight;
  }

  /** Starts as many tasks as may run, and ends the one that is through first. */
  async step(): Promise<void> {
    while (this.#running.length < this.#inFlight) await this.#begin();
    const finishMs = Math.min(...this.#running.map((one) => one.finishMs));
    const next = this.#running.findIndex((one) => one.finishMs === finishMs);
    const [first] = this.#running.splice(next, 1);
    this.#nowMs = finishMs;
    if (first !== undefined && !first.isLost) await this.#port.finish(first.task);
  }

  async #begin(): Promise<void> {
    const i = this.begun;
    this.begun += 1;
    const taskId = `task-${i}`;
    const { levels, deltaSequence } = await this.#port.start(taskId);
    const { latencyMs, status = TaskStatus.SUCCESS, isLost = false } = this.#perform(i, levels);
    const task: TaskFields = { taskId, status, latencyMs, deltaSequence };
    this.#running.push({ task, finishMs: this.#nowMs + latencyMs, isLost });
  }
}

export function levelsOf(parameters: Readonly<Record<string, Value>>): Levels {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { kind }]) =>
      kind.case === 'numberValue' ? [[name, kind.value] as const] : [],
    ),
  );
}
