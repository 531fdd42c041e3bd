import type { Socket } from 'node:net';

/** Bounds the open connections of several listeners together. */
export class ConnectionCap {
  readonly #limit: () => number;
  readonly #onDrop: (peer: string) => void;
  #open = 0;

  /** @param onDrop called for each connection beyond the limit, which is closed */
  constructor(limit: () => number, onDrop: (peer: string) => void) {
    this.#limit = limit;
    this.#onDrop = onDrop;
  }

  /** Open connections, those in a handshake included. */
  get open(): number {
    return this.#open;
  }

  /** Counts a new connection until it closes. Beyond the limit, closes the connection and returns `false`. */
  admit(socket: Socket): boolean {
    if (this.#open >= this.#limit()) {
      this.#onDrop(socket.remoteAddress ?? 'a unix socket');
      socket.destroy();
      return false;
    }
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
    });
    return true;
  }
}
