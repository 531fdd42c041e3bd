import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { baseline } from '../../src/engine/resolve.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { normalNoise } from '../support/engine/noise.ts';
import { createJsonStore } from '../support/ledger/json-store.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const yaml = trialYaml({
  trial: 'cohorts: kind, holdback: 0.2',
  top: 'cycle: { history_limit: 400 }',
});

type End = (level: unknown, kind: string) => Partial<Task>;

const noise = normalNoise(5);
const steady = (ratio: number) => ({ latencyMs: 100 * ratio * Math.exp(0.2 * noise()) });

/** Tasks of code get faster with the new value, and those of research slower. */
const opposite: End = (level, kind) => steady(level !== 1 ? 1 : kind === 'code' ? 0.5 : 2);
const alike: End = (level) => steady(level === 1 ? 0.5 : 1);

let ran = 0;

async function runOne(fixture: TrialFixture, kind: string, end: End): Promise<void> {
  const { engine, clock } = fixture;
  ran += 1;
  const taskId = `split-${ran}`;
  const labels = { kind };
  const { parameters, deltaSequence } = await engine.resolve({ taskId, labels });
  await clock.advance(1000);
  const task = { taskId, labels, deltaSequence, finishTimeMs: clock.now() };
  await engine.recordTasks([taskOf({ ...task, ...end(parameters.level, kind) })]);
}

async function onTrial(kindOf: (i: number) => string, text = yaml) {
  const fixture = await createTrialFixture(text, createJsonStore());
  for (let i = 0; i < 120; i += 1) await runOne(fixture, kindOf(i), () => steady(1));
  return { fixture, deltaId: await fixture.begin() };
}

const kinds = (i: number) => (i % 2 === 0 ? 'code' : 'research');

async function runOut(fixture: TrialFixture, deltaId: string, end: End) {
  for (let i = 0; i < 500; i += 1) {
    if (fixture.delta(deltaId).state !== 'trial') return;
    await runOne(fixture, kinds(i), end);
  }
  throw new Error('the trial does not end');
}

const levelOf = ({ state }: TrialFixture, kind: string) =>
  baseline(state, { kind }).parameters.level;

describe('a trial of all, where trial.cohorts names a label', () => {
  test('splits where the cohorts differ: the helped one gets the value at once', async () => {
    const { fixture, deltaId } = await onTrial(kinds);
    expect(fixture.trial?.plan.cohorts).toEqual({ label: 'kind', values: ['code', 'research'] });
    await runOut(fixture, deltaId, opposite);
    const { state, summary, effect } = fixture.delta(deltaId);
    expect([state, effect?.verdict]).toEqual(['reverted', 'inconclusive']);
    expect(summary).toContain('helped kind=code');
    expect(summary).toContain('harmed kind=research');
    expect(fixture.state.trials).toMatchObject([
      {
        stage: 'probation',
        plan: { cohort: { label: 'kind', value: 'code' }, splitFrom: deltaId },
      },
    ]);
    const levels = [levelOf(fixture, 'code'), levelOf(fixture, 'research'), fixture.level];
    expect(levels).toEqual([1, 0, 0]);
    const harmed = Object.values(fixture.state.head.changes).filter((one) => one.harmed > 0);
    expect(harmed).toMatchObject([{ ofAll: expect.any(String), verdict: 'harmed' }]);
    const again = await fixture.reopen(yaml);
    expect(again.state.trials).toEqual(fixture.state.trials);
    expect(again.state.head.cohortValues).toEqual(fixture.state.head.cohortValues);
    for (let i = 0; i < 200; i += 1) await runOne(again, kinds(i), opposite);
    expectAudited(again.store);
  });

  test('does not where they are alike', async () => {
    const { fixture, deltaId } = await onTrial(kinds);
    await runOut(fixture, deltaId, alike);
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'provisional', cohort: undefined });
    expect(fixture.level).toBe(1);
    expectAudited(fixture.store);
  });

  test('tells 1,000 values not apart, and says so', async () => {
    const { fixture, deltaId } = await onTrial((i) => `kind-${(i * 7) % 1000}`);
    expect(fixture.trial?.plan.cohorts).toBeUndefined();
    expect(fixture.delta(deltaId).summary).toContain(
      'kind has 100 values among the newest 100 tasks, and 2 to 5 can be told apart',
    );
  });
});

test('without trial.cohorts, an undecided trial says which label tells tasks apart', async () => {
  const { fixture, deltaId } = await onTrial(kinds, trialYaml({ trial: 'pair_by: [kind]' }));
  await runOut(fixture, deltaId, opposite);
  const { summary } = fixture.delta(deltaId);
  expect(summary).toContain(
    'kind=code did better with the new value, and those with kind=research',
  );
  expect(
    fixture.engine.settings.rules.map((rule) => fixture.engine.ruleStatus(rule)),
  ).toMatchObject([{ apart: expect.stringContaining('trial.cohorts: kind') }]);
  const other = await onTrial(kinds, trialYaml({ trial: 'pair_by: [kind]' }));
  await runOut(other.fixture, other.deltaId, () => steady(1));
  expect(other.fixture.delta(other.deltaId).summary).not.toContain('trial.cohorts');
});
