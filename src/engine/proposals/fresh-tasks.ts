import { type Cohort, type Place, placeName } from '../../domain/cohort.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import type { Task } from '../../domain/task.ts';
import { own } from '../../domain/value.ts';
import { type LedgerView, newestOf } from '../../ledger/view.ts';

type Known = Pick<LedgerView, 'head' | 'newestTasks'>;

/**
 * Why rules may not change a value yet, in words: tasks of the window began before its last change, or the newest
 * task is too old. Empty if rules may change it, as always without `curation.suppress_unchanged`. Of a cohort's value,
 * only the tasks of that cohort count.
 */
export function waitsForTasks(
  view: Known,
  settings: LoopSettings,
  place: Place,
  nowMs: number,
): string {
  const { cycle, curation } = settings;
  if (!curation.suppressUnchanged) return '';
  const window = newestOf(view, cycle.analysisWindow, place.cohort);
  const ageSeconds = windowAgeSeconds(window, nowMs);
  if (isStale(ageSeconds, settings)) {
    return `the newest task was recorded ${Math.round(ageSeconds)} seconds ago, and cycle.max_age_seconds is ${cycle.maxAgeSeconds}`;
  }
  const former = window.filter((task) => !beganAfterChange(task, view, place)).length;
  return former === 0
    ? ''
    : `${former} of the last ${window.length} tasks began before ${placeName(place)} was last changed`;
}

/** Whether the newest task, of the cohort if one is given, is too old, so that no task of the window is recent. */
export function isWindowStale(
  view: Known,
  settings: LoopSettings,
  nowMs: number,
  cohort?: Cohort,
): boolean {
  return (
    settings.curation.suppressUnchanged &&
    isStale(windowAgeSeconds(newestOf(view, 1, cohort), nowMs), settings)
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
function beganAfterChange(task: Task, { head }: Known, place: Place): boolean {
  const ofAll = own(head.targets, place.target);
  const ofCohort = place.cohort && own(head.targets, placeName(place));
  // A cohort may have followed the value for all since its own last change.
  const isOwn = (ofCohort?.sequence ?? 0) > (ofAll?.sequence ?? 0);
  const { sequence, changedMs } = (isOwn ? ofCohort : ofAll) ?? {};
  if (sequence === undefined || changedMs === undefined) return true;
  if (task.deltaSequence > 0) return task.deltaSequence >= sequence;
  return task.recordedMs !== undefined && task.recordedMs > changedMs;
}
