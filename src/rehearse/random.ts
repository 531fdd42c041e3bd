import { hash } from 'node:crypto';

/** A random generator that is determined by its name. */
export interface Random {
  /** 0 <= x < 1. */
  uniform(): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
}

/** `sfc32` (Doty-Humphrey, PractRand), seeded by the SHA-256 of a name. */
export function createRandom(name: string): Random {
  const digest = hash('sha256', name);
  const word = (i: number) => Number.parseInt(digest.slice(8 * i, 8 * i + 8), 16) | 0;
  let a = word(0);
  let b = word(1);
  let c = word(2);
  let counter = 1;
  const uniform = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    // Box-Muller; 1 - u is never 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}
