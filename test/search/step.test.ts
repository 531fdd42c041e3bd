import { expect, test } from 'vitest';
import { isTooShort, longerStep, shorterStep, stepFrom } from '../../src/search/step.ts';

const LOG = { scale: 'log', min: 1, max: 64, isWhole: false, maxStep: undefined } as const;
const LINEAR = { ...LOG, scale: 'linear', min: 0, max: 50 } as const;
const WHOLE = { ...LOG, isWhole: true };

test.each([
  ['a factor', LOG, 8, 1, 1, 16],
  ['downwards', LOG, 8, -1, 1, 4],
  ['a root', LOG, 8, 1, 0.5, 11.31],
  ['to the end of the range', LOG, 48, 1, 1, 64],
  ['nowhere beyond it', LOG, 64, 1, 1, 64],
  ['a fifth of a linear range', LINEAR, 20, -1, 1, 10],
  ['at most max_step', { ...LOG, maxStep: 3 }, 8, 1, 1, 11],
  ['to a whole number', WHOLE, 9, 1, 0.5, 13],
  ['to the next whole number', WHOLE, 2, 1, 0.14, 3],
  ['not to a whole number beyond the range', { ...WHOLE, min: 1.5 }, 2, -1, 0.14, 2],
] as const)('%s', (_, range, from, direction, step, to) => {
  expect(stepFrom(from, direction, step, range)).toBe(to);
});

test('steps that help grow to a factor of 4, and others shrink to one of 1.1', () => {
  expect(longerStep(1)).toBe(1.5);
  expect(longerStep(1.5)).toBe(2);
  expect(isTooShort(shorterStep(shorterStep(1)))).toBe(false);
  expect(isTooShort(Math.log2(1.09))).toBe(true);
});
