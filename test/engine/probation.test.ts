import { describe, expect, test } from 'vitest';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { configOf, taskOf } from '../support/engine/engine-fixture.ts';
import { normalNoise } from '../support/engine/noise.ts';
import { createTrialFixture, faster, slower, trialYaml } from '../support/trials/trial-fixture.ts';
import { ask, inStage, provenOf } from '../support/trials/trial-stages.ts';

describe('what helped', () => {
  test('is in force at once, by one delta with one sequence, and is counted once', async () => {
    const { fixture, deltaId } = await inStage('provisional');
    expect(fixture.level).toBe(1);
    expect(fixture.state.head).toMatchObject({ sequence: 1, counters: { deltasApplied: 1 } });
    expect(fixture.state.appliedAt(1)).toMatchObject({ deltaId, oldValue: 0, newValue: 1 });
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'provisional', trialDeltaId: '' });
    expect(fixture.delta(deltaId).summary).toMatch(/In force, on probation until the evidence/);
  });

  test('is confirmed without a change that anybody is told of', async () => {
    const { fixture, deltaId } = await inStage('provisional');
    const { sequence, counters } = fixture.state.head;
    let applied = 0;
    fixture.engine.ledger.onCommit((note) => {
      applied += note.applied.length;
    });
    await fixture.runUntil(deltaId, 'confirmed', faster);
    expect(applied).toBe(0);
    expect(fixture.state.head.sequence).toBe(sequence);
    expect(fixture.state.head.counters.deltasApplied).toBe(counters.deltasApplied);
    expect(fixture.delta(deltaId).summary).toMatch(/^Helped and confirmed at 200 to 1/);
  });

  test('keeps one task in five on the old value until it is confirmed', async () => {
    const { fixture, deltaId } = await inStage('provisional');
    const arms: (string | undefined)[] = [];
    for (let i = 0; i < 50; i += 1) {
      const { assignments, parameters } = await ask(fixture, `t${i}`);
      expect(assignments).toMatchObject([{ deltaId, stage: 'probation' }]);
      expect(parameters.level).toBe(assignments[0]?.arm === 'old' ? 0 : 1);
      arms.push(assignments[0]?.arm);
      await fixture.engine.recordTasks([taskOf({ taskId: `t${i}`, latencyMs: 50 })]);
    }
    for (let i = 0; i < 50; i += 5) {
      expect(arms.slice(i, i + 5).filter((arm) => arm === 'old')).toHaveLength(1);
    }
  });

  test('is taken back once it turns out to harm', async () => {
    const { fixture, deltaId } = await inStage('provisional');
    await fixture.runUntil(deltaId, 'reverted', slower);
    expect(fixture.level).toBe(0);
    expect(fixture.delta(deltaId)).toMatchObject({
      effect: { verdict: 'harmed' },
      summary: expect.stringMatching(/^Harmed while on probation, in \d+ tasks/),
    });
    const [back] = fixture.state.deltasNewestFirst();
    expect(back).toMatchObject({ revertsDeltaId: deltaId, trialDeltaId: deltaId, newValue: 0 });
  });

  test('is taken back at the end of probation where 200 to 1 are not reached', async () => {
    const fixture = await createTrialFixture(trialYaml({ trial: 'probation_tasks: 60' }));
    const deltaId = await fixture.begin();
    const noise = normalNoise(4);
    const taking = (factor: number) => (level: unknown) => ({
      latencyMs: 100 * Math.exp(noise()) * (level === 1 ? factor : 1),
    });
    await fixture.runUntil(deltaId, 'provisional', taking(0.6));
    await fixture.runUntil(deltaId, 'reverted', taking(1));
    expect(fixture.delta(deltaId)).toMatchObject({
      effect: { verdict: 'inconclusive' },
      summary: expect.stringMatching(
        /^Inconclusive while on probation: probation ended at \d+ to 1/,
      ),
    });
    expect(fixture.level).toBe(0);
  });
});

describe('while a parameter is on probation', () => {
  const rules = [
    { value: 'parameters.level + 1.0' },
    { id: 'second', target: 'other', when: 'parameters.level > 0.0' },
  ];

  test('another one may go on trial, and a task has its arms of both and keeps them', async () => {
    const { fixture, deltaId } = await inStage('provisional', { rules });
    await fixture.news();
    await fixture.cycle();
    const second = fixture.trial?.plan.deltaId ?? '';
    expect(fixture.trial?.plan).toMatchObject({ target: 'other', newValue: 1 });
    const seen = new Set<string>();
    for (let i = 0; i < 40; i += 1) {
      const first = await ask(fixture, `t${i}`);
      const arms = Object.fromEntries(first.assignments.map((one) => [one.deltaId, one.arm]));
      expect(Object.keys(arms).sort()).toEqual([deltaId, second].sort());
      expect(first.assignments[0]).toMatchObject({ deltaId: second, stage: 'trial' });
      expect(first.parameters).toMatchObject({
        level: arms[deltaId] === 'old' ? 0 : 1,
        other: arms[second] === 'new' ? 1 : 0,
      });
      seen.add(`${arms[deltaId]} ${arms[second]}`);
      await fixture.run(faster);
      expect(await ask(fixture, `t${i}`)).toEqual(first);
      await fixture.engine.recordTasks([taskOf({ taskId: `t${i}`, latencyMs: 50 })]);
    }
    expect(seen.size).toBe(4);
  });

  test('rules leave it alone, and say so', async () => {
    const { fixture, deltaId } = await inStage('provisional', { rules: [rules[0] ?? {}] });
    await fixture.news();
    await fixture.clock.advance(3_600_000);
    expect(await fixture.cycle()).toEqual([]);
    const [rule] = fixture.engine.settings.rules;
    expect(rule && fixture.engine.ruleStatus(rule).waiting).toBe(
      `level is on probation, by delta ${deltaId}`,
    );
    await fixture.runUntil(deltaId, 'confirmed', faster);
    await fixture.clock.advance(10_000);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial', oldValue: 1, newValue: 2 }]);
  });

  test('what has waited to be tried on it goes on waiting', async () => {
    const fighting = [{ when: 'parameters.other == 0.0' }, { id: 'late', value: '2' }];
    const fixture = await createTrialFixture(trialYaml({ rules: fighting }));
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.cycle();
    await fixture.setLevel(1, 'other');
    await fixture.cycle();
    await fixture.engine.decide(setTrialsPaused(false));
    const deltaId = await fixture.begin();
    await fixture.runUntil(deltaId, 'provisional', faster);
    await fixture.clock.advance(10_000);
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    expect([...fixture.state.pending()]).toMatchObject([{ ruleId: 'late', waitsFor: 'trial' }]);
  });
});

describe('a config that is taken up during a probation', () => {
  test.each([
    ['with another text of its rule', { rules: [{ confidence: 0.8 }] }],
    ['without its rule', { rules: [{ id: 'another', value: '5' }] }],
    ['with its rule off trials', { rules: [{ more: 'mode: recommend' }] }],
    ['with other bounds of probation', { trial: 'probation_tasks: 10' }],
  ])('%s lets it go on as it was planned', async (_, text) => {
    const { fixture, deltaId } = await inStage('provisional');
    const before = provenOf(fixture, deltaId);
    await fixture.engine.configure(configOf(trialYaml(text)));
    expect(provenOf(fixture, deltaId)).toEqual(before);
    await fixture.runUntil(deltaId, 'confirmed', faster);
  });

  test.each([
    ['the old value', 'min: 1', '1'],
    ['the new value', 'max: 0.5', '0'],
  ])('that does not allow %s ends it, with the value in force', async (_, spec, initial) => {
    const { fixture, deltaId } = await inStage('provisional');
    await fixture.engine.configure(configOf(trialYaml({ spec, initial })));
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.level).toBe(1);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'applied',
      effect: { verdict: 'helped' },
      summary: expect.stringMatching(/No longer being proven: its value is no longer allowed/),
    });
  });
});

test('a rule that applies at once ends the holdback of the value that it replaces', async () => {
  const { fixture, deltaId } = await inStage('confirmed');
  const rules = [{ id: 'now', value: '7', more: 'mode: apply' }];
  await fixture.engine.configure(configOf(trialYaml({ rules })));
  await fixture.news();
  await fixture.clock.advance(10_000);
  const [delta] = await fixture.cycle();
  expect(delta).toMatchObject({ state: 'applied', newValue: 7 });
  expect(fixture.state.trials).toEqual([]);
  expect(fixture.delta(deltaId).summary).toContain(`delta ${delta?.deltaId} set level`);
  for (let i = 0; i < 40; i += 1) {
    expect((await ask(fixture, `t${i}`)).parameters.level).toBe(7);
  }
});
