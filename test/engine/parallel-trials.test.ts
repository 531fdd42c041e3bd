import { describe, expect, test } from 'vitest';
import { effectOf } from '../../src/engine/effects.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const BOTH = [{ id: 'one' }, { id: 'two', target: 'other' }];

/** A config of two parameters, each with further fields. */
function yamlOf(level: string, other = level, trial = '', rules = BOTH): string {
  return trialYaml({ rules, trial })
    .replace('level: { initial: 0', `level: { initial: 0, ${level}`)
    .replace('other: { initial: 0', `other: { initial: 0, ${other}`);
}

const UNRELATED = 'interferes_with: []';

/** Noise of a factor of e or less, the same in each run. */
function createNoise(): () => number {
  let i = 0;
  return () => {
    i += 1;
    return Math.exp(Math.sin(i * 12.9898) / 2);
  };
}

/** Runs tasks whose latency is a product over both parameters. */
async function run(
  fixture: TrialFixture,
  tasks: number,
  latencyOf: (level: unknown, other: unknown) => number = () => 100,
): Promise<void> {
  for (let i = 0; i < tasks; i += 1) {
    const taskId = `run-${fixture.state.head.counters.tasksRecorded + 1}`;
    const { parameters, deltaSequence } = await fixture.engine.resolve({ taskId, labels: {} });
    await fixture.clock.advance(1000);
    const latencyMs = latencyOf(parameters.level, parameters.other);
    const at = { taskId, deltaSequence, finishTimeMs: fixture.clock.now(), latencyMs };
    await fixture.engine.recordTasks([taskOf(at)]);
  }
}

function targetsOn({ state }: TrialFixture): string[] {
  return state.trials.filter(({ stage }) => stage === 'trial').map(({ plan }) => plan.target);
}

describe('which trials are on at the same time', () => {
  test.each([
    ['both leave all others out', UNRELATED, UNRELATED, ['level', 'other']],
    ['without the key, one at a time', '', '', ['level']],
    ['if one of them has no list', UNRELATED, '', ['level']],
    ['if one names the other', UNRELATED, 'interferes_with: [level]', ['level']],
  ])('%s', async (_, level, other, expected) => {
    const fixture = await createTrialFixture(yamlOf(level, other).replaceAll(', , ', ', '));
    await fixture.cycle();
    expect(targetsOn(fixture)).toEqual(expected);
  });

  test('one may go by blocks beside one by tasks, and two by blocks may not', async () => {
    const blocks = `${UNRELATED}, assignment: switchback`;
    const mixed = await createTrialFixture(yamlOf(blocks, UNRELATED));
    await mixed.cycle();
    expect(mixed.state.trials.map(({ plan }) => plan.assignment)).toEqual(['switchback', 'task']);
    const both = await createTrialFixture(yamlOf(blocks));
    await both.cycle();
    expect(targetsOn(both)).toEqual(['level']);
  });

  test("a rule's assignment comes before the parameter's", async () => {
    const rules = [{ id: 'one', more: 'assignment: task' }];
    const fixture = await createTrialFixture(
      yamlOf('assignment: switchback', '', '', rules).replaceAll(', , ', ', '),
    );
    await fixture.cycle();
    expect(fixture.trial?.plan.assignment).toBe('task');
  });

  test('each that may put a change in force counts for max_deltas_per_hour', async () => {
    const yaml = yamlOf(UNRELATED).replace(
      'cooldown_seconds',
      'max_deltas_per_hour: 1, cooldown_seconds',
    );
    const fixture = await createTrialFixture(yaml);
    await fixture.cycle();
    expect(targetsOn(fixture)).toEqual(['level']);
  });
});

describe('two trials at once', () => {
  test('a task has an arm in each, and each ends by itself', async () => {
    const fixture = await createTrialFixture(yamlOf(UNRELATED));
    const [first, second] = await fixture.cycle();
    const { assignments } = await fixture.engine.resolve({ taskId: 'a', labels: {} });
    expect(assignments.map(({ deltaId }) => deltaId)).toEqual([first?.deltaId, second?.deltaId]);
    await fixture.engine.recordTasks([taskOf({ taskId: 'a', latencyMs: 100 })]);
    await run(fixture, 120, (level, other) => (level === 1 ? 50 : 100) * (other === 1 ? 2 : 1));
    expect(fixture.delta(first?.deltaId ?? '').state).toBe('provisional');
    expect(fixture.delta(second?.deltaId ?? '')).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'harmed' },
    });
  });

  test('the arms of one are independent of those of the other', async () => {
    const fixture = await createTrialFixture(yamlOf(UNRELATED));
    await fixture.cycle();
    await run(fixture, 100);
    const [table] = fixture.state.trials[0]?.beside ?? [];
    const cells = [
      table?.cells.old.old,
      table?.cells.old.new,
      table?.cells.new.old,
      table?.cells.new.new,
    ];
    expect(cells.map((cell) => cell?.tasks)).toSatisfy((all: number[]) =>
      all.every((tasks) => tasks > 12),
    );
  });

  test('a pause and an outage are of each trial, and a pause by an operator of all', async () => {
    const fixture = await createTrialFixture(yamlOf(UNRELATED));
    await fixture.cycle();
    await fixture.engine.decide(setTrialsPaused(true));
    expect(fixture.state.trials.map(({ pauses }) => pauses)).toEqual([['operator'], ['operator']]);
    await fixture.engine.decide(setTrialsPaused(false));
    expect(fixture.state.trials.map(({ pauses }) => pauses)).toEqual([[], []]);
  });

  test('setting one parameter ends its trial alone', async () => {
    const fixture = await createTrialFixture(yamlOf(UNRELATED));
    await fixture.cycle();
    await fixture.setLevel(5, 'other');
    expect(targetsOn(fixture)).toEqual(['level']);
  });
});

describe('the table of combinations', () => {
  /** Either value alone is as slow as none, and both together are twice as fast. */
  const helpingTogether = (level: unknown, other: unknown) =>
    level === 1 && other === 1 ? 50 : 100;
  const adding = (level: unknown, other: unknown) =>
    (level === 1 ? 98 : 100) * (other === 1 ? 0.98 : 1);

  test.each([
    ['an interaction shows', helpingTogether, true],
    ['effects that add up show none', adding, false],
  ] as const)('%s', async (_, latencyOf, isSeen) => {
    const noise = createNoise();
    const fixture = await createTrialFixture(yamlOf(UNRELATED));
    const [first] = await fixture.cycle();
    await run(fixture, 100, (level, other) => latencyOf(level, other) * noise());
    const { beside = [] } = effectOf(fixture.state, fixture.delta(first?.deltaId ?? '')) ?? {};
    const { lower = Number.NaN, upper = Number.NaN } = beside[0]?.interaction ?? {};
    expect(lower).toBeLessThan(upper);
    expect(upper < 0).toBe(isSeen);
    expect(lower > 0).toBe(false);
  });

  test('survives a restart, and is in the effect at the end', async () => {
    const yaml = yamlOf(UNRELATED);
    const fixture = await createTrialFixture(yaml);
    const [first] = await fixture.cycle();
    await run(fixture, 40);
    const before = fixture.state.trials.map(({ beside }) => beside);
    const after = await fixture.reopen(yaml);
    expect(after.state.trials.map(({ beside }) => beside)).toEqual(before);
    await run(after, 200);
    expectAudited(after.store);
    expect(after.delta(first?.deltaId ?? '').effect?.beside).toMatchObject([
      { target: 'other', combinations: [{ arm: 'old', other: 'old' }, {}, {}, {}] },
    ]);
  });
});
