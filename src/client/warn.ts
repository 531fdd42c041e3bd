import { messageOf } from '../domain/errors.ts';

/** A line on stderr, for who has given no `onProblem`. */
export function warn(what: string, cause: unknown): void {
  const why = cause === undefined ? '' : `: ${describe(cause)}`;
  // biome-ignore lint/suspicious/noConsole: else nobody would hear of it
  console.warn(`learning-sidecar: ${what}${why}`.replaceAll(/\s*\n\s*/g, ' '));
}

/** Of a call that failed its code and reason, too. */
function describe(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('message' in cause)) return messageOf(cause);
  const { message } = cause;
  const code = 'code' in cause ? `${cause.code} ` : '';
  const reason = 'reason' in cause && cause.reason ? `${cause.reason} ` : '';
  return `${code}${reason}${message}`;
}
