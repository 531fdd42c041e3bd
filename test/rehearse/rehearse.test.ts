import { expect, test } from 'vitest';
import { type Rehearsal, rehearse } from '../../src/rehearse/rehearse.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import { worldOf } from './world.ts';

const CONFIG = configOf(`
cycle: { interval_seconds: 10 }
curation: { cooldown_seconds: 0 }
parameters: { good: { initial: 0, allowed: [0, 1] }, bad: { initial: 0, allowed: [0, 1] } }
rules:
  - { id: better, when: 'true', type: resource, operation: adjust, target: good, new_value: '1',
      reasoning: '"why"', confidence: 0.9, impact: positive }
  - { id: worse, when: 'true', type: resource, operation: adjust, target: bad, new_value: '1',
      reasoning: '"why"', confidence: 0.9, impact: positive }
`);

const worldText = (more = '') => `
tasks_per_minute: 120
kinds: { all: { latency_ms: 2000, spread: 0.3, success: 0.98, measurements: { cost: 3 } } }
noise: { drift: { spread: 0.2, correlation: 0.9 } }
parameters:
  good: { effects: { '1': { latency: 0.6, cost: 0.5 } } }
  bad: { effects: { '1': { latency: 1.6 } } }
${more}`;

const play = (more?: string, options = { seeds: 2, tasks: 1200 }): Promise<Rehearsal> =>
  rehearse(CONFIG, worldOf(worldText(more), CONFIG).text, options);

test('a rehearsal finds what helps and keeps off what harms; the same seeds give the same', async () => {
  const found = await play('losses: { unreported: 0.02, cancelled: 0.02, hanging: 0.01 }');
  expect(found.parameters).toMatchObject([
    { name: 'good', start: 0, best: 1, ended: [{ value: 1, runs: 2 }], falsePromotions: 0 },
    { name: 'bad', start: 0, best: 0, ended: [{ value: 0, runs: 2 }], falsePromotions: 0 },
  ]);
  expect(found.goals).toHaveLength(1);
  expect(found.goals[0]?.found?.value).toBeCloseTo(1);
  expect(found.goals[0]?.regret.value).toBeGreaterThan(0.005);
  expect(found.firstChange.tasks.value).toBeGreaterThan(30);
  expect(found.firstChange.tasks.value).toBeLessThan(600);
  expect(found.worse.value).toBeGreaterThan(0);
  expect(found.worse.value).toBeLessThan(0.2);
  const [latency, success, cost] = found.averages;
  expect(latency).toMatchObject({ start: expect.closeTo(2000), best: expect.closeTo(1200) });
  expect(success).toMatchObject({ start: expect.closeTo(0.98), best: expect.closeTo(0.98) });
  expect(cost).toMatchObject({ start: expect.closeTo(3), best: expect.closeTo(1.5) });
  expect(await play('losses: { unreported: 0.02, cancelled: 0.02, hanging: 0.01 }')).toEqual(found);
});

test('tasks that follow the stream run with what is in force', async () => {
  const found = await play('resolves: false', { seeds: 1, tasks: 4000 });
  const [good, bad] = found.parameters;
  expect(good?.ended).toEqual([{ value: 1, runs: 1 }]);
  expect(bad?.ended).toEqual([{ value: 0, runs: 1 }]);
  // What harms is in force in blocks, or until it is found to harm.
  expect(found.worse.value).toBeGreaterThan(0);
});

test('where nothing is to be gained, there is no share of it', async () => {
  const nothing = worldOf('kinds: { all: { latency_ms: 100 } }\nparameters: { good: {} }', CONFIG);
  const found = await rehearse(CONFIG, nothing.text, { seeds: 1, tasks: 50 });
  expect(found.goals[0]).toMatchObject({ attainable: 0, found: undefined });
  expect(found.firstChange).toMatchObject({ tasks: { value: Infinity } });
  expect(found.worse.value).toBe(0);
});

test('where kinds have values of their own, each has its best ones', async () => {
  const config = configOf(`
cycle: { interval_seconds: 10 }
curation: { cooldown_seconds: 0 }
trial: { cohorts: kind }
parameters: { knob: { initial: 0, allowed: [0, 1] } }
rules:
  - { id: code, when: 'true', where: labels.kind == "code", type: resource, operation: adjust, target: knob,
      new_value: '1', reasoning: '"why"', confidence: 0.9, impact: positive }
`);
  const { text } = worldOf(
    `
kinds: { code: { latency_ms: 2000, spread: 0.3 }, prose: { latency_ms: 2000, spread: 0.3 } }
parameters: { knob: {} }
conditions:
  - { when: { knob: 1 }, effect: { latency: 0.5 }, kinds: [code] }
  - { when: { knob: 1 }, effect: { latency: 2 }, kinds: [prose] }`,
    config,
  );
  const found = await rehearse(config, text, { seeds: 1, tasks: 800 });
  expect(found.parameters).toMatchObject([
    { name: 'knob of kind=code', best: 1, ended: [{ value: 1 }], falsePromotions: 0 },
    { name: 'knob of kind=prose', best: 0, ended: [{ value: 0 }], falsePromotions: 0 },
  ]);
  expect(found.goals[0]?.found?.value).toBeCloseTo(1);
});

test('searches and objectives', async () => {
  const config = configOf(`
cycle: { interval_seconds: 10 }
parameters:
  agents: { initial: 2, min: 1, max: 32, search: { scale: log }, objective: { minimise: latency } }
rules: []`);
  const { text } = worldOf(
    `kinds: { all: { latency_ms: 2000, spread: 0.3 } }
parameters: { agents: { curves: [{ optimum: 8, factor: 1.4 }] } }`,
    config,
  );
  const found = await rehearse(config, text, { seeds: 1, tasks: 2000 });
  expect(found.goals).toMatchObject([
    { metric: { name: 'latency' }, attainable: expect.closeTo(4 * Math.log(1.4)) },
  ]);
  expect(found.goals[0]?.found?.value).toBeGreaterThan(0.5);
  expect(found.parameters).toMatchObject([{ name: 'agents', start: 2, best: 8 }]);
});
