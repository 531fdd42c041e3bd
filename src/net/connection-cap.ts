import type { Socket } from 'node:net';

/** Bounds how many connections are open at once, over several listeners. */
export class ConnectionCap {
  readonly #limit: () => number;
  readonly #onDrop: (peer: string) => void;
  #open = 0;

  /** @param onDrop Called with each connection that was closed at once, being one too many. */
  constructor(limit: () => number, onDrop: (peer: string) => void) {
    this.#limit = limit;
    this.#onDrop = onDrop;
  }

  /** Open connections, those in a handshake included. */
  get open(): number {
    return this.#open;
  }

  /** Counts a new connection until it closes; one too many is closed, and `false` answered. */
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
