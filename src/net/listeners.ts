import { createServer, type Socket } from 'node:net';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { formatAddress, type ListenAddress } from './address.ts';
import type { ConnectionCap } from './connection-cap.ts';
import { IdleConnections } from './idle-connections.ts';
import { type Listening, listen } from './listen.ts';
import { splitProtocol } from './protocol-split.ts';

/** Accepts a connection. */
export type Accept = (socket: Socket) => void;

/** Accepts a connection after its TLS handshake. `isHttp2`: whether the client has chosen HTTP/2 by ALPN. */
export type AcceptSecure = (socket: Socket, isHttp2: boolean) => void;

/** Serves the connections of clients that speak HTTP/1.1. */
export interface Http1Side {
  accept(socket: Socket): void;
  /** Closes connections once they are idle, and takes no more requests. */
  close(): void;
}

export interface ListenersOptions {
  /** Bounds the connections of all listeners together. */
  readonly cap?: ConnectionCap;
  /** Mode of unix sockets; without it, 0660. */
  readonly socketMode?: number | undefined;
  /**
   * Adds TLS: returns a function that takes a connection, and passes it to `accept` once its handshake is complete.
   * Called at most once.
   */
  readonly secure?: ((accept: AcceptSecure) => Accept) | undefined;
  /** Without it, every connection is served as HTTP/2. */
  readonly http1?: Http1Side | undefined;
  /** Called when a connection could not be accepted, for example for want of file descriptors. */
  readonly onError?: (error: Error) => void;
}

/**
 * The listeners of a gRPC server, and of HTTP/1.1 beside it on the same ports. Connections are injected into
 * grpc-js, whose own listeners hide why a handshake failed and cannot count connections.
 */
export class Listeners {
  readonly #injectHttp2: Accept;
  readonly #idle = new IdleConnections();
  readonly #options: ListenersOptions;
  readonly #open: Listening[] = [];
  /** Connections whose handshake is not complete, by the address of the client. */
  readonly #handshakes = new Map<string, Socket>();
  /** Connections whose protocol is not known yet. */
  readonly #silent = new Set<Socket>();
  #handshake: Accept | undefined;
  #closed: Promise<void> | undefined;

  constructor(server: GrpcServer, options: ListenersOptions = {}) {
    // TLS is terminated before a connection is injected.
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#injectHttp2 = (socket) => injector.injectConnection(socket);
    this.#options = options;
  }

  /**
   * Listens; returns the address, with the port that the system chose for port 0. Rejects with an `Error` whose
   * message is for operators.
   */
  async open(target: ListenAddress, isSecure = false): Promise<string> {
    const take = isSecure ? this.#secured() : (socket: Socket) => this.#take(socket);
    const accept = (socket: Socket) => {
      if (this.#options.cap?.admit(socket) !== false) take(socket);
    };
    // Sockets are not half-open: else that of a client that has gone would stay until a ping times out.
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
   * Accepts no more connections; resolves when the last open one has closed. The gRPC server's own `tryShutdown` does
   * not wait for these.
   */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const socket of [...this.#handshakes.values(), ...this.#silent]) socket.destroy();
    this.#options.http1?.close();
    await Promise.all(this.#open.map((listening) => listening.close()));
  }

  /** Serves a connection by the protocol that its client speaks. */
  #take(socket: Socket): void {
    if (this.#options.http1 === undefined) {
      this.#serve(socket, true);
      return;
    }
    this.#idle.watch(socket);
    this.#silent.add(socket);
    socket.once('close', () => this.#silent.delete(socket));
    splitProtocol(socket, (isHttp2) => {
      this.#silent.delete(socket);
      this.#serve(socket, isHttp2);
    });
  }

  #serve(socket: Socket, isHttp2: boolean): void {
    const { http1 } = this.#options;
    // A handshake may end after the listeners are closed.
    if (this.#closed !== undefined || socket.destroyed) socket.destroy();
    else if (isHttp2 || http1 === undefined) {
      this.#idle.watch(socket);
      this.#injectHttp2(socket);
    } else {
      // HTTP/1.1 has no pings: its clients may be silent for longer.
      this.#idle.forget(socket);
      http1.accept(socket);
    }
  }

  #secured(): Accept {
    const { secure } = this.#options;
    if (secure === undefined) throw new Error('there is no certificate to listen with');
    this.#handshake ??= secure((socket, isHttp2) => {
      this.#handshakes.delete(peerOf(socket));
      if (isHttp2) this.#serve(socket, true);
      else this.#take(socket);
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

/** The client's address and port, which are unique among the open TCP connections. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
