import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type Arm,
  commitmentTo,
  drawBeginning,
  drawPlace,
  otherArm,
  secretSeed,
  tossCoin,
} from '../../src/trial/arm.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

const SETS = Array.from({ length: 10_000 }, (_, i) => i + 1);

function share(arms: readonly Arm[]): number {
  return arms.filter((arm) => arm === 'new').length / arms.length;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

test('the coin is the first bit of a hash that anybody can make', () => {
  for (const set of [1, 2, 17, 1000]) {
    const [first = 0] = sha256(`seed/${set}`);
    expect(tossCoin('seed', set)).toBe(first >= 128 ? 'new' : 'old');
  }
});

test('a place in a group is the first 48 bits of that hash, modulo five', () => {
  for (const set of [1, 2, 17, 1000]) {
    expect(drawPlace('seed', set)).toBe(sha256(`seed/${set}`).readUIntBE(0, 6) % 5);
  }
});

test.each(['a', 'b', 'seed-1', ''])('the coin of seed %j is fair, and repeatable', (seed) => {
  const arms = SETS.map((set) => tossCoin(seed, set));
  expect(SETS.map((set) => tossCoin(seed, set))).toEqual(arms);
  // Five standard deviations.
  expect(Math.abs(share(arms) - 0.5)).toBeLessThan(0.025);
  const repeats = arms.filter((arm, i) => i > 0 && arm === arms[i - 1]).length / arms.length;
  expect(Math.abs(repeats - 0.5)).toBeLessThan(0.025);
});

test('all places of a group are as likely, and the share of tasks begins one that is to', () => {
  const counts = (draw: (set: number) => number, of: number) => {
    const found = SETS.map(draw);
    return Array.from({ length: of }, (_, i) => found.filter((one) => one === i).length);
  };
  for (const count of counts((set) => drawPlace('seed', set), 5)) {
    expect(Math.abs(count - 2000)).toBeLessThan(200);
  }
  const beginnings = SETS.filter((i) => drawBeginning('seed', `task-${i}`, 1 / 16));
  expect(Math.abs(beginnings.length - 625)).toBeLessThan(80);
  expect(drawBeginning('seed', 'task', 1)).toBe(true);
});

test('seeds toss coins of their own', () => {
  const equal = SETS.filter((set) => tossCoin('a', set) === tossCoin('b', set));
  expect(Math.abs(equal.length / SETS.length - 0.5)).toBeLessThan(0.025);
});

test('each stage of a delta has a seed of its own, to which it is committed before', () => {
  const seeds = [secretSeed('x', 'd', 1), secretSeed('x', 'd', 2), secretSeed('x', 'e', 1)];
  expect(seeds[0]).toBe(sha256('x/d/1').toString('hex'));
  expect(new Set(seeds).size).toBe(3);
  expect(commitmentTo(seeds[0] ?? '')).toBe(sha256(seeds[0] ?? '').toString('hex'));
});

test('the second task of a pair has the other arm', () => {
  expect([otherArm('old'), otherArm('new')]).toEqual(['new', 'old']);
  const bench = new TrialBench({ seed: 'x' });
  for (let set = 1; set <= 50; set += 1) {
    const first = bench.assign(`${set} first`);
    expect(first).toBe(tossCoin(bench.seed, set));
    expect(bench.assign(`${set} second`)).toBe(otherArm(tossCoin(bench.seed, set)));
  }
});

test('the second block of a pair has the other arm', () => {
  const bench = new TrialBench({ seed: 'x', assignment: 'switchback', blockTasks: 1 });
  for (let set = 1; set <= 50; set += 1) {
    expect(bench.block()).toBe(tossCoin(bench.seed, set));
    bench.finish('', { deltaSequence: bench.sequence });
    expect(bench.block()).toBe(otherArm(tossCoin(bench.seed, set)));
    bench.finish('', { deltaSequence: bench.sequence });
  }
});

test('one of five tasks of a group has the old value, where the draw says', () => {
  const bench = new TrialBench();
  bench.promote();
  for (let set = 1; set <= 20; set += 1) {
    const arms = bench.open(5).map(([, arm]) => arm);
    expect(arms.indexOf('old')).toBe(drawPlace(bench.seed, set));
    expect(arms.filter((arm) => arm === 'old')).toHaveLength(1);
  }
});
