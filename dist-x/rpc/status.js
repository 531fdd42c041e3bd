import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { Metadata, status } from '@grpc/grpc-js';
import { LearningError } from '../domain/errors.js';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, } from '../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../gen/google/rpc/status_pb.js';
import { clip, MAX_VIOLATIONS } from './violations.js';
/** Defines the reasons in `google.rpc.ErrorInfo`. */
export const ERROR_DOMAIN = 'learning.v1';
/** When to try again what may succeed soon. */
export const RETRY_DELAY_MS = 1000;
/** The contract's table of errors. */
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
};
// Headers are dear: many clients take 8 KiB of them in all. The message travels twice, once
// percent-encoded, and the details grow by a third in base64.
const MAX_MESSAGE_BYTES = 512;
const MAX_VIOLATIONS_BYTES = 2560;
/**
 * The status to end a call with. A `LearningError` is told to the caller; anything else is
 * logged and becomes an opaque INTERNAL.
 */
export function statusOf(error, logError) {
    if (error instanceof LearningError) {
        return createStatus(error.reason, error.message, error.violations);
    }
    logError(error);
    return createStatus('INTERNAL', 'internal error; the log of the sidecar has its cause');
}
/** A status with its details, of bounded size whatever it is given. */
export function createStatus(reason, message, violations = []) {
    const code = CODE_OF_REASON[reason];
    const text = clip(message, MAX_MESSAGE_BYTES);
    const details = [pack(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN })];
    if (violations.length > 0) {
        details.push(pack(BadRequestSchema, { fieldViolations: boundedViolations(violations) }));
    }
    const metadata = new Metadata();
    if (code === status.UNAVAILABLE) {
        details.push(pack(RetryInfoSchema, { retryDelay: durationOf(RETRY_DELAY_MS) }));
        metadata.set('grpc-retry-pushback-ms', String(RETRY_DELAY_MS));
    }
    const bytes = toBinary(StatusSchema, create(StatusSchema, { code, message: text, details }));
    metadata.set('grpc-status-details-bin', Buffer.from(bytes));
    return { code, details: text, metadata };
}
function boundedViolations(violations) {
    const kept = [];
    let bytes = 0;
    for (const violation of violations.slice(0, MAX_VIOLATIONS)) {
        const field = clip(violation.field, MAX_MESSAGE_BYTES);
        const description = clip(violation.description, MAX_MESSAGE_BYTES);
        bytes += Buffer.byteLength(field) + Buffer.byteLength(description);
        if (bytes > MAX_VIOLATIONS_BYTES)
            break;
        kept.push({ field, description });
    }
    return kept;
}
function durationOf(ms) {
    return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}
function pack(schema, fields) {
    return anyPack(schema, create(schema, fields));
}
//# sourceMappingURL=status.js.map