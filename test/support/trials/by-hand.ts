/** Mean wealth of wagers that each stake a share of it on every stake in turn. */
export function wealthOf(wagers: readonly number[], stakes: readonly number[]): number {
  const ends = wagers.map((wager) => stakes.reduce((sum, stake) => sum * (1 + wager * stake), 1));
  return ends.reduce((sum, end) => sum + end, 0) / ends.length;
}

export const RANKED = [0.2, 0.4, 0.6, 0.8, 0.95];
export const RATED = [0.1, 0.25, 0.5, 0.8, 0.97];
export const AMOUNTS = [0.1, 0.2, 0.4, 0.6, 0.8, 0.95];

/** Signs, each weighted by the rank share of its size among those so far. */
function rankedStakes(differences: readonly number[]): number[] {
  return differences.map((difference, i) => {
    const sizes = differences.slice(0, i + 1).map(Math.abs);
    const below = sizes.filter((size) => size <= Math.abs(difference)).length;
    return (Math.sign(difference) * below) / sizes.length;
  });
}

/** E-value of ranks and signs mixed; positive stakes win. */
export function mixedOf(differences: readonly number[]): number {
  const signs = differences.map(Math.sign);
  return (wealthOf(RANKED, rankedStakes(differences)) + wealthOf(RANKED, signs)) / 2;
}

/** As `mixedOf`, with two wagers of seven that stake nothing. */
export function stratumOf(differences: readonly number[]): number {
  return (2 + 5 * mixedOf(differences)) / 7;
}

/** Of pairs of which one failed: 1 where it was the new one, else -1. */
export function discordantOf(signs: readonly number[]): number {
  return (2 + 5 * wealthOf(RATED, signs)) / 7;
}

export function negated(values: readonly number[]): number[] {
  return values.map((value) => -value);
}
