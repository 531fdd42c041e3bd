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

// Which calls are served. What holds whatever callers do:
//
// 1. A call that is not served is refused when its headers arrive, before grpc-js creates anything for it.
// 2. Unary calls count against the pool of their kind from their headers to their response, streams of
//    responses to the end of their request. Clients, operators, exporters and probes cannot fill each other's pool.
// 3. No pool waits longer than `REQUEST_TIMEOUT_MS` for a request to arrive.
// 4. The bytes of large requests, and of large responses that are not read, are bounded per connection;
//    those of requests also in all.
// 5. Once a drain has begun, no call but a probe is admitted, and no request is waited for.
// 6. A caller without a valid token reaches no handler, and loses its connection after `MAX_REFUSED` calls.
//
// Elsewhere: the number of calls per connection (HTTP/2, `grpc-js/server.ts`), of streams (`OpenStreams`),
// and of connections (`net/connection-cap.ts`).

/** Calls that operators may have under way. */
const MAX_PENDING_OPERATORS = 256;

/** Exports under way: each may hold its largest request, unpacked. Exporters repeat what is refused. */
const MAX_PENDING_EXPORTS = 32;

/** Probes need no token, so they may be few. They are answered at once. */
const MAX_PENDING_PROBES = 64;
const MAX_PENDING_PROBES_PER_CONNECTION = 16;

/** A probe holds the name of a service. Compressed, it may arrive as a thousandth of that. */
const MAX_PROBE_BYTES = 256;

/**
 * Calls that a connection without a valid token may begin, cancelled ones included. Node's limits on
 * cancelled calls are set for clients that may call.
 */
const MAX_REFUSED = 1000;

/** Decides by tokens. */
export interface Authority {
  /** Throws a `LearningError` unless the header `authorization` shows what is needed. */
  check(header: string | undefined, need: Need): void;
  /** A call was refused, or a stream ended. */
  refused(method: string, code: status, peer: string, error: LearningError): void;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly maxPendingCalls: () => number;
  /** A call was refused for another reason than its token. */
  readonly onRefused: (path: string, code: status, reason: WireReason) => void;
  /** Without one, everybody may call. */
  readonly authority: Authority | undefined;
  readonly clients: readonly DescMethod[];
  readonly operators: readonly DescMethod[];
  /** Exports of OTLP, and the most bytes that a request of theirs may have. Left out: none are taken. */
  readonly exports?: { readonly methods: readonly DescMethod[]; readonly maxBytes: number };
  /** They need no token, and are answered while the server drains. */
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
      // Cancelled already: grpc-js would answer, which throws.
      stream.on('error', () => {});
      return false;
    }
    const rule = this.#rules.get(headers[':path'] ?? '');
    // grpc-js refuses what it has no handler for.
    if (rule === undefined) return true;
    const connection = this.connections.of(session);
    const arrival = { stream, rule, connection, authorization: headers.authorization };
    const refusal = this.refusalOf(arrival);
    if (refusal === undefined) {
      this.#arrival = arrival;
      // Handlers have no use for it, and cannot leak it.
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
    // Served at once, by the time the gate returns.
    if (this.#arrival === undefined) throw new Error('a method has no rule of admission');
    return new AdmittedCall(call, this.#arrival, this);
  };

  /** Calls under way. */
  get pending(): number {
    return this.#pools.reduce((sum, { pending }) => sum + pending, 0);
  }

  /** From now on calls are refused. Resolves when none is under way. */
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

  /** Other tokens are valid: ends the streams of those who could not open them now. */
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

  /** Why a call is not admitted; `undefined` if it is. Of HTTP/1.1 too, whose calls see no gate. */
  refusalOf(applicant: Applicant): StatusObject | undefined {
    const { rule, connection } = applicant;
    const refusals = this.#poolRefusals(rule, connection);
    if (refusals !== undefined) return this.refuse(rule, refusals);
    if (rule.need === undefined) return undefined;
    const refusal = this.#tokenRefusal(applicant);
    connection.refusedCalls += refusal === undefined ? Number.NEGATIVE_INFINITY : 1;
    return refusal;
  }

  /** The rule of a method of gRPC that is served. */
  ruleOf(method: DescMethod): MethodRule {
    const rule = this.#rules.get(methodPath(method));
    if (rule === undefined) throw new Error('a method has no rule of admission');
    return rule;
  }

  /** What clients call over HTTP/1.1 alone: it counts among their calls. */
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
      // A probe's request arrives in one piece: ends the one that has waited longest for its own.
      const [oldest] = pool.awaited;
      if (pool.pending >= MAX_PENDING_PROBES) oldest?.refuse(OVERLOADED);
    } else if (this.#isDraining) return DRAINING;
    return pool.pending < pool.max() ? undefined : OVERLOADED;
  }
}
