import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Arm, otherArm, tossCoin } from '../../src/trial/arm.ts';
import { TrialBench } from '../support/trial-bench.ts';

const PAIRS = Array.from({ length: 10_000 }, (_, i) => i + 1);

function share(arms: readonly Arm[]): number {
  return arms.filter((arm) => arm === 'new').length / arms.length;
}

test('the coin is the first bit of a hash that anybody can make', () => {
  for (const pair of [1, 2, 17, 1000]) {
    const [first = 0] = createHash('sha256').update(`seed/${pair}`).digest();
    expect(tossCoin('seed', pair)).toBe(first >= 128 ? 'new' : 'old');
  }
});

test.each(['a', 'b', 'seed-1', ''])('the coin of seed %j is fair, and repeatable', (seed) => {
  const arms = PAIRS.map((pair) => tossCoin(seed, pair));
  expect(PAIRS.map((pair) => tossCoin(seed, pair))).toEqual(arms);
  // Five standard deviations.
  expect(Math.abs(share(arms) - 0.5)).toBeLessThan(0.025);
  const repeats = arms.filter((arm, i) => i > 0 && arm === arms[i - 1]).length / arms.length;
  expect(Math.abs(repeats - 0.5)).toBeLessThan(0.025);
});

test('seeds toss coins of their own', () => {
  const equal = PAIRS.filter((pair) => tossCoin('a', pair) === tossCoin('b', pair));
  expect(Math.abs(equal.length / PAIRS.length - 0.5)).toBeLessThan(0.025);
});

test('the second task of a pair has the other arm', () => {
  expect([otherArm('old'), otherArm('new')]).toEqual(['new', 'old']);
  const bench = new TrialBench({ seed: 'x' });
  for (let pair = 1; pair <= 50; pair += 1) {
    const first = bench.assign(`${pair} first`);
    expect(first).toBe(tossCoin('x', pair));
    expect(bench.assign(`${pair} second`)).toBe(otherArm(tossCoin('x', pair)));
  }
});

test('the second block of a pair has the other arm', () => {
  const bench = new TrialBench({ seed: 'x', assignment: 'switchback', blockTasks: 1 });
  for (let pair = 1; pair <= 50; pair += 1) {
    expect(bench.block()).toBe(tossCoin('x', pair));
    bench.finish('', { deltaSequence: bench.sequence });
    expect(bench.block()).toBe(otherArm(tossCoin('x', pair)));
    bench.finish('', { deltaSequence: bench.sequence });
  }
});
