import { seededRandom } from './seed.ts';

/** Normal noise, as a function that answers the next value (Box and Muller). */
export function normalNoise(seed: number, deviation = 0.4): () => number {
  const { next } = seededRandom(seed);
  return () => deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
