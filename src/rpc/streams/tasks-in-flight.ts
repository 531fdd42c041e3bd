/**
 * Maximum load of all RecordTasks streams that waits for a commit: about 50 MB, as a task takes about 1 KB. A commit
 * takes what one turn of the event loop brings, so a higher maximum would write nothing sooner.
 */
const MAX_LOAD = 50_000;

/** The budget that all RecordTasks streams share. */
export class TasksInFlight {
  #load = 0;
  readonly #waiting = new Set<() => void>();

  /** Whether no stream may read on. */
  get isFull(): boolean {
    return this.#load >= MAX_LOAD;
  }

  take(load: number): void {
    this.#load += load;
  }

  /** Gives back what was taken; resumes the waiting streams once there is room. */
  give(load: number): void {
    this.#load -= load;
    if (this.isFull || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Calls `resume` once, when there is room again. */
  whenFree(resume: () => void): void {
    this.#waiting.add(resume);
  }

  /** Undoes `whenFree`. */
  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }
}
