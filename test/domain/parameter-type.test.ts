import { expect, test } from 'vitest';
import { inferType, isOfType, typeOf } from '../../src/domain/parameter-type.ts';

test.each([
  [1, 'integer'],
  [-3, 'integer'],
  [0.5, 'number'],
  [2 ** 53, 'number'],
  ['', 'string'],
  [false, 'boolean'],
  [{}, 'object'],
  [null, undefined],
  [[1], undefined],
] as const)('the type of %j is %s', (value, type) => {
  expect(typeOf(value)).toBe(type);
});

test('an integer is a number, but not the other way round', () => {
  expect(isOfType('number', 1)).toBe(true);
  expect(isOfType('integer', 1.5)).toBe(false);
});

test.each([
  ['whole', [3], [1, 10, 1], 'integer'],
  ['no bounds', [3], [undefined, undefined, undefined], 'integer'],
  ['a fraction', [0.5], [], 'number'],
  ['a bound that is not whole', [1], [0.5, undefined, undefined], 'number'],
  ['a step that is not whole', [1], [undefined, undefined, 0.1], 'number'],
  ['a value that is not whole', [1, 2.5], [], 'number'],
  ['texts', ['a', 'b'], [], 'string'],
  ['several types', ['a', 1], [], undefined],
  ['one that is null', ['a', null], [], undefined],
  ['null', [null], [], undefined],
  ['lists', [[1], [2]], [], undefined],
] as const)('%s: %j with bounds %j: %s', (_, values, bounds, type) => {
  expect(inferType(values, bounds)).toBe(type);
});
