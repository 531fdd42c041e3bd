import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { configOf, createEngineFixture } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { createTrialFixture, TrialFixture } from '../support/trials/trial-fixture.ts';

const yaml = (search = '{ scale: log }', more = '', trial = 'assignment: task') => `
cycle: { enabled: false }
curation: { mode: trial, cooldown_seconds: 10 }
trial: { ${trial}, seed: s, outcome_timeout_seconds: 10 }
parameters: { level: { initial: 4, min: 1, max: 64, search: ${search} ${more} } }
rules: []`;

/** The further from the best value, the slower, with little noise. */
const bestAt = (best: number) => {
  let i = 0;
  return (level: unknown) => {
    i += 1;
    const away = Math.log2(Number(level) / best);
    return { latencyMs: 100 * Math.exp(0.3 * away ** 2) * (1 + ((i * 37) % 20) / 100) };
  };
};

function searchOf({ state }: TrialFixture) {
  const search = state.head.searches.level;
  if (search === undefined) throw new Error('there is no search');
  return search;
}

/** Runs tasks, and cycles, until something is so. */
async function runUntil(
  fixture: TrialFixture,
  isSo: () => boolean,
  end: (level: unknown) => { readonly latencyMs: number },
): Promise<void> {
  for (let i = 0; i < 6000 && !isSo(); i += 1) {
    await fixture.run(end);
    if (i % 5 === 0) await fixture.cycle();
  }
  if (!isSo()) throw new Error(`it never is: ${JSON.stringify(searchOf(fixture))}`);
}

const isProven = (fixture: TrialFixture, value: number) => () =>
  Math.abs(Math.log2(Number(fixture.state.head.searches.level?.proven) / value)) < 0.3;

test('no race begins before the first task, which tells whether tasks ask by their ids', async () => {
  const fixture = new TrialFixture(
    await createEngineFixture(yaml('{ scale: log }', '', 'assignment: auto')),
  );
  await fixture.cycle();
  expect(fixture.state.trials).toEqual([]);
  await fixture.run(bestAt(20));
  await fixture.cycle();
  expect(fixture.state.trials).toMatchObject([{ plan: { isRace: true, assignment: 'task' } }]);
});

test('the best value is found, confirmed, and held back; every trial can be audited', async () => {
  const fixture = await createTrialFixture(yaml());
  await runUntil(fixture, isProven(fixture, 20), bestAt(20));
  const { champion, proven, start, races } = searchOf(fixture);
  expect(proven).toBe(champion);
  expect(start).toBe(4);
  expect(races).toBeGreaterThan(3);
  expect(fixture.level).toBe(champion);
  const confirmed = [...fixture.state.deltasNewestFirst()].find((d) => d.state === 'confirmed');
  expect(confirmed).toMatchObject({ ruleId: 'search:level', oldValue: 4, newValue: champion });
  expect(fixture.state.trials).toMatchObject([{ stage: 'holdback', plan: { isFinal: true } }]);
  expectAudited(fixture.store);
});

test('a race puts what helped in force at once, without a probation', async () => {
  const fixture = await createTrialFixture(yaml());
  const deltaId = await fixture.begin();
  expect(fixture.trial?.plan).toMatchObject({ oldValue: 4, newValue: 8, isRace: true });
  await fixture.runUntil(deltaId, 'applied', bestAt(20));
  expect(fixture.level).toBe(8);
  expect(fixture.state.trials).toEqual([]);
  expect(fixture.delta(deltaId)).toMatchObject({
    effect: { verdict: 'helped' },
    summary: expect.stringMatching(/In force, not proven/),
  });
  // The search does not wait for the cooldown of its own races.
  await fixture.cycle();
  expect(fixture.trial?.plan).toMatchObject({ oldValue: 8, isRace: true });
  expect(fixture.state.head.rules).toEqual({});
  expect(fixture.state.head.changes).toEqual({});
  expectAudited(fixture.store);
});

test('a champion that cannot be proven is taken back, and is a bound', async () => {
  const fixture = await createTrialFixture(yaml('{ scale: log }', '', 'probation_tasks: 60'));
  const isFinal = () => fixture.state.trials.some(({ plan }) => plan.isFinal === true);
  await runUntil(fixture, isFinal, bestAt(20));
  const { champion } = searchOf(fixture);
  await runUntil(fixture, () => searchOf(fixture).champion !== champion, bestAt(4));
  expect(searchOf(fixture)).toMatchObject({ champion: 4, proven: 4 });
  expect(searchOf(fixture).unproven).toContain(champion);
  expect(fixture.level).toBe(4);
  expectAudited(fixture.store);
});

test('among values, the best one is found', async () => {
  const fixture = await createTrialFixture(yaml('{ values: [4, 8, 12, 16] }'));
  const isDone = () => searchOf(fixture).proven === 12;
  await fixture.cycle();
  await runUntil(fixture, isDone, bestAt(12));
  expect(fixture.level).toBe(12);
});

test('a restart goes on where it was', async () => {
  const fixture = await createTrialFixture(yaml());
  await runUntil(fixture, () => fixture.state.head.searches.level?.races === 2, bestAt(20));
  const known = searchOf(fixture);
  const again = await fixture.reopen(yaml());
  expect(searchOf(again)).toEqual(JSON.parse(JSON.stringify(known)));
  await runUntil(again, isProven(again, 20), bestAt(20));
});

describe('from outside', () => {
  test('another range begins the search anew, with the champion', async () => {
    const fixture = await createTrialFixture(yaml());
    await fixture.runUntil(await fixture.begin(), 'applied', bestAt(20));
    await fixture.cycle();
    const other = yaml('{ scale: linear }');
    await fixture.engine.configure(configOf(other));
    expect(fixture.trial).toBeUndefined();
    await fixture.cycle();
    expect(searchOf(fixture)).toMatchObject({ champion: 8, proven: 4, round: 2 });
    expect(fixture.trial?.plan).toMatchObject({ oldValue: 8, newValue: 21 });
  });

  test('without a search in the config, there is none', async () => {
    const fixture = await createTrialFixture(yaml());
    await fixture.begin();
    await fixture.engine.configure(configOf('parameters: { level: { initial: 4 } }\nrules: []'));
    expect(fixture.trial).toBeUndefined();
    await fixture.cycle();
    expect(fixture.state.head.searches).toEqual({});
    expect(fixture.trial).toBeUndefined();
  });

  test("an operator's value is the champion once its hold is over", async () => {
    const fixture = await createTrialFixture(yaml());
    await fixture.begin();
    const set = { target: 'level', value: 32, reason: 'mine', holdSeconds: 60 };
    await fixture.engine.decide(setParameter(set));
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.clock.advance(61_000);
    await fixture.cycle();
    expect(searchOf(fixture)).toMatchObject({ champion: 32, proven: 32, start: 4 });
    expect(fixture.trial?.plan).toMatchObject({ oldValue: 32, newValue: 64 });
  });

  test('a value that a client refuses is a bound', async () => {
    const fixture = await createTrialFixture(yaml());
    const deltaId = await fixture.begin();
    const refusal = { reason: 'UNSUPPORTED', message: 'too many' };
    const refused = { clientId: 'a', epoch: '', deltaId, refusal };
    await fixture.engine.decide(acknowledge(refused));
    expect(fixture.trial).toBeUndefined();
    await fixture.cycle();
    expect(searchOf(fixture)).toMatchObject({ refused: [8] });
    expect(fixture.trial?.plan).toMatchObject({ oldValue: 4, newValue: 2 });
  });

  test('no race begins while trials are paused', async () => {
    const fixture = await createTrialFixture(yaml());
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.engine.decide(setTrialsPaused(false));
    await fixture.begin();
  });
});

test('in blocks, races go on, too', async () => {
  const blocks = yaml('{ scale: log }', '', 'assignment: switchback, probation_tasks: 400');
  const fixture = await createTrialFixture(blocks);
  await fixture.cycle();
  await runUntil(fixture, () => searchOf(fixture).champion !== 4, bestAt(20));
  expect(searchOf(fixture).champion).toBe(8);
  expectAudited(fixture.store);
});

test('its status says what it does, and where it is', async () => {
  const fixture = await createTrialFixture(yaml());
  const status = () => fixture.engine.searches()[0];
  expect(status()).toMatchObject({ target: 'level', state: undefined, doing: 'it begins' });
  const deltaId = await fixture.begin();
  expect(status()).toMatchObject({ step: 2, doing: `8 races against 4, by delta ${deltaId}` });
  await fixture.runUntil(deltaId, 'applied', bestAt(20));
  expect(status()?.bounds).toEqual({ below: 4, above: Number.POSITIVE_INFINITY });
  expect(status()?.doing).toBe('23 is to race against 8');
  await runUntil(fixture, () => status()?.doing.includes('is being proven') === true, bestAt(20));
  expect(status()?.restTasks).toBeGreaterThan(0);
  await runUntil(fixture, () => status()?.doing === 'it rests', bestAt(20));
});

test('races are a cost of exploring, and no changes that were not kept', async () => {
  const fixture = await createTrialFixture(yaml());
  await runUntil(fixture, isProven(fixture, 20), bestAt(20));
  const { changes, unkept, exploring, record } = fixture.engine.gains();
  expect(changes).toMatchObject([{ delta: { ruleId: 'search:level', oldValue: 4 } }]);
  expect(unkept).toEqual([]);
  expect(exploring.tasks).toBeGreaterThan(20);
  expect(record).toMatchObject({ promotions: 1, confirmed: 1 });
});

test('two searches take turns', async () => {
  const two = yaml().replace(
    'parameters: {',
    'parameters: { other: { initial: 4, min: 1, max: 64, search: { scale: log } },',
  );
  const fixture = await createTrialFixture(two);
  const targets: (string | undefined)[] = [];
  for (let i = 0; i < 4; i += 1) {
    await fixture.cycle();
    targets.push(fixture.trial?.plan.target);
    await fixture.runOut(bestAt(4));
  }
  expect(targets).toEqual(['other', 'level', 'other', 'level']);
});
