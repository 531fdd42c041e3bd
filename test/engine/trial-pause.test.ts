import { describe, expect, test } from 'vitest';
import { approve } from '../../src/engine/curation.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { eHarm, eHelp } from '../../src/trial/evidence/evidence.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  expectOneValue,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';
import { inStage, provenOf } from '../support/trials/trial-stages.ts';

/** A trial that has seen some tasks, with the new value in force where blocks are. */
async function inTrial(yaml: string): Promise<TrialFixture> {
  const fixture = await createTrialFixture(yaml);
  await fixture.begin();
  const live = fixture.trial?.plan.assignment === 'task' ? 0 : 1;
  for (let i = 0; i < 12 || fixture.level !== live; i += 1) await fixture.run();
  return fixture;
}

const ask = (fixture: TrialFixture, taskId: string) =>
  fixture.engine.resolve({ taskId, labels: {} });

describe.each(ASSIGNMENTS)('a trial by %s that an operator pauses', (assignment) => {
  const yaml = trialYaml({ assignment });

  test('has the old value in force for everybody until it is resumed', async () => {
    const fixture = await inTrial(yaml);
    const used = fixture.trial?.tasksUsed ?? 0;
    await fixture.engine.decide(setTrialsPaused(true));
    const { sequence } = fixture.state.head;
    for (let i = 0; i < 10; i += 1) {
      expect(await ask(fixture, `p${i}`)).toMatchObject({
        parameters: { level: 0 },
        assignments: [],
      });
      await fixture.run();
      await expectOneValue(fixture);
    }
    expect(fixture.trial?.tasksUsed).toBe(used);
    expect(fixture.state.head.sequence).toBe(sequence);
    await fixture.engine.decide(setTrialsPaused(false));
    for (let i = 0; i < 20; i += 1) await fixture.run();
    expect(fixture.trial?.tasksUsed).toBeGreaterThan(used);
  });

  test('twice is paused once', async () => {
    const fixture = await inTrial(yaml);
    await fixture.engine.decide(setTrialsPaused(true));
    const { trial } = fixture;
    const { sequence } = fixture.state.head;
    await fixture.engine.decide(setTrialsPaused(true));
    expect(fixture.trial).toBe(trial);
    await fixture.engine.decide(setTrialsPaused(false));
    await fixture.engine.decide(setTrialsPaused(false));
    expect(fixture.trial?.pauses).toEqual([]);
    expect(fixture.state.head.sequence).toBe(sequence + (assignment === 'task' ? 0 : 1));
  });

  test('stays paused over a restart', async () => {
    const fixture = await inTrial(yaml);
    await fixture.engine.decide(setTrialsPaused(true));
    const again = await fixture.reopen(yaml);
    expect(again.trial).toMatchObject({ pauses: ['operator'] });
    expect(again.state.head.trialsPaused).toBe(true);
    expect(again.level).toBe(0);
    await again.engine.decide(setTrialsPaused(false));
    expect(again.trial).toMatchObject({ pauses: [] });
  });

  test('has as much time left when it is resumed as when it was paused', async () => {
    const fixture = await inTrial(
      trialYaml({ assignment, trial: 'max_seconds: 600, outcome_timeout_seconds: 3600' }),
    );
    fixture.engine.start();
    fixture.engine.setActive(false);
    const deltaId = fixture.trial?.plan.deltaId ?? '';
    const leftMs = (fixture.trial?.startTimeMs ?? 0) + 600_000 - fixture.clock.now();
    for (const pausedMs of [600_000, 5000]) {
      await fixture.engine.decide(setTrialsPaused(true));
      await fixture.clock.advance(pausedMs);
      expect(fixture.delta(deltaId).state).toBe('trial');
      await fixture.engine.decide(setTrialsPaused(false));
    }
    await fixture.clock.advance(leftMs - 1000);
    expect(fixture.delta(deltaId).state).toBe('trial');
    await fixture.clock.advance(1000);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'inconclusive' },
      summary: expect.stringMatching(/it ran for trial.max_seconds/),
    });
    expectAudited(fixture.store);
  });

  test('can be ended by an override', async () => {
    const fixture = await inTrial(yaml);
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.setLevel(7);
    await fixture.engine.decide(setTrialsPaused(false));
    expect([fixture.trial, fixture.level]).toEqual([undefined, 7]);
  });
});

test('probation has as much time left after a pause as before', async () => {
  const setup = await inStage('provisional', { trial: 'probation_seconds: 3600' });
  const { fixture, deltaId } = setup;
  fixture.engine.start();
  fixture.engine.setActive(false);
  const endMs = provenOf(fixture, deltaId).stageTimeMs + 3_600_000;
  await fixture.engine.decide(setTrialsPaused(true));
  await fixture.clock.advance(4_000_000);
  expect([fixture.delta(deltaId).state, fixture.level]).toEqual(['provisional', 1]);
  const again = await fixture.reopen(setup.yaml);
  again.engine.start();
  again.engine.setActive(false);
  await again.engine.decide(setTrialsPaused(false));
  await again.clock.advance(endMs + 4_000_000 - 1000 - again.clock.now());
  expect(again.delta(deltaId).state).toBe('provisional');
  await again.clock.advance(1000);
  // Its help was proven, and its guards' margins were waited for.
  expect(again.delta(deltaId).state).toBe('confirmed');
  expectAudited(again.store);
});

test('the arm of a task is the same after a pause as before', async () => {
  const fixture = await createTrialFixture(trialYaml());
  await fixture.begin();
  const ids = Array.from({ length: 10 }, (_, i) => `t${i}`);
  const askAll = () => Promise.all(ids.map((id) => ask(fixture, id)));
  const before = await askAll();
  expect(new Set(before.map(({ assignments }) => assignments[0]?.arm))).toEqual(
    new Set(['old', 'new']),
  );
  await fixture.engine.decide(setTrialsPaused(true));
  for (const { parameters } of await askAll()) expect(parameters.level).toBe(0);
  await fixture.engine.decide(setTrialsPaused(false));
  expect(await askAll()).toEqual(before);
});

/** Evidence of harm and of help, by metric. */
function verdictsOf({ trial }: TrialFixture) {
  return trial?.evidence.map((one) => [one.metric.name, eHarm(one), eHelp(one)]);
}

describe.each(ASSIGNMENTS)('an outage in a trial by %s', (assignment) => {
  const fail = () => ({ status: 'failure' as const });

  async function inOutage(): Promise<TrialFixture> {
    const fixture = await inTrial(trialYaml({ assignment }));
    for (let i = 0; i < 60 && fixture.trial?.pauses.length === 0; i += 1) await fixture.run(fail);
    expect(fixture.trial).toMatchObject({ pauses: ['outage'] });
    return fixture;
  }

  test('pauses it on the old value until a task succeeds, and speaks for neither value', async () => {
    const fixture = await inTrial(trialYaml({ assignment }));
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.engine.decide(setTrialsPaused(false));
    const sound = verdictsOf(fixture);
    for (let i = 0; i < 60 && fixture.trial?.pauses.length === 0; i += 1) await fixture.run(fail);
    expect(fixture.trial).toMatchObject({ pauses: ['outage'] });
    expect(verdictsOf(fixture)).toEqual(sound);
    for (let i = 0; i < 10; i += 1) {
      await fixture.run(fail);
      expect(fixture.level).toBe(0);
    }
    await fixture.run();
    expect(fixture.trial).toMatchObject({ pauses: [] });
    const used = fixture.trial?.tasksUsed ?? 0;
    for (let i = 0; i < 20; i += 1) await fixture.run();
    expect(fixture.trial?.tasksUsed).toBeGreaterThan(used);
  });

  test('and a pause last until both are over', async () => {
    const fixture = await inOutage();
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.engine.recordTasks([taskOf()]);
    expect(fixture.trial).toMatchObject({ pauses: ['operator'] });
    expect(fixture.level).toBe(0);
    await fixture.engine.decide(setTrialsPaused(false));
    expect(fixture.trial).toMatchObject({ pauses: [] });
  });

  test('is remembered over a restart', async () => {
    const fixture = await inOutage();
    const again = await fixture.reopen(trialYaml({ assignment }));
    expect(again.trial).toEqual(fixture.trial);
    await again.engine.recordTasks([taskOf()]);
    expect(again.trial).toMatchObject({ pauses: [] });
  });
});

describe.each(ASSIGNMENTS)('on_harm, by %s', (assignment) => {
  async function harmed(onHarm: string) {
    const yaml = trialYaml({ assignment, rules: [{ more: `on_harm: ${onHarm}` }] });
    const fixture = await createTrialFixture(yaml);
    const deltaId = await fixture.begin();
    await fixture.runOut(slower);
    const delta = fixture.delta(deltaId);
    expect(delta.effect).toMatchObject({ verdict: 'harmed' });
    expect(delta.summary).toMatch(/^Harmed, in \d+ tasks: outcome -100 points .*latency \+100 %/);
    expect(fixture.level).toBe(0);
    return { fixture, delta };
  }

  test('revert', async () => {
    const { fixture, delta } = await harmed('revert');
    expect(delta).toMatchObject({ state: 'reverted', waitsFor: undefined });
    expect(fixture.state.head.trialsPaused).toBe(false);
  });

  test('pause pauses all trials as well', async () => {
    const { fixture, delta } = await harmed('pause');
    expect(delta).toMatchObject({ state: 'reverted' });
    expect(fixture.state.head.trialsPaused).toBe(true);
    await fixture.engine.decide(setTrialsPaused(false));
    expect(fixture.state.head.trialsPaused).toBe(false);
  });

  test('pause begins no other trial, though one waits', async () => {
    const rules = [{ more: 'on_harm: pause' }, { id: 'second', target: 'other' }];
    const trial = 'block_tasks: 2, outcome_timeout_seconds: 60';
    const fixture = await createTrialFixture(trialYaml({ assignment, rules, trial }));
    await fixture.begin();
    const end = async () => {
      const deltaSequence = fixture.state.head.sequence;
      const latencyMs = fixture.level === 1 ? 200 : 100;
      await fixture.engine.recordTasks([taskOf({ deltaSequence, latencyMs })]);
    };
    if (assignment === 'task') await fixture.runOut(slower);
    // The second block of the seventh pair runs.
    else while (fixture.trial?.blocks.length !== 14) await end();
    // The outcome that is missing ends the last block, in the cycle itself.
    await end();
    await fixture.clock.advance(60_000);
    await fixture.cycle();
    if (assignment === 'switchback') {
      // What its slow tasks say is waited for.
      await fixture.clock.advance(60_000);
      await fixture.cycle();
    }
    expect(fixture.state.head.trialsPaused).toBe(true);
    expect(fixture.trial).toBeUndefined();
    expect([...fixture.state.pending()]).toMatchObject([{ ruleId: 'second', waitsFor: 'trial' }]);
  });

  test('notify asks a person, who approves', async () => {
    const { fixture, delta } = await harmed('notify');
    const expireTimeMs = fixture.clock.now() + 86_400_000;
    expect(delta).toMatchObject({ state: 'proposed', waitsFor: 'person', expireTimeMs });
    // It is not proposed again meanwhile, nor tried.
    await fixture.engine.recordTasks(Array.from({ length: 500 }, () => taskOf()));
    await fixture.clock.advance(1_000_000);
    expect(await fixture.cycle()).toEqual([]);
    expect(fixture.trial).toBeUndefined();
    const approved = await fixture.engine.decide(approve(delta.deltaId, 'all the same'));
    expect(approved).toMatchObject({ state: 'applied', effect: delta.effect, oldValue: 0 });
    expect(fixture.level).toBe(1);
    expect(fixture.state.head.counters.deltasApplied).toBe(1);
    // What was found stays: it is not observed.
    await fixture.engine.recordTasks(Array.from({ length: 40 }, () => taskOf()));
    expect(fixture.delta(delta.deltaId).effect).toEqual(delta.effect);
  });

  test('notify asks a person, who does not answer', async () => {
    const { fixture, delta } = await harmed('notify');
    await fixture.clock.advance(86_400_000);
    await fixture.cycle();
    expect(fixture.delta(delta.deltaId)).toMatchObject({ state: 'expired', effect: delta.effect });
  });
});
