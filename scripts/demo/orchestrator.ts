import { setTimeout as delay } from 'node:timers/promises';
import type { LearningSidecar } from '../../src/client/learning-sidecar.ts';
import { type Outcome, outcomeOf } from './planted.ts';
import { inRandomOrder, type TraceTask } from './tasks.ts';

/** Tasks under way at once. */
export const AGENTS = 8;

/** How many times as fast as in the trace tasks run: slow enough to follow trials, and then not. */
export const PACES = { slow: 75, fast: 3000 } as const;

/** No task keeps an agent longer than this: a trial waits for its tasks in order. */
const LONGEST_MS = 2000;

/** Agents that ask for their settings before each task. What they report is in the time of the trace. */
export class Orchestrator {
  pace: keyof typeof PACES = 'slow';
  readonly #sidecar: LearningSidecar;
  readonly #tasks: Generator<TraceTask, never>;
  readonly #over = new AbortController();
  /** In the order in which they were recorded. */
  readonly #outcomes: Outcome[] = [];
  #started = 0;

  constructor(sidecar: LearningSidecar, tasks: readonly TraceTask[]) {
    this.#sidecar = sidecar;
    this.#tasks = inRandomOrder(tasks);
  }

  /** What became of the tasks so far, in the order in which they were recorded. */
  get outcomes(): readonly Outcome[] {
    return this.#outcomes;
  }

  /** Runs one task after the other on each agent, until it is stopped. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: AGENTS }, (_, i) => this.#work(`agent-${i + 1}`)));
  }

  /** Tasks that are under way are finished. */
  stop(): void {
    this.#over.abort();
  }

  async #work(agentId: string): Promise<void> {
    while (!this.#over.signal.aborted) {
      const { labels, ...task } = this.#tasks.next().value;
      this.#started += 1;
      const taskId = `task-${this.#started}`;
      const { parameters, deltaSequence } = await this.#sidecar.resolve({ taskId, labels });
      const outcome = outcomeOf({ labels, ...task }, parameters);
      const { latencyMs, status, costUsd } = outcome;
      await delay(Math.min(latencyMs / PACES[this.pace], LONGEST_MS));
      const measurements = { cost_usd: costUsd };
      const report = { taskId, agentId, labels, deltaSequence, latencyMs, status, measurements };
      const { kind } = await this.#sidecar.record(report);
      if (kind === 'recorded') this.#outcomes.push(outcome);
    }
  }
}
