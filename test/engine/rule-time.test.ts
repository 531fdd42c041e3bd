import { expect, test } from 'vitest';
import { setParameter } from '../../src/engine/curation.ts';
import { configOf, createEngineFixture, taskOf } from '../support/engine/engine-fixture.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

/** A clock that goes on by a tenth of a millisecond whenever somebody looks at it. */
class TickingClock extends ManualClock {
  #looks = 0;

  override monotonic(): number {
    this.#looks += 1;
    return super.monotonic() + this.#looks / 10;
  }
}

/** Looks at the clock once in 64 steps: 2,000 names squared are 6 seconds of it. */
const HEAVY =
  'window.measurements.exists(a, window.measurements.exists(b, ' +
  'window.measurements[a] > window.measurements[b] * 1000.0))';

function ruleText(id: string, when: string, target: string): string {
  return `
  - { id: ${id}, when: "${when}", type: strategy, operation: adjust, target: ${target},
      new_value: 'parameters.${target} + 1.0', reasoning: "'observed %'", confidence: 0.9, impact: positive }`;
}

function configText(...rules: string[]): string {
  const names = ['x', 'y', ...Array.from({ length: 60 }, (_, i) => `p${i}`)];
  const parameters = names.map((name) => `  ${name}: { initial: 0 }`).join('\n');
  const fixed = 'cycle: { enabled: false }\ncuration: { mode: apply, cooldown_seconds: 0 }';
  return `${fixed}\nparameters:\n${parameters}\nrules:${rules.join('')}`;
}

async function fixtureOf(...rules: string[]) {
  const fixture = await createEngineFixture(configText(...rules), { clock: new TickingClock() });
  // 30 tasks, each with 64 measurements of names of its own.
  const tasks = Array.from({ length: 30 }, (_, i) => {
    const names = Array.from({ length: 64 }, (_, j) => `task_${i}_${j}`);
    return taskOf({ measurements: Object.fromEntries(names.map((name) => [name, 1])) });
  });
  await fixture.engine.recordTasks(tasks);
  return fixture;
}

test('a rule that takes too long is at fault for the cycle, and others are asked', async () => {
  const { engine } = await fixtureOf(ruleText('heavy', HEAVY, 'x'), ruleText('light', 'true', 'y'));
  const { deltas, faults } = await engine.runCycle();
  expect(deltas).toMatchObject([{ ruleId: 'light' }]);
  expect(faults).toEqual([
    { ruleId: 'heavy', message: expect.stringMatching(/^when of rule heavy: .*longer than 20 ms/) },
  ]);
});

test('all rules together have a second, and others have their turn meanwhile', async () => {
  const heavy = Array.from({ length: 60 }, (_, i) => ruleText(`heavy_${i}`, HEAVY, `p${i}`));
  const { engine } = await fixtureOf(...heavy, ruleText('light', 'true', 'y'));
  let turns = 0;
  let isOver = false;
  const takeTurns = () => {
    turns += 1;
    if (!isOver) setImmediate(takeTurns);
  };
  takeTurns();
  const { deltas, faults } = await engine.runCycle();
  isOver = true;
  expect(deltas).toEqual([]);
  expect(faults).toHaveLength(61);
  expect(faults.at(-1)).toEqual({
    ruleId: 'light',
    message: 'the rules before it took 1000 ms, which is all there is',
  });
  expect(turns).toBeGreaterThan(40);
});

test('what was set while the rules were asked is not overwritten', async () => {
  const { engine } = await fixtureOf(
    ruleText('first', 'true', 'x'),
    ruleText('second', 'true', 'y'),
    ...Array.from({ length: 3 }, (_, i) => ruleText(`heavy_${i}`, HEAVY, `p${i}`)),
  );
  const cycle = engine.runCycle();
  await engine.decide(setParameter({ target: 'x', value: 7, reason: '', holdSeconds: 0 }));
  const { deltas } = await cycle;
  expect(deltas).toMatchObject([{ ruleId: 'second', oldValue: 0, newValue: 1 }]);
  expect(engine.ledger.state.head.parameters).toMatchObject({ x: 7, y: 1 });
});

test('a rule that takes too long is at fault, whatever else decides its condition', async () => {
  const { engine } = await fixtureOf(ruleText('heavy', `${HEAVY} && false`, 'x'));
  expect((await engine.runCycle()).faults).toMatchObject([{ ruleId: 'heavy' }]);
});

test('a config that is taken up meanwhile is the one that counts', async () => {
  const heavy = Array.from({ length: 3 }, (_, i) => ruleText(`heavy_${i}`, HEAVY, `p${i}`));
  const { engine } = await fixtureOf(ruleText('first', 'true', 'x'), ...heavy);
  const cycle = engine.runCycle();
  await engine.configure(configOf(configText(ruleText('other', 'true', 'y'))));
  expect((await cycle).deltas).toMatchObject([{ ruleId: 'other', target: 'y' }]);
});

test('cycles run one after the other', async () => {
  const { engine } = await fixtureOf(ruleText('heavy', HEAVY, 'x'), ruleText('light', 'true', 'y'));
  const reports = await Promise.all([1, 2, 3].map(() => engine.runCycle()));
  expect(reports.map(({ cycle }) => cycle.number)).toEqual([1, 2, 3]);
  // What the first one has changed is new to the others, which wait for news of it.
  expect(reports.map(({ deltas }) => deltas.length)).toEqual([1, 0, 0]);
});
