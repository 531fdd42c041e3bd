import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OUTCOME } from '../../src/domain/effect.ts';
import { limitValue, violationOf } from '../../src/domain/parameters.ts';
import type { ParameterSpec } from '../../src/domain/settings.ts';
import { sameValue } from '../../src/domain/value.ts';

function specOf(fields: Partial<ParameterSpec>): ParameterSpec {
  const none = { min: undefined, max: undefined, maxStep: undefined, allowed: undefined };
  const objective = { primary: OUTCOME, guards: [] };
  return { initial: 0, type: undefined, ...none, objective, ...fields };
}

describe('limitValue', () => {
  test.each([
    ['max_step holds it back going up', { maxStep: 0.1 }, 0.5, 0.9, 0.6],
    ['max_step holds it back going down', { maxStep: 0.1 }, 0.5, 0.1, 0.4],
    ['min after max_step', { maxStep: 0.1, min: 0.45 }, 0.5, 0.1, 0.45],
    ['max', { max: 10 }, 5, 50, 10],
    ['a step from nothing is not limited', { maxStep: 1 }, undefined, 50, 50],
    ['noise of binary fractions goes', {}, 0, 0.1 + 0.2, 0.3],
    ['twelve digits stay', {}, 0, 1.23456789012345, 1.23456789012],
  ])('%s', (_name, fields, current, proposed, expected) => {
    expect(limitValue(specOf(fields), current, proposed)).toBe(expected);
  });

  test('passes what is no number', () => {
    expect(limitValue(specOf({ min: 1 }), 'a', 'b')).toBe('b');
    expect(limitValue(undefined, undefined, [1, { a: null }])).toEqual([1, { a: null }]);
  });

  test('a limited number is never out of bounds', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, number, number, number, (a, b, current, proposed) => {
        const [min, max] = [Math.fround(Math.min(a, b)), Math.fround(Math.max(a, b))];
        const value = limitValue(specOf({ min, max }), current, proposed);
        const slack = 1e-9 * Math.max(1, Math.abs(min), Math.abs(max));
        expect(value).toBeGreaterThanOrEqual(min - slack);
        expect(value).toBeLessThanOrEqual(max + slack);
      }),
    );
  });
});

describe('violationOf', () => {
  test.each([
    [{ allowed: ['a', 'b'] }, 'c', 'expected one of ["a","b"], got "c"'],
    [{ allowed: [{ x: 1, y: 2 }] }, { y: 2, x: 1 }, undefined],
    [{ min: 1 }, 0, 'expected at least 1, got 0'],
    [{ max: 1 }, 2, 'expected at most 1, got 2'],
    [{ min: 0, max: 1 }, 1, undefined],
    [{ min: 0 }, 'a', 'expected a number, got "a"'],
    [{ initial: { x: 1 } }, [1], 'expected an object, got [1]'],
    [{ initial: 'a' }, null, 'expected a string, got null'],
    [{ initial: null }, 'a', undefined],
    [{ allowed: [0, 'a'] }, 'a', undefined],
    [{ type: 'integer' }, 2, undefined],
    [
      { type: 'integer', isTypeSaid: true },
      2.5,
      'expected a whole number (its type is integer), got 2.5',
    ],
    [
      { type: 'integer', isTypeSaid: true },
      2 ** 53,
      'expected a whole number (its type is integer), got 9007199254740992',
    ],
    [{ type: 'integer' }, 2.5, undefined],
    [{ type: 'number', isTypeSaid: true }, 2.5, undefined],
  ] as const)('%j: %j', (fields, value, expected) => {
    expect(violationOf(specOf(fields), value)).toBe(expected);
  });
});

test('a violation shows values in few words', () => {
  const allowed = Array.from({ length: 1000 }, (_, i) => `${i} ${'x'.repeat(3000)}`);
  const text = violationOf(specOf({ allowed }), 'y'.repeat(3000)) ?? '';
  expect(text).toMatch(/^expected one of \["0 x+…, got "y+…$/);
  expect(text.length).toBeLessThan(600);
});

test('sameValue is structural equality', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(value, value, (a, b) => {
      // `JSON.parse` makes copies; -0 and 0 are one value.
      const [left, right] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))];
      expect(sameValue(left, structuredClone(left))).toBe(true);
      expect(sameValue(left, right)).toBe(deepEqual(left, right));
    }),
  );
});

function deepEqual(a: unknown, b: unknown): boolean {
  try {
    expect(a).toStrictEqual(b);
    return true;
  } catch {
    return false;
  }
}
