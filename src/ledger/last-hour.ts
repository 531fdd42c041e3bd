/** A minute of the loop's time, and a count. */
export type MinuteCount = readonly [minute: number, count: number];

interface AppliedCounts {
  readonly appliedPerMinute: readonly MinuteCount[];
}

/** How many proposals of cycles were applied in the last hour, which is up to a minute longer, never shorter. */
export function appliedLastHour({ appliedPerMinute }: AppliedCounts, nowMs: number): number {
  return lastHour(appliedPerMinute, minuteOf(nowMs)).reduce((sum, [, count]) => sum + count, 0);
}

/** The counts after one more. */
export function countOneMore(
  counts: readonly MinuteCount[],
  timeMs: number,
): readonly MinuteCount[] {
  const minute = minuteOf(timeMs);
  const recent = lastHour(counts, minute);
  const [last, count] = recent.at(-1) ?? [0, 0];
  return last === minute ? [...recent.slice(0, -1), [minute, count + 1]] : [...recent, [minute, 1]];
}

function lastHour(counts: readonly MinuteCount[], minute: number): readonly MinuteCount[] {
  return counts.filter(([at]) => at >= minute - 60);
}

function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / 60_000);
}
