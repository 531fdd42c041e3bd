import type { LoopSettings } from '../../domain/settings.ts';
import type { Task } from '../../domain/task.ts';
import { own } from '../../domain/value.ts';
import type { LedgerView } from '../../ledger/view.ts';

type Known = Pick<LedgerView, 'head' | 'newestTasks'>;

/**
 * Why rules may not change a parameter yet, in words: tasks of the window began before its last change, or the newest
 * task is too old. Empty if rules may change it, as always without `curation.suppress_unchanged`.
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

/** Whether the newest task is too old, so that no task of the window is recent. */
export function isWindowStale(view: Known, settings: LoopSettings, nowMs: number): boolean {
  return (
    settings.curation.suppressUnchanged &&
    isStale(windowAgeSeconds(view.newestTasks(1), nowMs), settings)
  );
}

function isStale(ageSeconds: number, { cycle: { maxAgeSeconds } }: LoopSettings): boolean {
  return maxAgeSeconds > 0 && ageSeconds > maxAgeSeconds;
}

/** Age of the window's newest task; 0 if an older release recorded it, without `recordedMs`. */
function windowAgeSeconds(window: readonly Task[], nowMs: number): number {
  const recordedMs = window.at(-1)?.recordedMs ?? nowMs;
  return (nowMs - recordedMs) / 1000;
}

/** Whether a task began after the last change: by its `deltaSequence` or, without one, by when it was recorded. */
function beganAfterChange(task: Task, { head }: Known, target: string): boolean {
  const { sequence, changedMs } = own(head.targets, target) ?? {};
  if (sequence === undefined || changedMs === undefined) return true;
  if (task.deltaSequence > 0) return task.deltaSequence >= sequence;
  return task.recordedMs !== undefined && task.recordedMs > changedMs;
}
