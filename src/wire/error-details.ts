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

/** The details of an error apart from its code and message. */
export interface StatusDetails {
  /** Empty if the server sent none. */
  readonly reason: string;
  readonly domain: string;
  readonly violations: readonly FieldViolation[];
  /** `undefined` if the server sent no delay. */
  readonly retryDelayMs: number | undefined;
}

/** Reads the details of a failed call. Invalid details are ignored. */
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
      // Invalid bytes: ignored.
    }
  }
  return undefined;
}
