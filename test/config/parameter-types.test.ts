import { expect, test } from 'vitest';
import { printConfig } from '../../src/config/print.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { configOf, createEngineFixture, recordWindow } from '../support/engine/engine-fixture.ts';

import { faultsOf, fromYaml } from './support.ts';

const typesOf = (parameters: string) =>
  Object.fromEntries(
    Object.entries(configOf(`parameters: { ${parameters} }\nrules: []`).parameters).map(
      ([name, { type }]) => [name, type],
    ),
  );

test('a type is said, or that of the values', () => {
  const parameters = `
    whole: { initial: 3, min: 1, max: 9, max_step: 1 }, bound: { initial: 3, min: 0.5 },
    step: { initial: 3, max_step: 0.5 }, choice: { initial: 1, allowed: [1, 2.5] },
    said: { initial: 3, type: number }, text: { initial: a, allowed: [a, b] }, flag: { initial: true },
    object: { initial: {} }, list: { initial: [] }, none: { initial: null },
    mixed: { initial: a, allowed: [a, 1] }`;
  expect(typesOf(parameters)).toEqual({
    whole: 'integer',
    bound: 'number',
    step: 'number',
    choice: 'number',
    said: 'number',
    text: 'string',
    flag: 'boolean',
    object: 'object',
  });
});

test('the built-in parameters have types', () => {
  const { parameters } = configOf('');
  expect(parameters.max_cpu_per_agent?.type).toBe('integer');
  expect(parameters.fallback_strategy_threshold?.type).toBe('number');
  expect(parameters.primary_coordination_strategy?.type).toBe('string');
});

test.each([
  [
    'a: { initial: 0.5, type: integer }',
    'parameters.a.initial',
    /^expected a whole number, as type says, found 0.5/,
  ],
  ['a: { initial: 1, min: 0.5, type: integer }', 'parameters.a.min', /whole number, as type says/],
  ['a: { initial: 1, max_step: 0.5, type: integer }', 'parameters.a.max_step', /whole number/],
  ['a: { initial: 1, allowed: [1, 2.5], type: integer }', 'parameters.a.allowed[1]', /found 2.5/],
  ['a: { initial: x, type: number }', 'parameters.a.initial', /^expected a number, as type says/],
  ['a: { initial: null, type: string }', 'parameters.a.initial', /^expected a string, as type/],
  ['a: { initial: 1, type: float }', 'parameters.a.type', /^expected one of integer, number,/],
])('%s is refused', (parameters, path, message) => {
  const faults = faultsOf(`parameters: { ${parameters} }\nrules: []`);
  expect(faults).toEqual([
    expect.objectContaining({ path, message: expect.stringMatching(message) }),
  ]);
});

test('a type is printed where it was said', () => {
  const text = printConfig(fromYaml('parameters: { a: { initial: 1, type: number } }\nrules: []'));
  expect(text).toContain('type: number');
  expect(configOf(text).parameters.a?.type).toBe('number');
});

const RULE = `
curation: { mode: apply, cooldown_seconds: 0 }
parameters: { level: { initial: 10, type: integer } }
rules:
  - { id: lower, when: 'true', type: resource, operation: adjust, target: level,
      new_value: 'parameters.level * VALUE', reasoning: '"observed %"', confidence: 0.9, impact: positive }`;

test('a rule keeps an integer whole, or is told why not', async () => {
  const cycle = async (value: string) => {
    const { engine } = await createEngineFixture(RULE.replace('VALUE', value));
    await recordWindow(engine);
    const [delta] = (await engine.runCycle()).deltas;
    return [engine.ledger.state.head.parameters.level, delta?.state, delta?.summary];
  };
  expect((await cycle('0.5')).slice(0, 2)).toEqual([5, 'applied']);
  const [value, state, summary] = await cycle('0.25');
  expect([value, state]).toEqual([10, 'rejected']);
  expect(summary).toContain('expected a whole number (its type is integer), got 2.5');
});

test('an operator keeps an integer whole', async () => {
  const { engine } = await createEngineFixture(
    'parameters: { level: { initial: 1, type: integer } }\nrules: []',
  );
  const set = (value: number) =>
    engine.decide(setParameter({ target: 'level', value, reason: '', holdSeconds: 0 }));
  await expect(set(1.5)).rejects.toMatchObject({
    reason: 'INVALID_FIELD',
    message: 'value: expected a whole number (its type is integer), got 1.5',
  });
  await set(2);
  expect(engine.ledger.state.head.parameters.level).toBe(2);
});

test('a type that is inferred holds nothing to it', async () => {
  const { engine } = await createEngineFixture('parameters: { level: { initial: 1 } }\nrules: []');
  expect(engine.settings.parameters.level?.type).toBe('integer');
  const change = { target: 'level', value: 1.5, reason: '', holdSeconds: 0 };
  await engine.decide(setParameter(change));
  expect(engine.ledger.state.head.parameters.level).toBe(1.5);
});
