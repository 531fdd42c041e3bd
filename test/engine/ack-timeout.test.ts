import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve } from '../../src/engine/curation.ts';
import { baseline } from '../../src/engine/resolve.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  faster,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const CURATION = 'ack_timeout_seconds: 60';
const SUMMARY = 'Reverted: no client acknowledged it within curation.ack_timeout_seconds';

const yaml = trialYaml({ curation: CURATION, rules: [{ more: 'mode: apply' }] });

/** An engine whose timer for deadlines runs, with `level` set to 1 by a rule. */
async function withDelta(text = yaml) {
  const fixture = await createTrialFixture(text);
  fixture.engine.start();
  fixture.engine.setActive(false);
  const [delta] = await fixture.cycle();
  expect(delta).toMatchObject({ state: 'applied', newValue: 1 });
  return { fixture, deltaId: delta?.deltaId ?? '' };
}

function takeUp({ engine }: TrialFixture, deltaId: string): Promise<void> {
  return engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal: undefined }));
}

describe('a delta that no client acknowledges', () => {
  test('is reverted when the time is up, the timer running or not', async () => {
    const { fixture, deltaId } = await withDelta();
    await fixture.clock.advance(59_000);
    expect(fixture.level).toBe(1);
    await fixture.clock.advance(1000);
    expect(fixture.level).toBe(0);
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'reverted', summary: SUMMARY });
    const [reversal] = fixture.state.deltasNewestFirst();
    expect(reversal).toMatchObject({ revertsDeltaId: deltaId, newValue: 0, reasoning: SUMMARY });
    const { sequence } = fixture.state.head;
    await fixture.clock.advance(600_000);
    expect(fixture.state.head.sequence).toBe(sequence);
  });

  test('is reverted after a restart, too', async () => {
    const { fixture } = await withDelta();
    const again = await fixture.reopen(yaml);
    again.engine.start();
    again.engine.setActive(false);
    await again.clock.advance(60_000);
    expect(again.level).toBe(0);
  });

  test('is reverted if it was approved', async () => {
    const fixture = await createTrialFixture(yaml.replace('mode: apply', 'mode: recommend'));
    fixture.engine.start();
    fixture.engine.setActive(false);
    const [delta] = await fixture.cycle();
    await fixture.clock.advance(100_000);
    await fixture.engine.decide(approve(delta?.deltaId ?? '', ''));
    await fixture.clock.advance(59_000);
    expect(fixture.level).toBe(1);
    await fixture.clock.advance(1000);
    expect(fixture.level).toBe(0);
  });

  test.each(ASSIGNMENTS)('is reverted if a trial by %s promoted it', async (assignment) => {
    const fixture = await createTrialFixture(trialYaml({ assignment, curation: CURATION }));
    fixture.engine.start();
    fixture.engine.setActive(false);
    const deltaId = await fixture.begin();
    await fixture.runOut(faster);
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'provisional' });
    await fixture.clock.advance(60_000);
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'helped' },
    });
    expect(fixture.level).toBe(0);
  });
});

describe('what stays', () => {
  test('a delta that one client has acknowledged, or a later one', async () => {
    for (const later of [false, true]) {
      const { fixture, deltaId } = await withDelta();
      const newer = await fixture.setLevel(3, 'other');
      await takeUp(fixture, later ? newer.deltaId : deltaId);
      await fixture.clock.advance(600_000);
      expect(fixture.level).toBe(1);
    }
  });

  test('a delta that only an earlier one was acknowledged of does not', async () => {
    const { fixture } = await withDelta(
      trialYaml({
        curation: CURATION,
        rules: [
          { more: 'mode: apply', when: 'parameters.other > 0.0' },
          { id: 'two', target: 'other', more: 'mode: apply' },
        ],
      }).replace("when: 'parameters.other > 0.0'", "when: 'true'"),
    );
    const deltas = [...fixture.state.deltasNewestFirst()];
    await takeUp(fixture, deltas.at(-1)?.deltaId ?? '');
    await fixture.clock.advance(60_000);
    expect(baseline(fixture.engine.ledger.state).parameters).toMatchObject({ level: 1, other: 0 });
  });

  test('an override', async () => {
    const fixture = await createTrialFixture(yaml);
    fixture.engine.start();
    fixture.engine.setActive(false);
    await fixture.setLevel(5);
    await fixture.clock.advance(600_000);
    expect(fixture.level).toBe(5);
  });

  test.each([5, 1, 0])('an override to %i of what nobody acknowledged', async (value) => {
    const { fixture, deltaId } = await withDelta();
    await fixture.setLevel(value);
    await fixture.clock.advance(600_000);
    expect(fixture.level).toBe(value);
    expect(fixture.delta(deltaId).state).toBe('applied');
  });

  test('what an operator set before it was set again by a rule', async () => {
    const { fixture } = await withDelta();
    await fixture.setLevel(4);
    await fixture.news();
    await fixture.clock.advance(10_000);
    const [again] = await fixture.cycle();
    expect(again).toMatchObject({ oldValue: 4, newValue: 1 });
    await fixture.clock.advance(60_000);
    expect(fixture.level).toBe(4);
  });

  test('everything, without the setting', async () => {
    const { fixture } = await withDelta(yaml.replace(`, ${CURATION}`, ''));
    await fixture.clock.advance(10_000_000);
    expect(fixture.level).toBe(1);
  });
});

describe.each(ASSIGNMENTS)('in a trial by %s of its parameter,', (assignment) => {
  const rules = [
    { more: 'mode: apply', when: 'parameters.level == 0.0' },
    { id: 'more', value: '2', when: 'parameters.level == 1.0' },
  ];
  const text = trialYaml({ assignment, rules, curation: CURATION });

  test('a delta that nobody acknowledged is reverted, and the trial ended', async () => {
    const { fixture, deltaId } = await withDelta(text);
    await fixture.clock.advance(10_000);
    await fixture.news();
    const triedId = await fixture.begin();
    expect(fixture.trial?.plan).toMatchObject({ oldValue: 1, newValue: 2 });
    const live = assignment === 'task' ? 1 : 2;
    for (let i = 0; i < 12 || fixture.level !== live; i += 1) await fixture.run();
    await fixture.clock.advance(60_000);
    expect(fixture.trial).toBeUndefined();
    expect(fixture.delta(triedId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
    });
    expect(fixture.delta(triedId)?.summary).toContain(`no client acknowledged delta ${deltaId}`);
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'reverted', summary: SUMMARY });
    expect(fixture.level).toBe(0);
  });

  test('a delta that was acknowledged stays, and the trial goes on', async () => {
    const { fixture, deltaId } = await withDelta(text);
    await takeUp(fixture, deltaId);
    await fixture.clock.advance(10_000);
    await fixture.news();
    const triedId = await fixture.begin();
    for (let i = 0; i < 80 && fixture.trial !== undefined; i += 1) await fixture.run();
    expect(fixture.trial?.plan.deltaId).toBe(triedId);
  });

  test('its switches need not be acknowledged', async () => {
    const fixture = await createTrialFixture(
      trialYaml({ assignment, curation: CURATION, trial: 'outcome_timeout_seconds: 3600' }),
    );
    fixture.engine.start();
    fixture.engine.setActive(false);
    await fixture.begin();
    const { sequence } = fixture.state.head;
    await fixture.clock.advance(600_000);
    expect(fixture.trial).toBeDefined();
    expect(fixture.state.head.sequence).toBe(sequence);
  });
});
