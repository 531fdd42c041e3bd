import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import { type Any, anyUnpack, durationMs } from '@bufbuild/protobuf/wkt';
import type { Metadata } from '@grpc/grpc-js';
import type { FieldViolation } from '../domain/errors.ts';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../gen/google/rpc/status_pb.ts';

/** What a server told about an error beside its code and message. */
export interface StatusDetails {
  /** Empty: the server gave none. */
  readonly reason: string;
  readonly domain: string;
  readonly violations: readonly FieldViolation[];
  /** `undefined`: the server said nothing about trying again. */
  readonly retryDelayMs: number | undefined;
}

/** Reads the details of a failed call, as a client. Details that cannot be read are none. */
export function readStatusDetails(error: { readonly metadata: Metadata }): StatusDetails {
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

function packedDetails(metadata: Metadata): readonly Any[] {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(bytes)) return [];
  try {
    return fromBinary(StatusSchema, bytes).details;
  } catch {
    return [];
  }
}

function find<S extends DescMessage>(
  details: readonly Any[],
  schema: S,
): MessageShape<S> | undefined {
  for (const any of details) {
    try {
      const message = anyUnpack(any, schema);
      if (message !== undefined) return message;
    } catch {
      // Not what it says it is: as if it was not there.
    }
  }
  return undefined;
}
