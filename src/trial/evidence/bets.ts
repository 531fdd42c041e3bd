import { mean } from './distributions.ts';

/**
 * Test martingales for one kind of observation. Each wager stakes a fixed fraction of its wealth on
 * every observation; the mean wealth is the e-value (Waudby-Smith & Ramdas, "Estimating means of
 * bounded random variables by betting", JRSS B 86, 2024). Immutable, plain JSON.
 */
export interface Bets {
  /** Wealth of each wager that the new value is worse; 1 at the start. */
  readonly harm: readonly number[];
  /** Wealth of each wager that the new value is better. */
  readonly help: readonly number[];
  /** Absolute differences, the newest `MAX_SIZES`; empty if the bets do not need them. */
  readonly sizes: readonly number[];
}

/** Maximum error probability of a trial, on each side. */
export const ALPHA = 0.05;

/** E-value that suffices: by Ville's inequality, chance reaches it with probability α at most. */
export const SUFFICIENT = 1 / ALPHA;

/** Fractions staked on a signed rank: the first half weighted by the rank, the second by the sign alone. */
const RANK_WAGERS = [0.2, 0.4, 0.6, 0.8, 0.95, 0.2, 0.4, 0.6, 0.8, 0.95];

/** Fractions staked on the rank of the old task within its group. */
export const PLACE_WAGERS = [0.2, 0.4, 0.6, 0.8, 0.95];

/** Fractions staked on a difference of success rates. */
export const RATE_WAGERS = [0.1, 0.25, 0.5, 0.8, 0.97];

/** Fractions staked on a bounded difference of amounts. */
export const AMOUNT_WAGERS = [0.1, 0.2, 0.4, 0.6, 0.8, 0.95];

/** Maximum number of sizes kept: carried evidence must not grow without bound. */
const MAX_SIZES = 200;

/** Maximum wealth, so that it stays finite in JSON. A capped wealth is still valid. */
export const MAX_WEALTH = 1e100;

/** Differences of amounts are clipped at this many times the mean size so far. */
const CLIP = 3;

const WAGERS = {
  rank: RANK_WAGERS,
  place: PLACE_WAGERS,
  rate: RATE_WAGERS,
  amount: AMOUNT_WAGERS,
} as const;

/** Bets before the first observation. */
export function openBets(kind: keyof typeof WAGERS): Bets {
  const wealth = WAGERS[kind].map(() => 1);
  return { harm: wealth, help: wealth, sizes: [] };
}

/**
 * The bets after one more observation.
 *
 * @param stake -1 to 1, with mean 0 if the change does nothing; positive is worse
 */
export function placeBets(bets: Bets, wagers: readonly number[], stake: number): Bets {
  return { ...bets, harm: grow(bets.harm, wagers, stake), help: grow(bets.help, wagers, -stake) };
}

/** The wealth of each wager after one more observation. */
export function grow(
  wealth: readonly number[],
  wagers: readonly number[],
  stake: number,
): readonly number[] {
  return wealth.map((one, i) => Math.min(one * (1 + (wagers[i] ?? 0) * stake), MAX_WEALTH));
}

/**
 * Bets on the sign of a difference, weighted by the rank of its size among those so far, and on the
 * sign alone. Given the size, random assignment makes the sign fair if the change does nothing.
 *
 * @param difference new less old; positive is worse
 */
export function betOnRank(bets: Bets, difference: number): Bets {
  const size = Math.abs(difference);
  const sizes = [...bets.sizes.slice(1 - MAX_SIZES), size];
  let rank = 0;
  for (const other of sizes) if (other <= size) rank += 1;
  const sign = Math.sign(difference);
  const stakes = RANK_WAGERS.map(
    (wager, i) => wager * sign * (i < PLACE_WAGERS.length ? rank / sizes.length : 1),
  );
  return placeBets({ ...bets, sizes }, stakes, 1);
}

/** Bets on a difference of amounts, `clipped`. */
export function betOnAmount(bets: Bets, difference: number): Bets {
  const sizes = [...bets.sizes.slice(1 - MAX_SIZES), Math.abs(difference)];
  return placeBets({ ...bets, sizes }, AMOUNT_WAGERS, clipped(difference, sizes));
}

/** A difference divided by `CLIP` times the mean of `sizes`, clipped to -1 to 1. */
export function clipped(difference: number, sizes: readonly number[]): number {
  const scale = CLIP * mean(sizes);
  return scale === 0 ? Math.sign(difference) : Math.max(-1, Math.min(difference / scale, 1));
}
