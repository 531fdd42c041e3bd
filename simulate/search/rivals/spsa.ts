import type { Parameters } from '../../../src/domain/value.ts';
import { createRandom, type Random } from '../../../src/rehearse/random.ts';
import type { CreateTuner, SearchOutcome, SearchTask, Tuner, TunerSetting } from '../world.ts';
import { Batch } from './batch.ts';
import { initialPoint, valuesAt } from './grid.ts';

/** Tasks at each of the two points of a step. */
const TASKS = 10;

/** Of the whole range: the first distance between the points and the centre, and the first step for a loss of 1. */
const DISTANCE = 0.12;
const STEP = 0.1;

/** Simultaneous perturbation (Spall, 1998), with the decay of gains that he recommends. */
export const spsa: CreateTuner = (setting) => new Spsa(setting);

class Spsa implements Tuner {
  readonly #knobs: TunerSetting['knobs'];
  readonly #random: Random;
  readonly #stability: number;
  readonly #batch = new Batch(TASKS);
  #centre: readonly number[];
  #step = 0;
  #signs: readonly number[] = [];
  #up: number | undefined;
  #values: Parameters = {};

  constructor({ knobs, tasks, seed }: TunerSetting) {
    this.#knobs = knobs;
    this.#random = createRandom(seed);
    this.#centre = initialPoint(knobs);
    // A tenth of the steps that there will be.
    this.#stability = tasks / (2 * TASKS) / 10;
    this.#begin();
  }

  choose(): Parameters {
    return this.#values;
  }

  report(_: SearchTask, values: Parameters, outcome: SearchOutcome): void {
    if (values !== this.#values) return;
    const evaluated = this.#batch.add(outcome);
    if (evaluated === undefined) return;
    if (this.#up === undefined) {
      this.#up = evaluated.loss;
      this.#values = this.#at(-1);
      return;
    }
    const slope = (this.#up - evaluated.loss) / (2 * this.#distance());
    const gain = STEP / (this.#step + 1 + this.#stability) ** 0.602;
    this.#centre = this.#centre.map((place, i) => inRange(place - gain * slope * this.#sign(i)));
    this.#step += 1;
    this.#begin();
  }

  final(): Parameters {
    return valuesAt(this.#knobs, this.#centre);
  }

  #begin(): void {
    this.#up = undefined;
    this.#signs = this.#knobs.map(() => (this.#random.uniform() < 0.5 ? -1 : 1));
    this.#values = this.#at(1);
  }

  #at(side: number): Parameters {
    const distance = side * this.#distance();
    return valuesAt(
      this.#knobs,
      this.#centre.map((place, i) => inRange(place + distance * this.#sign(i))),
    );
  }

  #distance(): number {
    return DISTANCE / (this.#step + 1) ** 0.101;
  }

  #sign(i: number): number {
    return this.#signs[i] ?? 1;
  }
}

function inRange(place: number): number {
  return Math.min(Math.max(place, 0), 1);
}
