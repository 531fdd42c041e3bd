import type { Arm } from '../src/trial/arm.ts';

/** Tasks that each arm must have. */
const MIN_TASKS = 10;

const DELTA = 0.05;

/** Running mean and sum of squares (Welford, Technometrics 4, 1962). */
class Sample {
  count = 0;
  mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count += 1;
    const gap = value - this.mean;
    this.mean += gap / this.count;
    this.#squares += gap * (value - this.mean);
  }

  get squaredError(): number {
    return this.#squares / (this.count - 1) / this.count;
  }
}

/**
 * The stopping rule of TensorZero's track-and-stop, for two arms: stops when
 * `gap² / (2 (s₁²/n₁ + s₂²/n₂)) > ln((1 + ln n) / δ)`, with n tasks in total.
 */
export class Glr {
  readonly #samples: Readonly<Record<Arm, Sample>> = { old: new Sample(), new: new Sample() };

  /** Adds a task's value (lower is better); answers the better arm once the rule stops. */
  add(arm: Arm, value: number): Arm | undefined {
    const { old, new: fresh } = this.#samples;
    this.#samples[arm].add(value);
    if (Math.min(old.count, fresh.count) < MIN_TASKS) return undefined;
    const gap = fresh.mean - old.mean;
    const ratio = gap ** 2 / (2 * (old.squaredError + fresh.squaredError));
    const limit = Math.log((1 + Math.log(old.count + fresh.count)) / DELTA);
    if (!(ratio > limit)) return undefined;
    return gap < 0 ? 'new' : 'old';
  }
}
