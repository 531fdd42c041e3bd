import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve, reject, setParameter } from '../../src/engine/curation.ts';
import { restingUntil } from '../../src/engine/proposals/proposals.ts';
import { revert } from '../../src/engine/revert.ts';
import { createEngineFixture, recordWindow, tasksOf } from '../support/engine/engine-fixture.ts';

const SET = { target: 'fallback_strategy_threshold', reason: 'why', holdSeconds: 0 };

/** An engine with one delta of the default rules in force: the threshold is at 0.75. */
async function withOneDelta() {
  const fixture = await createEngineFixture();
  await fixture.engine.recordTasks(tasksOf(30, { status: 'failure' }));
  const [delta] = (await fixture.engine.runCycle()).deltas;
  if (delta === undefined) throw new Error('no delta');
  const live = () => fixture.engine.ledger.state.head.parameters.fallback_strategy_threshold;
  return { ...fixture, delta, live };
}

describe('setParameter', () => {
  test('is a delta without a rule, of the type of the rules for it, in no count', async () => {
    const { engine } = await createEngineFixture();
    const delta = await engine.decide(setParameter({ ...SET, value: 0.9 }));
    expect(delta).toMatchObject({
      ruleId: '',
      type: 'strategy',
      state: 'applied',
      sequence: 1,
      oldValue: 0.8,
      newValue: 0.9,
      reasoning: 'Set by an operator: why',
    });
    const { counters } = engine.ledger.state.head;
    expect(counters).toMatchObject({ deltasProposed: 0, deltasApplied: 0 });
    expect(Object.values(counters.byType)).toEqual([0, 0, 0, 0]);
  });

  test('max_step does not bind an operator; the bounds do', async () => {
    const { engine } = await createEngineFixture();
    expect(await engine.decide(setParameter({ ...SET, value: 0.5 }))).toMatchObject({
      newValue: 0.5,
    });
    await expect(engine.decide(setParameter({ ...SET, value: 0.49 }))).rejects.toMatchObject({
      reason: 'INVALID_FIELD',
      violations: [{ field: 'value', description: 'expected at least 0.5, got 0.49' }],
    });
  });

  test.each([
    ['another type', '0.9', 'expected a number, got "0.9"'],
    [
      'too large',
      ['x'.repeat(5000)],
      'expected at most 3800 bytes as a google.protobuf.Value, got 5009',
    ],
  ])('%s is refused', async (_name, value, description) => {
    const { engine } = await createEngineFixture();
    await expect(engine.decide(setParameter({ ...SET, value }))).rejects.toMatchObject({
      violations: [{ field: 'value', description }],
    });
    expect(engine.ledger.state.head.sequence).toBe(0);
  });

  test.each(['nothing', '__proto__', 'constructor'])('%s is no parameter', async (target) => {
    const { engine } = await createEngineFixture();
    await expect(engine.decide(setParameter({ ...SET, target, value: 1 }))).rejects.toMatchObject({
      reason: 'PARAMETER_NOT_FOUND',
    });
  });

  test('hold_seconds keeps the rules away for so long', async () => {
    const { engine, clock } = await createEngineFixture();
    await engine.recordTasks(tasksOf(30, { status: 'failure' }));
    await engine.decide(setParameter({ ...SET, value: 0.9, holdSeconds: 1000 }));
    await recordWindow(engine, { status: 'failure' });
    await clock.advance(999_999);
    expect((await engine.runCycle()).deltas).toEqual([]);
    await clock.advance(1);
    expect((await engine.runCycle()).deltas).toMatchObject([{ oldValue: 0.9, newValue: 0.85 }]);
  });
});

test('the newest override says how long the rules are held off, and reverted frees them', async () => {
  const { engine, clock } = await createEngineFixture('curation: { cooldown_seconds: 0 }');
  const until = () => restingUntil(engine.ledger.state, engine.settings, SET, clock.now());
  await engine.decide(setParameter({ ...SET, value: 0.9, holdSeconds: 1000 }));
  expect(until()).toBe(clock.now() + 1_000_000);
  const second = await engine.decide(setParameter({ ...SET, value: 0.6, holdSeconds: 10 }));
  expect(until()).toBe(clock.now() + 10_000);
  await engine.decide(revert(second.deltaId, ''));
  expect(until()).toBeUndefined();
});

describe('revert', () => {
  test('restores the value before, by a delta that says what it reverts', async () => {
    const { engine, delta, live } = await withOneDelta();
    const reversal = await engine.decide(revert(delta.deltaId, 'slow'));
    expect(reversal).toMatchObject({
      revertsDeltaId: delta.deltaId,
      oldValue: 0.75,
      newValue: 0.8,
      sequence: 2,
      type: 'strategy',
    });
    expect(live()).toBe(0.8);
    expect(engine.ledger.state.delta(delta.deltaId)).toMatchObject({
      state: 'reverted',
      summary: 'Reverted by an operator: slow',
    });
    expect(engine.ledger.state.head.counters).toMatchObject({
      deltasProposed: 1,
      deltasApplied: 1,
    });
    await expect(engine.decide(revert(delta.deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
  });

  test('touches nothing where the live value is another one', async () => {
    const { engine, delta, live } = await withOneDelta();
    await engine.decide(setParameter({ ...SET, value: 0.6 }));
    await expect(engine.decide(revert(delta.deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
      message: expect.stringContaining('is 0.6 now'),
    });
    expect(live()).toBe(0.6);
    expect(engine.ledger.state.head.sequence).toBe(2);
  });

  test('what the ledger says stood before counts, not what a rule calls the old value', async () => {
    const yaml = `
curation: { cooldown_seconds: 0, suppress_unchanged: false }
parameters: { p: { initial: 1 } }
rules:
  - { id: r, when: 'true', type: metric, operation: adjust, target: p, old_value: '7.0',
      new_value: '2.0', reasoning: '"observed"', confidence: 0.9, impact: positive }
`;
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(tasksOf(30));
    const [first] = (await engine.runCycle()).deltas;
    expect(first).toMatchObject({ oldValue: 7, newValue: 2 });
    expect(await engine.decide(revert(first?.deltaId ?? '', ''))).toMatchObject({ newValue: 1 });
  });

  test('of an unknown delta is NOT_FOUND', async () => {
    const { engine } = await createEngineFixture();
    for (const call of [
      engine.decide(revert('x', '')),
      engine.decide(approve('x', '')),
      engine.decide(reject('x', '')),
      engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId: 'x', refusal: undefined })),
    ]) {
      await expect(call).rejects.toMatchObject({ reason: 'DELTA_NOT_FOUND' });
    }
  });
});

describe('acknowledge', () => {
  const refusal = { reason: 'UNSUPPORTED', message: 'no such thing' };

  test('is remembered per client, twice is fine, and never goes back', async () => {
    const { engine, delta } = await withOneDelta();
    const newer = await engine.decide(setParameter({ ...SET, value: 0.6 }));
    const ack = { clientId: 'c', epoch: 'epoch-1', refusal: undefined };
    await engine.decide(acknowledge({ ...ack, deltaId: newer.deltaId }));
    await engine.decide(acknowledge({ ...ack, deltaId: newer.deltaId }));
    await engine.decide(acknowledge({ ...ack, deltaId: delta.deltaId }));
    expect(engine.ledger.state.acknowledged('c')).toBe(2);
    expect(engine.ledger.state.acknowledged('d')).toBe(0);
  });

  test('with an error reverts, and names the client', async () => {
    const { engine, delta, live } = await withOneDelta();
    const ack = { clientId: 'c "1"', epoch: '', deltaId: delta.deltaId, refusal };
    await engine.decide(acknowledge(ack));
    expect(live()).toBe(0.8);
    expect(engine.ledger.state.delta(delta.deltaId)).toMatchObject({
      state: 'reverted',
      summary: 'Refused by client "c \\"1\\"": UNSUPPORTED: no such thing',
    });
    // Another client's refusal finds done what it wants.
    await engine.decide(acknowledge({ ...ack, clientId: 'd' }));
    expect(engine.ledger.state.head.sequence).toBe(2);
  });

  test('a revert cannot be refused, or two clients could quarrel for ever', async () => {
    const { engine, delta } = await withOneDelta();
    const reversal = await engine.decide(revert(delta.deltaId, ''));
    const ack = { clientId: 'c', epoch: '', deltaId: reversal.deltaId, refusal };
    await expect(engine.decide(acknowledge(ack))).rejects.toMatchObject({ reason: 'DELTA_STATE' });
  });

  test('another epoch is EPOCH_CHANGED; a delta never in force is DELTA_STATE', async () => {
    const { engine, delta } = await withOneDelta();
    const ack = { clientId: 'c', epoch: 'other', deltaId: delta.deltaId, refusal: undefined };
    await expect(engine.decide(acknowledge(ack))).rejects.toMatchObject({
      reason: 'EPOCH_CHANGED',
    });
    await engine.configure({
      ...engine.settings,
      curation: { ...engine.settings.curation, mode: 'recommend', cooldownSeconds: 0 },
    });
    await recordWindow(engine, { status: 'failure' });
    const [waiting] = (await engine.runCycle()).deltas;
    const early = { ...ack, epoch: '', deltaId: waiting?.deltaId ?? '' };
    await expect(engine.decide(acknowledge(early))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
  });
});

describe('approve and reject', () => {
  async function withProposal() {
    const fixture = await createEngineFixture('curation: { mode: recommend }');
    await fixture.engine.recordTasks(tasksOf(30, { status: 'failure' }));
    const [delta] = (await fixture.engine.runCycle()).deltas;
    if (delta === undefined) throw new Error('no delta');
    return { ...fixture, delta };
  }

  test('approve puts it in force and counts it once', async () => {
    const { engine, delta } = await withProposal();
    expect(engine.ledger.state.head.counters.deltasApplied).toBe(0);
    expect(await engine.decide(approve(delta.deltaId, ''))).toMatchObject({
      state: 'applied',
      sequence: 1,
    });
    await expect(engine.decide(approve(delta.deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
    expect(engine.ledger.state.head.counters.deltasApplied).toBe(1);
  });

  test('the old value is the one that it replaces, whatever it was when it was proposed', async () => {
    const { engine, delta } = await withProposal();
    await engine.decide(setParameter({ ...SET, value: 0.9 }));
    expect(delta).toMatchObject({ oldValue: 0.8 });
    expect(await engine.decide(approve(delta.deltaId, ''))).toMatchObject({ oldValue: 0.9 });
  });

  test('what the config no longer allows is not approved', async () => {
    const { engine, delta } = await withProposal();
    const { parameters } = engine.settings;
    const threshold = parameters.fallback_strategy_threshold;
    if (threshold === undefined) throw new Error('no such parameter');
    await engine.configure({
      ...engine.settings,
      parameters: { ...parameters, fallback_strategy_threshold: { ...threshold, min: 0.78 } },
    });
    await expect(engine.decide(approve(delta.deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
      message: expect.stringContaining('expected at least 0.78, got 0.75'),
    });
  });

  test('reject keeps the reason', async () => {
    const { engine, delta } = await withProposal();
    expect(await engine.decide(reject(delta.deltaId, 'not now'))).toMatchObject({
      state: 'rejected',
      sequence: 0,
      summary: 'Rejected by an operator: not now',
    });
  });
});
