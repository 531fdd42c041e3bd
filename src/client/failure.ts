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

/** Reads the error of a failed call; `undefined` for any other error. */
export function readFailure(error: unknown): CallFailure | undefined {
  if (!isServiceError(error)) return undefined;
  const { code, details } = error;
  return { ...readStatusDetails(error), code: status[code] ?? String(code), message: details };
}

/** As `readFailure`, but gives any other error `code`; by default, that of a request that cannot be sent. */
export function failureOf(error: unknown, code = 'INVALID_ARGUMENT'): CallFailure {
  const none = { reason: '', domain: '', violations: [], retryDelayMs: undefined };
  return readFailure(error) ?? { ...none, code, message: messageOf(error) };
}

/** Whether an error is gRPC's. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

/** A failure in words. */
export function describeFailure({ code, reason, message }: CallFailure): string {
  return [code, reason, message].filter((text) => text !== '').join(' ');
}

/** Whether the sidecar is away or overloaded, or missed the deadline. */
export function isAway({ code }: CallFailure): boolean {
  return code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED';
}

/** Codes that grpc-js gives a call whose connection breaks; an error from the sidecar with one of them has a reason. */
const BROKEN = new Set(['INTERNAL', 'UNKNOWN', 'CANCELLED']);

/** Whether an idempotent call may succeed when it is retried; even a refused token may be replaced meanwhile. */
export function mayPass(failure: CallFailure): boolean {
  const { code, reason } = failure;
  return isAway(failure) || code === 'UNAUTHENTICATED' || (BROKEN.has(code) && reason === '');
}

/** The maximum delay obeyed: sidecars ask for seconds, and timers overflow at 24 days. */
const MAX_RETRY_DELAY_MS = 60_000;

/** The delay before the next attempt, in milliseconds: what the sidecar asked for, or 200 to 1000, at random. */
export function retryDelayMs(asked?: number): number {
  return Math.min(asked ?? 200 + 800 * Math.random(), MAX_RETRY_DELAY_MS);
}
