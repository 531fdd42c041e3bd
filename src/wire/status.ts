import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { clip } from '../domain/clip.ts';
import { type ErrorReason, type FieldViolation, LearningError } from '../domain/errors.ts';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../gen/google/rpc/status_pb.ts';
import { MAX_VIOLATIONS } from './violations.ts';

/** The domain of the reasons in `google.rpc.ErrorInfo`. */
const ERROR_DOMAIN = 'learning.v1';

/** The range of delays before a retry. */
const RETRY_DELAY_MS = { min: 500, max: 1500 };

/** A number whose multiples, modulo 1, spread evenly, so that clients refused together do not retry together. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** The trailer with the milliseconds after which a gRPC client may repeat a call; `-1`: never. */
export const PUSHBACK = 'grpc-retry-pushback-ms';

/** The reasons that are sent to clients. */
export type WireReason = ErrorReason | 'INTERNAL';

/** The code of each reason, as the contract has it. */
export const CODE_OF_REASON = {
  INVALID_FIELD: status.INVALID_ARGUMENT,
  MALFORMED: status.INVALID_ARGUMENT,
  DELTA_NOT_FOUND: status.NOT_FOUND,
  PARAMETER_NOT_FOUND: status.NOT_FOUND,
  SEQUENCE_AHEAD: status.OUT_OF_RANGE,
  EPOCH_CHANGED: status.FAILED_PRECONDITION,
  DELTA_STATE: status.FAILED_PRECONDITION,
  OVERLOADED: status.UNAVAILABLE,
  DRAINING: status.UNAVAILABLE,
  LEDGER_UNAVAILABLE: status.UNAVAILABLE,
  TOO_MANY_STREAMS: status.RESOURCE_EXHAUSTED,
  NO_TOKEN: status.UNAUTHENTICATED,
  NOT_ALLOWED: status.PERMISSION_DENIED,
  INTERNAL: status.INTERNAL,
} as const satisfies Record<WireReason, status>;

// Many clients accept 8 KiB of headers in all. The message is sent twice, once percent-encoded, and base64
// adds a third to the details.
const MAX_MESSAGE_BYTES = 512;
const MAX_VIOLATIONS_BYTES = 2560;

/** Receives errors that must not be sent to callers. */
export type LogError = (error: unknown) => void;

/** The status that ends a call: that of a `LearningError`; any other error is logged and becomes INTERNAL. */
export function statusOf(error: unknown, logError: LogError): StatusObject {
  if (error instanceof LearningError) return refusalStatus(error);
  logError(error);
  return createStatus('INTERNAL', 'internal error; the log of the sidecar has its cause');
}

/** The status of a refusal. */
export function refusalStatus({ reason, message, violations }: LearningError): StatusObject {
  return createStatus(reason, message, violations);
}

/** A status with its details, of bounded size. */
export function createStatus(
  reason: WireReason,
  message: string,
  violations: readonly FieldViolation[] = [],
): StatusObject {
  const code = CODE_OF_REASON[reason];
  const text = clip(message, MAX_MESSAGE_BYTES);
  const details = [pack(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN })];
  if (violations.length > 0) {
    details.push(pack(BadRequestSchema, { fieldViolations: boundedViolations(violations) }));
  }
  const metadata = new Metadata();
  if (code === status.UNAVAILABLE) {
    const delayMs = nextRetryDelayMs();
    details.push(pack(RetryInfoSchema, { retryDelay: durationFromMs(delayMs) }));
    metadata.set(PUSHBACK, String(delayMs));
  }
  const bytes = toBinary(StatusSchema, create(StatusSchema, { code, message: text, details }));
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return { code, details: text, metadata };
}

function boundedViolations(violations: readonly FieldViolation[]): FieldViolation[] {
  const kept: FieldViolation[] = [];
  let bytes = 0;
  for (const violation of violations.slice(0, MAX_VIOLATIONS)) {
    const field = clip(violation.field, MAX_MESSAGE_BYTES);
    const description = clip(violation.description, MAX_MESSAGE_BYTES);
    bytes += Buffer.byteLength(field) + Buffer.byteLength(description);
    if (bytes > MAX_VIOLATIONS_BYTES) break;
    kept.push({ field, description });
  }
  return kept;
}

let placeInRange = 0;

function nextRetryDelayMs(): number {
  const { min, max } = RETRY_DELAY_MS;
  placeInRange = (placeInRange + GOLDEN_RATIO) % 1;
  return Math.round(min + placeInRange * (max - min));
}

function pack<S extends DescMessage>(schema: S, fields: MessageInitShape<S>) {
  return anyPack(schema, create(schema, fields));
}
