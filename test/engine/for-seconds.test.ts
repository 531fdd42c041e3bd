import { describe, expect, test } from 'vitest';
import { setParameter } from '../../src/engine/curation.ts';
import { reportMetrics } from '../../src/engine/record.ts';
import {
  createEngineFixture,
  type EngineFixture,
  recordWindow,
} from '../support/engine/engine-fixture.ts';

const YAML = `
cycle: { interval_seconds: 30 }
curation: { cooldown_seconds: 0, max_deltas_per_hour: 0 }
parameters: { level: { initial: 0 } }
rules:
  - { id: calm, when: window.success_rate > 0.5, for_seconds: 90, type: metric, operation: adjust,
      target: level, new_value: parameters.level + 1.0, reasoning: '"observed"', confidence: 0.9,
      impact: positive }
`;

/** One cycle half a minute later, on tasks that all ended so; what it proposed. */
async function beat({ engine, clock }: EngineFixture, status: 'success' | 'failure') {
  await clock.advance(30_000);
  await recordWindow(engine, { status });
  return (await engine.runCycle()).deltas.map(({ newValue }) => newValue);
}

async function beats(fixture: EngineFixture, count: number, status: 'success' | 'failure') {
  const seen: unknown[] = [];
  for (let i = 0; i < count; i += 1) seen.push(...(await beat(fixture, status)));
  return seen;
}

const waitingOf = ({ engine }: EngineFixture) =>
  engine.settings.rules.map((rule) => engine.ruleStatus(rule).waiting);

describe('a rule whose condition must have held for 90 seconds', () => {
  test('acts then, and after 90 seconds more', async () => {
    const fixture = await createEngineFixture(YAML);
    expect(await beats(fixture, 3, 'success')).toEqual([]);
    expect(waitingOf(fixture)).toEqual(['its condition has held for 60 of 90 seconds']);
    expect(await beat(fixture, 'success')).toEqual([1]);
    expect(await beats(fixture, 2, 'success')).toEqual([]);
    expect(await beat(fixture, 'success')).toEqual([2]);
  });

  test('begins anew where it did not hold in between, and says nothing while it does not', async () => {
    const fixture = await createEngineFixture(YAML);
    expect(await beats(fixture, 3, 'success')).toEqual([]);
    expect(await beat(fixture, 'failure')).toEqual([]);
    expect(waitingOf(fixture)).toEqual(['']);
    expect(await beats(fixture, 3, 'success')).toEqual([]);
    expect(await beat(fixture, 'success')).toEqual([1]);
  });

  test('is watched also while its target rests', async () => {
    const fixture = await createEngineFixture(YAML);
    const { engine } = fixture;
    await engine.decide(setParameter({ target: 'level', value: 5, reason: '', holdSeconds: 100 }));
    expect(await beats(fixture, 3, 'success')).toEqual([]);
    expect(await beat(fixture, 'success')).toEqual([6]);
  });

  test('begins anew after a restart, and for another rule text', async () => {
    const first = await createEngineFixture(YAML);
    await beats(first, 3, 'success');
    const again = { store: first.store, clock: first.clock };
    const second = await createEngineFixture(YAML, again);
    expect(await beats(second, 3, 'success')).toEqual([]);
    const { engine } = await createEngineFixture(YAML.replace('0.9', '0.8'));
    await second.engine.configure(engine.settings);
    expect(await beats(second, 3, 'success')).toEqual([]);
    expect(await beat(second, 'success')).toEqual([1]);
  });
});

test('the default rules go back when the pressure has been gone for an hour, and not before', async () => {
  const fixture = await createEngineFixture('curation: { mode: apply }');
  const { engine } = fixture;
  const report = (subAgentCount: number, cpuPercent: number) =>
    engine.decide(
      reportMetrics({
        ...{ subAgentCount, cpuPercent, values: {} },
        observeTimeMs: fixture.clock.now(),
      }),
    );
  const now = () => engine.ledger.state.head.parameters;
  await report(9, 95);
  await recordWindow(engine, { status: 'failure', latencyMs: 500 });
  await engine.runCycle();
  const changed = {
    primary_coordination_strategy: 'adaptive',
    fallback_strategy_threshold: 0.75,
    max_cpu_per_agent: 90,
  };
  expect(now()).toEqual(changed);
  for (let i = 0; i < 120; i += 1) {
    await report(3, 20);
    await beat(fixture, 'success');
  }
  expect(now()).toEqual(changed);
  await report(3, 20);
  await beat(fixture, 'success');
  expect(now()).toEqual({
    primary_coordination_strategy: 'sequential',
    fallback_strategy_threshold: 0.8,
    max_cpu_per_agent: 100,
  });
  const { sequence } = engine.ledger.state.head;
  for (let i = 0; i < 250; i += 1) {
    await report(3, 20);
    await beat(fixture, 'success');
  }
  expect(engine.ledger.state.head.sequence).toBe(sequence);
}, 30_000);
