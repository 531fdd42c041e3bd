import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack, durationMs } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, } from '../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../gen/google/rpc/status_pb.js';
/** Reads the details of a failed call, as a client. Details that cannot be read are none. */
export function readStatusDetails(error) {
    const details = packedDetails(error.metadata);
    const info = find(details, ErrorInfoSchema);
    const retryDelay = find(details, RetryInfoSchema)?.retryDelay;
    return {
        reason: info?.reason ?? '',
        domain: info?.domain ?? '',
        violations: find(details, BadRequestSchema)?.fieldViolations ?? [],
        retryDelayMs: retryDelay === undefined ? undefined : durationMs(retryDelay),
    };
}
function packedDetails(metadata) {
    const [bytes] = metadata.get('grpc-status-details-bin');
    if (!Buffer.isBuffer(bytes))
        return [];
    try {
        return fromBinary(StatusSchema, bytes).details;
    }
    catch {
        return [];
    }
}
function find(details, schema) {
    for (const any of details) {
        const message = anyUnpack(any, schema);
        if (message !== undefined)
            return message;
    }
    return undefined;
}
//# sourceMappingURL=status-details.js.map