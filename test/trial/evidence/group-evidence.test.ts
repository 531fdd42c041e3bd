import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import { addGroup, addPair } from '../../../src/trial/evidence/add-evidence.ts';
import { mean } from '../../../src/trial/evidence/distributions.ts';
import {
  type Evidence,
  eHarm,
  eHarmInForce,
  eHelp,
  type MetricEvidence,
  noEvidence,
} from '../../../src/trial/evidence/evidence.ts';
import { LOST, type Outcome } from '../../../src/trial/evidence/outcome.ts';
import { AMOUNTS, RANKED, RATED, wealthOf } from '../../support/trials/by-hand.ts';
import { failed, ok, outcomeOf, SCALE } from '../../support/trials/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };

type Group = readonly [old: Outcome, ...fresh: Outcome[]];

function grown(start: Evidence, groups: readonly Group[]): MetricEvidence {
  const [evidence] = groups.reduce(
    (sum, [old, ...fresh]) => addGroup(sum, { old, new: fresh }, SCALE),
    start,
  );
  if (evidence === undefined) throw new Error('there is evidence of the metric');
  return evidence;
}

/** Ten pairs in which the new value takes half of the time and of the cost, and one in which it fails. */
function afterPairs(metric: Metric): Evidence {
  const old = outcomeOf({ measurements: { cost: 8 } });
  const fresh = outcomeOf({ latencyMs: 50, measurements: { cost: 4 } });
  const failure = { ...fresh, status: 'failure' } as const;
  return Array.from({ length: 11 }, (_, i) => (i === 3 ? failure : fresh)).reduce<Evidence>(
    (sum, one) => addPair(sum, { old: [old], new: [one] }, SCALE),
    [noEvidence(metric, SCALE)],
  );
}

// The old one is third of five, the last, and the last again.
const GROUPS: readonly Group[] = [
  [ok(100), ok(50), ok(70), ok(120), failed(1)],
  [failed(900), ok(50), ok(70), failed(100), failed(1)],
  [LOST, ok(1), ok(2), ok(3), ok(4)],
];
const STAKES = [0, -1, -1];

test('help of latency is one process: pairs times groups', () => {
  const start = afterPairs(LATENCY);
  const [pairs = noEvidence(LATENCY, SCALE)] = start;
  const after = grown(start, [
    [ok(900), ok(50), ok(70), ok(40), ok(60)],
    [ok(60), ok(50), ok(70), ok(40), ok(90)],
  ]);
  expect(eHelp(after)).toBeCloseTo(eHelp(pairs) * wealthOf(RANKED, [1, 0]), 10);
  expect(eHarmInForce(after, true)).toBeCloseTo(wealthOf(RANKED, [-1, 0]), 12);
});

test('help of the outcome in groups is half that by places, half by its two steps', () => {
  const start = afterPairs(OUTCOME);
  const [pairs = noEvidence(OUTCOME, SCALE)] = start;
  const after = grown(start, [
    [ok(900), ok(50), ok(70), failed(40), ok(60)],
    [failed(60), ok(50), failed(70), failed(40), ok(90)],
    [ok(90), ok(95), failed(70), failed(40), ok(80)],
  ]);
  const places = wealthOf(RANKED, [0.5, 0.5, -0.5]);
  const cashed = (e: number) => (2 + 5 * e) / 7;
  // Old ones succeed .25 more, .5 less and .5 more; they are last of four, in the midst, and so.
  const success = cashed(wealthOf(RATED, [-0.25, 0.5, -0.5]));
  const [succeeded, failing] = [cashed(wealthOf(RANKED, [1, 0])), cashed(wealthOf(RANKED, [0]))];
  const groups = (places + success * succeeded * failing) / 2;
  expect(eHelp(after)).toBeCloseTo(eHelp(pairs) * groups, 10);
});

test('harm of the outcome in groups begins anew, by the rank of the old one', () => {
  const after = grown(afterPairs(OUTCOME), GROUPS);
  expect(eHarmInForce(after, true)).toBeCloseTo(wealthOf(RANKED, STAKES), 12);
  expect(eHarm(after)).toBe(eHarm(afterPairs(OUTCOME)[0] ?? after));
});

test('harm of success goes on from the pairs, with the same wagers', () => {
  const after = grown(afterPairs(SUCCESS), GROUPS);
  // One pair of eleven told: there the new one failed.
  const stakes = [1, 1 - 3 / 4, 0 - 2 / 4, 0 - 1];
  expect(eHarm(after)).toBeCloseTo(wealthOf(RATED, stakes), 12);
  expect(eHelp(after)).toBeCloseTo(
    wealthOf(
      RATED,
      stakes.map((stake) => -stake),
    ),
    12,
  );
  expect(after.successLost).toBeCloseTo(1 + 0.25 - 0.5 - 1, 12);
});

test('an amount goes on from the pairs, relative to the sizes there', () => {
  const start = afterPairs(COST);
  const costs = (values: readonly number[]) =>
    values.map((cost) => outcomeOf({ measurements: { cost } }));
  const [old = LOST, ...fresh] = costs([9, 4, 4, 4, 4]);
  const after = grown(start, [[old, ...fresh]]);
  // Differences -5 and 1.25; the mean of eleven sizes of 4 and of one of 2 is 46/12.
  const scores = [-5, 1.25, 1.25, 1.25, 1.25].map((difference) => difference / (3 * (46 / 12)));
  const stake = ((scores[0] ?? 0) - mean(scores)) / 2;
  const pairs = Array.from({ length: 11 }, () => 1 / 3);
  expect(eHelp(after)).toBeCloseTo(wealthOf(AMOUNTS, [...pairs, -stake]), 10);
  expect(after.mixed.sizes).toEqual(start[0]?.mixed.sizes);
});

test('a group of which the old one tells nothing changes nothing', () => {
  const start = afterPairs(LATENCY);
  expect(grown(start, [[failed(1), ok(1), ok(1), ok(1), ok(1)]])).toBe(start[0]);
});

describe('if the arms do not differ', () => {
  const outcomes: readonly Outcome[][] = [
    [ok(9), failed(4), LOST, ok(80), ok(80)],
    [failed(9), failed(400), LOST, LOST, ok(7)],
    [ok(1), ok(2), ok(3), ok(5000), failed(1)],
    [ok(9), ok(9), ok(8), ok(7), LOST],
  ].map((group, i) =>
    group.map((one, j) => ({ ...one, measurements: { cost: j === i ? 1e5 : (i * j) % 3 } })),
  );
  const metrics = [OUTCOME, LATENCY, SUCCESS, COST, { ...COST, statistic: 'median' } as const];

  test.each(metrics)(
    'the mean e-values of $name ($statistic), over all places, are 1',
    (metric) => {
      const sums = { harm: 0, help: 0, groups: 0 };
      for (let draw = 0; draw < 5 ** 4; draw += 1) {
        const groups = outcomes.map((tasks, i): Group => {
          const place = Math.floor(draw / 5 ** i) % 5;
          return [tasks[place] ?? LOST, ...tasks.filter((_, j) => j !== place)];
        });
        const one = grown([noEvidence(metric, SCALE)], groups);
        sums.harm += eHarm(one) / 5 ** 4;
        sums.help += eHelp(one) / 5 ** 4;
        sums.groups += eHarmInForce(one, true) / 5 ** 4;
      }
      // Differences of a total as measured: the e-value is a lower bound of a fair one.
      const least = metric.statistic === 'total' ? 0.5 : 1;
      expect(sums.harm).toBeGreaterThan(least - 1e-9);
      for (const e of Object.values(sums)) expect(e).toBeLessThan(1 + 1e-9);
    },
  );
});
