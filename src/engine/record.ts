import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';

/** What became of a batch of tasks. */
export interface Recorded {
  readonly recorded: number;
  readonly duplicates: number;
  /** Newest change in force. */
  readonly deltaSequence: number;
}

/** Records the tasks whose ids are new, and the metrics reported beside them, if any. */
export function recordTasks(
  tasks: readonly Task[],
  metrics: CoordinationMetrics | undefined,
  nowMs: number,
): Decision<Recorded> {
  return (view) => {
    const fresh = freshOnes(view, tasks);
    const events: LedgerEvent[] = [];
    if (fresh.length > 0) events.push({ kind: 'tasks_recorded', tasks: fresh });
    if (metrics !== undefined) events.push(...reportMetrics(metrics, nowMs)(view).events);
    return {
      events,
      result: ({ head }) => ({
        recorded: fresh.length,
        duplicates: tasks.length - fresh.length,
        deltaSequence: head.sequence,
      }),
    };
  };
}

/** Replaces the metrics, unless these were observed earlier than the ones known. */
export function reportMetrics(metrics: CoordinationMetrics, nowMs: number): Decision<void> {
  return (view) => {
    const known = view.head.metrics?.report;
    // One that was observed in what is now the future was so before the clock was set back.
    const isOlder =
      known !== undefined &&
      known.observeTimeMs <= nowMs &&
      metrics.observeTimeMs < known.observeTimeMs;
    return {
      events: isOlder ? [] : [{ kind: 'metrics_reported', timeMs: nowMs, metrics }],
      result: () => {},
    };
  };
}

/** An id twice in one batch is a duplicate too: the first wins. */
function freshOnes(view: LedgerView, tasks: readonly Task[]): readonly Task[] {
  const seen = new Set<string>();
  return tasks.filter((task) => {
    if (isKnown(view, task) || seen.has(task.taskId)) return false;
    if (task.taskId !== '') seen.add(task.taskId);
    return true;
  });
}

function isKnown(view: LedgerView, { taskId }: Task): boolean {
  return taskId !== '' && view.hasTaskId(taskId);
}
