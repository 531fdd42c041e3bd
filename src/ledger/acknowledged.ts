/** Clients whose acknowledgements are remembered: twice as many as a shared sidecar is measured with. */
const RETAIN_CLIENTS = 10_000;

/** How far a client has acknowledged, and where the log says so. */
interface Entry {
  readonly sequence: number;
  readonly position: number;
}

/** The newest acknowledgement of each client, of the clients that acknowledged last. */
export class Acknowledged {
  readonly #clients = new Map<string, Entry>();

  /** The highest sequence that a client has acknowledged; 0: none. */
  of(clientId: string): number {
    return this.#clients.get(clientId)?.sequence ?? 0;
  }

  /** The clients that have acknowledged this sequence or a higher one. */
  *beyond(sequence: number): Iterable<string> {
    for (const [clientId, acknowledged] of this.#clients) {
      if (acknowledged.sequence >= sequence) yield clientId;
    }
  }

  /** Takes a newer one; answers the positions that need not be stored any more. */
  add(clientId: string, entry: Entry): number[] {
    const former = this.#clients.get(clientId);
    // Deleted first, so that the map's order is by the last acknowledgement.
    this.#clients.delete(clientId);
    this.#clients.set(clientId, entry);
    return former === undefined ? [] : [former.position];
  }

  /** Forgets the oldest of too many; answers their positions. */
  forget(): number[] {
    const dropped: number[] = [];
    for (const [clientId, { position }] of this.#clients) {
      if (this.#clients.size <= RETAIN_CLIENTS) break;
      dropped.push(position);
      this.#clients.delete(clientId);
    }
    return dropped;
  }
}
