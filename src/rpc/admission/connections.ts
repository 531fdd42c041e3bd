import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { MAX_REQUEST_BYTES } from '../grpc-js/server.ts';

/** Bytes of a request that are not counted: far more than a single task has. For 4,096 requests, they are 64 MiB. */
const FREE_BYTES = 16 * 1024;

/** Bytes of larger requests of one connection: eight of the largest, or two of the largest exports. */
const MAX_REQUESTS_PER_CONNECTION = 8;
const MAX_EXPORTS_PER_CONNECTION = 2;

/** Bytes of larger requests of all connections together: this number of times the maximum of one. */
const MAX_CONNECTIONS_IN_ALL = 8;

/** Maximum bytes of large responses that one connection has not read: two of 4 MiB. */
export const MAX_UNREAD_BYTES = 2 * MAX_REQUEST_BYTES;

/** What one connection takes of the server. */
export interface Connection {
  /** The client's address and port; over a unix socket, a name that no other connection has. */
  readonly peer: string;
  requestBytes: number;
  unreadBytes: number;
  /** Probes under way. */
  probes: number;
  /** Calls refused for their token; -Infinity once one was accepted. */
  refusedCalls: number;
}

/** The budget of each connection, and of all together. */
export class Connections {
  readonly #known = new WeakMap<Http2Session | Socket, Connection>();
  readonly #maxBytesEach: number;
  #requestBytes = 0;
  #unnamed = 0;

  /** @param maxExportBytes bytes of the largest export; 0 if none are taken */
  constructor(maxExportBytes = 0) {
    this.#maxBytesEach = Math.max(
      MAX_REQUESTS_PER_CONNECTION * MAX_REQUEST_BYTES,
      MAX_EXPORTS_PER_CONNECTION * maxExportBytes,
    );
  }

  /** Bytes of larger requests under way. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  /** @param carrier what carries the connection's calls: a session of HTTP/2, or a socket of HTTP/1.1 */
  of(carrier: Http2Session | Socket): Connection {
    const known = this.#known.get(carrier);
    if (known !== undefined) return known;
    const peer = this.#peerOf('socket' in carrier ? carrier.socket : carrier);
    const connection = { peer, requestBytes: 0, unreadBytes: 0, probes: 0, refusedCalls: 0 };
    this.#known.set(carrier, connection);
    return connection;
  }

  /**
   * Takes what a request of so far `bytes` needs beyond what it has `taken` from the budget; returns what it has taken
   * then, or `undefined` if there is no room.
   */
  takeRequest(connection: Connection, bytes: number, taken: number): number | undefined {
    const more = bytes - FREE_BYTES - taken;
    if (more <= 0) return taken;
    if (connection.requestBytes + more > this.#maxBytesEach) return undefined;
    if (this.#requestBytes + more > MAX_CONNECTIONS_IN_ALL * this.#maxBytesEach) return undefined;
    this.giveRequest(connection, -more);
    return taken + more;
  }

  giveRequest(connection: Connection, bytes: number): void {
    connection.requestBytes -= bytes;
    this.#requestBytes -= bytes;
  }

  #peerOf({ remoteAddress, remotePort }: Socket): string {
    if (remoteAddress !== undefined) return `${remoteAddress}:${remotePort}`;
    this.#unnamed += 1;
    return `unix:${this.#unnamed}`;
  }
}
