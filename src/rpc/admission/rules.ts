import type { DescMethod } from '@bufbuild/protobuf';
import { Health } from '../../gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../gen/learning/v1/learning_service_pb.ts';
import { methodCodec } from '../../wire/codec.ts';
import { MAX_REQUEST_BYTES } from '../grpc-js/server.ts';
import type { Refusals } from './refusals.ts';

/** What a call needs of its caller: a token of a client, of an operator, or either. */
export type Need = 'client' | 'admin' | 'any';

/** By service; others, such as reflection, need a token of either kind. */
const NEEDS: Readonly<Record<string, Need | undefined>> = {
  [Health.typeName]: undefined,
  [LearningService.typeName]: 'client',
  [LearningAdminService.typeName]: 'admin',
};

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
  /** Largest request that is one message. */
  readonly maxBytes: number;
  readonly pool: Pool;
  /** `undefined` if the caller needs no token. */
  readonly need: Need | undefined;
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
    return [path, { path, requestStream, responseStream, maxBytes, pool, need }];
  });
}
