import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import { LOST, type Outcome } from '../../../src/trial/evidence/outcome.ts';
import { readPair } from '../../../src/trial/evidence/pair-score.ts';
import { failed, ok, outcomeOf, SCALE, UNTIMED } from '../../support/trials/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'median' };
const TOTAL: Metric = { ...LATENCY, statistic: 'total' };

function read(metric: Metric, old: Outcome, fresh: Outcome, scale = SCALE) {
  return readPair(metric, { old: [old], new: [fresh] }, scale);
}

const cost = (value: number) => outcomeOf({ measurements: { cost: value } });
const LN2 = Math.log(2);

describe('the stratum of a pair', () => {
  const cases: [string, Outcome, Outcome, string | undefined, number, number | undefined][] = [
    ['both succeeded', ok(100), ok(200), 'succeeded', LN2, LN2],
    ['both failed', failed(200), failed(100), 'failed', -LN2, -LN2],
    [
      'a timeout is a failure',
      failed(20),
      outcomeOf({ status: 'timeout', latencyMs: 40 }),
      'failed',
      LN2,
      LN2,
    ],
    ['both failed under the floor', failed(9), failed(4.5), 'failedFast', -LN2, undefined],
    ['one of them at the floor', failed(5), failed(10), 'failed', LN2, LN2],
    ['fast successes have no floor', ok(4), ok(8), 'succeeded', LN2, LN2],
    ['under a millisecond is one', ok(0), ok(2), 'succeeded', LN2, LN2],
    ['the new one failed', ok(100), failed(1), 'discordant', 1, undefined],
    ['the old one failed', failed(1), ok(9000), 'discordant', -1, undefined],
    ['the new one was lost, the old one succeeded', ok(100), LOST, 'discordant', 1, undefined],
    ['the old one was lost, the new one succeeded', LOST, ok(100), 'discordant', -1, undefined],
    ['a success without a latency, and a failure', UNTIMED, failed(5), 'discordant', 1, undefined],
    ['lost against a failure is a tie', LOST, failed(100), undefined, 0, undefined],
    ['both were lost', LOST, LOST, undefined, 0, undefined],
    ['as fast as each other', ok(100), ok(100), 'succeeded', 0, undefined],
  ];

  test.each(cases)('%s', (_, old, fresh, name, difference, typical) => {
    const reading = read(OUTCOME, old, fresh);
    expect(reading?.stratum?.name).toBe(name);
    expect(reading?.stratum?.difference ?? 0).toBeCloseTo(difference, 12);
    expect(reading?.typical ?? 0).toBeCloseTo(typical ?? 0, 12);
    expect(reading?.typical === undefined).toBe(typical === undefined);
  });

  test('of latency alone there is none where one failed', () => {
    expect(read(LATENCY, ok(100), failed(1))?.stratum).toBeUndefined();
    expect(read(LATENCY, ok(100), ok(50))?.stratum?.name).toBe('succeeded');
  });

  test.each([SUCCESS, COST, TOTAL])('of $name by its $statistic there is none', (metric) => {
    expect(read(metric, cost(1), cost(2))?.stratum).toBeUndefined();
  });

  test('of blocks there is none', () => {
    const blocks = { ...SCALE, assignment: 'switchback' } as const;
    expect(read(OUTCOME, ok(100), ok(200), blocks)).toMatchObject({ stratum: undefined });
    expect(read(OUTCOME, ok(100), ok(200), blocks)?.typical).toBeCloseTo(LN2, 12);
  });

  test('of two successes of which one has no latency nothing is told', () => {
    expect(read(OUTCOME, UNTIMED, ok(100))).toBeUndefined();
    expect(read(LATENCY, ok(100), UNTIMED)).toBeUndefined();
  });
});

describe('the capped score', () => {
  const cases: [string, Outcome, Outcome, number][] = [
    ['failing fast is no faster than the timeout', ok(500), failed(1), LN2],
    ['a lost one counts as the timeout', ok(500), LOST, LN2],
    ['a failure without a latency too', { status: 'failure', measurements: {} }, ok(500), -LN2],
    ['failing slowly is as slow as it was', failed(4000), ok(2000), -LN2],
    ['a slow success is as slow as it was', ok(4000), ok(2000), -LN2],
    ['two fast failures are alike', failed(1), failed(900), 0],
  ];

  test.each(cases)('%s', (_, old, fresh, difference) => {
    expect(read(OUTCOME, old, fresh)?.mixed).toBeCloseTo(difference, 12);
    expect(read(LATENCY, old, fresh)?.mixed).toBeCloseTo(difference, 12);
  });

  test('of blocks is the difference of mean logarithms', () => {
    const pair = { old: [ok(100), ok(400)], new: [ok(200), ok(200), failed(1), failed(4000)] };
    const reading = readPair(OUTCOME, pair, { ...SCALE, assignment: 'switchback' });
    const fresh = (2 * Math.log(200) + Math.log(1000) + Math.log(4000)) / 4;
    expect(reading?.mixed).toBeCloseTo(fresh - Math.log(200), 12);
  });
});

describe('other metrics', () => {
  test('success is worse by 1 where only the new one failed, and a tie counts', () => {
    const reading = (old: Outcome, fresh: Outcome) => read(SUCCESS, old, fresh)?.mixed;
    expect([reading(ok(1), LOST), reading(failed(1), ok(1)), reading(LOST, failed(9))]).toEqual([
      1, -1, 0,
    ]);
    expect(read(SUCCESS, ok(1), ok(1))?.typical).toBeCloseTo(0, 12);
  });

  test('a measurement is compared in its own unit, whichever is better', () => {
    expect(read(COST, cost(10), cost(12))).toMatchObject({
      mixed: 2,
      typical: 2,
      old: 10,
      new: 12,
    });
    expect(read({ ...COST, better: 'higher' }, cost(10), cost(12))?.mixed).toBe(-2);
  });

  test('a tie is not typical of a median, and is part of a total', () => {
    expect(read(COST, cost(3), cost(3))?.typical).toBeUndefined();
    expect(read({ ...COST, statistic: 'total' }, cost(3), cost(3))?.typical).toBe(0);
  });

  test('a measurement that a task does not carry tells nothing, nor does an inherited name', () => {
    expect(read(COST, cost(3), ok(1))).toBeUndefined();
    expect(read(COST, LOST, cost(3))).toBeUndefined();
    expect(read({ ...COST, name: 'constructor' }, ok(1), ok(1))).toBeUndefined();
  });

  test('a total of latency takes failures as measured, and leaves out the lost', () => {
    expect(read(TOTAL, ok(500), failed(20))?.mixed).toBe(-480);
    expect(read(TOTAL, ok(500), LOST)).toBeUndefined();
  });

  test('an amount is finite', () => {
    expect(read(COST, cost(1), cost(1e300))?.new).toBe(1e150);
  });
});
