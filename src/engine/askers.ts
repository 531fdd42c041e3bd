import type { Task } from '../domain/task.ts';

/** Ids remembered of tasks that asked for their parameters and have not ended yet. */
const MAX_ASKED = 10_000;

/** Newest tasks that say how the orchestrator works. */
const LOOK_AT = 30;

/**
 * Who asks for parameters by name: it says whether a trial can assign tasks one by one. Forgotten
 * with the process.
 */
export class Askers {
  /** By age. */
  readonly #asked = new Set<string>();
  #recent: boolean[] = [];

  noteAsked(taskId: string): void {
    this.#asked.add(taskId);
    if (this.#asked.size <= MAX_ASKED) return;
    for (const oldest of this.#asked) {
      this.#asked.delete(oldest);
      return;
    }
  }

  noteRecorded(tasks: readonly Task[]): void {
    for (const { taskId } of tasks.slice(-LOOK_AT)) this.#recent.push(this.#asked.delete(taskId));
    if (this.#recent.length > LOOK_AT) this.#recent = this.#recent.slice(-LOOK_AT);
  }

  /** At least half of the newest tasks had asked. */
  areMany(): boolean {
    const { length } = this.#recent;
    return length > 0 && this.#recent.filter(Boolean).length * 2 >= length;
  }
}
