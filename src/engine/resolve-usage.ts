import type { Task } from '../domain/task.ts';

/** Maximum number of task ids remembered between ResolveParameters and RecordTask; the newest half is always kept. */
const MAX_ASKED = 10_000;

/** Parameters that a task is known to have asked for one by one; with more, it counts as having asked for all. */
const MAX_NAMES = 64;

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

/** What a task has asked for. */
interface Asked {
  /** Monotonic milliseconds. */
  readonly firstMs: number;
  /** Names of parameters; `undefined`: all. */
  names: string[] | undefined;
  /** The newest sequence then. */
  readonly sequence: number;
}

/**
 * Remembers which tasks asked for their parameters by id, and when: this decides whether trials assign
 * task by task, and measures how long reports take. In memory only.
 */
export class ResolveUsage {
  #asked = new Map<string, Asked>();
  #askedBefore = new Map<string, Asked>();
  #recent: boolean[] = [];
  readonly #isContinued: boolean;

  /** @param isContinued the ledger already had tasks when the process started */
  constructor(isContinued: boolean) {
    this.#isContinued = isContinued;
  }

  /**
   * Notes that a task asks for one parameter, or for all; returns whether it does so for the first time. One that
   * has asked for others may get an arm for this one.
   *
   * @param sequence the newest one
   */
  noteAsked(taskId: string, nowMs: number, name?: string, sequence = 0): boolean {
    const known = this.#asked.get(taskId) ?? this.#askedBefore.get(taskId);
    if (known !== undefined) return isNew(known, name);
    // Two generations, since deleting the oldest entries of a Map one by one is slow.
    if (this.#asked.size >= MAX_ASKED / 2) {
      this.#askedBefore = this.#asked;
      this.#asked = new Map();
    }
    const names = name === undefined ? undefined : [name];
    this.#asked.set(taskId, { firstMs: nowMs, names, sequence });
    return true;
  }

  /** The newest sequence when a task first asked; `undefined` if that is not known. */
  sequenceOf(taskId: string): number | undefined {
    return (this.#asked.get(taskId) ?? this.#askedBefore.get(taskId))?.sequence;
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
    const { firstMs } = this.#asked.get(taskId) ?? this.#askedBefore.get(taskId) ?? {};
    this.#asked.delete(taskId);
    this.#askedBefore.delete(taskId);
    return firstMs;
  }
}

/** Notes what a task asks for besides; returns whether it had not. */
function isNew(known: Asked, name: string | undefined): boolean {
  const { names } = known;
  if (names === undefined || (name !== undefined && names.includes(name))) return false;
  if (name === undefined || names.length >= MAX_NAMES) known.names = undefined;
  else names.push(name);
  return name !== undefined;
}

/** Whether a task began after the process did: one before may have asked, and that is forgotten. */
function couldAsk({ finishTimeMs, latencyMs = 0 }: Task, { wallMs, upMs }: Instant): boolean {
  return finishTimeMs - latencyMs > wallMs - upMs || latencyMs + MAX_DELAY_MS <= upMs;
}
