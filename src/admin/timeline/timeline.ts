import { binOf, LatencySketch } from './latency-sketch.ts';

/** What the timeline takes of a task. */
export interface TimedTask {
  /** When it was recorded, in Unix milliseconds. */
  readonly timeMs: number;
  readonly isSuccess: boolean;
  readonly latencyMs: number | undefined;
}

/** A stretch of time. Times in milliseconds. */
export interface TimelineBucket {
  readonly timeMs: number;
  readonly tasks: number;
  readonly successes: number;
  /** `undefined` without latencies. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Minutes are kept for a day, and hours for a month. */
const KEPT = { minutes: 1440, hours: 720 } as const;

/** Sums of the tasks recorded in each minute of the last day and each hour of the last month. */
export class Timeline {
  readonly #minutes = new Buckets(MINUTE_MS, KEPT.minutes);
  readonly #hours = new Buckets(HOUR_MS, KEPT.hours);

  add({ timeMs, isSuccess, latencyMs }: TimedTask): void {
    const bin = latencyMs === undefined ? undefined : binOf(latencyMs);
    this.#minutes.add(timeMs, isSuccess, bin);
    this.#hours.add(timeMs, isSuccess, bin);
  }

  /** When the oldest hour that is kept began; `undefined` before the first task. */
  get sinceMs(): number | undefined {
    return this.#hours.firstMs;
  }

  /**
   * The stretches from one time to another, without those that have no task.
   *
   * @param points the most stretches that are wanted
   */
  between(fromMs: number, toMs: number, points: number) {
    const sinceMs = this.#minutes.firstMs ?? toMs;
    const isAllThere = (this.sinceMs ?? toMs) + HOUR_MS > sinceMs;
    const isRecent = fromMs >= sinceMs || isAllThere;
    const [buckets, unitMs] = isRecent ? [this.#minutes, MINUTE_MS] : [this.#hours, HOUR_MS];
    const stepMs = Math.max(Math.ceil((toMs - fromMs) / points / unitMs), 1) * unitMs;
    return { stepMs, buckets: buckets.between(fromMs, toMs, stepMs) };
  }
}

interface Sums {
  tasks: number;
  successes: number;
  readonly latencies: LatencySketch;
}

function noSums(): Sums {
  return { tasks: 0, successes: 0, latencies: new LatencySketch() };
}

/** Sums by stretches of one length, the newest of them. */
class Buckets {
  readonly #unitMs: number;
  readonly #kept: number;
  /** By time over `#unitMs`. */
  readonly #sums = new Map<number, Sums>();
  #newest = Number.NEGATIVE_INFINITY;
  #last: { readonly unit: number; readonly sums: Sums } | undefined;

  constructor(unitMs: number, kept: number) {
    this.#unitMs = unitMs;
    this.#kept = kept;
  }

  get firstMs(): number | undefined {
    for (const unit of this.#sums.keys()) return unit * this.#unitMs;
    return undefined;
  }

  add(timeMs: number, isSuccess: boolean, bin: number | undefined): void {
    const unit = Math.floor(timeMs / this.#unitMs);
    const sums = this.#last?.unit === unit ? this.#last.sums : this.#at(unit);
    if (sums === undefined) return;
    sums.tasks += 1;
    if (isSuccess) sums.successes += 1;
    if (bin !== undefined) sums.latencies.add(bin);
  }

  between(fromMs: number, toMs: number, stepMs: number): TimelineBucket[] {
    const merged = new Map<number, Sums>();
    for (const [unit, sums] of this.#sums) {
      const unitMs = unit * this.#unitMs;
      if (unitMs + this.#unitMs <= fromMs || unitMs > toMs) continue;
      const timeMs = Math.floor(unitMs / stepMs) * stepMs;
      const all = merged.get(timeMs) ?? noSums();
      merged.set(timeMs, all);
      all.tasks += sums.tasks;
      all.successes += sums.successes;
      all.latencies.addAll(sums.latencies);
    }
    return [...merged]
      .sort(([a], [b]) => a - b)
      .map(([timeMs, { tasks, successes, latencies }]) => ({
        ...{ timeMs, tasks, successes },
        p50: latencies.quantile(0.5),
        p95: latencies.quantile(0.95),
      }));
  }

  /** `undefined` for a stretch that is no longer kept. */
  #at(unit: number): Sums | undefined {
    if (unit <= this.#newest - this.#kept) return undefined;
    const sums = this.#sums.get(unit) ?? noSums();
    this.#sums.set(unit, sums);
    this.#last = { unit, sums };
    if (unit > this.#newest) {
      this.#newest = unit;
      this.#forget();
    }
    return sums;
  }

  #forget(): void {
    for (const unit of this.#sums.keys()) {
      if (unit > this.#newest - this.#kept) return;
      this.#sums.delete(unit);
    }
  }
}
