import type { Task } from '../domain/task.ts';

/**
 * Ids remembered at most of tasks that asked for their parameters and have not ended yet; the newest
 * half of as many surely are.
 */
const MAX_ASKED = 10_000;

/** Newest tasks that say how the orchestrator works. */
const LOOK_AT = 30;

/**
 * Who asks for parameters by name: it says whether a trial can assign tasks one by one. Forgotten
 * with the process: of a task that began before it, only that it asked can be known.
 */
export class Askers {
  /** The newest, and those that came before: forgotten together, when there are too many. */
  #asked = new Set<string>();
  #askedBefore = new Set<string>();
  #recent: boolean[] = [];
  readonly #isContinued: boolean;

  /** @param isContinued the ledger had tasks already */
  constructor(isContinued: boolean) {
    this.#isContinued = isContinued;
  }

  noteAsked(taskId: string): void {
    // Not the oldest one by one: a Set steps over all that were deleted before it finds its first.
    if (this.#asked.size >= MAX_ASKED / 2) {
      this.#askedBefore = this.#asked;
      this.#asked = new Set();
    }
    this.#asked.add(taskId);
  }

  /**
   * @param tasks that are new to the ledger
   * @param upMs for how long the process has been up
   */
  noteRecorded(tasks: readonly Task[], upMs: number): void {
    for (const { taskId, latencyMs } of tasks.slice(-LOOK_AT)) {
      const asked = this.#forget(taskId);
      if (asked || !this.#isContinued || latencyMs <= upMs) this.#recent.push(asked);
    }
    if (this.#recent.length > LOOK_AT) this.#recent = this.#recent.slice(-LOOK_AT);
  }

  /** At least half of the newest tasks had asked; `undefined`: nothing is known of any yet. */
  areMany(): boolean | undefined {
    const { length } = this.#recent;
    if (length === 0) return this.#isContinued ? undefined : false;
    return this.#recent.filter(Boolean).length * 2 >= length;
  }

  /** Whether it had asked. */
  #forget(taskId: string): boolean {
    const isRecent = this.#asked.delete(taskId);
    return this.#askedBefore.delete(taskId) || isRecent;
  }
}
