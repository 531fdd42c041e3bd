import {
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../domain/clock.ts';
import { type AdmissionDesk, AdmittedCall, type Pool } from './admitted-call.ts';
import { interceptorOf } from './intercepted-call.ts';
import { Refusals } from './refusals.ts';
import type { WireReason } from './status.ts';

/** Unary calls that operators' tools and probes may have under way beside those of clients. */
const MAX_PENDING_RESERVED = 256;

/** Big answers of one connection that its client has not read: two of the biggest. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** A request whose headers came has so long to come whole. On a bad line that is 4 MiB at 3 Mbit/s. */
const MESSAGE_TIMEOUT_MS = 10_000;

/** How often requests that do not come are looked for. */
const CHECK_MS = 1000;

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly maxPendingCalls: () => number;
  /** A call was refused before it began. */
  readonly onRefused: (path: string, code: status, reason: WireReason) => void;
  /** Full names of services that are not to suffer from what clients do. */
  readonly reserved: readonly string[];
  /** Full names of services that go on answering while the server drains. */
  readonly untilTheEnd: readonly string[];
}

/**
 * Bounds the calls that are under way, from their headers to their answer; those beyond are refused.
 * Answers that a client does not read are bounded by connection
 * (`server.ts`), so that it is in nobody's way but its own. Streams count until their first message;
 * after that, see `OpenStreams`.
 */
export class Admission implements AdmissionDesk {
  readonly interceptor: ServerInterceptor;
  readonly #options: AdmissionOptions;
  readonly #reserved: readonly string[];
  readonly #untilTheEnd: readonly string[];
  readonly #overloaded = new Refusals('OVERLOADED', 'too many calls are under way');
  readonly #draining = new Refusals('DRAINING', 'the sidecar is shutting down');
  readonly #unread = new Refusals('OVERLOADED', 'answers on this connection are not read');
  readonly #unreadBytes = new Map<string, number>();
  readonly #clientPool = { pending: 0 };
  readonly #reservedPool = { pending: 0 };
  /** Calls whose request is not whole, the oldest first. */
  readonly #awaited = new Set<AdmittedCall>();
  #isDraining = false;
  #checking = false;
  #checks = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#reserved = options.reserved.map((name) => `/${name}/`);
    this.#untilTheEnd = options.untilTheEnd.map((name) => `/${name}/`);
    this.interceptor = interceptorOf(({ path, requestStream, responseStream }, call) =>
      // Its first message may be long in coming, by right; it counts as an open stream meanwhile.
      requestStream ? call : this.#wrap(call, path, responseStream),
    );
  }

  /** Calls under way. */
  get pending(): number {
    return this.#clientPool.pending + this.#reservedPool.pending;
  }

  answer(path: string, peer: string, bytes: number): StatusObject | undefined {
    const unread = this.#unreadBytes.get(peer) ?? 0;
    if (unread + bytes > MAX_UNREAD_BYTES) return this.#refuse(path, this.#unread);
    this.#unreadBytes.set(peer, unread + bytes);
    return undefined;
  }

  answered(peer: string, bytes: number): void {
    const unread = (this.#unreadBytes.get(peer) ?? 0) - bytes;
    if (unread > 0) this.#unreadBytes.set(peer, unread);
    else this.#unreadBytes.delete(peer);
  }

  /** From now on calls are refused. Resolves when none is under way. */
  drain(): Promise<void> {
    this.#isDraining = true;
    // What has not been asked yet cannot be lost.
    for (const call of this.#awaited) call.refuse(this.#draining.next());
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.pending === 0) resolve();
    });
  }

  enter(call: AdmittedCall, path: string, pool: Pool): StatusObject | undefined {
    this.#awaited.add(call);
    if (!this.#checking) this.#checkLater();
    const refusals = this.#refusalsFor(path, pool);
    if (refusals !== undefined) return this.#refuse(path, refusals);
    pool.pending += 1;
    return undefined;
  }

  requestCame(call: AdmittedCall): void {
    this.#awaited.delete(call);
  }

  leave(pool: Pool): void {
    pool.pending -= 1;
    if (this.pending === 0) this.#onIdle?.();
  }

  get checks(): number {
    return this.#checks;
  }

  #wrap(call: ServerInterceptingCallInterface, path: string, isStream: boolean): AdmittedCall {
    const pool = startsWithOne(path, this.#reserved) ? this.#reservedPool : this.#clientPool;
    return new AdmittedCall(call, { desk: this, path, pool, isStream });
  }

  #refuse(path: string, refusals: Refusals): StatusObject {
    const refusal = refusals.next();
    this.#options.onRefused(path, refusal.code, refusals.reason);
    return refusal;
  }

  #refusalsFor(path: string, pool: Pool): Refusals | undefined {
    if (this.#isDraining && !startsWithOne(path, this.#untilTheEnd)) return this.#draining;
    const isReserved = pool === this.#reservedPool;
    const most = isReserved ? MAX_PENDING_RESERVED : this.#options.maxPendingCalls();
    return pool.pending >= most ? this.#overloaded : undefined;
  }

  #checkLater(): void {
    this.#checking = true;
    this.#options.clock.schedule(() => this.#check(), CHECK_MS);
  }

  #check(): void {
    this.#checking = false;
    this.#checks += 1;
    for (const call of this.#awaited) {
      if ((this.#checks - call.startedAt) * CHECK_MS <= MESSAGE_TIMEOUT_MS) break;
      this.#awaited.delete(call);
      call.sendStatus(TOO_LATE);
    }
    if (this.#awaited.size > 0) this.#checkLater();
  }
}

const TOO_LATE = {
  code: status.DEADLINE_EXCEEDED,
  details: `the request did not come within ${MESSAGE_TIMEOUT_MS / 1000} s of its headers`,
};

function startsWithOne(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}
