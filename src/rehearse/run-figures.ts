import type { Parameters } from '../domain/value.ts';
import { spreadOf } from './goal.ts';
import type { Kind, Outlook } from './planted.ts';
import type { Truth } from './truth.ts';

/** What tasks are truly like on average, but for noise. */
export interface Average {
  /** What is typical: the geometric mean. */
  readonly latencyMs: number;
  readonly success: number;
  /** The arithmetic mean, which is what adds up. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** Sums up what the tasks of a run are truly like, with the values that they have. */
export class RunFigures {
  readonly #truth: Truth;
  readonly #regrets: number[];
  readonly #sums = new Sums();
  #worse = 0;
  #tasks = 0;

  constructor(truth: Truth) {
    this.#truth = truth;
    this.#regrets = truth.goals.map(() => 0);
  }

  /** Takes a task that is dispatched. */
  dispatched(parameters: Parameters, kind: Kind, i: number): void {
    this.#tasks += 1;
    for (const [goal, regret] of this.#truth.regret(parameters, i).entries()) {
      this.#regrets[goal] = (this.#regrets[goal] ?? 0) + regret;
    }
    if (this.#truth.isWorseThanStart(parameters, i)) this.#worse += 1;
    this.#sums.add(this.#truth.outlook(parameters, kind, i), kind, 1);
  }

  /** By goal: mean regret of a task. */
  get regrets(): readonly number[] {
    return this.#regrets.map((sum) => sum / this.#tasks);
  }

  /** Share of tasks whose values are worse than those of the start. */
  get worse(): number {
    return this.#worse / this.#tasks;
  }

  get average(): Average {
    return this.#sums.average;
  }
}

/** What all tasks around the i-th are truly like with some values. */
export function averageOf(truth: Truth, parameters: Parameters, i: number): Average {
  const sums = new Sums();
  for (const { kind, outlook } of truth.prospect(parameters, i))
    sums.add(outlook, kind, kind.weight);
  return sums.average;
}

/** Weighted means over tasks. */
class Sums {
  #weight = 0;
  #success = 0;
  #logLatency = 0;
  readonly #measured = new Map<string, { weight: number; sum: number }>();

  add({ logLatency, success, logMeasurements }: Outlook, kind: Kind, weight: number): void {
    this.#weight += weight;
    this.#success += weight * success;
    this.#logLatency += weight * logLatency;
    for (const [name, log] of Object.entries(logMeasurements)) {
      const sums = this.#measured.get(name) ?? { weight: 0, sum: 0 };
      const sum = sums.sum + weight * Math.exp(log + spreadOf(kind, name) ** 2 / 2);
      this.#measured.set(name, { weight: sums.weight + weight, sum });
    }
  }

  get average(): Average {
    const measured = [...this.#measured].map(([name, { weight, sum }]) => [name, sum / weight]);
    return {
      latencyMs: Math.exp(this.#logLatency / this.#weight),
      success: this.#success / this.#weight,
      measurements: Object.fromEntries(measured),
    };
  }
}
