import { seededRandom } from './seed.ts';

/** Normal noise, as a function that answers the next value (Box and Muller). */
export function normalNoise(seed: number, deviation = 0.4): () => number {
  const { next } = seededRandom(seed);
  return () => deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Normal noise of which neighbours have a share in common: AR(1). Answers the i-th value. */
export function wanderingNoise(seed: number, deviation = 0.4, common = 0.9): (i: number) => number {
  const noise = normalNoise(seed, deviation);
  const values = [noise()];
  return (i) => {
    for (let j = values.length; j <= i; j += 1) {
      values.push(common * (values[j - 1] ?? 0) + Math.sqrt(1 - common ** 2) * noise());
    }
    return values[i] ?? 0;
  };
}
