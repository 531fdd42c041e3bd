/**
 * Counts of latencies on a logarithmic scale: a quantile is right within 1.5 %, the half width of a bin. Its size grows
 * with the range of what it has seen: about 400 bytes if the longest latency is 20 times the shortest.
 */
export class LatencySketch {
  #counts = new Uint32Array(0);
  /** The bin of the first count. */
  #first = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** @param bin of `binOf` */
  add(bin: number, count = 1): void {
    this.#reach(bin);
    const index = bin - this.#first;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#total += count;
  }

  addAll(other: LatencySketch): void {
    for (const [index, count] of other.#counts.entries()) {
      if (count > 0) this.add(other.#first + index, count);
    }
  }

  /** In milliseconds; `undefined` if it is empty. */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.round(share * (this.#total - 1));
    let below = 0;
    for (const [index, count] of this.#counts.entries()) {
      below += count;
      if (below > rank) return middleOf(this.#first + index);
    }
    return undefined;
  }

  #reach(bin: number): void {
    const { length } = this.#counts;
    if (length > 0 && bin >= this.#first && bin < this.#first + length) return;
    const first = length === 0 ? bin : Math.min(bin, this.#first);
    const end = length === 0 ? bin + 1 : Math.max(bin + 1, this.#first + length);
    const counts = new Uint32Array(end - first);
    counts.set(this.#counts, length === 0 ? 0 : this.#first - first);
    this.#counts = counts;
    this.#first = first;
  }
}

/** Ratio of the ends of a bin. */
const GROWTH = 1.03;
const BINS_PER_E = 1 / Math.log(GROWTH);

/** Latencies beyond these count as them, in milliseconds: 0.01 ms and 12 days. */
const MIN_MS = 0.01;
const MAX_MS = 1e9;

/** The bin of a latency in milliseconds. */
export function binOf(latencyMs: number): number {
  return Math.ceil(Math.log(Math.min(Math.max(latencyMs, MIN_MS), MAX_MS)) * BINS_PER_E);
}

/** The value in a bin that is furthest from neither end, by ratio. */
function middleOf(bin: number): number {
  return (2 * GROWTH ** bin) / (GROWTH + 1);
}
