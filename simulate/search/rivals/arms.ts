import type { Parameters } from '../../../src/domain/value.ts';
import type { Knob } from '../world.ts';
import { gridOf } from './grid.ts';

/** Assumed before anything is known: standard deviation of a task's log latency. */
const PRIOR_DEVIATION = 0.5;

interface Arm {
  readonly values: Parameters;
  count: number;
  sum: number;
}

/** The points of a grid, with what is known of their losses. The first is that of the initial values. */
export class Arms {
  readonly arms: readonly Arm[];
  #squares = 0;
  readonly #places = new Map<Parameters, number>();

  constructor(knobs: readonly Knob[]) {
    this.arms = gridOf(knobs).map((values) => ({ values, count: 0, sum: 0 }));
    for (const [place, { values }] of this.arms.entries()) this.#places.set(values, place);
  }

  valuesAt(place: number): Parameters {
    return this.arms[place]?.values ?? {};
  }

  /** @param values as `valuesAt` has returned them */
  add(values: Parameters, loss: number): void {
    const arm = this.arms[this.#places.get(values) ?? -1];
    if (arm === undefined) return;
    // Welford's sum of squares around the mean of each arm.
    const before = arm.count === 0 ? loss : arm.sum / arm.count;
    arm.count += 1;
    arm.sum += loss;
    this.#squares += (loss - before) * (loss - arm.sum / arm.count);
  }

  /** Of losses around the mean of their arm, pooled. */
  get variance(): number {
    const tasks = this.arms.reduce((n, { count }) => n + Math.max(count - 1, 0), 0);
    return tasks < 10 ? PRIOR_DEVIATION ** 2 : this.#squares / tasks;
  }

  get means(): readonly number[] {
    return this.arms.map(({ count, sum }) =>
      count === 0 ? Number.POSITIVE_INFINITY : sum / count,
    );
  }

  /** The arm with the least mean, among those that were tried. */
  get best(): number {
    const { means } = this;
    return means.reduce((best, mean, place) => (mean < (means[best] ?? 0) ? place : best), 0);
  }
}
