import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';

/** At most one line so often: whoever is overloaded has no time to write of each refusal. */
const LOG_INTERVAL_MS = 10_000;

/** Reasons that are about the sidecar, in words. The others are about the request. */
const WORDS: Readonly<Record<string, string>> = {
  OVERLOADED: 'calls are refused: more are made than can be answered',
  TOO_MANY_STREAMS: 'streams are refused: too many are open (limits.max_streams…)',
};

/** Logs refusals for want of room: the first at once, then how many there were, now and then. */
export function createRefusalLog(log: Logger, clock: Pick<Clock, 'monotonic'>) {
  const loggedMs = new Map<string, number>();
  const counts = new Map<string, number>();
  return (reason: string): void => {
    const words = WORDS[reason];
    if (words === undefined) return;
    const count = (counts.get(reason) ?? 0) + 1;
    counts.set(reason, count);
    const nowMs = clock.monotonic();
    if (nowMs - (loggedMs.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_INTERVAL_MS) return;
    loggedMs.set(reason, nowMs);
    log.warn({ reason, refused_so_far: count }, words);
  };
}
