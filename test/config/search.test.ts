import { expect, test } from 'vitest';
import { faultsOf, fromYaml } from './support.ts';

const searchOf = (parameter: string) =>
  fromYaml(`parameters: { n: ${parameter} }\nrules: []`).parameters.n?.search;

test('a range is searched by its scale, in whole numbers where its type is integer', () => {
  expect(searchOf('{ initial: 8, min: 1, max: 64, search: { scale: log } }')).toEqual({
    ...{ scale: 'log', min: 1, max: 64, isWhole: true, maxStep: undefined },
  });
  const linear = '{ initial: 0.5, min: 0, max: 1, max_step: 0.1, search: { scale: linear } }';
  expect(searchOf(linear)).toEqual({
    ...{ scale: 'linear', min: 0, max: 1, isWhole: false, maxStep: 0.1 },
  });
});

test('values may be of any type', () => {
  expect(searchOf('{ initial: a, search: { values: [a, b] } }')).toEqual({ values: ['a', 'b'] });
  expect(searchOf('{ initial: a }')).toBeUndefined();
});

test.each([
  ['{ initial: 8, min: 1, search: { scale: log } }', '', /^expected min and max beside scale, /],
  ['{ initial: 8, min: 0, max: 9, search: { scale: log } }', '', /^expected min above 0 for/],
  ['{ initial: 8, min: 8, max: 8, search: { scale: linear } }', '', /^expected max above min/],
  ['{ initial: 8, min: 1, max: 9, search: { scale: cubic } }', '.scale', /one of log, linear/],
  ['{ initial: 8, search: {} }', '.scale', /^expected one of log, linear, found nothing/],
  ['{ initial: 8, search: 3 }', '', /^expected \{ scale: log \}, /],
  ['{ initial: a, search: { values: [a] } }', '.values', /^expected at least two values/],
  ['{ initial: a, search: { values: [a, a] } }', '.values[1]', /^expected each value once/],
  ['{ initial: a, allowed: [a, b], search: { values: [a, c] } }', '.values[1]', /^expected one of/],
  ['{ initial: 1, type: integer, search: { values: [1, 2.5] } }', '.values[1]', /whole number/],
])('%s is refused', (parameter, path, message) => {
  expect(faultsOf(`parameters: { n: ${parameter} }\nrules: []`)).toEqual([
    expect.objectContaining({
      path: `parameters.n.search${path}`,
      message: expect.stringMatching(message),
    }),
  ]);
});

test('a parameter that is searched is no target of a rule', () => {
  const [fault] = faultsOf(`
parameters: { n: { initial: 8, min: 1, max: 64, search: { scale: log } } }
rules:
  - { id: up, when: 'true', type: resource, operation: adjust, target: n, new_value: '9',
      reasoning: '"x"', confidence: 0.9, impact: positive }`);
  expect(fault).toMatchObject({
    path: 'parameters.n.search',
    message: 'expected no rule beside it, found rule "up" with this target',
  });
});

test('a search decides by itself: not where a person decides', () => {
  const [fault] = faultsOf(
    'curation: { mode: recommend }\nparameters: { n: { initial: a, search: { values: [a, b] } } }\nrules: []',
  );
  expect(fault?.message).toMatch(/^expected curation.mode auto, trial or apply/);
});
