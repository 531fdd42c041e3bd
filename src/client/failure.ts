import { type ServiceError, status } from '@grpc/grpc-js';
import { type FieldViolation, messageOf } from '../domain/errors.ts';
import { readStatusDetails } from '../wire/error-details.ts';

/** Why a call failed, with all that the sidecar said of it. */
export interface CallFailure {
  /** Such as `UNAVAILABLE`. */
  readonly code: string;
  readonly message: string;
  /** Stable, such as `INVALID_FIELD`; empty: the sidecar itself did not answer. */
  readonly reason: string;
  readonly domain: string;
  /** The fields at fault. */
  readonly violations: readonly FieldViolation[];
  /** How long the sidecar asked to be left alone; `undefined`: it said nothing of trying again. */
  readonly retryDelayMs: number | undefined;
}

/** Reads what a call has rejected with; `undefined`: it was not a call that failed. */
export function readFailure(error: unknown): CallFailure | undefined {
  if (!isServiceError(error)) return undefined;
  const { code, details } = error;
  return { ...readStatusDetails(error), code: status[code] ?? String(code), message: details };
}

/** As `readFailure`; what was thrown before there was a call cannot be sent. */
export function failureOf(error: unknown): CallFailure {
  const unsendable = { code: 'INVALID_ARGUMENT', reason: '', domain: '', violations: [] };
  return (
    readFailure(error) ?? {
      ...unsendable,
      message: messageOf(error),
      retryDelayMs: undefined,
    }
  );
}

/** Whether a call failed in a way that gRPC knows. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

/** No sidecar is left alone for longer: it asks for seconds, and timers end at 24 days. */
const MAX_RETRY_DELAY_MS = 60_000;

/** How long the sidecar asked to be left alone, within reason; 0: it did not. */
export function retryDelayMs(error: ServiceError): number {
  return Math.min(readStatusDetails(error).retryDelayMs ?? 0, MAX_RETRY_DELAY_MS);
}

/** What the library says of a connection that breaks within a call, and the sidecar with a reason. */
const BROKEN = new Set([status.INTERNAL, status.UNKNOWN, status.CANCELLED, status.ABORTED]);

/** The sidecar restarts, is overloaded, or does not answer in time. */
const PASSING = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);

/** Whether a call of which nobody knows if it was done may be done when it is made again. */
export function mayPass(error: unknown): error is ServiceError {
  if (!isServiceError(error)) return false;
  if (PASSING.has(error.code)) return true;
  return BROKEN.has(error.code) && readStatusDetails(error).reason === '';
}

/** As `mayPass`, but for the code that the library has for what it cannot encode, too. */
export function isAway(error: unknown): boolean {
  return mayPass(error) && error.code !== status.INTERNAL;
}

/** Whether a token that holds is all that a call wants: it is made again, and somebody has to know. */
export function wantsToken(error: unknown): error is ServiceError {
  return isServiceError(error) && error.code === status.UNAUTHENTICATED;
}

/** What keeps a stream from being there, and ends without anybody's help. */
const TRANSIENT = new Set([
  ...BROKEN,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.OUT_OF_RANGE,
]);

/** Why a stream is refused until somebody does something about it; empty: it is not. */
export function refusalOfStream(failure: ServiceError | undefined): string {
  if (failure === undefined || TRANSIENT.has(failure.code)) return '';
  return `${status[failure.code]} ${readStatusDetails(failure).reason}`;
}
