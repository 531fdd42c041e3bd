/** The maximum of clients remembered: twice as many as a shared sidecar is tested with. */
const RETAIN_CLIENTS = 10_000;

/** The newest entry of each client; of too many clients, those with the oldest entries are forgotten. */
export class NewestByClient<T extends { readonly position: number }> {
  readonly #entries = new Map<string, T>();

  get(clientId: string): T | undefined {
    return this.#entries.get(clientId);
  }

  [Symbol.iterator](): Iterator<[string, T]> {
    return this.#entries[Symbol.iterator]();
  }

  /** Replaces a client's entry; returns positions of events that may be deleted. */
  add(clientId: string, entry: T): number[] {
    const former = this.#entries.get(clientId);
    // Deleted first, so that the map is in order of the newest entries.
    this.#entries.delete(clientId);
    this.#entries.set(clientId, entry);
    return former === undefined ? [] : [former.position];
  }

  /** Removes the oldest entries if there are too many; returns their positions. */
  forget(): number[] {
    const dropped: number[] = [];
    for (const [clientId, { position }] of this.#entries) {
      if (this.#entries.size <= RETAIN_CLIENTS) break;
      dropped.push(position);
      this.#entries.delete(clientId);
    }
    return dropped;
  }
}
