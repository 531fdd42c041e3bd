import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { ErrorReason } from '../domain/errors.ts';

/** Minimum time between two lines for one reason: to log each refusal would cost more than to refuse. */
const LOG_INTERVAL_MS = 10_000;

/** Texts for the reasons that are logged here: those by which the sidecar lacks capacity. */
const WORDS: Readonly<Partial<Record<ErrorReason | 'INTERNAL', string>>> = {
  OVERLOADED: 'calls are refused: more are made than can be answered',
  TOO_MANY_STREAMS: 'streams are refused: too many are open (limits.max_streams…)',
};

/** Logs refusals for lack of capacity: the first at once, then their number, at most every `LOG_INTERVAL_MS`. */
export function createRefusalLog(log: Logger, clock: Pick<Clock, 'monotonic'>) {
  const loggedMs = new Map<string, number>();
  const counts = new Map<string, number>();
  return (reason: ErrorReason | 'INTERNAL'): void => {
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
