import { type CelFunc, CelScalar, celFunc } from '@bufbuild/cel';

/** Name of the function that macros call at each step; no identifier can begin with `@`. */
export const STEP = '@step';

let spend: () => void = () => {};

/** Runs `evaluate`, calling `spendOne` at each step of a macro: what `spendOne` throws becomes the result. */
export function withBudget<R>(spendOne: () => void, evaluate: () => R): R {
  const former = spend;
  spend = spendOne;
  try {
    return evaluate();
  } finally {
    spend = former;
  }
}

/** A function that throws when it is called more than `most` times. */
export function stepLimit(most: number): () => void {
  let steps = 0;
  return () => {
    steps += 1;
    if (steps > most) throw new Error(`expected at most ${most} steps of macros, found more`);
  };
}

export const stepFunction: CelFunc = celFunc(STEP, [], CelScalar.BOOL, () => {
  spend();
  return true;
});
