import { NewestByClient } from './newest-by-client.ts';

/** How far a client has acknowledged, and the position of the event that says so. */
interface Entry {
  readonly sequence: number;
  readonly position: number;
}

/** The newest acknowledgement of each client. */
export class Acknowledged extends NewestByClient<Entry> {
  /** The highest sequence that a client has acknowledged; 0: none. */
  of(clientId: string): number {
    return this.get(clientId)?.sequence ?? 0;
  }

  /** The clients that have acknowledged this sequence or a higher one. */
  *beyond(sequence: number): Iterable<string> {
    for (const [clientId, acknowledged] of this) {
      if (acknowledged.sequence >= sequence) yield clientId;
    }
  }
}
