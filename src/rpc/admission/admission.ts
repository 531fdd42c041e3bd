import { constants } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';
import type { ServerInterceptor, StatusObject, status } from '@grpc/grpc-js';
import type { Clock } from '../../domain/clock.ts';
import { LearningError } from '../../domain/errors.ts';
import { methodPath } from '../../wire/encode.ts';
import { refusalStatus, type WireReason } from '../../wire/status.ts';
import type { Gate } from '../grpc-js/internals.ts';
import { type CallGuard, MAX_REQUEST_BYTES } from '../grpc-js/server.ts';
import {
  AdmittedCall,
  type Applicant,
  type Arrival,
  type CallCounter,
  type CountedCall,
} from './admitted-call.ts';
import { type Connection, Connections } from './connections.ts';
import { DRAINING, OVERLOADED, type Refusals, refuseStream, withoutRetry } from './refusals.ts';
import { createPool, type MethodRule, type Need, type Pool, rulesOf } from './rules.ts';

// Decides which calls are served. Invariants, whatever callers do:
//
// 1. A call that is not served is refused when its headers arrive, before grpc-js creates anything for it.
// 2. A unary call counts against the pool of its kind from its headers to its response; a stream of responses, to the
//    end of its request. Clients, operators, exporters and probes have a pool each, and cannot fill that of the others.
// 3. No pool waits longer than `REQUEST_TIMEOUT_MS` for a request to arrive.
// 4. The bytes of large requests are bounded per connection and in all; those of large responses that are not read,
//    per connection.
// 5. Once a drain has begun, no call but a probe is admitted, and no request is waited for.
// 6. A caller without a valid token reaches no handler, and loses its connection after `MAX_REFUSED` calls.
//
// Bounded elsewhere: the number of calls per connection (HTTP/2, `grpc-js/server.ts`), of streams (`OpenStreams`),
// and of connections (`net/connection-cap.ts`).

/** Maximum number of operators' calls under way. */
const MAX_PENDING_OPERATORS = 256;

/** Maximum number of exports under way: each may hold its largest request, unpacked. Exporters repeat what is refused. */
const MAX_PENDING_EXPORTS = 32;

/** Maximum number of probes under way: low, as probes need no token and are answered at once. */
const MAX_PENDING_PROBES = 64;
const MAX_PENDING_PROBES_PER_CONNECTION = 16;

/** Maximum size of a probe, which holds a service's name. Compressed, it may arrive as a thousandth of its size. */
const MAX_PROBE_BYTES = 256;

/**
 * Maximum number of calls that a connection without a valid token may begin, cancelled ones included: Node's limits on
 * cancelled calls are set for clients that may call.
 */
const MAX_REFUSED = 1000;

/** Decides by its token whether a caller may call. */
export interface Authority {
  /** Throws a `LearningError` unless the header `authorization` shows what is needed. */
  check(header: string | undefined, need: Need): void;
  /** Called when a call was refused, or a stream ended, for its token. */
  refused(method: string, code: status, peer: string, error: LearningError): void;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly maxPendingCalls: () => number;
  /** Called when a call was refused for another reason than its token. */
  readonly onRefused: (path: string, code: status, reason: WireReason) => void;
  /** Without one, everybody may call. */
  readonly authority: Authority | undefined;
  readonly clients: readonly DescMethod[];
  readonly operators: readonly DescMethod[];
  /** Exports of OTLP, and the most bytes that a request of theirs may have. Left out: none are taken. */
  readonly exports?: { readonly methods: readonly DescMethod[]; readonly maxBytes: number };
  /** Methods that need no token, and are answered while the server drains. */
  readonly probes: readonly DescMethod[];
  /** Streams of requests, which `OpenStreams` bounds. */
  readonly streams: readonly DescMethod[];
}

export class Admission implements CallGuard, CallCounter {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly #options: AdmissionOptions;
  readonly #clients: Pool;
  readonly #operators = createPool(() => MAX_PENDING_OPERATORS);
  readonly #exports = createPool(() => MAX_PENDING_EXPORTS);
  readonly #probes = createPool(() => MAX_PENDING_PROBES);
  readonly #rules: ReadonlyMap<string, MethodRule>;
  /** Streams that end when their token is revoked. */
  readonly #streams = new Set<CountedCall>();
  #arrival: Arrival | undefined;
  #isDraining = false;
  #onIdle: (() => void) | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.clock = options.clock;
    const { methods, maxBytes } = options.exports ?? { methods: [], maxBytes: 0 };
    this.connections = new Connections(maxBytes);
    this.#clients = createPool(options.maxPendingCalls);
    const unbounded = createPool(() => Number.POSITIVE_INFINITY);
    this.#rules = new Map([
      ...rulesOf(options.clients, this.#clients),
      ...rulesOf(options.operators, this.#operators),
      ...rulesOf(methods, this.#exports, maxBytes),
      ...rulesOf(options.probes, this.#probes, MAX_PROBE_BYTES),
      ...rulesOf(options.streams, unbounded),
    ]);
  }

  readonly gate: Gate = (stream, headers) => {
    this.#arrival = undefined;
    const { session } = stream;
    if (session === undefined || stream.destroyed) {
      // The client has cancelled the call already: grpc-js would answer it, which throws.
      stream.on('error', () => {});
      return false;
    }
    const rule = this.#rules.get(headers[':path'] ?? '');
    // A method without a rule has no handler: grpc-js refuses the call.
    if (rule === undefined) return true;
    const connection = this.connections.of(session);
    const arrival = { stream, rule, connection, authorization: headers.authorization };
    const refusal = this.refusalOf(arrival);
    if (refusal === undefined) {
      this.#arrival = arrival;
      // Handlers have no use for the token, and cannot leak it without having it.
      if (this.#options.authority !== undefined) delete headers.authorization;
      return true;
    }
    refuseStream(stream, rule.neverRepeated ? withoutRetry(refusal) : refusal);
    if (connection.refusedCalls > MAX_REFUSED) {
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      session.destroy();
    }
    return false;
  };

  readonly interceptor: ServerInterceptor = (_, call) => {
    // grpc-js runs the interceptor directly after the gate, so `#arrival` is of the same call.
    if (this.#arrival === undefined) throw new Error('a method has no rule of admission');
    return new AdmittedCall(call, this.#arrival, this);
  };

  /** Number of calls that count against a pool. */
  get pending(): number {
    return this.#pools.reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Refuses calls from now on, probes excepted. Resolves when no call counts against a pool. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const pool of this.#pools) {
      for (const call of pool.awaited) call.refuse(DRAINING);
    }
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.pending === 0) resolve();
    });
  }

  /** To be called when other tokens are valid: ends the streams of callers whose token no longer is. */
  recheck(): void {
    for (const call of this.#streams) {
      const refusal = this.#tokenRefusal(call.arrival);
      if (refusal !== undefined) call.sendStatus(refusal);
    }
  }

  enter(call: CountedCall): void {
    const { rule, connection } = call.arrival;
    if (rule.requestStream || rule.responseStream) this.#streams.add(call);
    rule.pool.pending += 1;
    if (rule.pool === this.#probes) connection.probes += 1;
  }

  leave(call: CountedCall): void {
    const { rule, connection } = call.arrival;
    rule.pool.pending -= 1;
    if (rule.pool === this.#probes) connection.probes -= 1;
    if (this.pending === 0) this.#onIdle?.();
  }

  ended(call: CountedCall): void {
    this.#streams.delete(call);
  }

  /** Why a call is not admitted; `undefined` if it is. Also for calls over HTTP/1.1, which do not pass the gate. */
  refusalOf(applicant: Applicant): StatusObject | undefined {
    const { rule, connection } = applicant;
    const refusals = this.#poolRefusals(rule, connection);
    if (refusals !== undefined) return this.refuse(rule, refusals);
    if (rule.need === undefined) return undefined;
    const refusal = this.#tokenRefusal(applicant);
    connection.refusedCalls += refusal === undefined ? Number.NEGATIVE_INFINITY : 1;
    return refusal;
  }

  /** The rule of a gRPC method that is served. */
  ruleOf(method: DescMethod): MethodRule {
    const rule = this.#rules.get(methodPath(method));
    if (rule === undefined) throw new Error('a method has no rule of admission');
    return rule;
  }

  /** The rule of a path that clients call over HTTP/1.1 only; its calls count against the clients' pool. */
  clientRule(path: string, maxBytes: number = MAX_REQUEST_BYTES): MethodRule {
    const kind = { requestStream: false, responseStream: false, neverRepeated: false };
    return { path, ...kind, maxBytes, pool: this.#clients, need: 'client' };
  }

  refuse({ path }: MethodRule, refusals: Refusals): StatusObject {
    const refusal = refusals.next();
    this.#options.onRefused(path, refusal.code, refusals.reason);
    return refusal;
  }

  #tokenRefusal({ rule, connection, authorization }: Applicant): StatusObject | undefined {
    const { authority } = this.#options;
    if (authority === undefined || rule.need === undefined) return undefined;
    try {
      authority.check(authorization, rule.need);
      return undefined;
    } catch (error) {
      if (!(error instanceof LearningError)) throw error;
      const refusal = refusalStatus(error);
      authority.refused(rule.path, refusal.code, connection.peer, error);
      return refusal;
    }
  }

  get #pools(): readonly Pool[] {
    return [this.#clients, this.#operators, this.#exports, this.#probes];
  }

  #poolRefusals(rule: MethodRule, connection: Connection): Refusals | undefined {
    const { pool } = rule;
    if (pool === this.#probes) {
      if (connection.probes >= MAX_PENDING_PROBES_PER_CONNECTION) return OVERLOADED;
      // A probe's request arrives in one piece, so the probe that has waited longest for its request is refused.
      const [oldest] = pool.awaited;
      if (pool.pending >= MAX_PENDING_PROBES) oldest?.refuse(OVERLOADED);
    } else if (this.#isDraining) return DRAINING;
    return pool.pending < pool.max() ? undefined : OVERLOADED;
  }
}
