import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve, setParameter } from '../../src/engine/curation.ts';
import { reportMetrics } from '../../src/engine/record.ts';
import { revert } from '../../src/engine/revert.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import {
  configOf,
  createEngineFixture,
  recordWindow,
  taskOf,
  tasksOf,
} from '../support/engine/engine-fixture.ts';

const FAILING = tasksOf(30, { status: 'failure' });

/** One rule that always fires, on one parameter. */
function always(fields: string, top = ''): string {
  return `
${top}
parameters: { level: { initial: 10, min: 0, max: 100, max_step: 5 } }
rules:
  - id: always
    when: window.count >= 1.0
    type: resource
    operation: adjust
    target: level
    reasoning: '"observed"'
    confidence: 0.9
    impact: positive
    ${fields}
`;
}

describe('the default rules', () => {
  test('step the threshold down to 0.5, one step a cool-down, and then leave it', async () => {
    const { engine, clock } = await createEngineFixture('curation: { mode: apply }');
    await engine.recordTasks(FAILING);
    const seen: unknown[] = [];
    for (let i = 0; i < 100; i += 1) {
      const { deltas } = await engine.runCycle();
      seen.push(...deltas.map(({ newValue }) => newValue));
      await clock.advance(30_000);
      await recordWindow(engine, { status: 'failure' });
    }
    expect(seen).toEqual([0.75, 0.7, 0.65, 0.6, 0.55, 0.5]);
    expect(engine.ledger.state.head.counters).toMatchObject({ deltasApplied: 6, cycles: 100 });
  });

  test('leave metrics alone that are older than 120 s', async () => {
    const { engine, clock } = await createEngineFixture();
    await engine.recordTasks(tasksOf(30));
    const metrics = { subAgentCount: 1, cpuPercent: 90, values: {}, observeTimeMs: clock.now() };
    await engine.decide(reportMetrics(metrics));
    await clock.advance(120_001);
    expect((await engine.runCycle()).deltas).toEqual([]);
    await engine.decide(reportMetrics({ ...metrics, observeTimeMs: clock.now() }));
    await clock.advance(120_000);
    expect((await engine.runCycle()).deltas).toMatchObject([{ oldValue: 100, newValue: 90 }]);
  });
});

describe('restraint', () => {
  test('max_step, then the bounds', async () => {
    const yaml = always('new_value: parameters.level - 50.0', 'curation: { cooldown_seconds: 0 }');
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const values: unknown[] = [];
    for (let i = 0; i < 4; i += 1) {
      values.push(...(await engine.runCycle()).deltas.map(({ newValue }) => newValue));
      await recordWindow(engine);
    }
    expect(values).toEqual([5, 0]);
  });

  test('a target rests after an application', async () => {
    const yaml = always('new_value: parameters.level + 1.0', 'curation: { cooldown_seconds: 60 }');
    const { engine, clock } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    expect((await engine.runCycle()).deltas).toHaveLength(1);
    const [rule] = engine.settings.rules;
    const status = rule && engine.ruleStatus(rule);
    expect(status?.restingUntilMs).toBe(clock.now() + 60_000);
    await recordWindow(engine);
    await clock.advance(59_999);
    expect((await engine.runCycle()).deltas).toHaveLength(0);
    await clock.advance(1);
    expect((await engine.runCycle()).deltas).toHaveLength(1);
  });

  test('a target rests after a rejection, whose reason is kept', async () => {
    const { engine, clock } = await createEngineFixture(
      always('new_value: 11.0').replace('impact: positive', 'impact: negative'),
    );
    await engine.recordTasks(FAILING);
    expect((await engine.runCycle()).deltas).toMatchObject([
      {
        state: 'rejected',
        summary:
          'Rejected: score 10 is below reflection.min_score 65, by 55: ' +
          'a negative impact is a veto, and leaves low risk 10 of 10',
      },
    ]);
    expect((await engine.runCycle()).deltas).toHaveLength(0);
    await clock.advance(300_000);
    expect((await engine.runCycle()).deltas).toHaveLength(1);
  });

  test('why a rule was rejected last is known after a restart, until the delta is forgotten', async () => {
    const store = createMemoryStore();
    const yaml = `
curation: { suppress_unchanged: false }
parameters: { mode: { initial: a, allowed: [a, b] } }
rules:
  - { id: r, when: 'true', type: strategy, operation: modify, target: mode,
      new_value: 'window.success_rate < 0.5 ? "c" : "b"', reasoning: '"observed"',
      confidence: 0.9, impact: positive }
`;
    const first = await createEngineFixture(yaml, { store });
    const waitingOf = ({ engine }: typeof first) =>
      engine.settings.rules.map((rule) => engine.ruleStatus(rule).waiting);
    expect(waitingOf(first)).toEqual(['']);
    await first.engine.recordTasks(FAILING);
    await first.engine.runCycle();
    const rejected = 'its newest proposal: Rejected: expected one of ["a","b"], got "c"';
    expect(waitingOf(first)).toEqual([rejected]);
    const second = await createEngineFixture(yaml, { store, clock: first.clock });
    expect(waitingOf(second)).toEqual([rejected]);
    const set = { target: 'mode', value: 'b', reason: 'mine', holdSeconds: 0 };
    await second.engine.decide(setParameter(set));
    expect(waitingOf(second)).toEqual([rejected]);
    await second.engine.configure(configOf(`${yaml}\nledger: { retain_deltas: 1 }`));
    expect(waitingOf(second)).toEqual(['']);
  });

  test('a value outside allowed is rejected, never bent', async () => {
    const yaml = `
parameters: { mode: { initial: a, allowed: [a, b] } }
rules:
  - { id: r, when: 'true', type: strategy, operation: modify, target: mode, new_value: '"c"',
      reasoning: '"observed"', confidence: 0.9, impact: positive }
`;
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const [delta] = (await engine.runCycle()).deltas;
    expect(delta).toMatchObject({
      state: 'rejected',
      newValue: 'c',
      evaluation: { recommended: true },
      summary: 'Rejected: expected one of ["a","b"], got "c"',
    });
    expect(engine.ledger.state.head.parameters.mode).toBe('a');
  });

  test('too little confidence is a rejection that stays recommended, unless not enforced', async () => {
    const yaml = always('new_value: parameters.level + 1.0').replace('0.9', '0.4');
    const low = 'reflection: { min_score: 50, min_confidence: 0.5 }';
    const { engine } = await createEngineFixture(`${yaml}\n${low}`);
    await engine.recordTasks(FAILING);
    expect((await engine.runCycle()).deltas).toMatchObject([
      { state: 'rejected', evaluation: { recommended: true } },
    ]);
    expect(engine.ledger.state.head.counters).toMatchObject({ recommended: 1, deltasApplied: 0 });
    const lax = low.replace(' }', ', enforce_min_confidence: false }');
    const other = await createEngineFixture(`${yaml}\n${lax}`);
    await other.engine.recordTasks(FAILING);
    expect((await other.engine.runCycle()).deltas).toMatchObject([{ state: 'applied' }]);
  });

  test('at most so many an hour; the others wait for a person, once each', async () => {
    const yaml = always(
      'new_value: parameters.level + 1.0',
      'curation: { mode: apply, cooldown_seconds: 0, max_deltas_per_hour: 3 }',
    );
    const { engine, clock } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const states: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      states.push(...(await engine.runCycle()).deltas.map(({ state }) => state));
      await recordWindow(engine);
    }
    expect(states).toEqual(['applied', 'applied', 'applied', 'proposed']);
    // A revert is not held back.
    const [, newest] = engine.ledger.state.deltasNewestFirst();
    expect(await engine.decide(revert(newest?.deltaId ?? '', ''))).toMatchObject({ newValue: 12 });
    // What waited is out of date when the hour is over, and the rule has its turn again, rested.
    await clock.advance(3_660_000);
    for (let i = 0; i < 4; i += 1) await recordWindow(engine);
    expect((await engine.runCycle()).deltas).toMatchObject([{ state: 'applied', newValue: 13 }]);
    expect([...engine.ledger.state.pending()]).toEqual([]);
  });

  test('of two rules with one target, the first that fires has it', async () => {
    const rule = (id: string, value: number) =>
      `{ id: ${id}, when: 'true', type: resource, operation: adjust, target: level, ` +
      `new_value: '${value}.0', reasoning: '"observed"', confidence: 0.9, impact: positive }`;
    const yaml = `
parameters: { level: { initial: 10 } }
curation: { cooldown_seconds: 0 }
rules: [${rule('one', 11)}, ${rule('two', 12)}]
`;
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    expect((await engine.runCycle()).deltas).toMatchObject([{ ruleId: 'one', newValue: 11 }]);
  });

  test('a rule that cannot be evaluated is reported, and stops no other', async () => {
    const yaml = `
parameters: { level: { initial: 10 }, other: { initial: 1 } }
rules:
  - { id: broken, when: 'window.measurements.cost > 1.0', type: metric, operation: adjust,
      target: other, new_value: '2.0', reasoning: '"x"', confidence: 0.9, impact: positive }
  - { id: fine, when: 'true', type: resource, operation: adjust, target: level,
      new_value: '11.0', reasoning: '"observed"', confidence: 0.9, impact: positive }
`;
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const { deltas, faults } = await engine.runCycle();
    expect(faults).toMatchObject([{ ruleId: 'broken' }]);
    expect(deltas).toMatchObject([{ ruleId: 'fine', state: 'applied' }]);
  });

  test.each(['new_value', 'old_value'])('a rule whose %s is too long, too', async (field) => {
    const values = { old_value: '"a"', new_value: '"b"', [field]: 'parameters.text + "x"' };
    const parameters = { text: { initial: 'x'.repeat(3797) } };
    const rule = { id: 'long', when: 'true', type: 'metric', operation: 'modify', target: 'text' };
    const rest = { reasoning: '"observed"', confidence: 0.9, impact: 'positive' };
    const rules = [{ ...rule, ...values, ...rest }];
    const { engine } = await createEngineFixture(JSON.stringify({ parameters, rules }));
    await engine.recordTasks(FAILING);
    const { deltas, faults } = await engine.runCycle();
    expect(deltas).toEqual([]);
    const message = `${field} of rule long: expected at most 3800 bytes as a google.protobuf.Value, got 3801`;
    expect(faults).toEqual([{ ruleId: 'long', message }]);
  });
});

describe('a clock that is set back', () => {
  test('does not make old metrics the newest for ever', async () => {
    const { engine, clock } = await createEngineFixture();
    const report = (cpuPercent: number) => {
      const observeTimeMs = clock.now();
      return engine.decide(
        reportMetrics({ subAgentCount: 0, cpuPercent, values: {}, observeTimeMs }),
      );
    };
    await report(95);
    clock.jump(-3_600_000);
    await report(10);
    expect(engine.ledger.state.head.metrics?.report.cpuPercent).toBe(10);
  });
});

describe('short retention', () => {
  test('does not lift the hourly bound', async () => {
    const yaml = always(
      'new_value: parameters.level + 1.0',
      'curation: { mode: apply, max_deltas_per_hour: 3, cooldown_seconds: 0 }\nledger: { retain_deltas: 1 }',
    );
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    for (let i = 0; i < 6; i += 1) {
      await engine.runCycle();
      await recordWindow(engine);
    }
    expect(engine.ledger.state.head.counters.deltasApplied).toBe(3);
  });

  test('keeps what was approved just now, however old the proposal', async () => {
    const yaml = always(
      'new_value: parameters.level + 1.0\n    mode: recommend',
      'ledger: { retain_deltas: 2 }',
    ).replace('parameters: {', 'parameters: { other: { initial: 0 },');
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const [waiting] = (await engine.runCycle()).deltas;
    const set = { target: 'other', reason: '', holdSeconds: 0 };
    for (let i = 0; i < 5; i += 1) await engine.decide(setParameter({ ...set, value: 20 + i }));
    const { deltaId } = await engine.decide(approve(waiting?.deltaId ?? '', ''));
    await engine.decide(setParameter({ ...set, value: 50 }));
    await engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal: undefined }));
    const listed = [...engine.ledger.state.deltasNewestFirst()].map(({ sequence }) => sequence);
    expect(listed).toEqual([7, 6]);
    expect(engine.ledger.state.head.compactedThrough).toBe(5);
  });
});

test('a parameter that was taken away stays away over a restart', async () => {
  const yaml = `
parameters: { extra: { initial: 1 } }
rules:
  - { id: drop, when: 'true', type: resource, operation: remove, target: extra,
      reasoning: '"observed therefore system"', confidence: 1.0, impact: positive }
`;
  const { engine, store } = await createEngineFixture(yaml);
  await engine.recordTasks(FAILING);
  const [delta] = (await engine.runCycle()).deltas;
  await engine.decide(approve(delta?.deltaId ?? '', ''));
  const again = await createEngineFixture(yaml, { store });
  expect(again.engine.ledger.state.head.parameters).not.toHaveProperty('extra');
});

describe('risk and mode', () => {
  test('remove waits for a person; approved, the parameter is gone; reverted, it is back', async () => {
    const yaml = `
parameters: { extra: { initial: [1, 2] } }
rules:
  - { id: drop, when: 'true', type: resource, operation: remove, target: extra,
      reasoning: '"observed therefore system"', confidence: 1.0, impact: positive }
`;
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const [delta] = (await engine.runCycle()).deltas;
    expect(delta).toMatchObject({
      state: 'proposed',
      evaluation: { riskLevel: 'high' },
      summary: 'Waits for approval: its risk is high',
    });
    expect((await engine.runCycle()).deltas).toEqual([]);
    const approved = await engine.decide(approve(delta?.deltaId ?? '', 'unused'));
    expect(approved).toMatchObject({ state: 'applied', sequence: 1, oldValue: [1, 2] });
    expect(approved.summary).toBe('Approved by an operator: unused');
    expect(engine.ledger.state.head.parameters).not.toHaveProperty('extra');
    const back = await engine.decide(revert(approved.deltaId, ''));
    expect(back).toMatchObject({ operation: 'add', newValue: [1, 2], sequence: 2 });
    expect(engine.ledger.state.head.parameters.extra).toEqual([1, 2]);
  });

  test('add makes a parameter that can then be set and reverted', async () => {
    const yaml = `
rules:
  - { id: more, when: 'true', type: resource, operation: add, target: brand_new,
      new_value: '{"a": [1.0, null]}', reasoning: '"observed"', confidence: 0.9, impact: positive }
`;
    const { engine } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const [delta] = (await engine.runCycle()).deltas;
    expect(delta).toMatchObject({ state: 'applied', newValue: { a: [1, null] } });
    expect(delta?.oldValue).toBeUndefined();
    const reverted = await engine.decide(revert(delta?.deltaId ?? '', ''));
    expect(reverted).toMatchObject({ operation: 'remove', state: 'applied' });
    expect(engine.ledger.state.head.parameters).not.toHaveProperty('brand_new');
  });

  test('a rule may recommend where others apply, and a proposal expires', async () => {
    const yaml = always(
      'new_value: parameters.level + 1.0\n    mode: recommend',
      'curation: { proposal_ttl_seconds: 60 }',
    );
    const { engine, clock } = await createEngineFixture(yaml);
    await engine.recordTasks(FAILING);
    const [delta] = (await engine.runCycle()).deltas;
    const deltaId = delta?.deltaId ?? '';
    expect(delta).toMatchObject({ state: 'proposed', expireTimeMs: clock.now() + 60_000 });
    await clock.advance(60_000);
    await expect(engine.decide(approve(deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
    const again = await engine.runCycle();
    expect(engine.ledger.state.delta(deltaId)?.state).toBe('expired');
    expect(again.deltas).toMatchObject([{ state: 'proposed' }]);
  });
});

test('nothing is proposed while fewer than min_tasks are retained', async () => {
  const { engine } = await createEngineFixture();
  await engine.recordTasks(tasksOf(29, { status: 'failure' }));
  expect((await engine.runCycle()).cycle).toMatchObject({ tasksAnalyzed: 0, deltasProposed: 0 });
  await engine.recordTasks([taskOf({ status: 'failure' })]);
  expect((await engine.runCycle()).cycle).toMatchObject({
    number: 2,
    tasksAnalyzed: 30,
    deltasProposed: 1,
    deltasApplied: 1,
    totalDeltasHistory: 1,
  });
});
