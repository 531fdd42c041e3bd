import { type ServerInterceptor, type StatusObject, status } from '@grpc/grpc-js';
import type { Clock } from '../domain/clock.ts';
import { type AdmissionDesk, AdmittedCall, type Pool } from './admitted-call.ts';
import { interceptorOf } from './intercepted-call.ts';
import { type Meter, MeteredCall } from './metered-call.ts';
import { Refusals } from './refusals.ts';
import { MAX_REQUEST_BYTES, RequestRoom } from './request-room.ts';
import type { WireReason } from './status.ts';

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
  /** Full name of the service that operators call, not to suffer from what clients do. */
  readonly operators: string;
  /** Full name of the service that everybody may call, and that answers while the server drains. */
  readonly probes: string;
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
  readonly #operatorsPrefix: string;
  readonly #probesPrefix: string;
  readonly #overloaded = new Refusals('OVERLOADED', 'too many calls are under way');
  readonly #draining = new Refusals('DRAINING', 'the sidecar is shutting down');
  readonly #unread = new Refusals('OVERLOADED', 'answers on this connection are not read');
  readonly #unreadBytes = new Map<string, number>();
  readonly #noRoom = new Refusals('OVERLOADED', 'too many bytes of requests are under way');
  readonly #room = new RequestRoom();
  readonly #clients: Pool;
  readonly #operators = createPool(() => MAX_PENDING_OPERATORS);
  readonly #probes = createPool(() => MAX_PENDING_PROBES, new Map());
  readonly #pools: readonly Pool[];
  #isDraining = false;
  #checking = false;
  #checks = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#operatorsPrefix = `/${options.operators}/`;
    this.#probesPrefix = `/${options.probes}/`;
    this.#clients = createPool(options.maxPendingCalls);
    this.#pools = [this.#clients, this.#operators, this.#probes];
    const meters = new Map<string, Meter>();
    this.interceptor = interceptorOf(({ path, requestStream, responseStream }, call) => {
      const meter = meters.get(path) ?? this.#meterOf(path, requestStream);
      // Of as many paths as there are methods: grpc-js refuses others itself.
      meters.set(path, meter);
      // Its first message may be long in coming, by right; it counts as an open stream meanwhile.
      if (requestStream) return new MeteredCall(call, meter);
      const pool = this.#poolOf(path);
      return new AdmittedCall(call, { desk: this, path, pool, isStream: responseStream, meter });
    });
  }

  /** Calls under way. */
  get pending(): number {
    return this.#clients.pending + this.#operators.pending + this.#probes.pending;
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
    for (const { awaited } of this.#pools) {
      for (const call of awaited) call.refuse(this.#draining.next());
    }
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.pending === 0) resolve();
    });
  }

  enter(call: AdmittedCall, path: string, pool: Pool): StatusObject | undefined {
    const refusals = this.#refusalsFor(call, path, pool);
    pool.awaited.add(call);
    if (!this.#checking) this.#checkLater();
    if (refusals !== undefined) return this.#refuse(path, refusals);
    pool.pending += 1;
    pool.ofPeer?.set(call.peer, (pool.ofPeer.get(call.peer) ?? 0) + 1);
    return undefined;
  }

  requestCame(call: AdmittedCall, pool: Pool): void {
    pool.awaited.delete(call);
  }

  leave(call: AdmittedCall, pool: Pool): void {
    pool.pending -= 1;
    const ofPeer = (pool.ofPeer?.get(call.peer) ?? 0) - 1;
    if (ofPeer > 0) pool.ofPeer?.set(call.peer, ofPeer);
    else pool.ofPeer?.delete(call.peer);
    if (this.pending === 0) this.#onIdle?.();
  }

  get checks(): number {
    return this.#checks;
  }

  /** Bytes of larger requests under way. */
  get requestBytes(): number {
    return this.#room.taken;
  }

  #poolOf(path: string): Pool {
    if (path.startsWith(this.#probesPrefix)) return this.#probes;
    return path.startsWith(this.#operatorsPrefix) ? this.#operators : this.#clients;
  }

  #meterOf(path: string, isStream: boolean): Meter {
    const maxBytes = path.startsWith(this.#probesPrefix) ? MAX_PROBE_BYTES : MAX_REQUEST_BYTES;
    return { room: this.#room, maxBytes, isStream, refuse: () => this.#refuse(path, this.#noRoom) };
  }

  #refuse(path: string, refusals: Refusals): StatusObject {
    const refusal = refusals.next();
    this.#options.onRefused(path, refusal.code, refusals.reason);
    return refusal;
  }

  #refusalsFor(call: AdmittedCall, path: string, pool: Pool): Refusals | undefined {
    const isProbe = pool === this.#probes;
    if (this.#isDraining && !isProbe) return this.#draining;
    const ofPeer = pool.ofPeer?.get(call.peer) ?? 0;
    if (ofPeer >= MAX_PENDING_PROBES_PER_CONNECTION) return this.#overloaded;
    if (pool.pending >= pool.most() && isProbe) this.#makeRoom(path, pool);
    return pool.pending >= pool.most() ? this.#overloaded : undefined;
  }

  /** Probes come whole: those that are awaited for longest are none. */
  #makeRoom(path: string, pool: Pool): void {
    for (const call of pool.awaited) {
      if (pool.pending < pool.most()) return;
      pool.awaited.delete(call);
      call.sendStatus(this.#refuse(path, this.#overloaded));
    }
  }

  #checkLater(): void {
    this.#checking = true;
    this.#options.clock.schedule(() => this.#check(), CHECK_MS);
  }

  #check(): void {
    this.#checking = false;
    this.#checks += 1;
    for (const { awaited } of this.#pools) this.#giveUp(awaited);
    if (this.#pools.some(({ awaited }) => awaited.size > 0)) this.#checkLater();
  }

  #giveUp(awaited: Set<AdmittedCall>): void {
    for (const call of awaited) {
      if ((this.#checks - call.startedAt) * CHECK_MS <= MESSAGE_TIMEOUT_MS) return;
      awaited.delete(call);
      call.sendStatus(TOO_LATE);
    }
  }
}

function createPool(most: () => number, ofPeer?: Map<string, number>): Pool {
  return { pending: 0, most, awaited: new Set(), ofPeer };
}

const TOO_LATE = {
  code: status.DEADLINE_EXCEEDED,
  details: `the request did not come within ${MESSAGE_TIMEOUT_MS / 1000} s of its headers`,
};
