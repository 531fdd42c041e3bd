import { quantileOf } from '../../../src/trial/evidence/distributions.ts';
import { logLatency } from '../../../src/trial/evidence/outcome.ts';
import type { SearchOutcome } from '../world.ts';

/** Successes that the latency of a failure is taken from. */
const KNOWN = 100;

/** Tasks after which that is taken anew. */
const RENEWED = 20;

/** What a task costs for the rivals: its log latency; a failure counts as at least the p99 of successes. */
export class Losses {
  readonly #successes: number[] = [];
  #tasks = 0;
  #p99 = 0;

  of({ latencyMs, status }: SearchOutcome): number {
    this.#tasks += 1;
    if (status === 'success') {
      this.#successes.push(latencyMs);
      if (this.#successes.length > KNOWN) this.#successes.shift();
    }
    if (this.#tasks % RENEWED === 1) this.#p99 = quantileOf(this.#successes, 0.99);
    return logLatency(status === 'success' ? latencyMs : Math.max(latencyMs, this.#p99));
  }
}
