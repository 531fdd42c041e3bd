/** How a task ended. */
export const TASK_STATUSES = ['unspecified', 'success', 'failure', 'timeout', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** One finished task of a sub-agent. The proto (`Task`) has the bounds of the fields, and the handlers check them. */
export interface Task {
  /** Empty if the task has no id; it then always counts as a new task. */
  readonly taskId: string;
  readonly agentId: string;
  readonly status: TaskStatus;
  /** Milliseconds, 0 or more; absent if not reported. */
  readonly latencyMs: number | undefined;
  /** Unix time in milliseconds. */
  readonly finishTimeMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly measurements: Readonly<Record<string, number>>;
  /** Sequence of the newest applied delta when the task was dispatched; 0 if unknown. */
  readonly deltaSequence: number;
  /** When the task was recorded, by the loop's time in milliseconds; absent if not known. */
  readonly recordedMs?: number;
  /** Milliseconds from the task's request for parameters to its report; absent if not known. */
  readonly reportMs?: number;
  /** The client that ran the task; absent if not known. Not stored. */
  readonly clientId?: string;
  /**
   * Of each parameter that it is known to have asked for, the names of the values that it was given: `old` or `new`
   * for that of an arm, empty for the caller's default, `error` where it could not be told. It is not kept.
   */
  readonly variants?: Readonly<Record<string, readonly string[]>>;
}
