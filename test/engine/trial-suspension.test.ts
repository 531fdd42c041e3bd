import { describe, expect, test } from 'vitest';
import { revert } from '../../src/engine/revert.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { openTasks } from '../../src/trial/trial.ts';
import { configOf, taskOf } from '../support/engine/engine-fixture.ts';
import { auditStore, expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';
import { ask, inStage, provenOf, report, suspend } from '../support/trials/trial-stages.ts';

const HOUR_MS = 3_600_000;

/** Two rules: the second one's parameter may be tried where the first one's trial leaves room. */
const TWO = { rules: [{}, { id: 'second', target: 'other' }] };

/** Suspended for harm, with a task out. */
async function suspended(state: 'trial' | 'provisional', text = {}) {
  const setup = state === 'trial' ? await beginning(text) : await inStage('provisional', text);
  await suspend(setup.fixture, setup.deltaId);
  return setup;
}

async function beginning(text = {}) {
  const yaml = trialYaml(text);
  const fixture = await createTrialFixture(yaml);
  return { fixture, deltaId: await fixture.begin(), yaml };
}

describe.each(['trial', 'provisional'] as const)('harm by order of arrival, of a %s,', (state) => {
  test('has the old value in force for everybody, and its delta says so', async () => {
    const { fixture, deltaId } = await suspended(state);
    expect(fixture.level).toBe(0);
    expect(fixture.delta(deltaId)).toMatchObject({
      state,
      summary: expect.stringMatching(/^Suspended: the reports so far show harm/),
    });
    for (let i = 0; i < 10; i += 1) {
      const { assignments, parameters } = await ask(fixture, `later-${i}`);
      expect([assignments, parameters.level]).toEqual([[], 0]);
    }
    const out = openTasks(provenOf(fixture, deltaId)).filter(({ outcome }) => !outcome);
    expect(out.map(({ taskId }) => taskId)).toEqual(['open-0']);
  });

  test('is HARMED once the rest has come and the order of dispatch says so', async () => {
    const { fixture, deltaId } = await suspended(state);
    await report(fixture, 'open-0');
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'harmed' },
    });
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.level).toBe(0);
    expectAudited(fixture.store);
  });

  test('goes on where the order of dispatch shows none', async () => {
    const { fixture, deltaId } = await beginningOf(state);
    const open = state === 'trial' ? 14 : 30;
    await suspend(fixture, deltaId, open);
    expect(fixture.level).toBe(0);
    // Those that were out had gone well with the new value.
    for (let i = 0; i < open; i += 1) {
      const { parameters } = await ask(fixture, `open-${i}`);
      await report(fixture, `open-${i}`, parameters.level === 1 ? 10 : 100);
    }
    expect(provenOf(fixture, deltaId).suspendedMs).toBeUndefined();
    expect(fixture.delta(deltaId)).toMatchObject({
      state,
      summary: expect.stringMatching(/in order of dispatch there is no harm/),
    });
    expect(fixture.level).toBe(state === 'trial' ? 0 : 1);
    expect((await ask(fixture, 'more')).assignments).toHaveLength(1);
    expectAudited(fixture.store);
  });

  test('stays so while trials are paused, and what is reported meanwhile is counted', async () => {
    const { fixture, deltaId } = await suspended(state);
    fixture.engine.start();
    fixture.engine.setActive(false);
    const before = provenOf(fixture, deltaId);
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.clock.advance(2000);
    const { suspendedMs, sets, arrival } = before;
    expect(provenOf(fixture, deltaId)).toMatchObject({ suspendedMs, sets, arrival });
    expect(fixture.level).toBe(0);
    await report(fixture, 'open-0');
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'harmed' },
    });
    expect(fixture.level).toBe(0);
    expectAudited(fixture.store);
  });

  test('goes on no sooner than trials are resumed', async () => {
    const { fixture, deltaId } = await beginningOf(state);
    const open = state === 'trial' ? 14 : 30;
    await suspend(fixture, deltaId, open);
    const arms = new Map(
      provenOf(fixture, deltaId).assignments.map((one) => [one.taskId, one.arm]),
    );
    await fixture.engine.decide(setTrialsPaused(true));
    for (let i = 0; i < open; i += 1) {
      await report(fixture, `open-${i}`, arms.get(`open-${i}`) === 'new' ? 10 : 100);
    }
    expect(provenOf(fixture, deltaId)).toMatchObject({ suspendedMs: expect.any(Number), sets: [] });
    expect(fixture.level).toBe(0);
    await fixture.engine.decide(setTrialsPaused(false));
    expect(provenOf(fixture, deltaId).suspendedMs).toBeUndefined();
    expect(fixture.level).toBe(state === 'trial' ? 0 : 1);
    expectAudited(fixture.store);
  });

  test('stays so over a restart', async () => {
    const { fixture, deltaId, yaml } = await suspended(state);
    const again = await fixture.reopen(yaml);
    expect(again.state.trials).toEqual(fixture.state.trials);
    await report(again, 'open-0');
    expect(again.delta(deltaId)).toMatchObject({ effect: { verdict: 'harmed' } });
  });

  test.each([
    ['RevertDelta', ({ engine }: TrialFixture, id: string) => engine.decide(revert(id, 'no')), 0],
    ['SetParameter', (fixture: TrialFixture) => fixture.setLevel(5), 5],
    [
      'a config',
      ({ engine }: TrialFixture) => engine.configure(configOf(trialYaml({ spec: 'max: 0.5' }))),
      0,
    ],
  ] as const)('is taken back where %s ends it', async (_, end, level) => {
    const { fixture, deltaId } = await suspended(state);
    await end(fixture, deltaId);
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.level).toBe(level);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
    });
    expectAudited(fixture.store);
  });
});

/** Nothing is known yet of groups or pairs. */
function beginningOf(state: 'trial' | 'provisional') {
  return state === 'trial' ? beginning() : inStage('provisional');
}

describe('a task that is lost', () => {
  /** Suspended, with the task that is out given up. */
  async function settling() {
    const setup = await suspended('trial', TWO);
    const { fixture, deltaId } = setup;
    fixture.engine.start();
    fixture.engine.setActive(false);
    await fixture.clock.advance(provenOf(fixture, deltaId).plan.outcomeTimeoutMs);
    expect(provenOf(fixture, deltaId)).toMatchObject({ sets: [], lost: [{ taskId: 'open-0' }] });
    return setup;
  }

  test('makes HARMED wait for an hour: its report may still come', async () => {
    const { fixture, deltaId } = await settling();
    const sinceMs = provenOf(fixture, deltaId).suspendedMs ?? 0;
    await fixture.clock.advance(sinceMs + HOUR_MS - 1000 - fixture.clock.now());
    expect(fixture.delta(deltaId).state).toBe('trial');
    await fixture.clock.advance(1000);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'harmed' },
    });
    expectAudited(fixture.store);
  });

  test('lets other parameters be tried meanwhile, and not its own', async () => {
    const { fixture, deltaId } = await settling();
    await fixture.news();
    await fixture.cycle();
    expect(fixture.state.trials).toHaveLength(2);
    expect(fixture.state.trials.at(-1)?.plan).toMatchObject({ target: 'other' });
    expect((await ask(fixture, 'a')).assignments).toMatchObject([{ stage: 'trial' }]);
    expect(fixture.state.trials.map(({ assigned }) => assigned > 0)).toEqual([true, true]);
    expect([...auditStore(fixture.store).values()].flatMap(({ faults }) => faults)).toEqual([]);
    await fixture.clock.advance(HOUR_MS);
    expect(fixture.delta(deltaId).effect).toMatchObject({ verdict: 'harmed' });
    expectAudited(fixture.store);
  });

  test('counts as its late report says, and then there may have been no harm', async () => {
    const { fixture, deltaId } = await settling();
    const [lost] = provenOf(fixture, deltaId).lost;
    // The new value does better where it is the one that was lost, and where it was not.
    await report(fixture, 'open-0', lost?.arm === 'new' ? 1 : 10_000);
    expect(fixture.delta(deltaId).state).toBe('trial');
    await fixture.clock.advance(HOUR_MS);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
      summary: expect.stringMatching(/^Invalid: without 1 late reports there was harm, and with/),
    });
    expectAudited(fixture.store);
  });
});

describe('reports that come after their tasks were given up', () => {
  test('make a trial INVALID; the next one of the change waits longer', async () => {
    const { fixture, deltaId } = await beginning({ rules: [{ more: 'guards: []' }] });
    fixture.engine.start();
    fixture.engine.setActive(false);
    const { outcomeTimeoutMs } = provenOf(fixture, deltaId).plan;
    for (let i = 0; i < 4; i += 1) await ask(fixture, `late-${i}`);
    await fixture.clock.advance(outcomeTimeoutMs + 140_000);
    for (let i = 0; i < 3; i += 1) {
      await fixture.engine.recordTasks([taskOf({ taskId: `late-${i}`, latencyMs: 100 })]);
    }
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
      summary: expect.stringMatching(/^Invalid: 3 reports came after the outcome timeout/),
    });
    const longestMs = outcomeTimeoutMs + 140_000;
    expect(Object.values(fixture.state.head.changes)).toMatchObject([
      { verdict: 'invalid', longestMs },
    ]);
    for (let i = 0; i < 110; i += 1) await fixture.run(faster);
    await fixture.clock.advance(300_000);
    await fixture.begin();
    expect(fixture.trial?.plan.outcomeTimeoutMs).toBe(3 * longestMs);
    expectAudited(fixture.store);
  });
});
