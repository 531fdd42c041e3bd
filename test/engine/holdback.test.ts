import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { effectOf } from '../../src/engine/effects.ts';
import { revert } from '../../src/engine/revert.ts';
import { configOf, tasksOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';
import { ask, inStage, report } from '../support/trials/trial-stages.ts';

/** Enough for a change to be confirmed soon. */
const SOON = { rules: [{ more: 'guards: []' }] };

describe('once a change is confirmed', () => {
  test('about 5 % of tasks keep the old value, and no others need a commit', async () => {
    const { fixture, deltaId } = await inStage('confirmed', SOON);
    fixture.engine.start();
    fixture.engine.setActive(false);
    let old = 0;
    let inGroups = 0;
    const count = 3000;
    for (let i = 0; i < count; i += 1) {
      const { position } = fixture.state.head;
      const { parameters, assignments } = await ask(fixture, `t${i}`);
      if (assignments.length === 0) expect(fixture.state.head.position).toBe(position);
      else expect(assignments).toMatchObject([{ deltaId, stage: 'holdback' }]);
      inGroups += assignments.length;
      if (parameters.level === 0) old += 1;
      await report(fixture, `t${i}`);
      await fixture.clock.advance(1000);
    }
    fixture.engine.stop();
    expect(old / count).toBeGreaterThan(0.04);
    expect(old / count).toBeLessThan(0.06);
    // The last group may not be over.
    expect(Math.abs(inGroups - 5 * old)).toBeLessThan(5);
    expectAudited(fixture.store);
  }, 60_000);

  test('tasks that run for long are held back as often as others, so that gains are of all', async () => {
    const { fixture } = await inStage('confirmed', { ...SOON, trial: 'holdback: 0.2' });
    const old = { quick: 0, slow: 0 };
    for (let i = 0; i < 1600; i += 1) {
      // Of every 80 tasks 40 are slow, and reported together once they have all begun.
      const kind = i % 80 < 40 ? 'quick' : 'slow';
      const { parameters } = await ask(fixture, `t${i}`);
      if (parameters.level === 0) old[kind] += 1;
      if (kind === 'quick') await report(fixture, `t${i}`);
      for (let j = i - 39; i % 80 === 79 && j <= i; j += 1) await report(fixture, `t${j}`);
      await fixture.clock.advance(1000);
    }
    expect(old.quick + old.slow).toBeGreaterThan(250);
    expect(old.slow / (old.quick + old.slow)).toBeCloseTo(0.5, 1);
  }, 60_000);

  test('none do where nothing is to be held back', async () => {
    const { fixture, deltaId } = await inStage('confirmed', { ...SOON, trial: 'holdback: 0' });
    expect(fixture.state.trials).toEqual([]);
    for (let i = 0; i < 30; i += 1) {
      const { parameters, assignments } = await ask(fixture, `t${i}`);
      expect([parameters.level, assignments]).toEqual([1, []]);
    }
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'confirmed' });
  });

  test('where nothing is held back, it stays so until its parameter is set', async () => {
    const text = { ...SOON, trial: 'holdback: 0' };
    const { fixture, deltaId, yaml } = await inStage('confirmed', text);
    await fixture.setLevel(5, 'other');
    const again = await fixture.reopen(yaml);
    expect(again.delta(deltaId)).toMatchObject({ state: 'confirmed' });
    await again.setLevel(7);
    const replaced = { state: 'applied', effect: { verdict: 'helped' } };
    expect(again.delta(deltaId)).toMatchObject(replaced);
    expect((await again.reopen(yaml)).delta(deltaId)).toMatchObject(replaced);
    const other = await inStage('confirmed', text);
    await other.fixture.engine.decide(revert(other.deltaId, ''));
    expect(other.fixture.delta(other.deltaId)).toMatchObject({ state: 'reverted' });
    expectAudited(again.store);
  });

  test('what it gains is told, by tasks that kept the old value', async () => {
    const { fixture, deltaId } = await inStage('confirmed', { ...SOON, trial: 'holdback: 0.2' });
    for (let i = 0; i < 150; i += 1) {
      await fixture.run((level) => ({ latencyMs: level === 1 ? 10 : 38 + (i % 5) }));
    }
    const { gains } = effectOf(fixture.state, fixture.delta(deltaId)) ?? {};
    expect(gains).toMatchObject([
      { metric: 'latency', perTask: expect.closeTo(30, 0) },
      { metric: 'success', perTask: 0 },
    ]);
    expect(gains?.[0]?.groups).toBeGreaterThan(20);
  });

  test('a value that begins to harm is taken back', async () => {
    const { fixture, deltaId } = await inStage('confirmed', { ...SOON, trial: 'holdback: 0.2' });
    const tasks = await fixture.runUntil(
      deltaId,
      'reverted',
      (level) => ({ latencyMs: level === 1 ? 400 : 100 }),
      300,
    );
    expect(tasks).toBeGreaterThan(20);
    expect(fixture.level).toBe(0);
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.delta(deltaId)).toMatchObject({
      effect: { verdict: 'harmed' },
      summary: expect.stringMatching(
        /^Harmed after it had been confirmed: by the tasks that kept the old value it has begun/,
      ),
    });
    // It rests as after any harm.
    await fixture.clock.advance(10_000);
    expect(await fixture.cycle()).toEqual([]);
    expectAudited(fixture.store);
  });
});

describe('where tasks become slower', () => {
  type End = Parameters<TrialFixture['run']>[0];

  /** Runs tasks, and a cycle after each ten, until the value before is being tried again. */
  async function retried(fixture: TrialFixture, end: End, most = 200): Promise<number> {
    for (let i = 1; i <= most; i += 1) {
      await fixture.run(end);
      if (i % 10 === 0) await fixture.cycle();
      if (fixture.trial !== undefined) return i;
    }
    return most + 1;
  }

  test('the value before is tried again, and is back once it has proven better', async () => {
    const curation = 'ack_timeout_seconds: 900';
    const { fixture, deltaId } = await inStage('confirmed', { ...SOON, curation });
    const ack = { clientId: 'c', epoch: '', deltaId, refusal: undefined };
    await fixture.engine.decide(acknowledge(ack));
    for (let i = 0; i < 100; i += 1) await fixture.run(() => ({ latencyMs: 50 }));
    const end: End = (level) => ({ latencyMs: level === 1 ? 400 : 100 });
    expect(await retried(fixture, end)).toBeLessThan(60);
    const again = fixture.trial?.plan;
    expect(again).toMatchObject({
      ...{ retrialOf: deltaId, oldValue: 1, newValue: 0, sufficient: 100 },
    });
    expect(fixture.delta(again?.deltaId ?? '')).toMatchObject({ revertsDeltaId: deltaId });
    const { sequence, counters } = fixture.state.head;
    const { deltasProposed, deltasApplied } = counters;
    await fixture.runUntil(deltaId, 'reverted', end, 200);
    expect(fixture.level).toBe(0);
    expect(fixture.state.trials).toEqual([]);
    // One change puts it in force, which no cycle proposed.
    expect(fixture.state.head).toMatchObject({
      sequence: sequence + 1,
      counters: { deltasProposed, deltasApplied },
    });
    expect(fixture.state.appliedAt(sequence + 1)).toMatchObject({
      ...{ deltaId: again?.deltaId, oldValue: 1, newValue: 0 },
    });
    expect(fixture.delta(again?.deltaId ?? '')).toMatchObject({
      ...{ state: 'applied', effect: { verdict: 'helped' } },
      summary: expect.stringMatching(/In force again/),
    });
    expect(fixture.delta(deltaId)).toMatchObject({
      effect: { verdict: 'harmed' },
      summary: expect.stringMatching(
        /^Harmed after it had been confirmed: its former value has proven better in a trial of its own, at 100 to 1$/,
      ),
    });
    expectAudited(fixture.store);
    // Clients had that value before: nobody need acknowledge it.
    fixture.engine.start();
    fixture.engine.setActive(false);
    await fixture.clock.advance(1_000_000);
    expect(fixture.level).toBe(0);
  });

  test('and it is not its fault, the value before rests for 1000 tasks', async () => {
    const { fixture, deltaId } = await inStage('confirmed', SOON);
    for (let i = 0; i < 100; i += 1) await fixture.run(() => ({ latencyMs: 50 }));
    let factor = 2;
    const end: End = () => ({ latencyMs: 50 * factor });
    expect(await retried(fixture, end)).toBeLessThan(60);
    const begun = fixture.state.head.counters.tasksRecorded;
    await fixture.runOut(end);
    expect(fixture.delta(deltaId).state).toBe('confirmed');
    expect(fixture.level).toBe(1);
    // Nothing was learned of the rule, and its change does not rest.
    expect(fixture.state.head.rules.raise).toMatchObject({ helped: 1, inconclusive: 0 });
    factor = 8;
    await retried(fixture, end, 100);
    expect(fixture.trial).toBeUndefined();
    const left = begun + 1000 - fixture.state.head.counters.tasksRecorded;
    const others = { latencyMs: 400, finishTimeMs: fixture.clock.now() };
    await fixture.engine.recordTasks(tasksOf(left - 1, others));
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.run(end);
    await fixture.cycle();
    expect(fixture.trial?.plan).toMatchObject({ retrialOf: deltaId });
    expectAudited(fixture.store);
  });

  /** The value before is being tried again; with it tasks take twice as long. */
  async function beingRetried(more = 'guards: []') {
    const setup = await inStage('confirmed', { rules: [{ more }] });
    const { fixture } = setup;
    for (let i = 0; i < 100; i += 1) await fixture.run(() => ({ latencyMs: 50 }));
    const end: End = (level) => ({ latencyMs: level === 1 ? 200 : 400 });
    expect(await retried(fixture, end)).toBeLessThan(100);
    return { ...setup, end, againId: fixture.trial?.plan.deltaId ?? '' };
  }

  test.each(['pause', 'notify'])('and does worse, on_harm: %s is not meant', async (onHarm) => {
    const { fixture, deltaId, againId, end } = await beingRetried(`guards: [], on_harm: ${onHarm}`);
    await fixture.runOut(end);
    expect(fixture.delta(againId)).toMatchObject({
      ...{ state: 'reverted', waitsFor: undefined, effect: { verdict: 'harmed' } },
      summary: expect.not.stringMatching(/paused|approve/),
    });
    expect(fixture.delta(deltaId).state).toBe('confirmed');
    expect(fixture.state.head.trialsPaused).toBe(false);
    expect(fixture.level).toBe(1);
    expectAudited(fixture.store);
  });

  test('and it is not known yet whether tasks ask, the value before is not tried', async () => {
    const yaml = trialYaml({ ...SOON, assignment: 'auto' });
    const fixture = await createTrialFixture(yaml);
    for (let i = 0; i < 30; i += 1) await fixture.run();
    const deltaId = await fixture.begin();
    await fixture.runUntil(deltaId, 'confirmed', faster);
    const slow = () => ({ latencyMs: 400 });
    for (let i = 0; i < 60; i += 1) await fixture.run(slow);
    const again = await fixture.reopen(yaml);
    await again.cycle();
    expect(again.trial).toBeUndefined();
    await again.run(slow);
    await again.cycle();
    expect(again.trial?.plan).toMatchObject({ retrialOf: deltaId, assignment: 'task' });
  });

  test.each([
    ['has left the config', { id: 'other' }],
    ['was edited', { confidence: 0.8 }],
    ['is no longer in mode trial', { more: 'guards: [], mode: recommend' }],
  ])('and the rule %s, the trial of the value before goes on', async (_, rule) => {
    const { fixture, deltaId, againId, end } = await beingRetried();
    await fixture.engine.configure(configOf(trialYaml({ rules: [rule] })));
    expect(fixture.trial?.plan.deltaId).toBe(againId);
    await fixture.runOut(end);
    expect(fixture.delta(againId)).toMatchObject({ effect: { verdict: 'harmed' } });
    expect(fixture.delta(deltaId).state).toBe('confirmed');
    expectAudited(fixture.store);
  });

  test('and its value is no longer allowed, the trial of it ends', async () => {
    const { fixture, againId } = await beingRetried();
    await fixture.engine.configure(
      configOf(trialYaml({ ...SOON, initial: '1', spec: 'min: 0.5' })),
    );
    expect(fixture.trial).toBeUndefined();
    expect(fixture.delta(againId)).toMatchObject({
      ...{ state: 'reverted', effect: { verdict: 'invalid' } },
      summary: expect.stringMatching(/^Invalid: its value is no longer allowed/),
    });
  });
});
