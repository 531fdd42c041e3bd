import type { Task } from '../domain/task.ts';

/** Maximum number of task ids remembered between ResolveParameters and RecordTask; the newest half is always kept. */
const MAX_ASKED = 10_000;

/** Number of the newest tasks that decide whether the orchestrator asks for parameters by task. */
const LOOK_AT = 30;

/**
 * Assumed maximum delay of a report. Client clocks may be wrong, so a task is taken to have begun in this process,
 * whatever its times, if the uptime exceeds its latency by at least this.
 */
const MAX_DELAY_MS = 3_600_000;

/** When tasks are recorded, in milliseconds. */
interface Instant {
  readonly monotonicMs: number;
  /** Unix time. */
  readonly wallMs: number;
  /** Uptime of the process. */
  readonly upMs: number;
}

/**
 * Remembers which tasks asked for their parameters by id, and when: this decides whether trials assign
 * task by task, and measures how long reports take. In memory only.
 */
export class ResolveUsage {
  /** When each task asked, by its id, in monotonic milliseconds. */
  #asked = new Map<string, number>();
  #askedBefore = new Map<string, number>();
  #recent: boolean[] = [];
  readonly #isContinued: boolean;

  /** @param isContinued the ledger already had tasks when the process started */
  constructor(isContinued: boolean) {
    this.#isContinued = isContinued;
  }

  /** Notes that a task asks; returns whether it does so for the first time. */
  noteAsked(taskId: string, nowMs: number): boolean {
    if (this.#asked.has(taskId) || this.#askedBefore.has(taskId)) return false;
    // Two generations, since deleting the oldest entries of a Map one by one is slow.
    if (this.#asked.size >= MAX_ASKED / 2) {
      this.#askedBefore = this.#asked;
      this.#asked = new Map();
    }
    this.#asked.set(taskId, nowMs);
    return true;
  }

  /** Notes tasks that are new to the ledger; returns them with `reportMs`. */
  noteRecorded(tasks: readonly Task[], now: Instant): readonly Task[] {
    const timed = tasks.map((task) => {
      const askedMs = this.#forget(task.taskId);
      return askedMs === undefined
        ? task
        : { ...task, reportMs: Math.max(now.monotonicMs - askedMs, 0) };
    });
    for (const task of timed.slice(-LOOK_AT)) {
      const hasAsked = task.reportMs !== undefined;
      if (hasAsked || !this.#isContinued || couldAsk(task, now)) this.#recent.push(hasAsked);
    }
    if (this.#recent.length > LOOK_AT) this.#recent = this.#recent.slice(-LOOK_AT);
    return timed;
  }

  /** Whether at least half of the newest tasks had asked; `undefined` if this is known of no task. */
  isMajority(): boolean | undefined {
    const { length } = this.#recent;
    if (length === 0) return this.#isContinued ? undefined : false;
    return this.#recent.filter(Boolean).length * 2 >= length;
  }

  /** Whether none of the newest `LOOK_AT` tasks had asked. */
  isNone(): boolean {
    return this.#recent.length === LOOK_AT && !this.#recent.includes(true);
  }

  /** Forgets a task; returns when it had asked, if it had. */
  #forget(taskId: string): number | undefined {
    const askedMs = this.#asked.get(taskId) ?? this.#askedBefore.get(taskId);
    this.#asked.delete(taskId);
    this.#askedBefore.delete(taskId);
    return askedMs;
  }
}

/** Whether a task began after this process, which does not know whether earlier tasks asked. */
function couldAsk({ finishTimeMs, latencyMs = 0 }: Task, { wallMs, upMs }: Instant): boolean {
  return finishTimeMs - latencyMs > wallMs - upMs || latencyMs + MAX_DELAY_MS <= upMs;
}
