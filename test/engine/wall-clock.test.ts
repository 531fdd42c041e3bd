import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { LoopClock } from '../../src/engine/loop-clock.ts';
import { reportMetrics } from '../../src/engine/record.ts';
import {
  createEngineFixture,
  type EngineFixture,
  taskOf,
  tasksOf,
} from '../support/engine/engine-fixture.ts';
import type { ManualClock } from '../support/engine/manual-clock.ts';
import {
  createTrialFixture,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const DAY_MS = 86_400_000;

/** Nothing, a day forth, a day back, and a clock that cannot make up its mind. */
const JUMPS = [
  { name: 'stays', jumps: [] },
  { name: 'jumps a day forth', jumps: [DAY_MS] },
  { name: 'jumps a day back', jumps: [-DAY_MS] },
  { name: 'jumps forth and back', jumps: [DAY_MS, -2 * DAY_MS, DAY_MS + 5000] },
];

/** The rule always wants one more. */
const STEPPING = { value: 'parameters.level + 1.0' };

function idle(fixture: TrialFixture): TrialFixture {
  fixture.engine.start();
  fixture.engine.setActive(false);
  return fixture;
}

describe.each(JUMPS)('where the wall clock $name', ({ jumps }) => {
  /** So much time passes, and meanwhile the wall clock does what it does. */
  async function pass(clock: ManualClock, ms: number): Promise<void> {
    let left = ms;
    for (const jump of jumps) {
      clock.jump(jump);
      const part = Math.min(Math.floor(ms / (jumps.length + 1)), left);
      await clock.advance(part);
      left -= part;
    }
    await clock.advance(left);
  }

  /** Cycles until something is proposed; answers after how many seconds, looking each second. */
  async function secondsToProposal(fixture: Pick<EngineFixture, 'engine' | 'clock'>) {
    for (let seconds = 0; seconds <= 10_000; seconds += 1) {
      const { deltas } = await fixture.engine.runCycle();
      if (deltas.length > 0) return seconds;
      if (seconds === 2) await pass(fixture.clock, 1000);
      else await fixture.clock.advance(1000);
    }
    throw new Error('nothing is proposed');
  }

  test('a target rests for its cool-down', async () => {
    const yaml = trialYaml({ rules: [{ ...STEPPING, more: 'mode: apply' }] });
    const fixture = await createTrialFixture(yaml);
    await fixture.cycle();
    expect(fixture.level).toBe(1);
    await fixture.news();
    expect(await secondsToProposal(fixture)).toBe(10);
  });

  test('an override is held for as long as was asked', async () => {
    const yaml = trialYaml({ rules: [{ ...STEPPING, more: 'mode: apply' }] });
    const fixture = await createTrialFixture(yaml);
    const override = { target: 'level', value: 7, reason: '', holdSeconds: 300 };
    await fixture.engine.decide(setParameter(override));
    await fixture.news();
    expect(await secondsToProposal(fixture)).toBe(300);
  });

  test('a proposal waits for its time to live', async () => {
    const yaml = trialYaml({
      rules: [{ more: 'mode: recommend' }],
      curation: 'proposal_ttl_seconds: 600',
    });
    const fixture = idle(await createTrialFixture(yaml));
    const [delta] = await fixture.cycle();
    await pass(fixture.clock, 599_000);
    // The timer beats each half minute.
    expect(fixture.delta(delta?.deltaId ?? '').state).toBe('proposed');
    await pass(fixture.clock, 31_000);
    expect(fixture.delta(delta?.deltaId ?? '').state).toBe('expired');
  });

  test('a trial ends at trial.max_seconds', async () => {
    const fixture = idle(await createTrialFixture(trialYaml({ trial: 'max_seconds: 900' })));
    const deltaId = await fixture.begin();
    await pass(fixture.clock, 899_000);
    expect(fixture.trial).toBeDefined();
    await pass(fixture.clock, 1000);
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'inconclusive' } });
  });

  test('outcomes are missing after trial.outcome_timeout_seconds', async () => {
    const yaml = trialYaml({ trial: 'outcome_timeout_seconds: 60' });
    const fixture = idle(await createTrialFixture(yaml));
    await fixture.begin();
    for (const taskId of ['a', 'b', 'c']) await fixture.engine.resolve({ taskId, labels: {} });
    await pass(fixture.clock, 59_000);
    expect(fixture.trial?.missing).toEqual({ old: 0, new: 0 });
    await pass(fixture.clock, 1000);
    const { old = 0, new: fresh = 0 } = fixture.trial?.missing ?? {};
    expect(old + fresh).toBe(3);
  });

  test('a block takes in the tasks that began in it, and is over in time', async () => {
    const trial = 'outcome_timeout_seconds: 60';
    const fixture = idle(await createTrialFixture(trialYaml({ assignment: 'switchback', trial })));
    const { engine, clock, state } = fixture;
    const { sequence } = state.head;
    engine.followedBy(() => [{ clientId: 'c', types: [], snapshotSequence: sequence + 100 }]);
    await engine.decide(setParameter({ target: 'other', value: 5, reason: '', holdSeconds: 0 }));
    const [override] = state.deltasNewestFirst();
    const deltaId = override?.deltaId ?? '';
    await engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal: undefined }));
    await fixture.begin();
    const record = () => engine.recordTasks([taskOf({ finishTimeMs: clock.now(), latencyMs: 10 })]);
    await pass(clock, 1000);
    await record();
    expect(fixture.block).toMatchObject({ acknowledgedMs: expect.anything() });
    await pass(clock, 1000);
    const before = fixture.block?.outcomes.length ?? 0;
    await record();
    expect(fixture.block?.outcomes).toHaveLength(before + 1);
    const first = fixture.block?.sequence ?? 0;
    await pass(clock, 57_000);
    expect(fixture.block?.sequence).toBe(first);
    await pass(clock, 1000);
    expect(fixture.block?.sequence).toBe(first + 1);
  });

  test('a delta that no client acknowledges is reverted in time', async () => {
    const yaml = trialYaml({
      curation: 'ack_timeout_seconds: 60',
      rules: [{ more: 'mode: apply' }],
    });
    const fixture = idle(await createTrialFixture(yaml));
    await fixture.cycle();
    await pass(fixture.clock, 59_000);
    expect(fixture.level).toBe(1);
    await pass(fixture.clock, 1000);
    expect(fixture.level).toBe(0);
  });

  test('the hourly bound is of an hour', async () => {
    const yaml = trialYaml({
      curation: 'max_deltas_per_hour: 2',
      rules: [{ ...STEPPING, more: 'mode: apply' }],
    }).replace('cooldown_seconds: 10', 'cooldown_seconds: 0');
    const fixture = await createTrialFixture(yaml);
    for (const state of ['applied', 'applied', 'proposed']) {
      expect(await fixture.cycle()).toMatchObject([{ state }]);
      await fixture.news();
    }
    await pass(fixture.clock, 3_590_000);
    expect((await fixture.cycle()).filter(({ state }) => state === 'applied')).toEqual([]);
    // Whole minutes are counted.
    await pass(fixture.clock, 130_000);
    expect(await fixture.cycle()).toMatchObject([{ state: 'applied' }]);
  });

  test('metrics are of use until metrics.max_age_seconds', async () => {
    const when = 'metrics.cpu_percent > 50.0';
    const rules = [{ ...STEPPING, when, more: 'mode: apply' }];
    const yaml = trialYaml({ rules }).replace('cooldown_seconds: 10', 'cooldown_seconds: 0');
    const { engine, clock } = await createEngineFixture(yaml);
    await engine.recordTasks(tasksOf(30));
    const observeTimeMs = clock.now();
    await engine.decide(
      reportMetrics({ subAgentCount: 1, cpuPercent: 90, values: {}, observeTimeMs }),
    );
    await pass(clock, 119_000);
    expect((await engine.runCycle()).deltas).toHaveLength(1);
    await pass(clock, 2000);
    expect((await engine.runCycle()).deltas).toEqual([]);
  });

  test('a change that harmed rests, and its rule keeps what was learned', async () => {
    const fixture = await createTrialFixture(trialYaml());
    await fixture.begin();
    await fixture.runOut(slower);
    // It rests for some tasks, too.
    await fixture.engine.recordTasks(tasksOf(1000));
    const [rule] = fixture.engine.settings.rules;
    if (rule === undefined) throw new Error('there is no rule');
    const { confidence, restingUntilMs = 0 } = fixture.engine.ruleStatus(rule);
    const restMs = restingUntilMs - fixture.engine.clock.now();
    expect(restMs).toBeGreaterThan(0);
    await pass(fixture.clock, 1000);
    const later = fixture.engine.ruleStatus(rule);
    expect(later.confidence).toBeCloseTo(confidence, 3);
    expect((later.restingUntilMs ?? 0) - fixture.engine.clock.now()).toBe(restMs - 1000);
  });

  test('the timer runs a cycle each interval', async () => {
    const { engine, clock, reports } = await createEngineFixture();
    engine.start();
    for (let i = 1; i <= 10; i += 1) {
      await pass(clock, 30_000);
      expect(reports).toHaveLength(i);
    }
  });
});

describe('what is told is the wall clock’s time', () => {
  test.each([DAY_MS, -DAY_MS])('after a jump by %i ms', async (jump) => {
    const yaml = trialYaml({ rules: [{ ...STEPPING, more: 'mode: apply' }] });
    const fixture = await createTrialFixture(yaml);
    const { engine, clock, state } = fixture;
    const startMs = clock.now();
    const [first] = await fixture.cycle();
    await fixture.news();
    clock.jump(jump);
    await clock.advance(20_000);
    const [second] = await fixture.cycle();
    expect(state.delta(first?.deltaId ?? '')?.applyTimeMs).toBe(startMs);
    const laterMs = startMs + jump + 20_000;
    expect(second).toMatchObject({ proposeTimeMs: laterMs, applyTimeMs: laterMs });
    expect(state.head.lastCycleTimeMs).toBe(laterMs);
    expect(state.head.clock).toEqual({ timeMs: startMs + 20_000, offsetMs: jump });
    expect(engine.clock.now()).toBe(startMs + 20_000);
  });

  test('a jump of less than a second is none', async () => {
    const { engine, clock } = await createEngineFixture();
    const { position } = engine.ledger.state.head;
    clock.jump(999);
    engine.start();
    engine.setActive(false);
    await clock.advance(2000);
    expect(engine.ledger.state.head.position).toBe(position);
    clock.jump(1);
    await clock.advance(2000);
    expect(engine.ledger.state.head.position).toBe(position + 1);
  });
});

describe('over a restart', () => {
  const yaml = trialYaml({ rules: [{ ...STEPPING, more: 'mode: apply' }] });

  test('what was down counts as time that has passed', async () => {
    const fixture = await createTrialFixture(yaml);
    await fixture.cycle();
    await fixture.news();
    fixture.engine.stop();
    await fixture.clock.advance(9000);
    const again = await fixture.reopen(yaml);
    expect(await again.cycle()).toEqual([]);
    await again.clock.advance(1000);
    expect(await again.cycle()).toHaveLength(1);
  });

  test('a wall clock that was set back makes nothing last longer than was said', async () => {
    const fixture = await createTrialFixture(yaml);
    await fixture.cycle();
    await fixture.news();
    await fixture.clock.advance(4000);
    await fixture.cycle();
    fixture.clock.jump(-DAY_MS);
    const again = await fixture.reopen(yaml);
    expect(again.state.head.clock.offsetMs).toBe(-DAY_MS);
    await again.clock.advance(5999);
    expect(await again.cycle()).toEqual([]);
    await again.clock.advance(1);
    expect(await again.cycle()).toMatchObject([{ applyTimeMs: again.clock.now() }]);
  });

  test('a jump before it is not taken for time that passed', async () => {
    const fixture = idle(await createTrialFixture(yaml));
    await fixture.cycle();
    await fixture.news();
    fixture.clock.jump(DAY_MS);
    await fixture.clock.advance(1000);
    const again = await fixture.reopen(yaml);
    expect(again.engine.clock.now()).toBe(fixture.engine.clock.now());
    await again.clock.advance(8999);
    expect(await again.cycle()).toEqual([]);
    await again.clock.advance(1);
    expect(await again.cycle()).toHaveLength(1);
  });
});

test('a ledger that cannot be written is told of a jump when it can', async () => {
  const { engine, clock, store } = await createEngineFixture();
  const commit = store.commit.bind(store);
  engine.start();
  engine.setActive(false);
  store.commit = () => {
    throw new Error('disk');
  };
  clock.jump(DAY_MS);
  await clock.advance(30_000);
  expect(engine.ledger.state.head.clock.offsetMs).toBe(0);
  store.commit = commit;
  await engine.ledger.check();
  await clock.advance(30_000);
  expect(engine.ledger.state.head.clock.offsetMs).toBe(DAY_MS);
});

test('property: the loop’s time goes as time does, and over a restart never back', async () => {
  const span = fc.integer({ min: 0, max: 10 * DAY_MS });
  const happening = fc.oneof(
    fc.record({ kind: fc.constant('passes' as const), ms: span }),
    fc.record({
      kind: fc.constant('jumps' as const),
      ms: fc.integer({ min: -DAY_MS, max: DAY_MS }),
    }),
    fc.record({
      kind: fc.constant('restarts' as const),
      ms: fc.integer({ min: -DAY_MS, max: DAY_MS }),
    }),
  );
  const run = async (happenings: readonly { kind: string; ms: number }[]) => {
    const { engine, clock } = await createEngineFixture();
    const { state } = engine.ledger;
    let loop = engine.clock;
    for (const { kind, ms } of happenings) {
      const beforeMs = loop.now();
      if (kind === 'jumps') clock.jump(ms);
      if (kind === 'passes') {
        await clock.advance(ms);
        expect(loop.now()).toBe(beforeMs + ms);
      }
      if (kind !== 'restarts') continue;
      await engine.ledger.transact(loop.follow());
      await engine.ledger.transact(() => ({
        events: [{ kind: 'trials_paused', timeMs: loop.now(), paused: false }],
        result: () => {},
      }));
      clock.jump(ms);
      const again = new LoopClock(clock, state.head);
      // What the wall clock is off by without being told of it is less than a second.
      expect(again.now()).toBeGreaterThanOrEqual(beforeMs);
      expect(again.now() - beforeMs).toBeLessThan(Math.max(ms, 0) + 1000);
      loop = again;
    }
    engine.stop();
  };
  await fc.assert(fc.asyncProperty(fc.array(happening, { maxLength: 20 }), run), { numRuns: 200 });
});
