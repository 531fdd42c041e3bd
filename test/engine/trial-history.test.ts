import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { ListDeltasRequestSchema } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { listDeltas } from '../../src/rpc/services/queries.ts';
import { configOf, taskOf } from '../support/engine/engine-fixture.ts';
import { createJsonStore } from '../support/ledger/json-store.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  faster,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

function listed({ state }: TrialFixture, includeTrialSwitches = false) {
  const request = create(ListDeltasRequestSchema, { pageSize: 1000, includeTrialSwitches });
  return listDeltas(state, request).deltas ?? [];
}

/** The changes put in force, as they were then, from the oldest that is retained. */
function changesOf({ state }: TrialFixture) {
  const { sequence, compactedThrough } = state.head;
  return Array.from({ length: sequence - compactedThrough }, (_, i) =>
    state.appliedAt(compactedThrough + i + 1),
  );
}

describe.each(ASSIGNMENTS)('the history of trials by %s', (assignment) => {
  const yaml = trialYaml({ assignment });

  test('has the switches only where they are asked for', async () => {
    const fixture = await createTrialFixture(yaml);
    const deltaId = await fixture.begin();
    await fixture.runOut(slower);
    expect(listed(fixture)).toMatchObject([{ deltaId, trialDeltaId: '' }]);
    const all = listed(fixture, true);
    const switches = all.filter(({ trialDeltaId }) => trialDeltaId === deltaId);
    expect(switches).toHaveLength(all.length - 1);
    expect(switches.length).toBe(fixture.state.head.sequence);
    expect(switches.length > 0).toBe(assignment === 'switchback');
    for (const one of switches) expect(one).toMatchObject({ ruleId: 'raise', cycleNumber: 0n });
  });

  test('counts proposals, and those put in force by a verdict, and nothing else', async () => {
    const fixture = await createTrialFixture(yaml);
    const counters = () => fixture.state.head.counters;
    await fixture.begin();
    expect(counters()).toMatchObject({ deltasProposed: 1, deltasApplied: 0, recommended: 1 });
    await fixture.runOut(slower);
    expect(counters()).toMatchObject({ deltasProposed: 1, deltasApplied: 0 });
    for (let i = 0; i < 120; i += 1) await fixture.run();
    await fixture.clock.advance(300_000);
    const { cycle } = await fixture.engine.runCycle();
    expect(cycle).toMatchObject({ deltasProposed: 1, deltasApplied: 0 });
    await fixture.runOut(faster);
    expect(counters()).toMatchObject({ deltasProposed: 2, deltasApplied: 1 });
    expect(counters().byType).toEqual({ coordination: 0, strategy: 0, resource: 2, metric: 0 });
    await fixture.setLevel(0);
    expect(counters()).toMatchObject({ deltasProposed: 2, deltasApplied: 1 });
  });

  test('numbers every change, and no change twice', async () => {
    const fixture = await createTrialFixture(yaml);
    await fixture.begin();
    await fixture.runOut();
    await fixture.clock.advance(60_000);
    await fixture.news();
    await fixture.begin();
    await fixture.setLevel(3);
    const changes = changesOf(fixture);
    expect(changes.map((delta) => delta?.sequence)).toEqual(changes.map((_, i) => i + 1));
    // Each says truly what it replaced.
    let live: unknown = 0;
    for (const delta of changes) {
      expect(delta?.oldValue).toEqual(live);
      live = delta?.newValue;
    }
    expect(fixture.level).toEqual(live);
  });

  test('shorter than a trial, does not forget it', async () => {
    const short = trialYaml({ assignment, top: 'ledger: { retain_deltas: 2 }' });
    const fixture = await createTrialFixture(short);
    const deltaId = await fixture.begin();
    for (let i = 0; i < 60; i += 1) await fixture.run();
    expect(fixture.delta(deltaId).state).toBe('trial');
    const again = await fixture.reopen(short);
    expect(again.trial).toEqual(fixture.trial);
    await again.runOut(faster);
    expect(again.delta(deltaId)).toMatchObject({
      state: 'provisional',
      effect: { verdict: 'helped' },
    });
    const { sequence, compactedThrough } = again.state.head;
    expect(changesOf(again).map((delta) => delta?.sequence)).toEqual(
      Array.from({ length: sequence - compactedThrough }, (_, i) => compactedThrough + i + 1),
    );
    if (assignment === 'switchback') expect(compactedThrough).toBeGreaterThan(10);
  });

  test('opened again at any moment, is as it was', async () => {
    const quick = trialYaml({ assignment, trial: 'outcome_timeout_seconds: 2' });
    let fixture = await createTrialFixture(quick, createJsonStore());
    await fixture.begin();
    for (let i = 0; i < 70; i += 1) {
      const status = i % 40 === 3 ? 'cancelled' : i % 7 === 2 ? 'failure' : 'success';
      await fixture.run(() => ({ latencyMs: 100 + ((i * 37) % 50), status }));
      if (i % 20 === 5) await fixture.engine.decide(setTrialsPaused(true));
      if (i % 20 === 8) await fixture.engine.decide(setTrialsPaused(false));
      if (i % 6 < 2) await fixture.engine.resolve({ taskId: `open-${i}`, labels: {} });
      else await fixture.engine.recordTasks([taskOf({ taskId: `open-${i - 3}` })]);
      const again = await fixture.reopen(quick);
      expect(again.state.trials).toEqual(fixture.state.trials);
      expect([...again.state.deltasNewestFirst()]).toEqual([...fixture.state.deltasNewestFirst()]);
      expect(again.state.head.parameters).toEqual(fixture.state.head.parameters);
      fixture = again;
    }
    expect(fixture.trial?.tasksUsed).toBeGreaterThan(10);
  });

  test('has what was learned and carried after a restart, too', async () => {
    const fixture = await createTrialFixture(yaml, createJsonStore());
    await fixture.begin();
    await fixture.runOut();
    const again = await fixture.reopen(yaml);
    await again.clock.advance(60_000);
    await again.news();
    await again.begin();
    expect(again.trial?.plan.carried?.[0]?.sets).toBeGreaterThan(9);
    expect(again.trial).toMatchObject({ tasksUsed: 0, evidence: again.trial?.plan.carried });
    expect(again.state.head.rules.raise).toMatchObject({ inconclusive: 1 });
  });
});

test('evidence is carried on as long as its delta is retained', async () => {
  const yaml = trialYaml({ top: 'ledger: { retain_deltas: 3 }' });
  for (const [others, sets] of [
    [2, 50],
    [3, undefined],
  ] as const) {
    const fixture = await createTrialFixture(yaml);
    await fixture.begin();
    await fixture.runOut();
    for (let i = 0; i < others; i += 1) await fixture.setLevel(i, 'other');
    const again = await fixture.reopen(yaml);
    await again.clock.advance(60_000);
    await again.begin();
    if (sets === undefined) expect(again.trial?.plan.carried).toBeUndefined();
    else expect(again.trial?.plan.carried?.[0]?.sets).toBeGreaterThanOrEqual(sets);
  }
});

describe('evidence is carried on to', () => {
  const text = { rules: [{ value: 'parameters.other + 1.0' }] };

  async function carriedBy(change: (fixture: TrialFixture) => Promise<unknown>) {
    const fixture = await createTrialFixture(trialYaml(text));
    await fixture.begin();
    await fixture.runOut();
    await change(fixture);
    await fixture.clock.advance(1_000_000);
    await fixture.news();
    await fixture.begin();
    return fixture.trial?.plan.carried?.length;
  }

  test.each([
    ['the same change', async () => {}, 3],
    ['no other new value', (fixture: TrialFixture) => fixture.setLevel(1, 'other'), undefined],
    ['no other old value', (fixture: TrialFixture) => fixture.setLevel(9), undefined],
  ])('%s', async (_, change, metrics) => {
    expect(await carriedBy(change)).toBe(metrics);
  });

  test('no other text of the rule', async () => {
    const changed = trialYaml({ rules: [{ ...text.rules[0], confidence: 0.8 }] });
    const carried = await carriedBy(({ engine }) => engine.configure(configOf(changed)));
    expect(carried).toBeUndefined();
  });
});
