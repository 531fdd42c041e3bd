import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Recorded } from '../engine/record.ts';

/** Reports are looked at in stretches so long, in milliseconds. */
const STRETCH_MS = 60_000;

/** A line is written where, of at least so many reports, more than this share were duplicates. */
const MIN_REPORTS = 100;
const MAX_SHARE = 0.2;

/**
 * Logs stretches in which many reports were of tasks that had been recorded before: retries are few, and a
 * client whose ids repeat loses tasks.
 */
export function createDuplicateLog(log: Logger, clock: Pick<Clock, 'monotonic'>) {
  let startMs = clock.monotonic();
  let reports = 0;
  let duplicates = 0;
  return (recorded: Pick<Recorded, 'recorded' | 'duplicates'>): void => {
    reports += recorded.recorded + recorded.duplicates;
    duplicates += recorded.duplicates;
    const nowMs = clock.monotonic();
    if (nowMs - startMs < STRETCH_MS) return;
    if (reports >= MIN_REPORTS && duplicates > MAX_SHARE * reports) {
      log.warn(
        { reports, duplicates, seconds: Math.round((nowMs - startMs) / 1000) },
        'many tasks are reported again: they count once. Where these are no retries, task ids repeat',
      );
    }
    startMs = nowMs;
    reports = 0;
    duplicates = 0;
  };
}
