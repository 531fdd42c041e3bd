import { expect, test } from 'vitest';
import {
  type Bets,
  betOnAmount,
  betOnRank,
  clipped,
  openBets,
  placeBets,
  RATE_WAGERS,
} from '../../../src/trial/evidence/bets.ts';
import { mean } from '../../../src/trial/evidence/distributions.ts';
import { AMOUNTS, mixedOf, negated, RATED, wealthOf } from '../../support/trials/by-hand.ts';

function betAll(bet: (bets: Bets, difference: number) => Bets, differences: readonly number[]) {
  const kind = bet === betOnAmount ? 'amount' : 'rank';
  return differences.reduce(bet, openBets(kind));
}

test('ranks and signs are mixed half and half, each rank among the sizes so far', () => {
  const differences = [3, -1, 2, -2, 0, 5];
  const { harm, help } = betAll(betOnRank, differences);
  expect(mean(harm)).toBeCloseTo(mixedOf(differences), 12);
  expect(mean(help)).toBeCloseTo(mixedOf(negated(differences)), 12);
  // 3 is of rank 1/1, 1 of 1/2: two wagers of .2 by hand.
  expect(betAll(betOnRank, [3, -1]).harm[0]).toBeCloseTo(1.2 * 0.9, 12);
  expect(betAll(betOnRank, [3, -1]).harm[5]).toBeCloseTo(1.2 * 0.8, 12);
});

test('a rate is staked as it is', () => {
  const bets = [1, -0.25, 0].reduce(
    (sum, stake) => placeBets(sum, RATE_WAGERS, stake),
    openBets('rate'),
  );
  expect(mean(bets.harm)).toBeCloseTo(wealthOf(RATED, [1, -0.25, 0]), 12);
  expect(mean(bets.help)).toBeCloseTo(wealthOf(RATED, [-1, 0.25, 0]), 12);
});

test('an amount is staked relative to three times the mean size so far, and 1 at most', () => {
  // Mean sizes 6, 9, 7 and 27.75.
  const stakes = [6 / 18, -12 / 27, 3 / 21, 1];
  const { harm, help } = betAll(betOnAmount, [6, -12, 3, 90]);
  expect(mean(harm)).toBeCloseTo(wealthOf(AMOUNTS, stakes), 12);
  expect(mean(help)).toBeCloseTo(wealthOf(AMOUNTS, negated(stakes)), 12);
  expect([clipped(0, []), clipped(5, [0]), clipped(-5, []), clipped(-9, [1])]).toEqual([
    0, 1, -1, -1,
  ]);
});

test('wealth stays finite, and only the newest two hundred sizes are kept', () => {
  const bets = betAll(
    betOnRank,
    Array.from({ length: 2500 }, (_, i) => 1 + i),
  );
  expect(Math.max(...bets.harm)).toBe(1e100);
  expect(bets.sizes).toHaveLength(200);
  expect([bets.sizes[0], bets.sizes.at(-1)]).toEqual([2301, 2500]);
});
