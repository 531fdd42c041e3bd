/**
 * A map that forgets: entries are kept for `lifetimeMs` since they were set, and for up to twice as long; of more
 * than `max`, or than `maxBytes` in all, the newest half at least.
 */
export class Generations<V> {
  readonly #max: number;
  readonly #lifetimeMs: number;
  readonly #maxBytes: number;
  // Two maps, since deleting the oldest entries of a Map one by one is slow.
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #startedMs = Number.NEGATIVE_INFINITY;
  /** Of what was set since then. */
  #bytes = 0;

  constructor(max: number, lifetimeMs: number, maxBytes = Number.POSITIVE_INFINITY) {
    this.#max = max;
    this.#lifetimeMs = lifetimeMs;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /**
   * @param nowMs monotonic time in milliseconds
   * @param bytes by how many the value has grown since it was last set
   */
  set(key: string, value: V, nowMs: number, bytes = 0): void {
    const isFull = this.#young.size >= this.#max / 2 || this.#bytes >= this.#maxBytes / 2;
    if (isFull || nowMs - this.#startedMs >= this.#lifetimeMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#startedMs = nowMs;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#old.delete(key);
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
