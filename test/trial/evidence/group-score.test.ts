import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Guard, LATENCY, type Metric, OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import { mean } from '../../../src/trial/evidence/distributions.ts';
import { readGroup } from '../../../src/trial/evidence/group-score.ts';
import { groupStake } from '../../../src/trial/evidence/margin.ts';
import { LOST, type Outcome } from '../../../src/trial/evidence/outcome.ts';
import { failed, LATENCY_GUARD, ok, outcomeOf, UNTIMED } from '../../support/trials/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const SCORE: Metric = { ...COST, better: 'higher' };
const METRICS = [OUTCOME, LATENCY, SUCCESS, COST, SCORE, { ...COST, statistic: 'median' } as const];

const cost = (value: number) => outcomeOf({ measurements: { cost: value } });

function stakeOf(metric: Metric, old: Outcome, fresh: readonly Outcome[]): number | undefined {
  return readGroup(metric, { old, new: fresh }, [], 10)?.stake;
}

const amount = fc.oneof(
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(0, 1, 1e9, -1e9),
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant(LOST),
  fc.constant(UNTIMED),
  fc
    .tuple(
      fc.constantFrom('success', 'failure', 'timeout'),
      fc.integer({ min: 0, max: 50 }),
      amount,
    )
    .map(
      ([status, latencyMs, value]): Outcome => ({
        status: status as Outcome['status'],
        latencyMs,
        measurements: { cost: value },
      }),
    ),
);
const group = fc.array(outcome, { minLength: 2, maxLength: 5 });
const sizes = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 8 });

describe('the outcome of a group', () => {
  const four = [ok(200), ok(300), failed(10), failed(900)];
  const cases: [string, Outcome, number][] = [
    ['the old one was the fastest of the successes', ok(100), 1],
    ['the second', ok(250), 0.5],
    ['a success is before any failure', ok(5000), 0],
    ['a failure is behind any success, by its latency among failures', failed(1), 0],
    ['as measured', failed(100), -0.5],
    ['the last', failed(1000), -1],
    ['a lost one is behind the successes, and ties with failures', LOST, -0.5],
    ['a success without a latency ties with successes', UNTIMED, 0.5],
  ];

  test.each(cases)('%s', (_, old, stake) => {
    expect(stakeOf(OUTCOME, old, four)).toBe(stake);
  });

  test('ties with lost ones, and with those as fast', () => {
    expect(stakeOf(OUTCOME, failed(100), [LOST, LOST, LOST, LOST])).toBe(0);
    expect(stakeOf(OUTCOME, ok(100), [ok(100), ok(100), ok(99), ok(101)])).toBe(0);
  });

  test('of fewer is among those', () => {
    expect(stakeOf(OUTCOME, ok(100), [ok(200)])).toBe(1);
  });
});

describe('the two steps of an outcome', () => {
  const four = [ok(200), ok(300), failed(10), failed(900)];
  const cases: [string, Outcome, number, string, number][] = [
    ['a success, first of three', ok(100), 0.5, 'succeeded', 1],
    ['the second of them', ok(250), 0.5, 'succeeded', 0],
    ['a failure, second of three', failed(100), -0.5, 'failed', 0],
    ['one that was lost ties', LOST, -0.5, 'failed', 0],
    ['a fast one is before slow ones', failed(4), -0.5, 'failed', 1],
  ];

  test.each(cases)('%s', (_, old, success, name, place) => {
    const reading = readGroup(OUTCOME, { old, new: four }, [], 10);
    expect(reading?.steps).toEqual({ success, name, place });
  });

  test('do not tell failures under the floor from each other', () => {
    const place = (old: Outcome, floorMs: number) =>
      readGroup(OUTCOME, { old, new: [failed(5), failed(6)] }, [], floorMs)?.steps?.place;
    expect([place(failed(7), 10), place(failed(7), 1)]).toEqual([0, -1]);
  });

  test('have a mean of 0 over all places, the second one within each way to end too', () => {
    fc.assert(
      fc.property(group, (tasks) => {
        const steps = tasks.map((old, place) => {
          const fresh = tasks.filter((_, i) => i !== place);
          return readGroup(OUTCOME, { old, new: fresh }, [], 10)?.steps;
        });
        expect(Math.abs(mean(steps.map((one) => one?.success ?? 9)))).toBeLessThan(1e-12);
        for (const name of ['succeeded', 'failed']) {
          const places = steps.flatMap((one) => (one?.name === name ? [one.place] : []));
          expect(Math.abs(mean(places))).toBeLessThan(1e-12);
        }
      }),
    );
  });
});

test('success of a group is that of the old one less the mean of the others', () => {
  const others = [ok(1), failed(1), LOST, ok(1)];
  expect([stakeOf(SUCCESS, ok(9), others), stakeOf(SUCCESS, LOST, others)]).toEqual([0.5, -0.5]);
});

test('latency of a group is compared among successes only', () => {
  const others = [ok(200), failed(1), ok(50), LOST];
  expect(stakeOf(LATENCY, ok(100), others)).toBe(0);
  expect(stakeOf(LATENCY, ok(100), [ok(200), failed(1), failed(2), LOST])).toBe(1);
  expect(stakeOf(LATENCY, failed(1), others)).toBeUndefined();
  expect(stakeOf(LATENCY, ok(1), [failed(1), LOST])).toBeUndefined();
});

describe('an amount of a group', () => {
  test('is that of the others above the old one, less the mean of what it could have been', () => {
    // Differences 10, -2.5 … of a scale of 3 · 4, for the old one first.
    const stake = stakeOf(COST, cost(0), [cost(10), cost(10), cost(10), cost(10)]);
    const scores = [10 / 12, -2.5 / 12];
    expect(stake).toBeCloseTo(
      ((scores[0] ?? 0) - mean([scores[0] ?? 0, ...Array(4).fill(scores[1])])) / 2,
      12,
    );
    expect(stakeOf(SCORE, cost(0), [cost(10), cost(10), cost(10), cost(10)])).toBeCloseTo(
      -(stake ?? 0),
      12,
    );
  });

  test('is clipped at three mean sizes, those of the trial included', () => {
    const group = { old: cost(0), new: [cost(1000), cost(0), cost(0), cost(0)] };
    // Differences 250, -1000, 250 … of mean size 400; with three sizes of 0 the scale is 300.
    const clipped = [250 / 300, -1, 250 / 300, 250 / 300, 250 / 300];
    const stake = readGroup(COST, group, [0, 0, 0], 10)?.stake;
    expect(stake).toBeCloseTo((250 / 300 - mean(clipped)) / 2, 12);
  });

  test('is among those that carry it', () => {
    expect(stakeOf(COST, ok(1), [cost(1), cost(2)])).toBeUndefined();
    expect(stakeOf(COST, cost(1), [ok(1), LOST])).toBeUndefined();
    expect(stakeOf(COST, cost(1), [cost(3), LOST])).toBe(stakeOf(COST, cost(1), [cost(3)]));
  });
});

/** What is staked, for each of the tasks in turn as the old one. */
function overAllPlaces(
  tasks: readonly Outcome[],
  stake: (old: Outcome, fresh: Outcome[]) => number | undefined,
) {
  return tasks.map(
    (old, place) =>
      stake(
        old,
        tasks.filter((_, i) => i !== place),
      ) ?? 0,
  );
}

describe('over all places of the old one', () => {
  test.each(METRICS)('the mean stake of $name ($statistic, $better) is 0', (metric) => {
    fc.assert(
      fc.property(group, sizes, (tasks, before) => {
        const stakes = overAllPlaces(
          tasks,
          (old, fresh) => readGroup(metric, { old, new: fresh }, before, 10)?.stake,
        );
        expect(Math.abs(mean(stakes))).toBeLessThan(1e-12);
        for (const stake of stakes) expect(Math.abs(stake)).toBeLessThanOrEqual(1);
      }),
    );
  });

  const guards: Guard[] = [
    LATENCY_GUARD,
    { ...LATENCY_GUARD, statistic: 'total' },
    { ...COST, margin: 0.25 },
    { ...SCORE, margin: 0.25 },
    { ...COST, statistic: 'median', margin: 0.25 },
  ];

  test.each(guards)('so is that of $name ($statistic, $better) at its margin', (metric) => {
    // Values that a quarter, or a twentieth, more of makes no new ties of.
    const spread = fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(spread, (values) => {
        const worse = metric.better === 'lower' ? 1 + metric.margin : 1 - metric.margin;
        const whole = (value: number) =>
          outcomeOf({ latencyMs: value, measurements: { cost: value } });
        const stakes = values.map((value, place) => {
          const fresh = values.filter((_, i) => i !== place).map((other) => whole(other * worse));
          return groupStake(metric, { old: whole(value), new: fresh }) ?? 0;
        });
        expect(Math.abs(mean(stakes))).toBeLessThan(1e-9);
      }),
    );
  });
});
