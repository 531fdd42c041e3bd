import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { reportMetrics } from '../../src/engine/record.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import {
  createEngineFixture,
  type EngineFixture,
  recordWindow,
  taskOf,
  tasksOf,
} from '../support/engine/engine-fixture.ts';
import { referenceConfig } from '../support/engine/reference-config.ts';
import { createJsonStore } from '../support/ledger/json-store.ts';
import { createTrialFixture, trialYaml } from '../support/trials/trial-fixture.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** Thirty tasks, every other one of which failed. */
const HALF: readonly Task[] = Array.from({ length: 30 }, (_, i) =>
  taskOf({ taskId: `t${i}`, status: i % 2 === 0 ? 'failure' : 'success' }),
);

/** What rules have proposed, from the oldest on. */
function proposedBy({ engine }: Pick<EngineFixture, 'engine'>): unknown[] {
  const deltas = [...engine.ledger.state.deltasNewestFirst()].reverse();
  return deltas.map(({ target, newValue }) => [target, newValue]);
}

/** Why the rule on the threshold proposes nothing. */
function waitingOf({ engine }: Pick<EngineFixture, 'engine'>): string | undefined {
  const rule = engine.settings.rules.find(({ id }) => id === 'fallback');
  return rule && engine.ruleStatus(rule).waiting;
}

/** The timer runs, and nobody works. */
async function idle({ engine, clock }: EngineFixture, ms: number): Promise<void> {
  engine.start();
  await clock.advance(ms);
  engine.stop();
}

const ONCE = [['fallback_strategy_threshold', 0.75]];

describe('the same tasks', () => {
  test('move a parameter once, however long nothing comes', async () => {
    const fixture = await createEngineFixture();
    await fixture.engine.recordTasks(HALF);
    await idle(fixture, 12 * HOUR_MS);
    expect(proposedBy(fixture)).toEqual(ONCE);
    expect(waitingOf(fixture)).toBe(
      '30 of the last 30 tasks began before fallback_strategy_threshold was last changed',
    );
  });

  test('do so over a restart, too', async () => {
    const store = createJsonStore();
    const fixture = await createEngineFixture('', { store });
    await fixture.engine.recordTasks(HALF);
    await idle(fixture, HOUR_MS);
    const again = await createEngineFixture('', { store, clock: fixture.clock });
    await idle(again, 12 * HOUR_MS);
    expect(proposedBy(again)).toEqual(ONCE);
  });

  test('are of no use once they are a week old, and that is said', async () => {
    const store = createJsonStore();
    const fixture = await createEngineFixture('', { store });
    await fixture.engine.recordTasks(HALF);
    await fixture.clock.advance(WEEK_MS);
    const again = await createEngineFixture('', { store, clock: fixture.clock });
    await idle(again, HOUR_MS);
    expect(proposedBy(again)).toEqual([]);
    expect(waitingOf(again)).toBe(
      `the newest task was recorded ${WEEK_MS / 1000 + 3600} seconds ago, and cycle.max_age_seconds is 86400`,
    );
  });

  test('do not become new ones by being sent again', async () => {
    const fixture = await createEngineFixture();
    await fixture.engine.recordTasks(HALF);
    await idle(fixture, HOUR_MS);
    for (let i = 0; i < 3; i += 1) {
      await fixture.engine.recordTasks(HALF);
      await idle(fixture, HOUR_MS);
    }
    expect(proposedBy(fixture)).toEqual(ONCE);
  });

  test('move it on and on where curation.suppress_unchanged is off', async () => {
    const fixture = await createEngineFixture('curation: { suppress_unchanged: false }');
    await fixture.engine.recordTasks(HALF);
    await idle(fixture, HOUR_MS);
    const values = proposedBy(fixture).map((one) => (one as unknown[])[1]);
    expect(values.slice(0, 6)).toEqual([0.75, 0.7, 0.65, 0.6, 0.55, 0.5]);
    expect(waitingOf(fixture)).toBe('');
    await idle(fixture, WEEK_MS / 7 + HOUR_MS);
    await idle(fixture, HOUR_MS);
    expect(waitingOf(fixture)).toBe('');
  });

  test('bring the same delta in every cycle of the reference', async () => {
    const fixture = await createEngineFixture(referenceConfig({}));
    await fixture.engine.recordTasks(HALF);
    await idle(fixture, 10 * 30_000);
    const change = ['fallback_strategy_threshold', 0.75];
    expect(proposedBy(fixture)).toEqual(Array.from({ length: 10 }, () => change));
  });
});

describe('what is news', () => {
  async function changed() {
    const fixture = await createEngineFixture('curation: { cooldown_seconds: 0 }');
    await fixture.engine.recordTasks(HALF);
    await fixture.engine.runCycle();
    await fixture.clock.advance(1000);
    return fixture;
  }

  test('is a whole window that ran with the value, by its sequence', async () => {
    const fixture = await changed();
    const failed = { status: 'failure', deltaSequence: 1 } as const;
    await fixture.engine.recordTasks(tasksOf(29, failed));
    expect((await fixture.engine.runCycle()).deltas).toEqual([]);
    expect(waitingOf(fixture)).toMatch(/^1 of the last 30 tasks began before/);
    await fixture.engine.recordTasks(tasksOf(1, failed));
    expect((await fixture.engine.runCycle()).deltas).toMatchObject([{ newValue: 0.7 }]);
  });

  test('is one that was recorded since, where no sequence is named', async () => {
    const fixture = await changed();
    await fixture.engine.recordTasks(tasksOf(30, { status: 'failure' }));
    expect((await fixture.engine.runCycle()).deltas).toMatchObject([{ newValue: 0.7 }]);
  });

  test('is none that began before, whenever it was recorded', async () => {
    const fixture = await changed();
    await fixture.engine.decide(
      setParameter({
        ...{ target: 'fallback_strategy_threshold', value: 0.9 },
        ...{ reason: '', holdSeconds: 0 },
      }),
    );
    await fixture.clock.advance(1000);
    await fixture.engine.recordTasks(tasksOf(30, { status: 'failure', deltaSequence: 1 }));
    expect((await fixture.engine.runCycle()).deltas).toEqual([]);
    await recordWindow(fixture.engine, { status: 'failure' });
    expect((await fixture.engine.runCycle()).deltas).toMatchObject([{ newValue: 0.85 }]);
  });

  test('of one parameter is news, whatever became of another', async () => {
    const fixture = await changed();
    const { engine, clock } = fixture;
    const metrics = { subAgentCount: 1, cpuPercent: 90, values: {}, observeTimeMs: clock.now() };
    await engine.decide(reportMetrics(metrics));
    expect((await engine.runCycle()).deltas).toMatchObject([{ target: 'max_cpu_per_agent' }]);
  });
});

describe('a trial that bounds forbid', () => {
  /** A task a minute. */
  async function slowly(trial: string) {
    const fixture = await createTrialFixture(trialYaml({ trial }));
    for (let i = 0; i < 100; i += 1) {
      await fixture.clock.advance(60_000);
      const finishTimeMs = fixture.clock.now();
      await fixture.engine.recordTasks([taskOf({ finishTimeMs })]);
    }
    return fixture;
  }

  test('is not begun, and that is said', async () => {
    const fixture = await slowly('max_seconds: 600');
    expect(await fixture.cycle()).toMatchObject([{ state: 'proposed', waitsFor: 'trial' }]);
    expect(fixture.trial).toBeUndefined();
    const [rule] = fixture.engine.settings.rules;
    expect(rule && fixture.engine.ruleStatus(rule).waiting).toBe(
      'in trial.max_seconds (10 minutes) there would be about 10 tasks, and 30 are needed',
    );
  });

  test('is begun where they allow it', async () => {
    const fixture = await slowly('max_seconds: 3600');
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial' }]);
    const [rule] = fixture.engine.settings.rules;
    expect(rule && fixture.engine.ruleStatus(rule).waiting).toMatch(/^level is on trial/);
  });
});

describe('a proposal that waits for its trial', () => {
  async function waiting(top = '') {
    const curation = 'proposal_ttl_seconds: 86400';
    const fixture = await createTrialFixture(trialYaml({ curation, top }));
    await fixture.engine.decide(setTrialsPaused(true));
    expect(await fixture.cycle()).toMatchObject([{ waitsFor: 'trial' }]);
    return fixture;
  }

  test('begins it no sooner than tasks have run with a value that was set meanwhile', async () => {
    const fixture = await waiting();
    await fixture.setLevel(3);
    await fixture.engine.decide(setTrialsPaused(false));
    await fixture.clock.advance(10_000);
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.news();
    await fixture.begin();
    expect(fixture.trial?.plan).toMatchObject({ oldValue: 3, newValue: 1 });
  });

  test('does not begin it while no tasks come', async () => {
    const fixture = await waiting('cycle: { max_age_seconds: 3600 }');
    await fixture.clock.advance(2 * HOUR_MS);
    await fixture.engine.decide(setTrialsPaused(false));
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.engine.recordTasks([taskOf({ taskId: 'new' })]);
    await fixture.begin();
  });
});
