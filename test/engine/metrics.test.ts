import { describe, expect, onTestFinished, test } from 'vitest';
import type { CoordinationMetrics } from '../../src/domain/metrics.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { reportMetrics } from '../../src/engine/record.ts';
import type { SyncLedgerStore } from '../../src/ledger/store.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import {
  createEngineFixture,
  type EngineFixture,
  tasksOf,
} from '../support/engine/engine-fixture.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const REPORTERS = 10_000;

const RULE = `
curation: { mode: apply, cooldown_seconds: 0, suppress_unchanged: false }
parameters: { level: { initial: 0 } }
rules:
  - { id: many, when: metrics.sub_agent_count > 0.0, type: resource, operation: adjust, target: level,
      new_value: 'metrics.sub_agent_count * 100.0 + metrics.cpu_percent', reasoning: '"observed"',
      confidence: 0.9, impact: positive }
`;

const report = ({ engine, clock }: Pick<EngineFixture, 'engine' | 'clock'>) => {
  return (subAgentCount: number, clientId?: string, fields: Partial<CoordinationMetrics> = {}) =>
    engine.decide(
      reportMetrics({
        subAgentCount,
        cpuPercent: 10 * subAgentCount,
        values: {},
        observeTimeMs: clock.now(),
        ...(clientId === undefined ? {} : { clientId }),
        ...fields,
      }),
    );
};

/** How many agents rules see, and of how many clients. */
function seen(engine: Engine) {
  const { metrics, reporters } = engine.metrics() ?? {};
  return [metrics?.subAgentCount, reporters];
}

function storedEvents(store: SyncLedgerStore): number {
  return [...(store.load()?.events ?? [])].length;
}

describe('clients that report', () => {
  test('are combined for the rules', async () => {
    const fixture = await createEngineFixture(RULE);
    const of = report(fixture);
    await fixture.engine.recordTasks(tasksOf(30));
    await of(2, 'a');
    await of(4, 'b');
    expect((await fixture.engine.runCycle()).deltas).toMatchObject([{ newValue: 630 }]);
  });

  test('replace their own report alone; whoever has no name is one of them', async () => {
    const fixture = await createEngineFixture();
    const of = report(fixture);
    await of(1, 'a');
    await of(2, 'b');
    await of(4);
    await of(8, 'a');
    await of(16);
    expect(seen(fixture.engine)).toEqual([26, 3]);
  });

  test('of what a client observed, the latest counts, whatever came in between', async () => {
    const fixture = await createEngineFixture();
    const of = report(fixture);
    const earlier = { observeTimeMs: fixture.clock.now() - 1000 };
    await of(1, 'a');
    await of(2, 'b', earlier);
    await of(4, 'a', earlier);
    expect(seen(fixture.engine)).toEqual([3, 2]);
  });

  test('leave it once they are silent for metrics.max_age_seconds', async () => {
    const fixture = await createEngineFixture();
    const of = report(fixture);
    await of(1, 'gone');
    await fixture.clock.advance(60_000);
    await of(2, 'here');
    await fixture.clock.advance(60_001);
    expect(seen(fixture.engine)).toEqual([2, 1]);
    await fixture.clock.advance(60_000);
    expect(seen(fixture.engine)).toEqual([2, 0]);
  });

  test('without a name are as one, of whom the newest report counts', async () => {
    const fixture = await createEngineFixture();
    const of = report(fixture);
    await of(1);
    await of(2);
    expect(seen(fixture.engine)).toEqual([2, 1]);
    expect(fixture.engine.ledger.state.head.metrics?.report.subAgentCount).toBe(2);
  });
});

test('reports of all clients outlive the process', async () => {
  const directory = tempDir();
  const clock = new ManualClock();
  const first = openSqliteStore(directory);
  const former = await createEngineFixture('', { store: first, clock });
  const of = report(former);
  for (let i = 0; i < 5; i += 1) {
    for (const [index, name] of ['a', undefined, 'b'].entries()) await of(i + index, name);
  }
  const told = former.engine.metrics();
  expect(told).toMatchObject({ metrics: { subAgentCount: 15 }, reporters: 3 });
  first.close();
  const second = openSqliteStore(directory);
  onTestFinished(() => second.close());
  const { engine } = await createEngineFixture('', { store: second, clock });
  expect(engine.metrics()).toEqual(told);
});

describe('what is kept', () => {
  test('of a client, its newest report', async () => {
    const store = createMemoryStore();
    const fixture = await createEngineFixture('', { store });
    const of = report(fixture);
    await of(1, 'a');
    const events = storedEvents(store);
    for (let i = 0; i < 50; i += 1) await of(i, 'a');
    // What is replaced goes with the next commit.
    expect(storedEvents(store)).toBeLessThanOrEqual(events + 1);
  });

  test(`of ${REPORTERS} clients; the one that has been silent longest goes first`, async () => {
    const fixture = await createEngineFixture();
    const of = report(fixture);
    await of(1000, 'silent');
    await of(100, 'lively');
    const others = Array.from({ length: REPORTERS - 2 }, (_, i) => of(0, `client-${i}`));
    await Promise.all(others);
    await of(10, 'lively');
    expect(seen(fixture.engine)).toEqual([1010, REPORTERS]);
    await of(1, 'new');
    expect(seen(fixture.engine)).toEqual([11, REPORTERS]);
  });
});
