import { expect, test } from 'vitest';
import type { Parameters } from '../../src/domain/value.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import { PARAMETERS, worldOf } from './world.ts';

const KINDS = `
kinds:
  code: { share: 3, latency_ms: 1000, spread: 0.5, success: 0.9, measurements: { cost: 2 } }
  prose: { share: 1, latency_ms: 4000, success: 0.9, measurements: { cost: { median: 8, spread: 0.5 } } }
`;

const START: Parameters = { agents: 4, batch: 1, model: 'big' };

test('a curve grows with the square of the doublings, or of the steps', () => {
  const { planted } = worldOf(`${KINDS}
parameters:
  agents: { curves: [{ optimum: 8, factor: 1.2 }, { metric: success, optimum: 8, points: -0.02, step: 4 }] }`);
  const [code] = planted.kinds;
  if (code === undefined) throw new Error('there are no kinds');
  const factorAt = (agents: number) =>
    Math.exp(planted.outlook({ agents }, code, 0).logLatency) / 1000;
  expect([4, 8, 16, 32].map(factorAt)).toEqual(
    [1.2, 1, 1.2, 1.2 ** 4].map((factor) => expect.closeTo(factor, 9)),
  );
  const successAt = (agents: number) => planted.outlook({ agents }, code, 0).success;
  expect([8, 12, 16].map(successAt)).toEqual(
    [0.9, 0.88, 0.82].map((one) => expect.closeTo(one, 9)),
  );
});

test('effects by value, cliffs, kinds and turns', () => {
  const { planted } = worldOf(`${KINDS}
parameters: { model: { effects: { mini: { cost: 0.1, success: -0.05 } } } }
conditions:
  - { when: { agents: { above: 16 } }, effect: { latency: 3 }, from_task: 100, until_task: 200 }
  - { when: { model: mini, agents: [4, 5] }, effect: { cost: 2 }, kinds: [code] }`);
  const [code, prose] = planted.kinds;
  if (code === undefined || prose === undefined) throw new Error('there are no kinds');
  const cost = (kind: typeof code, parameters: Parameters) =>
    Math.exp(planted.outlook(parameters, kind, 0).logMeasurements.cost ?? Number.NaN);
  expect(cost(code, { ...START, model: 'mini' })).toBeCloseTo(0.4);
  expect(cost(prose, { ...START, model: 'mini' })).toBeCloseTo(0.8);
  expect(cost(code, { ...START, model: 'mini', agents: 6 })).toBeCloseTo(0.2);
  const latency = (i: number) => Math.exp(planted.outlook({ agents: 17 }, code, i).logLatency);
  expect([99, 100, 199, 200].map(latency).map(Math.round)).toEqual([1000, 3000, 3000, 1000]);
  expect(planted.turns).toEqual([0, 100, 200]);
  expect(planted.outlook({ model: 'mini' }, code, 0).success).toBeCloseTo(0.85);
});

test('the best values, of an interaction and after a turn', () => {
  const { truth } = worldOf(`${KINDS}
parameters:
  agents:
    curves:
      - { optimum: 8, factor: 1.5, until_task: 1000 }
      - { optimum: 2, factor: 1.5, from_task: 1000 }
  batch: { curves: [{ optimum: 4, factor: 1.5 }] }
interactions: [{ between: [agents, batch], factor: 1.2 }]
conditions: [{ when: { agents: { above: 6 } }, effect: { latency: 2 } }]`);
  // Without the cliff, 8 would be the best; with fewer agents, the interaction wants larger batches.
  const { agents, batch } = truth.best(0);
  expect(agents).toBe(6);
  expect(batch).toBeGreaterThan(4);
  expect(batch).toBeLessThan(5);
  expect(truth.best(1000)).toMatchObject({ agents: 2, batch: 4 });
  expect(truth.regret(truth.best(1500), 1500)).toEqual([0]);
  expect(truth.regret(truth.best(0), 1500)[0]).toBeGreaterThan(0.2);
});

test('guards bound the best values and what counts as worse', () => {
  const rule = `{ id: r, when: 'true', type: strategy, operation: modify, target: model, new_value: '"mini"',
    reasoning: '"why"', confidence: 0.9, impact: positive, primary: { measurement: cost, better: lower } }`;
  const config = (guards: string) =>
    configOf(
      PARAMETERS.replace('rules: []', `rules: [${rule.replace(/ }$/, `, guards: ${guards} }`)}]`),
    );
  const world = `${KINDS}\nparameters: { model: { effects: { mini: { cost: 0.1, success: -0.06 } } } }`;
  const mini = { ...START, model: 'mini' };
  const bound = worldOf(world, config('[{ metric: success, margin: 0.05 }]')).truth;
  expect(bound.best(0).model).toBe('big');
  expect(bound.falsePromotions(mini, 0)).toEqual(['model']);
  const free = worldOf(world, config('[]')).truth;
  expect(free.best(0).model).toBe('mini');
  expect(free.falsePromotions(mini, 0)).toEqual([]);
  expect(free.isWorseThanStart(mini, 0)).toBe(false);
  expect(free.regret(START, 0)).toEqual([expect.closeTo(Math.log(10), 6)]);
});

test('a utility weighs what the values do', () => {
  const config = configOf(`
objective: { utility: '(status == "success" ? 10.0 : 0.0) - measurements.cost' }
parameters: { model: { initial: big, search: { values: [big, mini] } } }
rules: []`);
  const world = (success: number) =>
    worldOf(
      `kinds: { code: { latency_ms: 1000, success: 0.9, measurements: { cost: 2 } } }
parameters: { model: { effects: { mini: { cost: 0.5, success: ${success} } } } }`,
      config,
    ).truth;
  // Half the cost is 1, and 5 points of success are half as much, 20 points twice as much.
  expect(world(-0.05).best(0)).toEqual({ model: 'mini' });
  expect(world(-0.05).regret({ model: 'big' }, 0)).toEqual([expect.closeTo(0.5, 6)]);
  expect(world(-0.2).best(0)).toEqual({ model: 'big' });
  expect(world(-0.2).falsePromotions({ model: 'mini' }, 0)).toEqual(['model']);
});
