import { describe, expect, test } from 'vitest';
import { OUTCOME } from '../../src/domain/effect.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { IntervalTimer } from '../../src/engine/interval-timer.ts';
import { createEngineFixture, tasksOf } from '../support/engine/engine-fixture.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

describe('the engine', () => {
  test('runs its first cycle one interval after the start, and then one each interval', async () => {
    const { engine, clock, reports } = await createEngineFixture();
    engine.start();
    expect(engine.nextCycleTimeMs).toBe(clock.now() + 30_000);
    await clock.advance(29_999);
    expect(reports).toHaveLength(0);
    await clock.advance(1);
    expect(reports).toHaveLength(1);
    await clock.advance(300_000);
    expect(reports).toHaveLength(11);
  });

  test('stopped, runs none, but RunCycle does, and proposals expire', async () => {
    const yaml = 'curation: { mode: recommend, proposal_ttl_seconds: 10 }';
    const { engine, clock, reports } = await createEngineFixture(yaml);
    engine.start();
    engine.setActive(false);
    expect(engine.nextCycleTimeMs).toBeUndefined();
    await engine.recordTasks(tasksOf(30, { status: 'failure' }));
    const { deltas } = await engine.runCycle();
    expect(deltas).toMatchObject([{ state: 'proposed' }]);
    await clock.advance(60_000);
    expect(reports).toHaveLength(1);
    expect(engine.ledger.state.delta(deltas[0]?.deltaId ?? '')?.state).toBe('expired');
    engine.setActive(true);
    expect(engine.nextCycleTimeMs).toBe(clock.now() + 30_000);
    await clock.advance(30_000);
    expect(reports).toHaveLength(2);
  });

  test('a cycle that fails is reported, and the next comes after 5 s, 10 s, 20 s', async () => {
    const { engine, clock, store, failures, reports } = await createEngineFixture();
    const commit = store.commit.bind(store);
    engine.start();
    store.commit = () => {
      throw new Error('disk');
    };
    await clock.advance(30_000);
    expect(failures).toHaveLength(1);
    await clock.advance(5000);
    expect(failures).toHaveLength(2);
    await clock.advance(10_000);
    expect(failures).toHaveLength(3);
    store.commit = commit;
    await engine.ledger.check();
    await clock.advance(19_999);
    expect(reports).toHaveLength(0);
    await clock.advance(1);
    expect(reports).toHaveLength(1);
    await clock.advance(29_999);
    expect(reports).toHaveLength(1);
  });

  test('a wall clock that jumps neither stalls nor hurries it', async () => {
    const { engine, clock, reports } = await createEngineFixture();
    engine.start();
    clock.jump(-86_400_000);
    await clock.advance(30_000);
    expect(reports).toHaveLength(1);
    clock.jump(2 * 86_400_000);
    await clock.advance(30_000);
    expect(reports).toHaveLength(2);
  });

  test('takes up a new interval from the last run on', async () => {
    const { engine, clock, reports } = await createEngineFixture();
    engine.start();
    await clock.advance(20_000);
    const { settings } = engine;
    await engine.configure({ ...settings, cycle: { ...settings.cycle, intervalSeconds: 10 } });
    await clock.advance(0);
    expect(reports).toHaveLength(1);
    await clock.advance(10_000);
    expect(reports).toHaveLength(2);
  });
});

test('a run that takes longer than the interval never overlaps itself', async () => {
  const clock = new ManualClock();
  const ends: (() => void)[] = [];
  const run = () => new Promise<void>((resolve) => ends.push(resolve));
  const timer = new IntervalTimer(clock, () => 10, run);
  timer.start();
  await clock.advance(1000);
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await clock.advance(0);
  await clock.advance(0);
  expect(ends).toHaveLength(2);
  timer.stop();
  ends[1]?.();
  await clock.advance(1000);
  expect(ends).toHaveLength(2);
  expect(clock.pending).toBe(0);
});

test('a run that fails does not end it, and the next one comes sooner', async () => {
  const clock = new ManualClock();
  let runs = 0;
  const timer = new IntervalTimer(
    clock,
    () => 20_000,
    () => {
      runs += 1;
      throw new Error('no run');
    },
  );
  timer.start();
  await clock.advance(20_000 + 5000 + 10_000);
  expect(runs).toBe(3);
  // The interval is the longest delay.
  await clock.advance(40_000);
  expect(runs).toBe(5);
});

describe('a cycle', () => {
  test('that throws is told of, holds nobody up, and the next one runs', async () => {
    const { engine, clock, reports, failures } = await createEngineFixture();
    const { settings } = engine;
    const broken = {
      ...settings,
      get reflection(): typeof settings.reflection {
        throw new TypeError('a fault of ours');
      },
    };
    engine.start();
    await engine.recordTasks(tasksOf(30, { status: 'failure' }));
    await engine.configure(broken);
    await clock.advance(35_000);
    expect(failures).toMatchObject([{ name: 'TypeError' }, { name: 'TypeError' }]);
    await engine.configure(settings);
    await clock.advance(30_000);
    expect(reports).toHaveLength(1);
    await clock.advance(30_000);
    expect(reports).toHaveLength(2);
  });

  test.for(['cycleCompleted', 'cycleFailed'] as const)(
    'outlives a %s that throws',
    async (name) => {
      const { engine, clock, store, observer } = await createEngineFixture();
      const told: string[] = [];
      observer[name] = () => {
        told.push(name);
        throw new Error('the log is full');
      };
      engine.start();
      const commit = store.commit.bind(store);
      if (name === 'cycleFailed') {
        store.commit = () => {
          throw new Error('disk');
        };
      }
      await clock.advance(30_000);
      store.commit = commit;
      await engine.ledger.check();
      await clock.advance(30_000);
      expect(told.length).toBeGreaterThan(0);
      expect(engine.ledger.state.head.counters.cycles).toBeGreaterThan(0);
    },
  );
});

describe('a config', () => {
  test('that turns learning on or off does so; any other leaves it as an operator has it', async () => {
    const { engine } = await createEngineFixture();
    const { settings } = engine;
    const off = { ...settings, cycle: { ...settings.cycle, enabled: false } };
    await engine.configure(off);
    expect(engine.active).toBe(false);
    engine.setActive(true);
    await engine.configure({ ...off, version: 'another' });
    expect(engine.active).toBe(true);
    engine.setActive(false);
    await engine.configure(settings);
    expect(engine.active).toBe(true);
  });

  test('that the ledger cannot take is not taken up', async () => {
    const { engine, clock, store } = await createEngineFixture();
    const { settings } = engine;
    const commit = store.commit.bind(store);
    store.commit = () => {
      throw new Error('disk');
    };
    const bounds = { min: undefined, max: undefined, maxStep: undefined, allowed: undefined };
    const objective = { primary: OUTCOME, guards: [] };
    const fresh = { initial: 1, type: 'integer' as const, ...bounds, objective };
    const newer = { ...settings, parameters: { ...settings.parameters, fresh } };
    await expect(engine.configure(newer)).rejects.toThrow('cannot be written');
    expect(engine.settings).toBe(settings);
    store.commit = commit;
    await engine.ledger.check();
    await clock.advance(10_000);
    expect(engine.ledger.state.head.parameters).not.toHaveProperty('fresh');
  });
});

describe('parameters', () => {
  test('a changed initial never overrides the ledger, a new one is declared', async () => {
    const { engine, store } = await createEngineFixture();
    await engine.decide(
      setParameter({
        target: 'max_cpu_per_agent',
        value: 40,
        reason: '',
        holdSeconds: 0,
      }),
    );
    const yaml = 'parameters: { max_cpu_per_agent: { initial: 77 }, fresh: { initial: [] } }';
    const again = await createEngineFixture(yaml, { store });
    expect(again.engine.ledger.state.head.parameters).toMatchObject({
      max_cpu_per_agent: 40,
      fresh: [],
    });
  });
});
