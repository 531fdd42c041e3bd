import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import { toWallMs } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { decision, type EngineDecision } from './decision/decision.ts';
import { observeEffects } from './effects.ts';

/** The outcome of recording a batch of tasks. */
export interface Recorded {
  readonly recorded: number;
  readonly duplicates: number;
  /** Sequence of the newest applied change. */
  readonly deltaSequence: number;
}

/**
 * Records the tasks whose ids are new, and metrics if given. Open trials take the tasks in the same
 * commit.
 *
 * @param reported number of tasks in the request, duplicates included
 */
export function recordTasks(
  tasks: readonly Task[],
  reported: number,
  metrics?: CoordinationMetrics,
): EngineDecision<Recorded> {
  return (environment) => (view) => {
    const { nowMs } = environment;
    const known = newTasks(view, tasks);
    const fresh = known.map((task) => ({ ...keptOf(task), recordedMs: nowMs }));
    const events: LedgerEvent[] = [];
    if (fresh.length > 0) events.push({ kind: 'tasks_recorded', tasks: fresh });
    events.push(...observeEffects(view, fresh, nowMs));
    if (view.trials.length > 0) events.push(...recordOutcomes(known)(environment)(view).events);
    if (metrics !== undefined) events.push(...reportMetrics(metrics)(environment)(view).events);
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

/** The task without its client and what it was given, which matter to open trials only and are not kept. */
function keptOf(task: Task): Task {
  if (task.clientId === undefined && task.variants === undefined) return task;
  const { clientId: _, variants: __, ...kept } = task;
  return kept;
}

function recordOutcomes(tasks: readonly Task[]): EngineDecision<void> {
  return decision(({ trials }) => {
    for (const task of tasks) trials.record(task);
  });
}

/** Replaces a client's metrics, unless they were observed before its current ones. */
export function reportMetrics(metrics: CoordinationMetrics): EngineDecision<void> {
  return decision(({ view, changes }) => {
    const known = view.metricsOf(metrics.clientId)?.report;
    // Current metrics from the future were observed before the clock was set back, and are replaced.
    const isOlder =
      known !== undefined &&
      known.observeTimeMs <= toWallMs(view.head, changes.nowMs) &&
      metrics.observeTimeMs < known.observeTimeMs;
    if (isOlder) return;
    changes.events.push({ kind: 'metrics_reported', timeMs: changes.nowMs, metrics });
  });
}

/** Tasks whose ids are not known. Of tasks with the same id, the first counts. */
function newTasks(view: LedgerView, tasks: readonly Task[]): readonly Task[] {
  const seen = new Set<string>();
  return tasks.filter(({ taskId }) => {
    if (taskId === '') return true;
    if (view.hasTaskId(taskId) || seen.has(taskId)) return false;
    seen.add(taskId);
    return true;
  });
}
