/** A source of numbers that a seed repeats. */
export interface SeededRandom {
  /** 0 up to, not with, 1. */
  next(): number;
  /** An integer, both ends included. */
  between(low: number, high: number): number;
}

/**
 * The seed of this run, printed: `SEED` in the environment repeats a run.
 *
 * @param usual the seed where none is given; without it, another one each time
 */
export function chooseSeed(of: string, usual = Math.floor(Math.random() * 2 ** 31)): number {
  const seed = Number(process.env.SEED ?? usual);
  console.log(`${of}: SEED=${seed}`);
  return seed;
}

/** Mulberry32. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, between: (low, high) => low + Math.floor(next() * (high - low + 1)) };
}
