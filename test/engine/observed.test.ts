import { describe, expect, test } from 'vitest';
import type { Delta } from '../../src/domain/delta.ts';
import type { Task } from '../../src/domain/task.ts';
import { approve } from '../../src/engine/curation.ts';
import { revert } from '../../src/engine/revert.ts';
import { tasksOf } from '../support/engine/engine-fixture.ts';
import {
  createTrialFixture,
  faster,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const applying = (more = '') => trialYaml({ rules: [{ more: 'mode: apply' }], top: more });

/** What an application is done by. */
const WAYS: Record<string, (fixture: TrialFixture) => Promise<Delta | undefined>> = {
  'a rule': async (fixture) => (await fixture.cycle())[0],
  'an override': (fixture) => fixture.setLevel(1),
  'an approval': async (fixture) => {
    const [delta] = await fixture.cycle();
    return fixture.engine.decide(approve(delta?.deltaId ?? '', ''));
  },
};

function yamlFor(way: string): string {
  return way === 'an approval' ? trialYaml({ rules: [{ more: 'mode: recommend' }] }) : applying();
}

function record({ engine }: TrialFixture, count: number, fields: Partial<Task> = {}) {
  return engine.recordTasks(tasksOf(count, fields));
}

describe.each(Object.entries(WAYS))('the effect of %s', (name, apply) => {
  async function applied() {
    const fixture = await createTrialFixture(yamlFor(name));
    // Of these, none is among the last thirty before.
    await record(fixture, 40, { latencyMs: 9999, status: 'failure' });
    await record(fixture, 20, { latencyMs: 100 });
    await record(fixture, 10, { latencyMs: 100, status: 'failure' });
    const delta = await apply(fixture);
    return { fixture, deltaId: delta?.deltaId ?? '' };
  }

  test('is observed by exactly thirty tasks before and after', async () => {
    const { fixture, deltaId } = await applied();
    await record(fixture, 29, { latencyMs: 200 });
    expect(fixture.delta(deltaId).effect).toBeUndefined();
    await record(fixture, 1, { latencyMs: 200 });
    const { effect, summary, state } = fixture.delta(deltaId);
    expect(state).toBe('applied');
    expect(effect).toMatchObject({
      verdict: 'observed',
      tasksUsed: 60,
      metrics: [
        { metric: 'latency', tasksOld: 30, tasksNew: 30, eHarm: 1, eHelp: 1 },
        { metric: 'success' },
      ],
    });
    expect(effect?.metrics[0]?.estimate).toBeCloseTo(Math.log(2), 12);
    expect(effect?.metrics[1]?.estimate).toBeCloseTo(1 / 3, 12);
    expect(summary).toMatch(
      /Observed, 30 tasks before and 30 after: latency \+100 % .*; no proof$/,
    );
    await record(fixture, 100, { latencyMs: 900 });
    expect(fixture.delta(deltaId).effect).toEqual(effect);
  });

  test('is of the first thirty, however many come at once', async () => {
    const { fixture, deltaId } = await applied();
    await record(fixture, 10, { latencyMs: 200 });
    await fixture.engine.recordTasks([
      ...tasksOf(20, { latencyMs: 200 }),
      ...tasksOf(40, { latencyMs: 9999, status: 'failure' }),
    ]);
    const { effect } = fixture.delta(deltaId);
    expect(effect?.metrics[0]?.estimate).toBeCloseTo(Math.log(2), 12);
    expect(effect?.metrics[1]?.estimate).toBeCloseTo(1 / 3, 12);
  });

  test('is the same with a restart in between', async () => {
    const { fixture, deltaId } = await applied();
    await record(fixture, 17, { latencyMs: 200 });
    const again = await fixture.reopen(yamlFor(name));
    expect(again.state.pendingWork.observations).toEqual(fixture.state.pendingWork.observations);
    await record(again, 12, { latencyMs: 200 });
    expect(again.delta(deltaId).effect).toBeUndefined();
    await record(again, 1, { latencyMs: 200 });
    expect(again.delta(deltaId).effect?.metrics[0]?.estimate).toBeCloseTo(Math.log(2), 12);
    expect(again.state.pendingWork.observations).toEqual([]);
  });

  test('is not observed any more once it is reverted, nor is the revert’s', async () => {
    const { fixture, deltaId } = await applied();
    await record(fixture, 29);
    const reversal = await fixture.engine.decide(revert(deltaId, ''));
    await record(fixture, 100);
    expect(fixture.delta(deltaId).effect).toBeUndefined();
    expect(fixture.delta(reversal.deltaId).effect).toBeUndefined();
    expect(fixture.state.pendingWork.observations).toEqual([]);
  });
});

test.each(['task', 'switchback'] as const)(
  'what a trial by %s does is not observed',
  async (assignment) => {
    const fixture = await createTrialFixture(trialYaml({ assignment }));
    const deltaId = await fixture.begin();
    await fixture.runOut(faster);
    await record(fixture, 100);
    expect(fixture.delta(deltaId).effect).toMatchObject({ verdict: 'helped' });
    const deltas = [...fixture.state.deltasNewestFirst()];
    expect(deltas.filter(({ effect }) => effect?.verdict === 'observed')).toEqual([]);
  },
);

test('fewer tasks before are said to be fewer', async () => {
  const yaml = applying('cycle: { min_tasks: 4, analysis_window: 4, history_limit: 40 }');
  const fixture = await createTrialFixture(yaml);
  const again = await createTrialFixture(
    applying('cycle: { min_tasks: 4, analysis_window: 4, history_limit: 10 }'),
  );
  for (const [one, before, after] of [
    [fixture, 30, 30],
    [again, 10, 11],
  ] as const) {
    const [delta] = await one.cycle();
    for (let i = 0; i < 30; i += 1) await record(one, 1);
    const { effect } = one.delta(delta?.deltaId ?? '');
    expect(effect?.metrics[0]).toMatchObject({ tasksOld: before, tasksNew: after });
    expect(effect?.tasksUsed).toBe(before + after);
  }
});

test('of a delta that is forgotten nothing is observed', async () => {
  const yaml = applying('ledger: { retain_deltas: 2 }');
  const fixture = await createTrialFixture(yaml);
  await fixture.cycle();
  for (const value of [1, 2, 3]) await fixture.setLevel(value, 'other');
  const again = await fixture.reopen(yaml);
  expect(fixture.state.pendingWork.observations).toHaveLength(2);
  expect(again.state.pendingWork.observations).toEqual(fixture.state.pendingWork.observations);
  await record(again, 40);
  expect(again.state.pendingWork.observations).toEqual([]);
});
