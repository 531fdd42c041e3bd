import type { Socket } from 'node:net';

const CHECK_MS = 1000;

/**
 * Number of checks in a row without a byte from the client after which a connection is closed; live clients answer a
 * ping every 5 s. Checks are counted and not seconds, so that an event loop that stalls closes no healthy connection:
 * what has arrived is read between two checks.
 */
const MAX_IDLE_CHECKS = 15;

interface Idle {
  bytesRead: number;
  checks: number;
}

/** Closes connections whose client has frozen, or whose network is gone. */
export class IdleConnections {
  readonly #sockets = new Map<Socket, Idle>();
  #timer: NodeJS.Timeout | undefined;

  watch(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.set(socket, { bytesRead: 0, checks: 0 });
    socket.once('close', () => this.forget(socket));
    this.#timer ??= setInterval(() => this.check(), CHECK_MS).unref();
  }

  check(): void {
    for (const [socket, idle] of this.#sockets) {
      const { bytesRead } = socket;
      idle.checks = bytesRead === idle.bytesRead ? idle.checks + 1 : 0;
      idle.bytesRead = bytesRead;
      if (idle.checks >= MAX_IDLE_CHECKS) socket.destroy();
    }
  }

  /** Stops watching a connection: another part decides when it is closed. */
  forget(socket: Socket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
