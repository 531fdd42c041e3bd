import type { WebAnswer } from './route.ts';

/** Headers of answers that no cache may keep, and no browser may take for something else. */
const PLAIN = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** A line of text. */
export function text(status: number, line: string): WebAnswer {
  const headers = { ...PLAIN, 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers, body: `${line}\n` };
}

/** @param value plain JSON */
export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): WebAnswer {
  const own = { ...PLAIN, 'content-type': 'application/json', ...headers };
  return { status, headers: own, body: JSON.stringify(value) };
}

/** One field at fault. */
export interface FieldFault {
  readonly field: string;
  readonly description: string;
}

/** An error as the API tells it. */
export interface ApiError {
  /** Such as `DELTA_NOT_FOUND`. */
  readonly code: string;
  readonly message: string;
  readonly fields: readonly FieldFault[];
}

interface HttpErrorOptions {
  readonly fields?: readonly FieldFault[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Ends a request with a status. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldFault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    { fields = [], headers = {}, cause }: HttpErrorOptions = {},
  ) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.headers = headers;
  }
}

/** A failure that was caused by another error. */
export function caused(status: number, code: string, message: string, cause: unknown): HttpError {
  return new HttpError(status, code, message, { cause });
}

/** @param isApi whether the caller expects JSON */
export function errorAnswer(error: HttpError, isApi: boolean): WebAnswer {
  const { status, code, message, fields, headers } = error;
  if (isApi) return json({ code, message, fields } satisfies ApiError, status, headers);
  const answer = text(status, message);
  return 'stream' in answer ? answer : { ...answer, headers: { ...answer.headers, ...headers } };
}
