import { expect, test } from 'vitest';
import { compare, noise, ratioAtMost, takeTurns } from '../../bench/lives.ts';
import { movesBetween } from '../../bench/print.ts';

const NAMED = { section: 'calls', measure: 'server CPU', unit: 'µs/call' };
const FIGURE = { ...NAMED, figureOf: (micros: number) => micros };

test('sides take turns, and each turn begins with another side', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => {
    order.push(name);
    return `${name}${order.length}`;
  };
  const life = await takeTurns(3, [side('a'), side('b'), side('c')]);
  expect(order.join('')).toBe('abcbcacab');
  expect(life).toEqual([
    ['a1', 'a6', 'a8'],
    ['b2', 'b4', 'b9'],
    ['c3', 'c5', 'c7'],
  ]);
});

test('a ratio is the median of the lives, each the mean of its turns by the mean of both baselines', () => {
  const lives = [
    [[10, 20], [10], [20]],
    [[30], [10], [10]],
    [[40], [10], [10]],
  ];
  const row = compare(lives, { ...FIGURE, targetOf: ratioAtMost(3) });
  expect(row).toMatchObject({ ...NAMED, sidecar: 30, baseline: 10 });
  expect(row.ratio?.median).toBe(3);
  expect(row.target).toEqual({ text: 'ratio <= 3', met: true });
});

test('the noise is what the two baselines differ by', () => {
  const lives = [
    [[99], [10], [11]],
    [[99], [10], [10]],
    [[99], [10], [8]],
  ];
  const row = noise(lives, FIGURE);
  expect(row.measure).toBe('server CPU, empty by empty');
  expect(row.sidecar).toBeUndefined();
  expect(row.ratio?.median).toBe(1);
  expect(row.ratio?.upperQuartile).toBeCloseTo(1.05, 12);
});

test('moves are shown of ratios with a target, and judged by 0.05 or 5 %', () => {
  const rowOf = (measure: string, ratio: number, hasTarget = true) =>
    compare([[[ratio], [1], [1]]], {
      ...{ ...FIGURE, measure },
      ...(hasTarget && { targetOf: ratioAtMost(9) }),
    });
  const before = [rowOf('a', 0.9), rowOf('b', 4), rowOf('c', 1, false)];
  const after = [rowOf('a', 0.96), rowOf('b', 4.1), rowOf('c', 1, false), rowOf('new', 1)];
  const { rows } = movesBetween(before, after);
  expect(rows.map(({ name }) => name)).toEqual(['calls: a', 'calls: b']);
  expect(rows.map(({ targets }) => targets.map(({ met }) => met))).toEqual([[false], [true]]);
});
