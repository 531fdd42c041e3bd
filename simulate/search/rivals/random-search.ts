import type { Parameters } from '../../../src/domain/value.ts';
import { createRandom, type Random } from '../../../src/rehearse/random.ts';
import type { CreateTuner, SearchOutcome, SearchTask, Tuner, TunerSetting } from '../world.ts';
import { Batch } from './batch.ts';
import { initialPoint, valuesAt } from './grid.ts';

/** Tasks at a point, and the share of all tasks that look for points. */
const TASKS = 30;
const EXPLORED = 0.5;

/** Random search: random points for half of the tasks, then the best of them. */
export const randomSearch: CreateTuner = (setting) => new RandomSearch(setting);

class RandomSearch implements Tuner {
  readonly #setting: TunerSetting;
  readonly #random: Random;
  readonly #batch = new Batch(TASKS);
  #best: Parameters;
  #least = Number.POSITIVE_INFINITY;
  #values: Parameters;

  constructor(setting: TunerSetting) {
    this.#setting = setting;
    this.#random = createRandom(setting.seed);
    this.#values = valuesAt(setting.knobs, initialPoint(setting.knobs));
    this.#best = this.#values;
  }

  choose({ i }: SearchTask): Parameters {
    return i < EXPLORED * this.#setting.tasks ? this.#values : this.#best;
  }

  report(_: SearchTask, values: Parameters, outcome: SearchOutcome): void {
    if (values !== this.#values) return;
    const evaluated = this.#batch.add(outcome);
    if (evaluated === undefined) return;
    if (evaluated.loss < this.#least) {
      this.#least = evaluated.loss;
      this.#best = values;
    }
    const { knobs } = this.#setting;
    this.#values = valuesAt(
      knobs,
      knobs.map(() => this.#random.uniform()),
    );
  }

  final(): Parameters {
    return this.#best;
  }
}
