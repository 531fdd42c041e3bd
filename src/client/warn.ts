import { messageOf } from '../domain/errors.ts';

/** The default `onProblem`: one line on stderr. */
export function warn(what: string, cause: unknown): void {
  const why = cause === undefined ? '' : `: ${describe(cause)}`;
  // biome-ignore lint/suspicious/noConsole: the default log of a library that has no logger
  console.warn(`learning-sidecar: ${what}${why}`.replaceAll(/\s*\n\s*/g, ' '));
}

/** The message of an error; of a failed call its code and reason, too. */
function describe(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('message' in cause)) return messageOf(cause);
  const { message } = cause;
  const code = 'code' in cause ? `${cause.code} ` : '';
  const reason = 'reason' in cause && cause.reason ? `${cause.reason} ` : '';
  return `${code}${reason}${message}`;
}
