import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import { addPair } from '../../../src/trial/evidence/add-evidence.ts';
import { mean } from '../../../src/trial/evidence/distributions.ts';
import {
  combinedHarm,
  type Evidence,
  eHarm,
  eHelp,
  type MetricEvidence,
  noEvidence,
  worsening,
} from '../../../src/trial/evidence/evidence.ts';
import { LOST, type Outcome } from '../../../src/trial/evidence/outcome.ts';
import {
  AMOUNTS,
  discordantOf,
  mixedOf,
  RATED,
  stratumOf,
  wealthOf,
} from '../../support/trials/by-hand.ts';
import { failed, ok, outcomeOf, SCALE, SUCCESS_GUARD } from '../../support/trials/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const TYPICAL: Metric = { ...COST, statistic: 'median' };

type Single = readonly [old: Outcome, fresh: Outcome];

function evidenceOf(metric: Metric, pairs: readonly Single[], scale = SCALE): MetricEvidence {
  const [evidence] = pairs.reduce<Evidence>(
    (sum, [old, fresh]) => addPair(sum, { old: [old], new: [fresh] }, scale),
    [noEvidence(metric, scale)],
  );
  if (evidence === undefined) throw new Error('there is evidence of the metric');
  return evidence;
}

const cost = (value: number, status: Outcome['status'] = 'success') =>
  outcomeOf({ status, measurements: { cost: value } });
const ratio = (value: number): Single => [ok(100), ok(100 * value)];
const fails = (value: number): Single => [failed(100), failed(100 * value)];
const fast = (value: number): Single => [failed(4), failed(4 * value)];
const LOSES: Single = [ok(100), failed(10)];
const WINS: Single = [failed(10), ok(100)];

describe('the outcome', () => {
  const pairs = [
    ratio(2),
    fails(0.5),
    LOSES,
    fast(1.5),
    ratio(0.7),
    WINS,
    fast(0.6),
    LOSES,
    ratio(3),
  ];
  const strata = [
    stratumOf([Math.log(2), Math.log(0.7), Math.log(3)]),
    stratumOf([Math.log(0.5)]),
    stratumOf([Math.log(1.5), Math.log(0.6)]),
    discordantOf([1, -1, 1]),
  ];
  // Failures count as a second.
  const ten = Math.log(1000) - Math.log(100);
  const capped = [Math.log(2), 0, ten, 0, Math.log(0.7), -ten, 0, ten, Math.log(3)];

  test('is half the product over strata, and half the capped score', () => {
    const product = strata.reduce((e, one) => e * one, 1);
    expect(eHarm(evidenceOf(OUTCOME, pairs))).toBeCloseTo((product + mixedOf(capped)) / 2, 12);
  });

  test('that is turned round helps as much as it harmed', () => {
    const turned = pairs.map(([old, fresh]): Single => [fresh, old]);
    const [evidence, mirror] = [evidenceOf(OUTCOME, pairs), evidenceOf(OUTCOME, turned)];
    expect(eHelp(mirror)).toBeCloseTo(eHarm(evidence), 12);
    expect(eHarm(mirror)).toBeCloseTo(eHelp(evidence), 12);
  });

  test('has ranks of a stratum of its own, whatever the others are', () => {
    // The second pair of failures is smaller than all successes, and still the larger of the two.
    const mixed = evidenceOf(OUTCOME, [ratio(9), fails(1.1), ratio(8), fails(1.2)]);
    expect(mixed.strata[1]).toEqual(evidenceOf(OUTCOME, [fails(1.1), fails(1.2)]).strata[1]);
  });

  test('in noise of one stratum costs a factor of 3.5 at most', () => {
    const noise = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? WINS : LOSES));
    const { strata: found } = evidenceOf(OUTCOME, noise);
    expect(mean(found[3]?.help ?? [])).toBeLessThan(0.05);
    const pure = evidenceOf(OUTCOME, [...noise, ...Array.from({ length: 20 }, () => ratio(0.5))]);
    const helped = stratumOf(Array.from({ length: 20 }, () => Math.LN2));
    expect(eHelp(pure)).toBeGreaterThan(helped / 3.5 / 2);
  });

  test('is not moved by lost against failed', () => {
    const one = evidenceOf(OUTCOME, [[LOST, failed(100)]]);
    expect([eHarm(one), eHelp(one), one.differences.length, one.better, one.worse]).toEqual([
      1, 1, 0, 0, 0,
    ]);
  });
});

test('latency leaves the stratum of the discordant out', () => {
  const pairs = [ratio(2), LOSES, fails(2), ratio(0.5)];
  const product = stratumOf([Math.LN2, -Math.LN2]) * stratumOf([Math.LN2]);
  const capped = mixedOf([2, 10, 1, 0.5].map(Math.log));
  expect(eHarm(evidenceOf(LATENCY, pairs))).toBeCloseTo((product + capped) / 2, 12);
});

test('success bets on discordant pairs', () => {
  const pairs = [LOSES, ratio(2), WINS, fails(2), LOSES];
  const evidence = evidenceOf(SUCCESS, pairs);
  expect(eHarm(evidence)).toBeCloseTo(wealthOf(RATED, [1, -1, 1]), 12);
  expect(eHelp(evidence)).toBeCloseTo(wealthOf(RATED, [-1, 1, -1]), 12);
  expect(worsening(evidence)).toBeCloseTo(1 / 5, 12);
});

test('a total bets on differences in units of three mean sizes', () => {
  const pairs = [6, -12, 3, 90].map((d): Single => [cost(100), cost(100 + d)]);
  const evidence = evidenceOf(COST, pairs);
  const clipped = wealthOf(AMOUNTS, [6 / 18, -12 / 27, 3 / 21, 1]);
  const [t, z] = [4 * 0.0794591, 87 / Math.sqrt(8289)];
  const asMeasured = Math.exp((t * z * z) / (2 * (1 + t))) / Math.sqrt(1 + t);
  expect(eHarm(evidence)).toBeCloseTo((clipped + asMeasured) / 2, 6);
  // 87 of 400 more in all.
  expect(worsening(evidence)).toBeCloseTo(0.2175, 12);
});

test('the median of a measurement bets by ranks and signs, without strata', () => {
  const pairs = [2, -5, 3].map((d): Single => [cost(20), cost(20 + d, 'failure')]);
  expect(eHarm(evidenceOf(TYPICAL, pairs))).toBeCloseTo(mixedOf([2, -5, 3]), 12);
});

test('blocks have no strata', () => {
  const blocks = { ...SCALE, assignment: 'switchback' } as const;
  const evidence = evidenceOf(OUTCOME, [ratio(2), LOSES, ratio(0.7)], blocks);
  expect(eHarm(evidence)).toBeCloseTo(mixedOf([2, 10, 0.7].map(Math.log)), 12);
});

test('harm of all metrics is the mean of theirs', () => {
  const start = [OUTCOME, SUCCESS_GUARD, COST].map((metric) => noEvidence(metric, SCALE));
  const evidence = addPair(start, { old: [ok(500)], new: [failed(1)] }, SCALE);
  const outcome = (discordantOf([1]) + mixedOf([1])) / 2;
  expect(combinedHarm(evidence)).toBeCloseTo((outcome + wealthOf(RATED, [1]) + 1) / 3, 12);
});

describe('how much worse it is', () => {
  test('by median has no ties in it, and no pairs of unequal status or under the floor', () => {
    const ties = Array.from({ length: 50 }, () => ratio(1));
    const others = Array.from({ length: 50 }, () => [LOSES, fast(2)]).flat();
    const evidence = evidenceOf(OUTCOME, [...ties, ...others, ratio(0.8), fails(0.6), ratio(0.9)]);
    expect(worsening(evidence)).toBeCloseTo(Math.log(0.8), 12);
  });

  test('of a measurement of which most are zero is that of the others', () => {
    const zeros = Array.from({ length: 8 }, (): Single => [cost(0), cost(0)]);
    const evidence = evidenceOf(TYPICAL, [...zeros, [cost(10), cost(4)], [cost(10), cost(0)]]);
    // A median of -8 over a mean of 2.
    expect(worsening(evidence)).toBeCloseTo(-4, 12);
  });

  test('of a total is the ratio of totals less 1, zeros included', () => {
    const zeros = Array.from({ length: 8 }, (): Single => [cost(0), cost(0)]);
    const evidence = evidenceOf(COST, [...zeros, [cost(10), cost(4)], [cost(10), cost(1)]]);
    expect(worsening(evidence)).toBeCloseTo(-0.75, 12);
    const better = evidenceOf({ ...COST, better: 'higher' }, [[cost(10), cost(4)]]);
    expect(worsening(better)).toBeCloseTo(0.6, 12);
  });

  test('where the old values are all zero is as much as there is', () => {
    const from = (metric: Metric, value: number) =>
      worsening(evidenceOf(metric, [[cost(0), cost(value)]]));
    expect([from(COST, 3), from(COST, -3), from(COST, 0)]).toEqual([1, -1, 0]);
    expect([from(TYPICAL, 3), from(TYPICAL, -3), from(TYPICAL, 0)]).toEqual([1, -1, 0]);
    expect(worsening(noEvidence(COST, SCALE))).toBe(0);
  });
});

describe('if the arms do not differ', () => {
  const n = 8;
  const outcomes = [ok(80), failed(3), LOST, ok(900), failed(700), ok(80), failed(5), ok(20)];
  const streams: Record<string, (i: number) => Outcome> = {
    outcomes: (i) => outcomes[(i * 5 + (i >> 3)) % 8] ?? LOST,
    amounts: (i) => (i % 5 === 4 ? ok(10) : cost((i * 37) % 11 === 3 ? 5000 : (i * 17) % 7)),
  };
  const cases = [OUTCOME, LATENCY, SUCCESS, COST, TYPICAL].flatMap((metric) =>
    Object.keys(streams).map((kind) => [metric.name, metric.statistic, kind, metric] as const),
  );

  test.each(cases)(
    'the mean e-value of %s (%s), over all coins, is 1: %s',
    (_, __, kind, metric) => {
      const stream = streams[kind] ?? (() => LOST);
      let [harm, help] = [0, 0];
      for (let coins = 0; coins < 2 ** n; coins += 1) {
        const pairs = Array.from({ length: n }, (_unused, i): Single => {
          const pair = [stream(2 * i), stream(2 * i + 1)] as const;
          return (coins >> i) & 1 ? pair : [pair[1], pair[0]];
        });
        const evidence = evidenceOf(metric, pairs);
        harm += eHarm(evidence) / 2 ** n;
        help += eHelp(evidence) / 2 ** n;
      }
      // Differences of a total as measured: the e-value is a lower bound of a fair one.
      const least = metric.statistic === 'total' ? 0.5 : 1;
      expect(harm).toBeLessThan(1 + 1e-10);
      expect(harm).toBeGreaterThan(least - 1e-10);
      expect(help).toBeCloseTo(1, 10);
    },
  );
});

test('peaks are the highest e-values there were', () => {
  const best = evidenceOf(
    OUTCOME,
    Array.from({ length: 10 }, () => ratio(0.5)),
  );
  const after = evidenceOf(OUTCOME, [
    ...Array.from({ length: 10 }, () => ratio(0.5)),
    ...Array.from({ length: 10 }, () => ratio(3)),
  ]);
  expect(eHelp(after)).toBeLessThan(eHelp(best));
  expect(after.peaks.help).toBe(eHelp(best));
});

test('evidence that is carried on for ever stays finite, and bounded', () => {
  const pairs = Array.from({ length: 1500 }, () => [
    ratio(0.5),
    fails(0.5),
    fast(0.5),
    WINS,
  ]).flat();
  const evidence = [OUTCOME, SUCCESS, COST].map((metric) => evidenceOf(metric, pairs));
  for (const one of evidence) {
    expect(Number.isFinite(eHelp(one)) && Number.isFinite(eHarm(one))).toBe(true);
    expect(one.differences.length).toBeLessThanOrEqual(1000);
  }
  expect(evidence[0]?.sets).toBe(6000);
  expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
});
