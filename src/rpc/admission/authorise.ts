import type {
  Metadata,
  ServerInterceptingCallInterface,
  ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { LearningError } from '../../domain/errors.ts';
import { Health } from '../../gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../gen/learning/v1/learning_service_pb.ts';
import { refusalStatus } from '../../wire/status.ts';
import { closeConnection, hangUp, wireCallOf } from '../grpc-js/call-internals.ts';
import { InterceptedCall, interceptorOf } from '../grpc-js/intercepted-call.ts';

/** What a call takes of its caller; `any`: to be known at all. */
type Need = 'client' | 'admin' | 'any';

/** Who decides, and who is told. */
export interface Authority {
  /** Throws a `LearningError` where the header `authorization` does not show what is needed. */
  check(header: string | undefined, need: Need): void;
  /** A call was refused, or a stream ended. */
  refused(method: string, code: status, peer: string, error: LearningError): void;
}

/** By service. Probes have no token. */
const NEEDS: Readonly<Record<string, Need | undefined>> = {
  [`/${Health.typeName}/`]: undefined,
  [`/${LearningService.typeName}/`]: 'client',
  [`/${LearningAdminService.typeName}/`]: 'admin',
};

/**
 * Calls, cancelled ones included, that a connection may have refused before one is not. Node's bounds on cancelled
 * calls are wide for callers that may call; others, such as a client with a wrong token, get another connection.
 */
const MAX_REFUSED = 1000;

/** Refuses calls whose callers may not make them, when their headers come. */
export class Authorisation {
  readonly interceptor: ServerInterceptor;
  readonly #streams = new Set<GuardedCall>();
  /** By connection: calls refused; infinite below 0 once one was not. */
  readonly #refused = new WeakMap<object, number>();

  constructor(authority: Authority) {
    this.interceptor = interceptorOf(({ path, requestStream, responseStream }, call) => {
      const open = requestStream || responseStream ? this.#streams : undefined;
      return new GuardedCall(call, {
        authority,
        path,
        need: needOf(path),
        open,
        refused: this.#refused,
      });
    });
  }

  /** What is known of tokens has changed: ends the streams that would not be let in now. */
  recheck(): void {
    for (const stream of this.#streams) stream.recheck();
  }
}

function needOf(path: string): Need | undefined {
  const service = path.slice(0, path.lastIndexOf('/') + 1);
  // Reflection, and what may yet be added.
  return Object.hasOwn(NEEDS, service) ? NEEDS[service] : 'any';
}

interface Guard {
  readonly authority: Authority;
  readonly path: string;
  /** `undefined`: nothing. */
  readonly need: Need | undefined;
  /** Where streams are kept while they are open. */
  readonly open: Set<GuardedCall> | undefined;
  readonly refused: WeakMap<object, number>;
}

/** A call that begins once its caller is known. */
class GuardedCall extends InterceptedCall {
  readonly #guard: Guard;
  #header: string | undefined;

  constructor(call: ServerInterceptingCallInterface, guard: Guard) {
    super(call);
    this.#guard = guard;
  }

  override onReceiveMetadata(metadata: Metadata): void {
    const { need, open } = this.#guard;
    if (need !== undefined) {
      const header = metadata.get('authorization');
      // Handlers have no use for it, and cannot let it out.
      metadata.remove('authorization');
      this.#header = header.length === 0 ? undefined : header.join(',');
      if (!this.#isAllowed(need)) return;
      open?.add(this);
    }
    super.onReceiveMetadata(metadata);
  }

  override onCancel(): void {
    this.#guard.open?.delete(this);
    super.onCancel();
  }

  /** Ends a stream whose token does not hold any more. */
  recheck(): void {
    const { need } = this.#guard;
    if (need !== undefined) this.#isAllowed(need);
  }

  #isAllowed(need: Need): boolean {
    const { authority, path } = this.#guard;
    try {
      authority.check(this.#header, need);
      this.#count(Number.NEGATIVE_INFINITY);
      return true;
    } catch (error) {
      if (!(error instanceof LearningError)) throw error;
      const refusal = refusalStatus(error);
      authority.refused(path, refusal.code, this.getPeer(), error);
      this.sendStatus(refusal);
      hangUp(wireCallOf(this.base));
      this.#count(1);
      return false;
    }
  }

  /** @param more refused calls */
  #count(more: number): void {
    const call = wireCallOf(this.base);
    const { refused } = this.#guard;
    const { session } = call.stream;
    if (session === undefined) return;
    const count = (refused.get(session) ?? 0) + more;
    refused.set(session, count);
    if (count > MAX_REFUSED) closeConnection(call);
  }
}
