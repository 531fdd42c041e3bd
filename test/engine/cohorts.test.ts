import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { baseline } from '../../src/engine/resolve.ts';
import { revert } from '../../src/engine/revert.ts';
import { Subscription } from '../../src/ledger/subscription.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { createJsonStore } from '../support/ledger/json-store.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const KINDS = ['code', 'research'];
const CODE = { label: 'kind', value: 'code' };

const yaml = (trial = 'cohorts: kind', rule = '') =>
  trialYaml({
    rules: [{ more: `where: labels.kind == "code"${rule}` }],
    trial: `${trial}, holdback: 0.2`,
    top: 'cycle: { history_limit: 400 }',
  });

/** An engine with tasks of both kinds. */
async function ofKinds(text = yaml()): Promise<TrialFixture> {
  const fixture = await createTrialFixture(text, createJsonStore());
  for (let i = 0; i < 80; i += 1) await runOne(fixture, KINDS[i % 2] ?? '', () => ({}));
  return fixture;
}

let ran = 0;

async function runOne(
  { engine, clock }: TrialFixture,
  kind: string,
  end: (level: unknown) => Partial<Task>,
): Promise<unknown> {
  ran += 1;
  const taskId = `of-${kind}-${ran}`;
  const labels = { kind };
  const { parameters, deltaSequence } = await engine.resolve({ taskId, labels });
  await clock.advance(1000);
  const task = { taskId, labels, deltaSequence, finishTimeMs: clock.now(), latencyMs: 100 };
  await engine.recordTasks([taskOf({ ...task, ...end(parameters.level) })]);
  return parameters.level;
}

const faster = (level: unknown) => ({ latencyMs: level === 1 ? 50 : 100 });

async function runUntil(fixture: TrialFixture, deltaId: string, state: string, end = faster) {
  const research = new Set<unknown>();
  for (let i = 0; i < 2000; i += 1) {
    if (fixture.delta(deltaId).state === state) return research;
    await runOne(fixture, 'code', end);
    research.add(await runOne(fixture, 'research', end));
  }
  throw new Error(`it stays ${fixture.delta(deltaId).state}`);
}

const levelOf = ({ state }: TrialFixture, kind: string) =>
  baseline(state, { kind }).parameters.level;

describe('a rule of one cohort', () => {
  test('is tried on its tasks only, promoted and confirmed for them, over a restart', async () => {
    const fixture = await ofKinds();
    const deltaId = await fixture.begin();
    expect(fixture.delta(deltaId).cohort).toEqual(CODE);
    expect(await runUntil(fixture, deltaId, 'provisional')).toEqual(new Set([0]));
    const levels = (one: TrialFixture) => [
      levelOf(one, 'code'),
      levelOf(one, 'research'),
      one.level,
    ];
    expect(levels(fixture)).toEqual([1, 0, 0]);
    const again = await fixture.reopen(yaml());
    expect(levels(again)).toEqual([1, 0, 0]);
    expect(await runUntil(again, deltaId, 'confirmed')).toEqual(new Set([0]));
    const held = again.state.trials.map(({ stage, plan }) => [stage, plan.cohort]);
    expect(held).toEqual([['holdback', CODE]]);
    expect(levels(again)).toEqual([1, 0, 0]);
    expectAudited(again.store);
  });
});

describe('a value of one cohort', () => {
  const set = (fixture: TrialFixture, value: number, cohort?: typeof CODE) =>
    fixture.engine.decide(
      setParameter({ target: 'level', value, cohort, reason: '', holdSeconds: 0 }),
    );

  test('is set, reverted, and given up where the value for all is set', async () => {
    const fixture = await ofKinds();
    const { deltaId } = await set(fixture, 5, CODE);
    expect([levelOf(fixture, 'code'), fixture.level]).toEqual([5, 0]);
    await fixture.engine.decide(revert(deltaId, ''));
    expect(fixture.state.head.cohortValues).toBeUndefined();
    await set(fixture, 5, CODE);
    const whole = await set(fixture, 7);
    expect(whole.reasoning).toContain('kind=code');
    expect([levelOf(fixture, 'code'), fixture.level]).toEqual([7, 7]);
  });

  test('needs the label that trial.cohorts says, and goes with it', async () => {
    const fixture = await ofKinds();
    await expect(set(fixture, 5, { label: 'team', value: 'a' })).rejects.toThrow(/cohort/);
    await set(fixture, 5, CODE);
    const again = await fixture.reopen(trialYaml({ trial: 'cohorts: team' }));
    expect([levelOf(again, 'code'), again.level]).toEqual([0, 0]);
  });

  test('is streamed to those alone who know of cohorts', async () => {
    const fixture = await ofKinds();
    const from = BigInt(fixture.state.head.sequence);
    const readers = [true, false].map(
      (cohorts) =>
        new Subscription(fixture.state, { epoch: '', afterSequence: from, types: [], cohorts }),
    );
    await set(fixture, 5, CODE);
    const [aware, other] = readers.map((reader) => reader.next(0));
    expect(aware).toMatchObject({ kind: 'delta', delta: { cohort: CODE, newValue: 5 } });
    expect(other).toBeUndefined();
    const [whole, all] = [false, true].map((cohorts) =>
      new Subscription(fixture.state, {
        epoch: '',
        afterSequence: undefined,
        types: [],
        cohorts,
      }).next(0),
    );
    expect(whole).toMatchObject({ parameters: { level: 0 }, cohortValues: undefined });
    expect(all).toMatchObject({ cohortValues: { values: { code: { level: 5 } } } });
  });
});
