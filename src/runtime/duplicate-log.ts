import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Recorded } from '../engine/record.ts';

/** Length of the intervals in which reports are counted, in milliseconds. */
const INTERVAL_MS = 60_000;

/** A warning needs at least this many reports in an interval, and more than this share of duplicates. */
const MIN_REPORTS = 100;
const MAX_SHARE = 0.2;

/**
 * Logs a warning for each interval in which many reports were duplicates. Retries cause few; a client whose
 * task ids repeat loses tasks.
 */
export function createDuplicateLog(log: Logger, clock: Pick<Clock, 'monotonic'>) {
  let startMs = clock.monotonic();
  let reports = 0;
  let duplicates = 0;
  return (recorded: Pick<Recorded, 'recorded' | 'duplicates'>): void => {
    reports += recorded.recorded + recorded.duplicates;
    duplicates += recorded.duplicates;
    const nowMs = clock.monotonic();
    if (nowMs - startMs < INTERVAL_MS) return;
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
