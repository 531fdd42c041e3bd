import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { MAX_REQUEST_BYTES } from '../grpc-js/server.ts';

/** Bytes that any request may take: far more than a single task. 4,096 of them are 64 MiB. */
export const FREE_BYTES = 16 * 1024;

/** Bytes of larger requests of one connection: eight of the largest. */
const MAX_REQUEST_BYTES_PER_CONNECTION = 8 * MAX_REQUEST_BYTES;

/** Bytes of larger requests of all connections. */
const MAX_REQUEST_BYTES_IN_ALL = 64 * MAX_REQUEST_BYTES;

/** Bytes of large responses that one client has not read: two of the largest. */
export const MAX_UNREAD_BYTES = 2 * MAX_REQUEST_BYTES;

/** What one connection has of the server. */
export interface Connection {
  /** The address of the client, or a name that no other connection over a unix socket has. */
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
  #requestBytes = 0;
  #unnamed = 0;

  /** Bytes of larger requests under way. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  /** @param carrier of its calls: a session of HTTP/2, or the socket of HTTP/1.1 */
  of(carrier: Http2Session | Socket): Connection {
    const known = this.#known.get(carrier);
    if (known !== undefined) return known;
    const peer = this.#peerOf('socket' in carrier ? carrier.socket : carrier);
    const connection = { peer, requestBytes: 0, unreadBytes: 0, probes: 0, refusedCalls: 0 };
    this.#known.set(carrier, connection);
    return connection;
  }

  /** Returns whether there is room for more bytes of a request. */
  takeRequest(connection: Connection, bytes: number): boolean {
    if (connection.requestBytes + bytes > MAX_REQUEST_BYTES_PER_CONNECTION) return false;
    if (this.#requestBytes + bytes > MAX_REQUEST_BYTES_IN_ALL) return false;
    this.giveRequest(connection, -bytes);
    return true;
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
