import type { MetricsReport } from '../domain/metrics.ts';

/** Clients whose reports are remembered: twice as many as a shared sidecar is measured with. */
const RETAIN_REPORTERS = 10_000;

/** A report, and where the log says so. */
interface Entry extends MetricsReport {
  readonly position: number;
}

/** The newest report of metrics of each client that names itself. */
export class MetricsReports {
  readonly #reports = new Map<string, Entry>();

  of(clientId: string): MetricsReport | undefined {
    return this.#reports.get(clientId);
  }

  [Symbol.iterator](): Iterator<[string, MetricsReport]> {
    return this.#reports[Symbol.iterator]();
  }

  /** Takes a newer one; answers the positions that need not be stored any more. */
  add(clientId: string, entry: Entry): number[] {
    const former = this.#reports.get(clientId);
    // Deleted first, so that the map's order is by the last report.
    this.#reports.delete(clientId);
    this.#reports.set(clientId, entry);
    return former === undefined ? [] : [former.position];
  }

  /** Forgets the stalest of too many; answers their positions. */
  forget(): number[] {
    const dropped: number[] = [];
    for (const [clientId, { position }] of this.#reports) {
      if (this.#reports.size <= RETAIN_REPORTERS) break;
      dropped.push(position);
      this.#reports.delete(clientId);
    }
    return dropped;
  }
}
