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
  readonly #truths: readonly Truth[];
  readonly #regrets = new Map<string, { sum: number; tasks: number }>();
  readonly #sums = new Sums();
  #worse = 0;
  #tasks = 0;

  constructor(truths: readonly Truth[]) {
    this.#truths = truths;
  }

  /** Takes a task that is dispatched. */
  dispatched(parameters: Parameters, kind: Kind, i: number): void {
    const truth = this.#truths.find(({ kinds }) => kinds.includes(kind));
    if (truth === undefined) return;
    this.#tasks += 1;
    const regrets = truth.regret(parameters, i);
    for (const [place, { key }] of truth.goals.entries()) {
      const known = this.#regrets.get(key) ?? { sum: 0, tasks: 0 };
      this.#regrets.set(key, { sum: known.sum + (regrets[place] ?? 0), tasks: known.tasks + 1 });
    }
    if (truth.isWorseThanStart(parameters, i)) this.#worse += 1;
    this.#sums.add(truth.outlook(parameters, kind, i), kind, 1);
  }

  /** Mean regret of a task, by a goal. */
  regret(key: string): number {
    const { sum, tasks } = this.#regrets.get(key) ?? { sum: 0, tasks: 1 };
    return sum / tasks;
  }

  /** Share of tasks whose values are worse than those of the start. */
  get worse(): number {
    return this.#worse / this.#tasks;
  }

  get average(): Average {
    return this.#sums.average;
  }
}

/**
 * What all tasks around the i-th are truly like.
 *
 * @param valuesOf the values of the tasks that a truth is about
 */
export function averageOf(
  truths: readonly Truth[],
  valuesOf: (truth: Truth, place: number) => Parameters,
  i: number,
): Average {
  const sums = new Sums();
  for (const [place, truth] of truths.entries()) {
    const prospect = truth.prospect(valuesOf(truth, place), i);
    for (const { kind, outlook } of prospect) sums.add(outlook, kind, kind.weight);
  }
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
