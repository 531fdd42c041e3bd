/** A stream of bytes to one subscriber. */
interface Stream {
  write(bytes: Buffer): boolean;
  on(event: 'drain' | 'cancelled', listener: () => void): unknown;
}

/**
 * Sends messages to all subscribers, each at its own pace: the least that a fan-out with
 * back-pressure can do.
 */
export class Broadcaster {
  readonly #log: Buffer[] = [];
  readonly #pumps = new Set<() => void>();

  add(stream: Stream): void {
    let position = this.#log.length;
    let writable = true;
    const pump = () => {
      while (writable) {
        const bytes = this.#log[position];
        if (bytes === undefined) return;
        position += 1;
        writable = stream.write(bytes);
      }
    };
    stream.on('drain', () => {
      writable = true;
      pump();
    });
    stream.on('cancelled', () => this.#pumps.delete(pump));
    this.#pumps.add(pump);
  }

  send(messages: readonly Buffer[]): void {
    this.#log.push(...messages);
    for (const pump of this.#pumps) pump();
  }
}
