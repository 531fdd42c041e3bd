import { quantileOf } from '../../src/trial/evidence/distributions.ts';

/** The median of some numbers, and their quartiles. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantileOf(values, 0.5),
    lowerQuartile: quantileOf(values, 0.25),
    upperQuartile: quantileOf(values, 0.75),
  };
}
