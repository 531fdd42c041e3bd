import { createServer, type Socket } from 'node:net';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { formatAddress, type ListenAddress } from './address.ts';
import type { ConnectionCap } from './connection-cap.ts';
import { IdleConnections } from './idle-connections.ts';
import { type Listening, listen } from './listen.ts';

/** Takes a connection. */
export type Accept = (socket: Socket) => void;

export interface ListenersOptions {
  /** Bounds the connections of all listeners together. */
  readonly cap?: ConnectionCap;
  /** Mode of unix sockets; without it, 0660. */
  readonly socketMode?: number | undefined;
  /**
   * Puts TLS between: answers what takes a connection and, once its handshake is through, hands
   * it on. Called at most once.
   */
  readonly secure?: ((accept: Accept) => Accept) | undefined;
  /** A connection could not be taken: there are no file descriptors left, say. */
  readonly onError?: (error: Error) => void;
}

/**
 * The listeners of a gRPC server. They are sockets of our own, whose connections are handed to
 * grpc-js: its own ones hide why a handshake failed, and do not let connections be counted.
 */
export class Listeners {
  readonly #inject: Accept;
  readonly #idle = new IdleConnections();
  readonly #options: ListenersOptions;
  readonly #open: Listening[] = [];
  /** Connections whose handshake is not through, by the address of the client. */
  readonly #handshakes = new Map<string, Socket>();
  #handshake: Accept | undefined;
  #closed: Promise<void> | undefined;

  constructor(server: GrpcServer, options: ListenersOptions = {}) {
    // Plain: TLS is done with when a connection gets there.
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
   * Listens, with TLS if asked; answers the address that clients reach, with the port that the
   * system chose for port 0. Rejects with an `Error` for people.
   */
  async open(target: ListenAddress, isSecure = false): Promise<string> {
    const take = isSecure ? this.#secured() : this.#inject;
    const accept = (socket: Socket) => {
      if (this.#options.cap?.admit(socket) !== false) take(socket);
    };
    // Not to be half open: a client that has gone would be kept until it answers no ping.
    const create = () => createServer(accept);
    const listening = await listen(target, create, this.#options.socketMode);
    // Nobody listening to it, an error would end the process.
    for (const server of listening.servers) {
      server.on('error', this.#options.onError ?? (() => {}));
    }
    this.#open.push(listening);
    return formatAddress(listening.address);
  }

  /**
   * Takes no more connections. Those that are open go on: resolves when the last one has closed,
   * which the server's own `tryShutdown` does not wait for.
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

/** Of one client over TCP there is one connection at a time. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
