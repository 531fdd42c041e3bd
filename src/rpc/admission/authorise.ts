import type { DescMethod } from '@bufbuild/protobuf';
import type { StatusObject, status } from '@grpc/grpc-js';
import { LearningError } from '../../domain/errors.ts';
import { Health } from '../../gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../gen/learning/v1/learning_service_pb.ts';
import { refusalStatus } from '../../wire/status.ts';

/** What a call needs of its caller: a token of a client, of an operator, or either. */
export type Need = 'client' | 'admin' | 'any';

/** Decides by tokens. */
export interface Authority {
  /** Throws a `LearningError` unless the header `authorization` shows what is needed. */
  check(header: string | undefined, need: Need): void;
  /** A call was refused, or a stream ended. */
  refused(method: string, code: status, peer: string, error: LearningError): void;
}

/** By service; others, such as reflection, need a token of either kind. */
const NEEDS: Readonly<Record<string, Need | undefined>> = {
  [Health.typeName]: undefined,
  [LearningService.typeName]: 'client',
  [LearningAdminService.typeName]: 'admin',
};

/** What the callers of a method need; `undefined` if nothing. */
export function needOf({ parent: { typeName } }: DescMethod): Need | undefined {
  return Object.hasOwn(NEEDS, typeName) ? NEEDS[typeName] : 'any';
}

/** A call as far as its token is concerned. */
interface Caller {
  readonly path: string;
  readonly need: Need;
  readonly peer: string;
  /** `authorization`. */
  readonly header: string | undefined;
}

/** Why the caller may not make the call; `undefined` if it may. */
export function refusalOf(
  authority: Authority,
  { path, need, peer, header }: Caller,
): StatusObject | undefined {
  try {
    authority.check(header, need);
    return undefined;
  } catch (error) {
    if (!(error instanceof LearningError)) throw error;
    const refusal = refusalStatus(error);
    authority.refused(path, refusal.code, peer, error);
    return refusal;
  }
}
