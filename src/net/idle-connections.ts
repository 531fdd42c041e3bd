import type { Socket } from 'node:net';

const CHECK_MS = 1000;

/**
 * A client from which nothing has come for so many checks is dropped: one that lives answers a ping each
 * 5 s. They are checks and not seconds, since between two of them all is read that has come: a server
 * that is starved of time finds nobody silent.
 */
const SILENT_CHECKS = 15;

interface Heard {
  bytes: number;
  silentChecks: number;
}

/** Finds clients that have frozen, or whose network has gone. */
export class SilentConnections {
  readonly #heard = new Map<Socket, Heard>();
  #timer: NodeJS.Timeout | undefined;

  watch(socket: Socket): void {
    this.#heard.set(socket, { bytes: 0, silentChecks: 0 });
    socket.once('close', () => this.#forget(socket));
    this.#timer ??= setInterval(() => this.check(), CHECK_MS).unref();
  }

  check(): void {
    for (const [socket, heard] of this.#heard) {
      const { bytesRead } = socket;
      heard.silentChecks = bytesRead === heard.bytes ? heard.silentChecks + 1 : 0;
      heard.bytes = bytesRead;
      if (heard.silentChecks >= SILENT_CHECKS) socket.destroy();
    }
  }

  #forget(socket: Socket): void {
    this.#heard.delete(socket);
    if (this.#heard.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
