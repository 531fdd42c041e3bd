import type { DescMethod } from '@bufbuild/protobuf';
import { Service as FlagsV1 } from '../../gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../gen/flagd/sync/v1/sync_pb.ts';
import { Health } from '../../gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../gen/learning/v1/learning_service_pb.ts';
import { methodCodec } from '../../wire/codec.ts';
import { MAX_REQUEST_BYTES } from '../grpc-js/server.ts';
import type { Refusals } from './refusals.ts';

/** What a call needs of its caller: a token of a client, of an operator, or either. */
export type Need = 'client' | 'admin' | 'any';

/** What each service needs; others, such as reflection and exports of OTLP, need a token of either kind. */
const NEEDS: Readonly<Record<string, Need | undefined>> = {
  [Health.typeName]: undefined,
  [LearningService.typeName]: 'client',
  [LearningAdminService.typeName]: 'admin',
  [FlagsV1.typeName]: 'client',
  [FlagsV2.typeName]: 'client',
  [FlagSyncService.typeName]: 'client',
};

/** Services whose clients repeat failed calls beyond the deadline, even calls that cannot succeed. */
const NEVER_REPEATED: readonly string[] = [
  FlagsV1.typeName,
  FlagsV2.typeName,
  FlagSyncService.typeName,
];

/** Calls that share a limit. */
export interface Pool {
  pending: number;
  max(): number;
  /** Calls whose request is not complete, the oldest first. */
  readonly awaited: Set<{ refuse(refusals: Refusals): void }>;
}

export function createPool(max: () => number): Pool {
  return { pending: 0, max, awaited: new Set() };
}

/** What holds for all calls of a method. */
export interface MethodRule {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Maximum size of a request that is one message. */
  readonly maxBytes: number;
  readonly pool: Pool;
  /** `undefined` if the caller needs no token. */
  readonly need: Need | undefined;
  /** Whether every error tells clients of gRPC not to repeat the call. */
  readonly neverRepeated: boolean;
}

/** The rules of methods, by path. */
export function rulesOf(
  methods: readonly DescMethod[],
  pool: Pool,
  maxBytes: number = MAX_REQUEST_BYTES,
): [string, MethodRule][] {
  return methods.map((method) => {
    const { path, requestStream, responseStream } = methodCodec(method);
    const { typeName } = method.parent;
    const need = Object.hasOwn(NEEDS, typeName) ? NEEDS[typeName] : 'any';
    const neverRepeated = NEVER_REPEATED.includes(typeName);
    const kind = { requestStream, responseStream, neverRepeated };
    return [path, { path, ...kind, maxBytes, pool, need }];
  });
}
