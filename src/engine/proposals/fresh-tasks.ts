import type { LoopSettings } from '../../domain/settings.ts';
import type { Task } from '../../domain/task.ts';
import { own } from '../../domain/value.ts';
import type { LedgerView } from '../../ledger/view.ts';

type Known = Pick<LedgerView, 'head' | 'newestTasks'>;

/**
 * Why rules may not change a parameter yet, in words: tasks of the window began before its last change, or
 * the newest task is too old. Empty if they may, as always without `curation.suppress_unchanged`.
 */
export function waitsForTasks(
  view: Known,
  settings: LoopSettings,
  target: string,
  nowMs: number,
): string {
  const { cycle, curation } = settings;
  if (!curation.suppressUnchanged) return '';
  const window = view.newestTasks(cycle.analysisWindow);
  const ageSeconds = windowAgeSeconds(window, nowMs);
  if (isStale(ageSeconds, settings)) {
    return `the newest task was recorded ${Math.round(ageSeconds)} seconds ago, and cycle.max_age_seconds is ${cycle.maxAgeSeconds}`;
  }
  const former = window.filter((task) => !beganAfterChange(task, view, target)).length;
  return former === 0
    ? ''
    : `${former} of the last ${window.length} tasks began before ${target} was last changed`;
}

/** Whether no task of the window is recent. */
export function isWindowStale(view: Known, settings: LoopSettings, nowMs: number): boolean {
  return (
    settings.curation.suppressUnchanged &&
    isStale(windowAgeSeconds(view.newestTasks(1), nowMs), settings)
  );
}

function isStale(ageSeconds: number, { cycle: { maxAgeSeconds } }: LoopSettings): boolean {
  return maxAgeSeconds > 0 && ageSeconds > maxAgeSeconds;
}

/** 0 for tasks that an older release recorded, without `recordedMs`. */
function windowAgeSeconds(window: readonly Task[], nowMs: number): number {
  const recordedMs = window.at(-1)?.recordedMs ?? nowMs;
  return (nowMs - recordedMs) / 1000;
}

/** By the task's `deltaSequence`; without one, whether it was recorded after the change. */
function beganAfterChange(task: Task, { head }: Known, target: string): boolean {
  const { sequence, changedMs } = own(head.targets, target) ?? {};
  if (sequence === undefined || changedMs === undefined) return true;
  if (task.deltaSequence > 0) return task.deltaSequence >= sequence;
  return task.recordedMs !== undefined && task.recordedMs > changedMs;
}
