import type { Parameters } from '../../../src/domain/value.ts';
import { createRandom, type Random } from '../../../src/rehearse/random.ts';
import type { CreateTuner, SearchOutcome, SearchTask, Tuner, TunerSetting } from '../world.ts';
import { Arms } from './arms.ts';
import { Losses } from './loss.ts';

/** Of the losses of all arms around the mean that is assumed for an arm without tasks. */
const PRIOR_VARIANCE = 1;

/** Thompson sampling on a grid, with normal losses of one variance. */
export const thompsonSampling: CreateTuner = (setting) => new ThompsonSampling(setting);

class ThompsonSampling implements Tuner {
  readonly #arms: Arms;
  readonly #random: Random;
  readonly #losses = new Losses();

  constructor({ knobs, seed }: TunerSetting) {
    this.#arms = new Arms(knobs);
    this.#random = createRandom(seed);
  }

  choose(): Parameters {
    const draws = this.#posteriors().map(
      ({ mean, variance }) => mean + Math.sqrt(variance) * this.#random.normal(),
    );
    return this.#arms.valuesAt(least(draws));
  }

  report(_: SearchTask, values: Parameters, outcome: SearchOutcome): void {
    this.#arms.add(values, this.#losses.of(outcome));
  }

  final(): Parameters {
    return this.#arms.valuesAt(least(this.#posteriors().map(({ mean }) => mean)));
  }

  #posteriors(): readonly { readonly mean: number; readonly variance: number }[] {
    const { arms, variance } = this.#arms;
    const count = arms.reduce((n, arm) => n + arm.count, 0);
    const prior = count === 0 ? 0 : arms.reduce((sum, arm) => sum + arm.sum, 0) / count;
    return arms.map((arm) => {
      const precision = 1 / PRIOR_VARIANCE + arm.count / variance;
      const mean = (prior / PRIOR_VARIANCE + arm.sum / variance) / precision;
      return { mean, variance: 1 / precision };
    });
  }
}

function least(values: readonly number[]): number {
  return values.reduce(
    (best, value, place) => (value < (values[best] ?? Number.POSITIVE_INFINITY) ? place : best),
    0,
  );
}
