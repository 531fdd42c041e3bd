/**
 * A map that forgets: entries are kept for `lifetimeMs` since they were set, and for up to twice as long; of more
 * than `max`, the newest half at least.
 */
export class Generations<V> {
  readonly #max: number;
  readonly #lifetimeMs: number;
  // Two maps, since deleting the oldest entries of a Map one by one is slow.
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(max: number, lifetimeMs: number) {
    this.#max = max;
    this.#lifetimeMs = lifetimeMs;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** @param nowMs monotonic time in milliseconds */
  set(key: string, value: V, nowMs: number): void {
    if (this.#young.size >= this.#max / 2 || nowMs - this.#startedMs >= this.#lifetimeMs) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#startedMs = nowMs;
    }
    this.#old.delete(key);
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
