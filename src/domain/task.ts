/** How a task ended. */
export const TASK_STATUSES = ['unspecified', 'success', 'failure', 'timeout', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

// Bounds of the fields of tasks and metrics, the same as in their proto.
export const MAX_ID_BYTES = 256;
export const MAX_LABELS = 64;
export const MAX_LABEL_KEY_BYTES = 64;
export const MAX_LABEL_BYTES = 256;
export const MAX_CPU_PERCENT = 100_000;

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
   * By parameter, the variants that the task is known to have been given: `old` or `new` for an arm, `baseline` for the
   * value in force, empty for the caller's default, `error` for an evaluation that failed. Not stored.
   */
  readonly variants?: Readonly<Record<string, readonly string[]>>;
}
