const HEADER_BYTES = 5;

/** Counts the gRPC messages in a stream of bytes, however it is cut. */
export class MessageCounter {
  #header = 0;
  #length = 0;
  #body = 0;

  /** How many messages end in this chunk. */
  take(chunk: Buffer): number {
    let count = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#header < HEADER_BYTES) {
        // A flag, and the length in four bytes.
        if (this.#header > 0) this.#length = this.#length * 256 + (chunk[at] ?? 0);
        this.#header += 1;
        at += 1;
      } else {
        const taken = Math.min(this.#length - this.#body, chunk.length - at);
        this.#body += taken;
        at += taken;
      }
      if (this.#header < HEADER_BYTES || this.#body < this.#length) continue;
      count += 1;
      this.#header = 0;
      this.#length = 0;
      this.#body = 0;
    }
    return count;
  }
}
