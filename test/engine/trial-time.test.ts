import { describe, expect, test } from 'vitest';
import { eHelp } from '../../src/trial/evidence/evidence.ts';
import { taskOf, tasksOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  expectOneValue,
  faster,
  slower,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

describe.each(ASSIGNMENTS)('while learning is stopped, a trial by %s', (assignment) => {
  test('goes on, and is judged with each outcome', async () => {
    const fixture = await createTrialFixture(trialYaml({ assignment }));
    fixture.engine.start();
    const deltaId = await fixture.begin();
    fixture.engine.setActive(false);
    await fixture.runOut(slower);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'harmed' },
    });
    expect(fixture.trial).toBeUndefined();
  });

  test('ends at trial.max_seconds', async () => {
    const timeout = assignment === 'task' ? 3600 : 300;
    const fixture = await createTrialFixture(
      trialYaml({ assignment, trial: `max_seconds: 900, outcome_timeout_seconds: ${timeout}` }),
    );
    fixture.engine.start();
    const deltaId = await fixture.begin();
    fixture.engine.setActive(false);
    for (let i = 0; i < 30; i += 1) await fixture.run();
    await fixture.clock.advance(869_000);
    expect(fixture.trial).toBeDefined();
    await fixture.clock.advance(1000);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'inconclusive' },
      summary: expect.stringMatching(/^Inconclusive: it ran for trial.max_seconds: outcome/),
    });
    expect(fixture.level).toBe(0);
    await expectOneValue(fixture);
  });
});

test('a trial that ran out of time while nobody was there ends at the restart', async () => {
  const yaml = trialYaml({ assignment: 'switchback' });
  const fixture = await createTrialFixture(yaml);
  const deltaId = await fixture.begin();
  while (fixture.level !== 1) await fixture.run();
  // A week.
  await fixture.clock.advance(604_800_000);
  const again = await fixture.reopen(yaml);
  again.engine.start();
  await again.clock.advance(1000);
  expect(again.delta(deltaId)).toMatchObject({ effect: { verdict: 'inconclusive' } });
  expect(again.level).toBe(0);
});

test('outcomes that do not come in time count as failures, and later ones change nothing of that', async () => {
  const fixture = await createTrialFixture(trialYaml({ trial: 'outcome_timeout_seconds: 60' }));
  fixture.engine.start();
  fixture.engine.setActive(false);
  await fixture.begin();
  for (const taskId of ['a', 'b', 'c', 'd']) await fixture.engine.resolve({ taskId, labels: {} });
  await fixture.engine.recordTasks([taskOf({ taskId: 'a' })]);
  await fixture.clock.advance(60_000);
  expect(fixture.trial).toMatchObject({ sets: [], waiting: [], tasksUsed: 4 });
  const { expected, missing } = fixture.trial ?? {};
  expect([expected, missing].map((counts) => (counts?.old ?? 0) + (counts?.new ?? 0))).toEqual([
    4, 3,
  ]);
  const before = fixture.trial?.evidence;
  expect(before?.[0]).toMatchObject({ metric: { name: 'outcome' }, sets: 2 });
  await fixture.engine.recordTasks([taskOf({ taskId: 'b' }), taskOf({ taskId: 'a' })]);
  expect(fixture.trial?.evidence).toEqual(before);
  expect(fixture.trial?.lost).toMatchObject([
    { taskId: 'b', late: { status: 'success' } },
    { taskId: 'c', late: undefined },
    { taskId: 'd', late: undefined },
  ]);
});

describe('blocks whose outcomes do not come in time', () => {
  async function inBlocks() {
    const trial = 'outcome_timeout_seconds: 60';
    const fixture = await createTrialFixture(trialYaml({ assignment: 'switchback', trial }));
    fixture.engine.start();
    fixture.engine.setActive(false);
    const deltaId = await fixture.begin();
    const first = fixture.block;
    await fixture.clock.advance(60_000);
    expect(fixture.block?.sequence).toBe((first?.sequence ?? 0) + 1);
    expect(fixture.block?.arm).not.toBe(first?.arm);
    return { fixture, deltaId };
  }

  test('where tasks come that are of no block: INVALID', async () => {
    const { fixture, deltaId } = await inBlocks();
    for (let i = 0; i < 60 && fixture.trial !== undefined; i += 1) {
      await fixture.engine.recordTasks(tasksOf(5, { finishTimeMs: fixture.clock.now() }));
      await fixture.clock.advance(60_000);
    }
    expect(fixture.delta(deltaId)).toMatchObject({
      effect: { verdict: 'invalid' },
      summary: expect.stringContaining('none names a delta_sequence'),
    });
    expect(fixture.level).toBe(0);
    expectAudited(fixture.store);
  });

  test('where none come, they are waited for over a night, and the trial goes on', async () => {
    const { fixture, deltaId } = await inBlocks();
    await fixture.clock.advance(120_000);
    const { sequence } = fixture.state.head;
    await fixture.clock.advance(8 * 3_600_000);
    expect(fixture.state.head.sequence).toBe(sequence);
    expect([fixture.delta(deltaId).state, fixture.block]).toEqual(['trial', undefined]);
    for (let i = 0; i < 400 && fixture.trial !== undefined; i += 1) await fixture.run(slower);
    await fixture.clock.advance(60_000);
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'harmed' } });
    expectAudited(fixture.store);
  });
});

test('help waits for what is outstanding, until it comes or is missing', async () => {
  const yaml = trialYaml({ trial: 'outcome_timeout_seconds: 3600' });
  const fixture = await createTrialFixture(yaml);
  fixture.engine.start();
  fixture.engine.setActive(false);
  const deltaId = await fixture.begin();
  // Forty tasks hang.
  for (let i = 0; i < 40; i += 1) await fixture.engine.resolve({ taskId: `slow-${i}`, labels: {} });
  for (let i = 0; i < 60; i += 1) await fixture.run(faster);
  const { arrival, evidence } = fixture.trial ?? {};
  expect(arrival?.[0] && eHelp(arrival[0])).toBeGreaterThan(1000);
  expect(evidence?.[0]?.sets).toBe(0);
  expect(fixture.delta(deltaId).state).toBe('trial');
  await fixture.clock.advance(3_600_000);
  expect(fixture.delta(deltaId)).toMatchObject({
    state: 'reverted',
    effect: { verdict: 'invalid' },
  });
});

test('help that was waiting when time ran out promotes nothing by itself', async () => {
  const trial = 'max_seconds: 600, outcome_timeout_seconds: 3600';
  const fixture = await createTrialFixture(trialYaml({ trial }));
  fixture.engine.start();
  fixture.engine.setActive(false);
  const deltaId = await fixture.begin();
  for (let i = 0; i < 40; i += 1) await fixture.engine.resolve({ taskId: `slow-${i}`, labels: {} });
  for (let i = 0; i < 60; i += 1) await fixture.run(faster);
  await fixture.clock.advance(600_000);
  expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'inconclusive' } });
  await fixture.clock.advance(60_000);
  // The evidence goes on, but nothing is known of forty tasks.
  await fixture.begin();
  expect(await fixture.runOut(faster)).toBeGreaterThanOrEqual(30);
  expect(fixture.level).toBe(1);
});

test('help that waits is given as soon as so much has come', async () => {
  const fixture = await createTrialFixture(trialYaml());
  const deltaId = await fixture.begin();
  for (let i = 0; i < 40; i += 1) await fixture.engine.resolve({ taskId: `slow-${i}`, labels: {} });
  for (let i = 0; i < 60; i += 1) await fixture.run(faster);
  for (let i = 0; i < 40 && fixture.trial !== undefined; i += 1) {
    const { parameters } = await fixture.engine.resolve({ taskId: `slow-${i}`, labels: {} });
    await fixture.engine.recordTasks([
      taskOf({ taskId: `slow-${i}`, ...faster(parameters.level) }),
    ]);
  }
  expect(fixture.delta(deltaId)).toMatchObject({
    state: 'provisional',
    effect: { verdict: 'helped' },
  });
  expect(fixture.level).toBe(1);
});
