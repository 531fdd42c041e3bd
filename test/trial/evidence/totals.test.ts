import { describe, expect, test } from 'vitest';
import type { Guard } from '../../../src/domain/effect.ts';
import {
  addToTotals,
  eTotalHarm,
  eTotalHelp,
  eTotalNotWorse,
  NO_TOTALS,
  type Totals,
} from '../../../src/trial/evidence/totals.ts';
import { normalNoise } from '../../support/engine/noise.ts';
import { seededRandom } from '../../support/engine/seed.ts';
import { outcomeOf } from '../../support/trials/trial-bench.ts';

const COST: Guard = {
  ...{ name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' },
  margin: 0.05,
};
const cost = (value: number) => outcomeOf({ measurements: { cost: value } });

function sumsOf(sets: number, difference: number): Totals {
  return { sets, gain: sumOf(sets, difference), margin: sumOf(sets, difference) };
}

function sumOf(sets: number, difference: number) {
  return { sum: sets * difference, squares: sets * difference ** 2 };
}

test('an e-value by hand: t = 7.9459, z = 10 for 100 equal differences', () => {
  const byHand = Math.exp((7.9459 * 100) / (2 * 8.9459)) / Math.sqrt(8.9459);
  expect(eTotalHelp(sumsOf(100, 3)) / byHand).toBeCloseTo(1, 3);
  expect(eTotalHarm(sumsOf(100, 3))).toBe(0);
  expect(eTotalHarm(sumsOf(100, -3)) / byHand).toBeCloseTo(1, 3);
});

test('of fewer than a hundred pairs and groups, no total is proven', () => {
  expect(eTotalHelp(sumsOf(99, 3))).toBe(1);
  expect(eTotalNotWorse(sumsOf(99, 3))).toBe(1);
  expect(eTotalNotWorse(sumsOf(100, 3))).toBeGreaterThan(20);
});

test.each([
  ['lower', 100, 105, 0],
  ['lower', 100, 104, 1],
  ['higher', 100, 95, 0],
  ['higher', -100, -104, 1],
] as const)(
  'with %s better and a margin of 5 %%, %d against %d leaves %d',
  (better, a, b, left) => {
    const { margin } = addToTotals(NO_TOTALS, { ...COST, better }, [cost(a)], [cost(b)]);
    expect(margin.sum).toBeCloseTo(left, 9);
  },
);

/** Groups of five; the share of runs in which the e-value ever reaches 20. */
function everProven(
  newCost: (random: () => number, spread: () => number) => number,
  e: (totals: Totals) => number,
): number {
  const RUNS = 200;
  let proven = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const { next } = seededRandom(run);
    const noise = normalNoise(run, 1);
    const spread = () => Math.exp(noise());
    let totals = NO_TOTALS;
    for (let i = 0; i < 600 && e(totals) < 20; i += 1) {
      const fresh = Array.from({ length: 4 }, () => cost(newCost(next, spread)));
      totals = addToTotals(totals, COST, [cost(spread())], fresh);
    }
    if (e(totals) >= 20) proven += 1;
  }
  return proven / RUNS;
}

describe('costs of log deviation 1', () => {
  test('that have not changed are seldom proven to be', () => {
    expect(everProven((_, spread) => spread(), eTotalHelp)).toBeLessThanOrEqual(0.05);
    expect(everProven((_, spread) => spread(), eTotalHarm)).toBeLessThanOrEqual(0.05);
  });

  test('that are higher by just the margin are seldom proven not to be', () => {
    const found = everProven((_, spread) => 1.05 * spread(), eTotalNotWorse);
    expect(found).toBeLessThanOrEqual(0.05);
  });

  test('that are lower by half are', () => {
    expect(everProven((_, spread) => 0.5 * spread(), eTotalHelp)).toBeGreaterThan(0.95);
  });

  test.each([
    [0.03, 16],
    [0.01, 50],
  ])(
    'of which %d are %d times as high, and the others lower, are not taken for lower',
    (part, factor) => {
      const dear = (next: () => number, spread: () => number) =>
        spread() * (next() < part ? factor : 0.7);
      expect(everProven(dear, eTotalNotWorse)).toBeLessThanOrEqual(0.05);
      expect(everProven(dear, eTotalHelp)).toBeLessThanOrEqual(0.05);
    },
  );
});
