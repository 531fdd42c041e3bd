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
import { hangUp, wireCallOf } from '../grpc-js/call-internals.ts';
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

/** Refuses calls whose callers may not make them, when their headers come. */
export class Authorisation {
  readonly interceptor: ServerInterceptor;
  readonly #streams = new Set<GuardedCall>();

  constructor(authority: Authority) {
    this.interceptor = interceptorOf(({ path, requestStream, responseStream }, call) => {
      const open = requestStream || responseStream ? this.#streams : undefined;
      return new GuardedCall(call, { authority, path, need: needOf(path), open });
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
      return true;
    } catch (error) {
      if (!(error instanceof LearningError)) throw error;
      const refusal = refusalStatus(error);
      authority.refused(path, refusal.code, this.getPeer(), error);
      this.sendStatus(refusal);
      hangUp(wireCallOf(this.base));
      return false;
    }
  }
}
