import { createServer, type Socket } from 'node:net';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { formatAddress, type ListenAddress } from './address.ts';
import type { ConnectionCap } from './connection-cap.ts';
import { IdleConnections } from './idle-connections.ts';
import { type Listening, listen } from './listen.ts';

/** Accepts a connection. */
export type Accept = (socket: Socket) => void;

export interface ListenersOptions {
  /** Bounds the connections of all listeners together. */
  readonly cap?: ConnectionCap;
  /** Mode of unix sockets; without it, 0660. */
  readonly socketMode?: number | undefined;
  /**
   * Adds TLS: returns a function that passes on a connection once its handshake is complete. Called at
   * most once.
   */
  readonly secure?: ((accept: Accept) => Accept) | undefined;
  /** A connection could not be accepted, for want of file descriptors, for example. */
  readonly onError?: (error: Error) => void;
}

/**
 * The listeners of a gRPC server. Their connections are injected into grpc-js, whose own listeners hide
 * why a handshake failed and cannot count connections.
 */
export class Listeners {
  readonly #inject: Accept;
  readonly #idle = new IdleConnections();
  readonly #options: ListenersOptions;
  readonly #open: Listening[] = [];
  /** Connections whose handshake is not complete, by the address of the client. */
  readonly #handshakes = new Map<string, Socket>();
  #handshake: Accept | undefined;
  #closed: Promise<void> | undefined;

  constructor(server: GrpcServer, options: ListenersOptions = {}) {
    // TLS is terminated before a connection is injected.
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#inject = (socket) => {
      // A handshake may end after the listeners are closed.
      if (this.#closed !== undefined || socket.destroyed) socket.destroy();
      else {
        this.#idle.watch(socket);
        injector.injectConnection(socket);
      }
    };
    this.#options = options;
  }

  /**
   * Listens; returns the address, with the port that the system chose for port 0. Rejects with an `Error`
   * for operators.
   */
  async open(target: ListenAddress, isSecure = false): Promise<string> {
    const take = isSecure ? this.#secured() : this.#inject;
    const accept = (socket: Socket) => {
      if (this.#options.cap?.admit(socket) !== false) take(socket);
    };
    // Not half-open: a client that has gone would stay until a ping times out.
    const create = () => createServer(accept);
    const listening = await listen(target, create, this.#options.socketMode);
    // Without a listener, an error would end the process.
    for (const server of listening.servers) {
      server.on('error', this.#options.onError ?? (() => {}));
    }
    this.#open.push(listening);
    return formatAddress(listening.address);
  }

  /**
   * Accepts no more connections; resolves when the last open one has closed, for which the server's own
   * `tryShutdown` does not wait.
   */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const socket of this.#handshakes.values()) socket.destroy();
    await Promise.all(this.#open.map((listening) => listening.close()));
  }

  #secured(): Accept {
    const { secure } = this.#options;
    if (secure === undefined) throw new Error('there is no certificate to listen with');
    this.#handshake ??= secure((socket) => {
      this.#handshakes.delete(peerOf(socket));
      this.#inject(socket);
    });
    const begin = this.#handshake;
    return (socket) => {
      const peer = peerOf(socket);
      this.#handshakes.set(peer, socket);
      socket.once('close', () => this.#handshakes.delete(peer));
      begin(socket);
    };
  }
}

/** Unique among the open connections over TCP. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
