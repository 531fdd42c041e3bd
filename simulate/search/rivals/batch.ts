import { mean } from '../../../src/trial/evidence/distributions.ts';
import type { SearchOutcome } from '../world.ts';
import { Losses } from './loss.ts';

/** What some tasks at one point came to. */
export interface Evaluated {
  /** Mean loss. */
  readonly loss: number;
  readonly failures: number;
}

/** Gathers the tasks of one point at a time; tasks of former points, reported late, are left out. */
export class Batch {
  readonly #size: number;
  readonly #scale = new Losses();
  #losses: number[] = [];
  #failures = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Takes a task; returns what the batch came to, once it is full, and begins the next. */
  add(outcome: SearchOutcome): Evaluated | undefined {
    this.#losses.push(this.#scale.of(outcome));
    if (outcome.status !== 'success') this.#failures += 1;
    if (this.#losses.length < this.#size) return undefined;
    const evaluated = { loss: mean(this.#losses), failures: this.#failures / this.#size };
    this.#losses = [];
    this.#failures = 0;
    return evaluated;
  }
}
