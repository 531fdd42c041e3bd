import type { Parameters } from '../../../src/domain/value.ts';
import type { CreateTuner, SearchOutcome, SearchTask, Tuner, TunerSetting } from '../world.ts';
import { Arms } from './arms.ts';
import { Losses } from './loss.ts';

/** Chance of a wrong arm at the end, in noise that is independent. */
const DELTA = 0.05;

/** Tasks after which the shares of the arms are computed anew. */
const RENEWED = 10;

/**
 * Track-and-stop (Garivier & Kaufmann, COLT 2016) on a grid, with normal losses of one variance: tasks are shared
 * among the arms so that the best is known soonest; once the likelihood ratio is large enough, all run with it.
 */
export const trackAndStop: CreateTuner = (setting) => new TrackAndStop(setting);

class TrackAndStop implements Tuner {
  readonly #arms: Arms;
  readonly #losses = new Losses();
  /** Tasks dispatched, by arm: reports come later. */
  readonly #dispatched: number[];
  #shares: readonly number[] = [];
  #tasks = 0;
  #found: number | undefined;

  constructor({ knobs }: TunerSetting) {
    this.#arms = new Arms(knobs);
    this.#dispatched = this.#arms.arms.map(() => 0);
  }

  choose(): Parameters {
    const place = this.#found ?? this.#next();
    this.#tasks += 1;
    this.#dispatched[place] = (this.#dispatched[place] ?? 0) + 1;
    return this.#arms.valuesAt(place);
  }

  report(_: SearchTask, values: Parameters, outcome: SearchOutcome): void {
    this.#arms.add(values, this.#losses.of(outcome));
    if (this.#found === undefined && this.#isSure()) this.#found = this.#arms.best;
  }

  final(): Parameters {
    return this.#arms.valuesAt(this.#found ?? this.#arms.best);
  }

  /** The arm that is furthest behind its share; one with fewer than about the root of all tasks comes first. */
  #next(): number {
    const counts = this.#dispatched;
    const fewest = counts.indexOf(Math.min(...counts));
    const least = Math.sqrt(this.#tasks) - counts.length / 2;
    if ((counts[fewest] ?? 0) < Math.max(least, 1)) return fewest;
    if (this.#tasks % RENEWED === 0 || this.#shares.length === 0) {
      this.#shares = sharesOf(this.#arms.means, this.#arms.best);
    }
    const behind = this.#shares.map((share, place) => this.#tasks * share - (counts[place] ?? 0));
    return behind.indexOf(Math.max(...behind));
  }

  #isSure(): boolean {
    const { arms, variance, means, best } = this.#arms;
    const own = arms[best]?.count ?? 0;
    const threshold = Math.log((1 + Math.log(Math.max(this.#tasks, 1))) / DELTA);
    return arms.every(({ count }, place) => {
      if (place === best) return true;
      const gap = (means[place] ?? 0) - (means[best] ?? 0);
      return count > 0 && (own * count * gap ** 2) / (2 * variance * (own + count)) > threshold;
    });
  }
}

/** The shares by which the best arm is told from the others soonest. */
function sharesOf(means: readonly number[], best: number): readonly number[] {
  // Arms that look alike would take all tasks.
  const gaps = means.map((mean, place) =>
    place === best ? 0 : Math.max(mean - (means[best] ?? 0), 0.01) ** 2,
  );
  const ratios = (y: number) => gaps.map((gap, place) => (place === best ? 1 : y / (gap - y)));
  let [low, high] = [0, Math.min(...gaps.filter((_, place) => place !== best))];
  for (let round = 0; round < 60; round += 1) {
    const y = (low + high) / 2;
    const squares = ratios(y).reduce((sum, x, place) => (place === best ? sum : sum + x ** 2), 0);
    if (squares < 1) low = y;
    else high = y;
  }
  const all = ratios(low);
  const sum = all.reduce((a, b) => a + b, 0);
  return all.map((x) => x / sum);
}
