import { type ServiceError, status } from '@grpc/grpc-js';
import { type FieldViolation, messageOf } from '../domain/errors.ts';
import { readStatusDetails } from '../wire/error-details.ts';

/** Why a call failed, with the details that the sidecar sent. */
export interface CallFailure {
  /** Such as `UNAVAILABLE`. */
  readonly code: string;
  readonly message: string;
  /** Stable, such as `INVALID_FIELD`; empty if the sidecar itself did not answer. */
  readonly reason: string;
  readonly domain: string;
  /** The fields at fault. */
  readonly violations: readonly FieldViolation[];
  /** The delay before a retry that the sidecar asked for, in milliseconds. */
  readonly retryDelayMs: number | undefined;
}

/** Reads the error of a call; `undefined` if it is not one of a call. */
export function readFailure(error: unknown): CallFailure | undefined {
  if (!isServiceError(error)) return undefined;
  const { code, details } = error;
  return { ...readStatusDetails(error), code: status[code] ?? String(code), message: details };
}

/** As `readFailure`; an error thrown before the call means that the request cannot be sent. */
export function failureOf(error: unknown): CallFailure {
  const unsendable = { code: 'INVALID_ARGUMENT', reason: '', domain: '', violations: [] };
  const unknown = { ...unsendable, message: messageOf(error), retryDelayMs: undefined };
  return readFailure(error) ?? unknown;
}

/** Whether an error is gRPC's. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

/** The maximum delay obeyed: sidecars ask for seconds, and timers overflow at 24 days. */
const MAX_RETRY_DELAY_MS = 60_000;

/** The delay before a retry that the sidecar asked for, at most a minute; 0 if it did not. */
export function retryDelayMs(error: ServiceError): number {
  return Math.min(readStatusDetails(error).retryDelayMs ?? 0, MAX_RETRY_DELAY_MS);
}

/** Codes of grpc-js for a connection that breaks within a call; from the sidecar they have a reason. */
const BROKEN = new Set([status.INTERNAL, status.UNKNOWN, status.CANCELLED, status.ABORTED]);

/** The sidecar restarts, is overloaded, or misses the deadline. */
const PASSING = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);

/** Whether an idempotent call may succeed when it is retried. */
export function mayPass(error: unknown): error is ServiceError {
  if (!isServiceError(error)) return false;
  if (PASSING.has(error.code)) return true;
  return BROKEN.has(error.code) && readStatusDetails(error).reason === '';
}

/** As `mayPass`, without INTERNAL, which grpc-js also uses for requests that it cannot encode. */
export function isAway(error: unknown): boolean {
  return mayPass(error) && error.code !== status.INTERNAL;
}

/** Whether a call lacks a valid token: it is retried, and reported. */
export function wantsToken(error: unknown): error is ServiceError {
  return isServiceError(error) && error.code === status.UNAUTHENTICATED;
}

/** Codes with which a stream fails and recovers without intervention. */
const TRANSIENT = new Set([
  ...BROKEN,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.OUT_OF_RANGE,
]);

/** Why a stream is refused until an operator intervenes; empty if it is not. */
export function refusalOfStream(failure: ServiceError | undefined): string {
  if (failure === undefined || TRANSIENT.has(failure.code)) return '';
  return `${status[failure.code]} ${readStatusDetails(failure).reason}`;
}
