import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import type { Follower } from '../../src/engine/decision/environment.ts';
import { MAX_REFUSALS, summaryOf } from '../../src/engine/decision/refusals.ts';
import { ruleRest } from '../../src/engine/proposals/proposals.ts';
import { revert } from '../../src/engine/revert.ts';
import { runningBlock } from '../../src/trial/trial.ts';
import { createEngineFixture, recordWindow, taskOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { faster, type TrialFixture } from '../support/trials/trial-fixture.ts';
import { inStage, provenOf } from '../support/trials/trial-stages.ts';

const UNSUPPORTED = { reason: 'UNSUPPORTED', message: 'no such level' };

/** Enough for a change to be confirmed soon; with guards, it is on probation for longer. */
const SOON = { rules: [{ more: 'guards: []' }] };
const TEXTS = { provisional: {}, confirmed: SOON };

const follower = (clientId: string, types: Follower['types'] = []): Follower => ({
  ...{ clientId, types, snapshotSequence: 0 },
});

/** These clients have an open stream each. */
function subscribe({ engine }: Pick<TrialFixture, 'engine'>, ...clientIds: string[]): void {
  engine.followedBy(() => clientIds.map((clientId) => follower(clientId)));
}

function refuse({ engine }: TrialFixture, deltaId: string, clientId: string): Promise<void> {
  return engine.decide(acknowledge({ clientId, epoch: '', deltaId, refusal: UNSUPPORTED }));
}

function accept({ engine }: TrialFixture, deltaId: string, clientId: string): Promise<void> {
  return engine.decide(acknowledge({ clientId, epoch: '', deltaId, refusal: undefined }));
}

const STAYS = /Refused by 1 of 3 clients, which is not enough: "c1": UNSUPPORTED: no such level$/;

test.each(['trial', 'provisional', 'confirmed'] as const)(
  'a change that an operator reverts (%s) rests as after a refusal, over restarts too',
  async (state) => {
    const { fixture, deltaId, yaml } = await inStage(state, state === 'confirmed' ? SOON : {});
    const revertMs = fixture.clock.now();
    await fixture.engine.decide(revert(deltaId, 'no room'));
    expect(fixture.level).toBe(0);
    const again = await fixture.reopen(yaml);
    await again.clock.advance(10_000);
    await again.news();
    expect(await again.cycle()).toEqual([]);
    const rest = ruleRest(again.state, 'raise', again.clock.now());
    expect(rest?.untilMs).toBe(revertMs + 300_000);
  },
);

describe.each(['provisional', 'confirmed'] as const)('a delta that is %s', (state) => {
  test('stays when one client of three refuses it, and says who does and why', async () => {
    const { fixture, deltaId } = await inStage(state, TEXTS[state]);
    subscribe(fixture, 'c1', 'c2', 'c3');
    await refuse(fixture, deltaId, 'c1');
    const { position } = fixture.state.head;
    const delta = fixture.delta(deltaId);
    expect(delta).toMatchObject({ state, refusals: [{ clientId: 'c1', ...UNSUPPORTED }] });
    expect(summaryOf(delta)).toMatch(STAYS);
    expect(fixture.level).toBe(1);
    // Said again, it is no news.
    await refuse(fixture, deltaId, 'c1');
    expect(fixture.state.head.position).toBe(position);
  });

  test('is taken back when two of three refuse it, with a restart between, and rests', async () => {
    const { fixture, deltaId, yaml } = await inStage(state, TEXTS[state]);
    subscribe(fixture, 'c1', 'c2', 'c3');
    await refuse(fixture, deltaId, 'c1');
    const again = await fixture.reopen(yaml);
    expect(again.delta(deltaId)).toEqual(fixture.delta(deltaId));
    subscribe(again, 'c1', 'c2', 'c3');
    await refuse(again, deltaId, 'c2');
    const { summary, refusals } = again.delta(deltaId);
    expect(again.delta(deltaId).state).toBe('reverted');
    expect(summary).toBe(
      'Refused by 2 of 3 clients: "c1": UNSUPPORTED: no such level; "c2": UNSUPPORTED: no such level',
    );
    expect(refusals).toHaveLength(2);
    expect([again.level, again.state.trials]).toEqual([0, []]);
    // The third one finds done what it wants.
    await refuse(again, deltaId, 'c3');
    await again.clock.advance(10_000);
    await again.news();
    expect(await again.cycle()).toEqual([]);
    const rest = ruleRest(again.state, 'raise', again.clock.now());
    expect(rest?.untilMs).toBe(again.clock.now() - 10_000 + 300_000);
    await again.clock.advance(300_000);
    await again.news();
    await again.news();
    expect(await again.cycle()).toEqual([]);
    await again.news();
    expect(await again.cycle()).toMatchObject([{ state: 'trial', newValue: 1 }]);
    expectAudited(again.store);
  });

  test('is not taken back by half of the clients, but by the only one', async () => {
    const { fixture, deltaId } = await inStage(state, TEXTS[state]);
    subscribe(fixture, 'c1', 'c2');
    await refuse(fixture, deltaId, 'c1');
    expect(fixture.delta(deltaId).state).toBe(state);
    // The other one has gone, and never acknowledged anything.
    subscribe(fixture, 'c1');
    await refuse(fixture, deltaId, 'c1');
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      summary: 'Refused by client "c1": UNSUPPORTED: no such level',
    });
  });

  test('counts who has acknowledged it, or a later one, and who is sent such deltas', async () => {
    const { fixture, deltaId } = await inStage(state, TEXTS[state]);
    const before = await fixture.setLevel(3, 'other');
    await accept(fixture, before.deltaId, 'later');
    await accept(fixture, deltaId, 'same');
    fixture.engine.followedBy(() => [follower('others', ['strategy']), follower('c1')]);
    await refuse(fixture, deltaId, 'c1');
    expect(fixture.delta(deltaId).refusals).toMatchObject([{ clients: 3 }]);
    expect(fixture.delta(deltaId).state).toBe(state);
    await refuse(fixture, deltaId, 'same');
    expect(fixture.delta(deltaId).state).toBe('reverted');
  });

  test('is taken back by any client where the config says so', async () => {
    const { fixture, deltaId } = await inStage(state, {
      ...TEXTS[state],
      curation: 'refusals: any',
    });
    subscribe(fixture, 'c1', 'c2', 'c3');
    await refuse(fixture, deltaId, 'c2');
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      summary: 'Refused by client "c2": UNSUPPORTED: no such level',
    });
  });
});

describe('without proof', () => {
  test('one client suffices, whoever else is there', async () => {
    const { fixture, deltaId } = await inStage('trial');
    subscribe(fixture, 'c1', 'c2', 'c3');
    await refuse(fixture, deltaId, 'c1');
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'reverted' });
    await fixture.clock.advance(10_000);
    await fixture.news();
    expect(await fixture.cycle()).toEqual([]);
  });

  test('it takes most of them where the config says so; a trial goes on meanwhile', async () => {
    const { fixture, deltaId } = await inStage('trial', { curation: 'refusals: majority' });
    subscribe(fixture, 'c1', 'c2', 'c3');
    await refuse(fixture, deltaId, 'c1');
    expect(fixture.delta(deltaId).state).toBe('trial');
    await fixture.run(faster);
    expect(summaryOf(fixture.delta(deltaId))).toMatch(STAYS);
    await refuse(fixture, deltaId, 'c3');
    expect(fixture.delta(deltaId).state).toBe('reverted');
    expectAudited(fixture.store);
  });

  test('what was put in force at once rests longer each time that it is refused', async () => {
    const fixture = await createEngineFixture(`
curation: { mode: apply, cooldown_seconds: 0 }
parameters: { level: { initial: 0 } }
rules:
  - { id: raise, when: 'true', type: resource, operation: adjust, target: level, new_value: '1',
      reasoning: '"why"', confidence: 0.9, impact: positive }`);
    const { engine, clock } = fixture;
    const windows: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      for (let tried = 1; ; tried += 1) {
        await recordWindow(engine);
        const [delta] = (await engine.runCycle()).deltas;
        if (delta === undefined) continue;
        windows.push(tried);
        const { deltaId } = delta;
        await engine.decide(
          acknowledge({ clientId: 'c', epoch: '', deltaId, refusal: UNSUPPORTED }),
        );
        break;
      }
      await clock.advance(300_000);
    }
    // 30 tasks each: 100 after the first refusal, 200 after the second.
    expect(windows).toEqual([1, 4, 7]);
    expect(engine.ledger.state.head.rules).toEqual({});
  });

  test('a client without a name counts as one', async () => {
    const { fixture, deltaId } = await inStage('confirmed', SOON);
    subscribe(fixture, '', 'c2', 'c3');
    await refuse(fixture, deltaId, '');
    expect(fixture.delta(deltaId).refusals).toMatchObject([{ clientId: '', clients: 3 }]);
  });
});

test('no more refusals are kept than there is room for', async () => {
  const { fixture, deltaId } = await inStage('provisional');
  const ids = Array.from({ length: 2 * MAX_REFUSALS + 2 }, (_, i) => `c${i}`);
  subscribe(fixture, ...ids);
  await Promise.all(ids.slice(0, MAX_REFUSALS + 1).map((id) => refuse(fixture, deltaId, id)));
  expect(fixture.delta(deltaId).refusals).toHaveLength(MAX_REFUSALS);
  expect(fixture.delta(deltaId).state).toBe('provisional');
  expect(summaryOf(fixture.delta(deltaId)).length).toBeLessThan(2000);
});

describe('the tasks of a client that refuses a delta', () => {
  const ask = ({ engine }: TrialFixture, taskId: string, clientId: string) =>
    engine.resolve({ taskId, labels: {}, clientId });

  test('get no arm, where they ask, and need no commit', async () => {
    const { fixture, deltaId } = await inStage('provisional');
    subscribe(fixture, 'c1', 'c2', 'c3');
    await refuse(fixture, deltaId, 'c1');
    const { position } = fixture.state.head;
    for (let i = 0; i < 10; i += 1) {
      expect((await ask(fixture, `refuser-${i}`, 'c1')).assignments).toEqual([]);
    }
    expect(fixture.state.head.position).toBe(position);
    expect((await ask(fixture, 'other', 'c2')).assignments).toMatchObject([{ deltaId }]);
    expect((await ask(fixture, 'nobody', '')).assignments).toMatchObject([{ deltaId }]);
  });

  test('that have an arm count as cancelled, and are recorded as they are', async () => {
    const { fixture, deltaId } = await inStage('provisional');
    subscribe(fixture, 'c1', 'c2', 'c3');
    await ask(fixture, 'out', 'c1');
    await refuse(fixture, deltaId, 'c1');
    const before = provenOf(fixture, deltaId);
    const task = taskOf({ taskId: 'out', clientId: 'c1', finishTimeMs: fixture.clock.now() });
    await fixture.engine.recordTasks([task]);
    const { cancelled } = provenOf(fixture, deltaId);
    expect(cancelled.old + cancelled.new).toBe(before.cancelled.old + before.cancelled.new + 1);
    const [kept] = fixture.state.newestTasks(1);
    expect(kept).toMatchObject({ taskId: 'out', status: 'success' });
    expect(kept).not.toHaveProperty('clientId');
    expectAudited(fixture.store);
  });

  test('are passed over in blocks, whose acknowledgement does not wait for it', async () => {
    const text = { ...SOON, assignment: 'switchback', curation: 'refusals: majority' } as const;
    const { fixture, deltaId } = await inStage('trial', text);
    subscribe(fixture, 'c1', 'c2', 'c3');
    const switched = () => fixture.state.appliedAt(fixture.state.head.sequence)?.deltaId ?? '';
    for (const clientId of ['c1', 'c2', 'c3']) await accept(fixture, switched(), clientId);
    await refuse(fixture, switched(), 'c1');
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'trial',
      refusals: [{ clientId: 'c1', clients: 3 }],
    });
    const outcomes = () => runningBlock(provenOf(fixture, deltaId))?.outcomes.length ?? 0;
    const count = outcomes();
    const deltaSequence = fixture.state.head.sequence;
    const own = { finishTimeMs: fixture.clock.now(), latencyMs: 100, deltaSequence };
    await fixture.engine.recordTasks([taskOf({ ...own, clientId: 'c1' })]);
    expect(outcomes()).toBe(count);
    const block = switched();
    while (switched() === block) await fixture.run(faster);
    await accept(fixture, switched(), 'c2');
    expect(runningBlock(provenOf(fixture, deltaId))?.acknowledgedMs).toBeUndefined();
    await accept(fixture, switched(), 'c3');
    expect(runningBlock(provenOf(fixture, deltaId))?.acknowledgedMs).toBeDefined();
    await refuse(fixture, switched(), 'c2');
    expect(fixture.delta(deltaId).state).toBe('reverted');
    expectAudited(fixture.store);
  });
});
