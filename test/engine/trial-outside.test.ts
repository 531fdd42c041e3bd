import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve, reject } from '../../src/engine/curation.ts';
import { revert } from '../../src/engine/revert.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { tasksOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  expectOneValue,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const REFUSAL = { reason: 'UNSUPPORTED', message: 'no such level' };

const PLACES = [
  ['task', 0],
  ['switchback', 0],
  ['switchback', 1],
] as const;

/** A trial of `level` from 0 to 1 that has seen some tasks, with this value in force. */
async function inTrial(assignment: 'task' | 'switchback', live: number, more = {}) {
  const fixture = await createTrialFixture(trialYaml({ assignment, ...more }));
  const deltaId = await fixture.begin();
  await runTo(fixture, live);
  return { fixture, deltaId };
}

/** Runs tasks until some are counted and a value is in force. */
async function runTo(fixture: TrialFixture, live: number): Promise<void> {
  for (let i = 0; i < 12; i += 1) await fixture.run();
  while (fixture.trial?.tasksUsed === 0 || fixture.level !== live) await fixture.run();
}

/** The trial was ended from outside, and its delta says why. */
function expectStopped(fixture: TrialFixture, deltaId: string, why: string | RegExp): void {
  expect(fixture.trial).toBeUndefined();
  const { state, effect, summary, sequence } = fixture.delta(deltaId);
  expect({ state, sequence }).toEqual({ state: 'reverted', sequence: 0 });
  expect(effect).toMatchObject({ verdict: 'invalid' });
  expect(effect?.tasksUsed).toBeGreaterThan(0);
  expect(summary).toMatch(why);
}

/** Whatever goes on, a value stays. */
async function expectStays(fixture: TrialFixture, value: unknown): Promise<void> {
  expect(fixture.level).toBe(value);
  await expectOneValue(fixture);
  fixture.engine.start();
  for (let i = 0; i < 5; i += 1) await fixture.run();
  await fixture.engine.decide(setTrialsPaused(true));
  await fixture.clock.advance(90_000_000);
  expect(fixture.level).toBe(value);
}

describe.each(PLACES)('in a trial by %s, with %i in force,', (assignment, live) => {
  test.each([7, 1, 0])('SetParameter to %i ends it, and stays', async (value) => {
    const { fixture, deltaId } = await inTrial(assignment, live);
    const override = await fixture.setLevel(value);
    expect(override).toMatchObject({ state: 'applied', oldValue: 0, newValue: value, ruleId: '' });
    expectStopped(fixture, deltaId, /^Invalid: an operator set level: outcome/);
    await expectStays(fixture, value);
  });

  test('SetParameter that is refused changes nothing', async () => {
    const { fixture } = await inTrial(assignment, live, { spec: 'max: 9' });
    const before = fixture.trial;
    await expect(fixture.setLevel(10)).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
    await expect(fixture.setLevel('7')).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
    expect(fixture.trial).toBe(before);
  });

  test('SetParameter of another parameter lets it go on, and counts for both arms', async () => {
    const { fixture, deltaId } = await inTrial(assignment, live);
    await fixture.setLevel(5, 'other');
    await expectOneValue(fixture);
    const { parameters } = await fixture.engine.resolve({ taskId: 'run-31', labels: {} });
    expect(parameters.other).toBe(5);
    const used = fixture.trial?.tasksUsed ?? 0;
    for (let i = 0; i < 20; i += 1) await fixture.run();
    expect(fixture.trial?.plan.deltaId).toBe(deltaId);
    expect(fixture.trial?.tasksUsed).toBeGreaterThan(used + 9);
  });

  test('RevertDelta takes its delta off it', async () => {
    const { fixture, deltaId } = await inTrial(assignment, live);
    const answer = await fixture.engine.decide(revert(deltaId, 'slow'));
    if (live === 0) expect(answer.deltaId).toBe(deltaId);
    else expect(answer).toMatchObject({ revertsDeltaId: deltaId, oldValue: 1, newValue: 0 });
    expectStopped(fixture, deltaId, /^Invalid: Reverted by an operator: slow: outcome/);
    await expect(fixture.engine.decide(revert(deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
    await expectStays(fixture, 0);
  });

  test('a refusal of its delta ends it, and names the client', async () => {
    const { fixture, deltaId } = await inTrial(assignment, live);
    const refuse = { clientId: 'c1', epoch: '', deltaId, refusal: REFUSAL };
    await fixture.engine.decide(acknowledge(refuse));
    expectStopped(fixture, deltaId, /^Invalid: Refused by client "c1": UNSUPPORTED: no such level/);
    // Another client finds done what it wants.
    await fixture.engine.decide(acknowledge({ ...refuse, clientId: 'c2' }));
    await expectStays(fixture, 0);
  });

  test('its delta is not in force, and is not acknowledged, approved or turned down', async () => {
    const { fixture, deltaId } = await inTrial(assignment, live);
    const before = fixture.trial;
    const acknowledgement = { clientId: 'c', epoch: '', deltaId, refusal: undefined };
    for (const call of [
      fixture.engine.decide(acknowledge(acknowledgement)),
      fixture.engine.decide(approve(deltaId, '')),
      fixture.engine.decide(reject(deltaId, '')),
    ]) {
      await expect(call).rejects.toMatchObject({ reason: 'DELTA_STATE' });
    }
    expect(fixture.trial).toBe(before);
  });

  test('ApproveDelta of another delta for its parameter ends it', async () => {
    const rules = [
      {},
      { id: 'ask', value: '5', when: 'parameters.other == 1.0', more: 'mode: recommend' },
    ];
    const first = { rules: [rules[1] ?? {}, { when: 'parameters.other == 2.0' }] };
    const fixture = await createTrialFixture(trialYaml({ assignment, ...first }));
    await fixture.setLevel(1, 'other');
    const [waiting] = await fixture.cycle();
    await fixture.setLevel(2, 'other');
    const deltaId = await fixture.begin();
    await runTo(fixture, live);
    const approved = await fixture.engine.decide(approve(waiting?.deltaId ?? '', ''));
    expect(approved).toMatchObject({
      state: 'applied',
      oldValue: 0,
      replacedValue: 0,
      newValue: 5,
    });
    expectStopped(fixture, deltaId, /^Invalid: an operator approved delta/);
    await expectStays(fixture, 5);
  });

  test.each(['revert', 'refusal'])(
    'a %s of the delta that set its old value ends it',
    async (how) => {
      const fixture = await createTrialFixture(trialYaml({ assignment }));
      const former = await fixture.setLevel(4);
      await fixture.news();
      await fixture.clock.advance(10_000);
      const deltaId = await fixture.begin();
      await runTo(fixture, live === 0 ? 4 : 1);
      const acknowledgement = {
        clientId: 'c',
        epoch: '',
        deltaId: former.deltaId,
        refusal: REFUSAL,
      };
      if (how === 'revert') await fixture.engine.decide(revert(former.deltaId, ''));
      else await fixture.engine.decide(acknowledge(acknowledgement));
      expectStopped(fixture, deltaId, how === 'revert' ? /Reverted by an operator/ : /Refused by/);
      expect(fixture.delta(former.deltaId).state).toBe('reverted');
      await expectStays(fixture, 0);
    },
  );

  test('a revert of a delta that set neither value touches nothing', async () => {
    const fixture = await createTrialFixture(trialYaml({ assignment }));
    const former = await fixture.setLevel(4);
    await fixture.setLevel(0);
    await fixture.news();
    await fixture.clock.advance(10_000);
    await fixture.begin();
    for (let i = 0; i < 12 || fixture.level !== live; i += 1) await fixture.run();
    const before = fixture.trial;
    const reverted = fixture.engine.decide(revert(former.deltaId, ''));
    await expect(reverted).rejects.toMatchObject({ reason: 'DELTA_STATE' });
    expect(fixture.trial).toBe(before);
  });
});

describe('a switch', () => {
  test.each([0, 1])('to %i that a client refuses ends the trial', async (live) => {
    const { fixture, deltaId } = await inTrial('switchback', live);
    const [newest] = fixture.state.deltasNewestFirst();
    expect(newest).toMatchObject({ trialDeltaId: deltaId, newValue: live, state: 'applied' });
    const refuse = { epoch: '', deltaId: newest?.deltaId ?? '', refusal: REFUSAL };
    await fixture.engine.decide(acknowledge({ ...refuse, clientId: 'c1' }));
    expectStopped(fixture, deltaId, /Refused by client "c1": UNSUPPORTED/);
    const { sequence } = fixture.state.head;
    // Another client, or the same one again, finds done what it wants.
    await fixture.engine.decide(acknowledge({ ...refuse, clientId: 'c2' }));
    expect(fixture.state.head.sequence).toBe(sequence);
    await expectStays(fixture, 0);
  });

  test('back to the old value at the end cannot be refused', async () => {
    const { fixture, deltaId } = await inTrial('switchback', 1);
    const back = await fixture.engine.decide(revert(deltaId, ''));
    const refuse = { clientId: 'c', epoch: '', deltaId: back.deltaId, refusal: REFUSAL };
    await expect(fixture.engine.decide(acknowledge(refuse))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
  });

  test('can be reverted while its trial is on, and not after', async () => {
    const { fixture, deltaId } = await inTrial('switchback', 1);
    const [newest] = fixture.state.deltasNewestFirst();
    const switchId = newest?.deltaId ?? '';
    await fixture.engine.decide(revert(switchId, 'enough'));
    expectStopped(fixture, deltaId, /Reverted by an operator: enough/);
    await expect(fixture.engine.decide(revert(switchId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
  });
});

describe('when tasks ask by their ids no longer', () => {
  const trialOf30 = async (assignment: 'auto' | 'task') => {
    const fixture = await createTrialFixture(trialYaml({ assignment }));
    for (let i = 0; i < 30; i += 1) await fixture.run();
    const deltaId = await fixture.begin();
    expect(fixture.trial?.plan.assignment).toBe('task');
    return { fixture, deltaId };
  };
  const doesNotAsk = ({ engine, clock }: TrialFixture, count: number) =>
    engine.recordTasks(tasksOf(count, { finishTimeMs: clock.now() }));

  test('their trial ends once none of the newest 30 has, and says so', async () => {
    const { fixture, deltaId } = await trialOf30('auto');
    await doesNotAsk(fixture, 29);
    await fixture.cycle();
    expect(fixture.delta(deltaId).state).toBe('trial');
    await doesNotAsk(fixture, 1);
    await fixture.cycle();
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
      summary: expect.stringContaining('none of the newest tasks asked for its parameters'),
    });
    expectAudited(fixture.store);
  });

  test('it goes on if the config says that they do', async () => {
    const { fixture, deltaId } = await trialOf30('task');
    await doesNotAsk(fixture, 30);
    await fixture.cycle();
    expect(fixture.delta(deltaId).state).toBe('trial');
  });
});
