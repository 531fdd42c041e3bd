/**
 * Load of all RecordTasks streams together that may wait for a commit. A task takes about 1 KB, so
 * this is some 50 MB; a commit takes up what a turn of the event loop brings, so more would not be
 * written any sooner.
 */
const MAX_LOAD = 50_000;

/** What streams share: how much of what they have read waits for its commit. */
export class TasksInFlight {
  #load = 0;
  readonly #waiting = new Set<() => void>();

  /** Nobody should read on. */
  get isFull(): boolean {
    return this.#load >= MAX_LOAD;
  }

  take(load: number): void {
    this.#load += load;
  }

  /** Gives back what was taken; tells those who wait once there is room. */
  give(load: number): void {
    this.#load -= load;
    if (this.isFull || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Calls once when there is room again. */
  whenFree(resume: () => void): void {
    this.#waiting.add(resume);
  }

  /** As if `whenFree` had not been called. */
  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }
}
