import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { baseline } from '../../src/engine/resolve.ts';
import { runningBlock } from '../../src/trial/trial.ts';
import {
  createEngineFixture,
  type EngineFixture,
  recordWindow,
  taskOf,
  tasksOf,
} from '../support/engine/engine-fixture.ts';
import { normalNoise } from '../support/engine/noise.ts';

/** One rule that always proposes to raise `level` from 0 to 1, and has it tried. */
const yaml = (more = '', rule = '') => `
curation: { mode: trial, cooldown_seconds: 10 }
parameters: { level: { initial: 0 } }
rules:
  - { id: raise, when: 'true', type: resource, operation: adjust, target: level,
      new_value: '1', reasoning: '"observed %"', confidence: 0.9, impact: positive${rule} }
${more}`;

const perTask = 'trial: { assignment: task, seed: s }';
const switchback = 'trial: { assignment: switchback, seed: s, outcome_timeout_seconds: 10 }';

/** An engine with the trial of `raise` begun. */
async function onTrial(config: string): Promise<EngineFixture & { deltaId: string }> {
  const fixture = await createEngineFixture(config);
  await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
  const { deltas } = await fixture.engine.runCycle();
  expect(deltas).toMatchObject([{ state: 'trial', ruleId: 'raise' }]);
  return { ...fixture, deltaId: deltas[0]?.deltaId ?? '' };
}

type Run = (level: unknown) => Partial<Task>;

/** Runs tasks one after the other, each with the values it is given, until the trial is over. */
async function work({ engine, clock, deltaId }: EngineFixture & { deltaId: string }, run: Run) {
  for (let i = 0; i < 400; i += 1) {
    const { parameters, deltaSequence } = await engine.resolve({ taskId: `t${i}`, labels: {} });
    await clock.advance(1000);
    await engine.recordTasks([
      taskOf({
        taskId: `t${i}`,
        deltaSequence,
        finishTimeMs: clock.now(),
        ...run(parameters.level),
      }),
    ]);
    const delta = engine.ledger.state.delta(deltaId);
    if (delta?.state !== 'trial') return { delta, tasks: i + 1 };
  }
  throw new Error('the trial does not end');
}

describe.each([
  ['task', perTask, 60],
  ['switchback', switchback, 160],
])('a trial, assigned by %s', (_, config, most) => {
  test('that doubles the latency is reverted', async () => {
    const fixture = await onTrial(yaml(config));
    const noise = normalNoise(1);
    const { delta, tasks } = await work(fixture, (level) => ({
      latencyMs: 100 * Math.exp(noise()) * (level === 1 ? 2 : 1),
    }));
    expect(delta).toMatchObject({ state: 'reverted', effect: { verdict: 'harmed' } });
    expect(tasks).toBeLessThan(most);
    expect(baseline(fixture.engine.ledger.state).parameters).toMatchObject({ level: 0 });
  });

  test('that halves the latency is put in force, to be proven', async () => {
    const fixture = await onTrial(yaml(config));
    const noise = normalNoise(2);
    const { delta } = await work(fixture, (level) => ({
      latencyMs: 100 * Math.exp(noise()) * (level === 1 ? 0.5 : 1),
    }));
    expect(delta).toMatchObject({
      state: 'provisional',
      effect: { verdict: 'helped' },
      oldValue: 0,
    });
    expect(fixture.engine.ledger.state.trials).toMatchObject([{ stage: 'probation' }]);
    // Blocks go on while it is being proven.
    const [trial] = fixture.engine.ledger.state.trials;
    const level = trial && runningBlock(trial)?.arm === 'old' ? 0 : 1;
    expect(baseline(fixture.engine.ledger.state).parameters).toMatchObject({ level });
    expect(fixture.engine.ledger.state.head.counters.deltasApplied).toBe(1);
  });

  test('that does nothing is inconclusive, and its evidence is carried over', async () => {
    const fixture = await onTrial(yaml(config));
    const noise = normalNoise(3);
    const run = () => ({ latencyMs: 100 * Math.exp(noise()) });
    const { delta } = await work(fixture, run);
    expect(delta).toMatchObject({ state: 'reverted', effect: { verdict: 'inconclusive' } });
    await fixture.clock.advance(20_000);
    await recordWindow(fixture.engine);
    const { deltas } = await fixture.engine.runCycle();
    expect(deltas).toMatchObject([{ state: 'trial' }]);
    const [trial] = fixture.engine.ledger.state.trials;
    expect(trial?.evidence[0]?.sets).toBeGreaterThan(9);
    expect(trial?.tasksUsed).toBe(0);
  });
});
