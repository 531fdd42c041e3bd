import type { Http2Session } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';
import { type ServerInterceptor, type StatusObject, status } from '@grpc/grpc-js';
import type { Clock } from '../../domain/clock.ts';
import { methodCodec } from '../../wire/codec.ts';
import type { WireReason } from '../../wire/status.ts';
import { Counts } from '../counts.ts';
import { interceptorOf } from '../grpc-js/intercepted-call.ts';
import type { RefusalFor } from '../grpc-js/load-shedding.ts';
import { MAX_REQUEST_BYTES, RequestBytes } from '../grpc-js/message-limits.ts';
import { AdmittedCall, type CallLimiter, type Pool } from './admitted-call.ts';
import { type Meter, MeteredCall } from './metered-call.ts';
import { type Refusal, Refusals } from './refusals.ts';

/** Calls that operators' tools may have under way beside those of clients. */
const MAX_PENDING_OPERATORS = 256;

/** Probes need no token, so that theirs are few, in all and of one connection: they are answered at once. */
const MAX_PENDING_PROBES = 64;
const MAX_PENDING_PROBES_PER_CONNECTION = 16;

/** A probe's request holds the name of a service. It may be compressed, to a thousandth. */
const MAX_PROBE_BYTES = 256;

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
  readonly clients: readonly DescMethod[];
  /** Not to suffer from what clients do. */
  readonly operators: readonly DescMethod[];
  /** Everybody may call them, and they answer while the server drains. */
  readonly probes: readonly DescMethod[];
}

/**
 * Bounds the calls that are under way, from their headers to their answer; those beyond are refused.
 * Answers that a client does not read are bounded by connection (their bytes here, their number in
 * `grpc-js/server.ts`), so that it is in nobody's way but its own. Streams count until their first
 * message; after that, see `OpenStreams`.
 */
export class Admission implements CallLimiter {
  readonly interceptor: ServerInterceptor;
  readonly #options: AdmissionOptions;
  readonly #overloaded = new Refusals('OVERLOADED', 'too many calls are under way');
  readonly #draining = new Refusals('DRAINING', 'the sidecar is shutting down');
  readonly #unread = new Refusals('OVERLOADED', 'answers on this connection are not read');
  readonly #unreadBytes = new Counts<string>();
  readonly #tooManyBytes = new Refusals('OVERLOADED', 'too many bytes of requests are under way');
  readonly #requestBytes = new RequestBytes();
  readonly #clients: Pool;
  readonly #operators = createPool(() => MAX_PENDING_OPERATORS);
  readonly #probes = createPool(() => MAX_PENDING_PROBES, new Counts());
  /** By path, of all methods but those whose requests are streams. */
  readonly #poolOfPath: ReadonlyMap<string, Pool>;
  #isDraining = false;
  #checking = false;
  #checks = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#clients = createPool(options.maxPendingCalls);
    this.#poolOfPath = new Map([
      ...pathsOf(options.clients, this.#clients),
      ...pathsOf(options.operators, this.#operators),
      ...pathsOf(options.probes, this.#probes),
    ]);
    const meters = new Map<string, Meter>();
    this.interceptor = interceptorOf(({ path, requestStream, responseStream }, call) => {
      const meter = meters.get(path) ?? this.#meterOf(path, requestStream);
      // Of as many paths as there are methods: grpc-js refuses others itself.
      meters.set(path, meter);
      const pool = this.#poolOfPath.get(path);
      // Its first message may be long in coming, by right; it counts as an open stream meanwhile.
      if (pool === undefined) return new MeteredCall(call, meter);
      return new AdmittedCall(call, { limiter: this, path, pool, isStream: responseStream, meter });
    });
  }

  /** Says how a call is refused that cannot be taken in. */
  readonly refusalFor: RefusalFor = (path, { session }) => {
    const pool = this.#poolOfPath.get(path);
    if (pool === undefined) return undefined;
    const refusals = this.#refusalsFor(pool, path, session);
    return refusals && this.#refuse(path, refusals).headers;
  };

  /** Calls under way. */
  get pending(): number {
    return this.#clients.pending + this.#operators.pending + this.#probes.pending;
  }

  answer(path: string, peer: string, bytes: number): StatusObject | undefined {
    if (this.#unreadBytes.of(peer) + bytes > MAX_UNREAD_BYTES)
      return this.#refuse(path, this.#unread).status;
    this.#unreadBytes.add(peer, bytes);
    return undefined;
  }

  answered(peer: string, bytes: number): void {
    this.#unreadBytes.add(peer, -bytes);
  }

  /** From now on calls are refused. Resolves when none is under way. */
  drain(): Promise<void> {
    this.#isDraining = true;
    // What has not been asked yet cannot be lost.
    for (const { awaited } of this.#pools()) {
      for (const call of awaited) call.refuse(this.#draining.next().status);
    }
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.pending === 0) resolve();
    });
  }

  enter(call: AdmittedCall, pool: Pool): void {
    pool.awaited.add(call);
    if (!this.#checking) this.#checkLater();
    pool.pending += 1;
    if (call.session !== undefined) pool.ofSession?.add(call.session, 1);
  }

  requestCame(call: AdmittedCall, pool: Pool): void {
    pool.awaited.delete(call);
  }

  leave(call: AdmittedCall, pool: Pool): void {
    pool.pending -= 1;
    if (call.session !== undefined) pool.ofSession?.add(call.session, -1);
    if (this.pending === 0) this.#onIdle?.();
  }

  get checks(): number {
    return this.#checks;
  }

  /** Bytes of larger requests under way. */
  get requestBytes(): number {
    return this.#requestBytes.taken;
  }

  #pools(): readonly Pool[] {
    return [this.#clients, this.#operators, this.#probes];
  }

  #meterOf(path: string, isStream: boolean): Meter {
    const isProbe = this.#poolOfPath.get(path) === this.#probes;
    const maxBytes = isProbe ? MAX_PROBE_BYTES : MAX_REQUEST_BYTES;
    const refuse = () => this.#refuse(path, this.#tooManyBytes).status;
    return { bytes: this.#requestBytes, maxBytes, isStream, refuse };
  }

  #refuse(path: string, refusals: Refusals): Refusal {
    const refusal = refusals.next();
    this.#options.onRefused(path, refusal.status.code, refusals.reason);
    return refusal;
  }

  #refusalsFor(pool: Pool, path: string, session: Http2Session | undefined): Refusals | undefined {
    const isProbe = pool === this.#probes;
    if (this.#isDraining && !isProbe) return this.#draining;
    const ofSession = (session && pool.ofSession?.of(session)) ?? 0;
    if (ofSession >= MAX_PENDING_PROBES_PER_CONNECTION) return this.#overloaded;
    if (pool.pending >= pool.most() && isProbe) this.#endAwaited(path, pool);
    return pool.pending >= pool.most() ? this.#overloaded : undefined;
  }

  /** Probes come whole: those that are awaited for longest are none. */
  #endAwaited(path: string, pool: Pool): void {
    for (const call of pool.awaited) {
      if (pool.pending < pool.most()) return;
      pool.awaited.delete(call);
      call.sendStatus(this.#refuse(path, this.#overloaded).status);
    }
  }

  #checkLater(): void {
    this.#checking = true;
    this.#options.clock.schedule(() => this.#check(), CHECK_MS);
  }

  #check(): void {
    this.#checking = false;
    this.#checks += 1;
    for (const { awaited } of this.#pools()) this.#giveUp(awaited);
    if (this.#pools().some(({ awaited }) => awaited.size > 0)) this.#checkLater();
  }

  #giveUp(awaited: Set<AdmittedCall>): void {
    for (const call of awaited) {
      if ((this.#checks - call.startedAt) * CHECK_MS <= MESSAGE_TIMEOUT_MS) return;
      awaited.delete(call);
      call.sendStatus(TOO_LATE);
    }
  }
}

function createPool(most: () => number, ofSession?: Pool['ofSession']): Pool {
  return { pending: 0, most, awaited: new Set(), ofSession };
}

function pathsOf(methods: readonly DescMethod[], pool: Pool): [string, Pool][] {
  const codecs = methods.map(methodCodec);
  return codecs.filter((one) => !one.requestStream).map(({ path }) => [path, pool]);
}

const TOO_LATE = {
  code: status.DEADLINE_EXCEEDED,
  details: `the request did not come within ${MESSAGE_TIMEOUT_MS / 1000} s of its headers`,
};
