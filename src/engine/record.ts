import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import { toWallMs } from '../ledger/head.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';
import { observeEffects } from './effects.ts';
import type { Environment } from './environment.ts';
import { TrialChanges } from './trial-changes.ts';

/** The outcome of recording a batch of tasks. */
export interface Recorded {
  readonly recorded: number;
  readonly duplicates: number;
  /** Newest change in force. */
  readonly deltaSequence: number;
}

/**
 * Records the tasks whose ids are new, and metrics if given. Open trials take the tasks in the same
 * commit.
 *
 * @param reported tasks in the request, duplicates included
 */
export function recordTasks(
  tasks: readonly Task[],
  reported: number,
  metrics: CoordinationMetrics | undefined,
  environment: Environment,
): Decision<Recorded> {
  return (view) => {
    const { nowMs } = environment;
    const known = freshOnes(view, tasks);
    const fresh = known.map((task) => ({ ...withoutClient(task), recordedMs: nowMs }));
    const events: LedgerEvent[] = [];
    if (fresh.length > 0) events.push({ kind: 'tasks_recorded', tasks: fresh });
    events.push(...observeEffects(view, fresh, nowMs), ...recordTrial(view, known, environment));
    if (metrics !== undefined) events.push(...reportMetrics(metrics, nowMs)(view).events);
    return {
      events,
      result: ({ head }) => ({
        recorded: fresh.length,
        duplicates: reported - fresh.length,
        deltaSequence: head.sequence,
      }),
    };
  };
}

/** Which client ran a task matters to the trials that are on, and to nothing later. */
function withoutClient(task: Task): Task {
  if (task.clientId === undefined) return task;
  const { clientId: _, ...kept } = task;
  return kept;
}

function recordTrial(
  view: LedgerView,
  tasks: readonly Task[],
  environment: Environment,
): readonly LedgerEvent[] {
  if (view.trials.length === 0) return [];
  const changes = new Changes(view, environment.nowMs);
  const trials = new TrialChanges(changes, view, environment);
  for (const task of tasks) trials.record(task);
  return changes.events;
}

/** Replaces a client's metrics, unless they were observed before its current ones. */
export function reportMetrics(metrics: CoordinationMetrics, nowMs: number): Decision<void> {
  return (view) => {
    const known = view.metricsOf(metrics.clientId)?.report;
    // Current metrics from the future date from before the clock was set back, and are replaced.
    const isOlder =
      known !== undefined &&
      known.observeTimeMs <= toWallMs(view.head, nowMs) &&
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
