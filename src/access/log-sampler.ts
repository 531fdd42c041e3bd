import type { Clock } from '../domain/clock.ts';

/** Maximum number of lines per second: enough to see what happens, too few for a flood to fill a disk. */
const MAX_LINES = 10;
const WINDOW_MS = 1000;

/** The fields of a line, beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line. */
export type WriteLog = (fields: LogFields, message: string) => void;

/** A log whose functions are called as methods (`log.warn(…)`): pino's need their `this`. */
export interface AccessLog {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Limits lines that clients can cause at will: the first `MAX_LINES` of a second are written, the rest are counted. */
export function sampled(log: WriteLog, clock: Clock): WriteLog {
  let windowMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let left = 0;
  const tellLeft = () => {
    log({ count: left }, 'more connections or calls were refused than are logged one by one');
    left = 0;
  };
  return (fields, message) => {
    const nowMs = clock.monotonic();
    if (nowMs - windowMs >= WINDOW_MS) {
      windowMs = nowMs;
      lines = 0;
    }
    if (lines < MAX_LINES) {
      lines += 1;
      log(fields, message);
      return;
    }
    if (left === 0) clock.schedule(tellLeft, WINDOW_MS);
    left += 1;
  };
}
