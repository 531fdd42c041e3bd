import { describe, expect, test } from 'vitest';
import { type Guard, LATENCY, type Metric, SUCCESS } from '../../../src/domain/effect.ts';
import { addGroup, addPair } from '../../../src/trial/evidence/add-evidence.ts';
import {
  type Evidence,
  eHarm,
  eHarmInForce,
  eNotWorse,
  noEvidence,
  openConstraints,
  worsening,
} from '../../../src/trial/evidence/evidence.ts';
import { LOST, type Outcome } from '../../../src/trial/evidence/outcome.ts';
import { failed, ok, SCALE } from '../../support/trials/trial-bench.ts';

const AT_95 = { ...SCALE, successRate: 0.95 };
const constraint = (metric: Metric, margin: number): Guard => ({
  ...metric,
  margin,
  isConstraint: true,
});
const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const costing = (cost: number): Outcome => ({ ...ok(1), measurements: { cost } });

type Single = readonly [old: Outcome, fresh: Outcome];

function onlyOf(evidence: Evidence) {
  const [one] = evidence;
  if (one === undefined) throw new Error('expected evidence');
  return one;
}

function afterPairs(metric: Metric | Guard, pairs: readonly Single[], scale = AT_95) {
  return onlyOf(
    pairs.reduce<Evidence>(
      (sum, [old, fresh]) => addPair(sum, { old: [old], new: [fresh] }, scale),
      [noEvidence(metric, scale)],
    ),
  );
}

function afterGroups(metric: Metric | Guard, count: number, old: Outcome, fresh: Outcome) {
  let evidence: Evidence = [noEvidence(metric, AT_95)];
  for (let i = 0; i < count; i += 1) {
    evidence = addGroup(evidence, { old, new: Array(4).fill(fresh) }, AT_95);
  }
  return onlyOf(evidence);
}

const times = (count: number, pair: Single) => Array<Single>(count).fill(pair);

describe('harm to a constraint', () => {
  const guard = constraint(LATENCY, 0.1);

  test('is what is worse than its margin', () => {
    const within = afterPairs(guard, times(40, [ok(100), ok(108)]));
    expect(eHarm(within)).toBeLessThan(1);
    expect(eNotWorse(within)).toBeGreaterThan(20);
    const beyond = afterPairs(guard, times(40, [ok(100), ok(112)]));
    expect(eHarm(beyond)).toBeGreaterThan(20);
    expect(eNotWorse(beyond)).toBeLessThan(1);
    const plain = afterPairs({ ...LATENCY, margin: 0.1 }, times(40, [ok(100), ok(108)]));
    expect(eHarm(plain)).toBeGreaterThan(20);
  });

  test('is found in groups too, and goes on from the pairs', () => {
    const within = afterGroups(guard, 40, ok(100), ok(108));
    expect(eHarmInForce(within, false)).toBeLessThan(1);
    const beyond = afterGroups(guard, 40, ok(100), ok(112));
    expect(eHarmInForce(beyond, false)).toBeGreaterThan(20);
  });

  test('of success cannot cost more than there is, whatever the margin', () => {
    for (const margin of [0.01, 0.5, 0.9]) {
      const one = afterPairs(constraint(SUCCESS, margin), times(50, [failed(1), ok(1)]));
      expect(eHarm(one)).toBeGreaterThanOrEqual(0);
      const lost = afterPairs(constraint(SUCCESS, margin), times(300, [ok(1), LOST]));
      expect(eHarm(lost)).toBeGreaterThan(20);
    }
  });

  test('of a total is by its sums', () => {
    const cost = constraint(COST, 0.05);
    const pairs = (fresh: number): Single[] =>
      Array.from({ length: 200 }, (_, i) => [costing(1 + (i % 3)), costing(fresh * (1 + (i % 3)))]);
    expect(eHarm(afterPairs(cost, pairs(1.04)))).toBeLessThan(1);
    expect(eNotWorse(afterPairs(cost, pairs(1.04)))).toBeGreaterThan(20);
    expect(eHarm(afterPairs(cost, pairs(1.07)))).toBeGreaterThan(20);
  });
});

test('a constraint is open until it was proven once', () => {
  const guards = [constraint(SUCCESS, 0.05), { ...LATENCY, margin: 0.05 }];
  const evidence = guards.map((guard) => noEvidence(guard, AT_95));
  expect(openConstraints(evidence).map(({ metric }) => metric.name)).toEqual(['success']);
  const proven = evidence.map((one) => ({ ...one, peaks: { help: 1, notWorse: 20 } }));
  expect(openConstraints(proven)).toEqual([]);
});

describe('the p95', () => {
  const tail: Metric = { ...LATENCY, statistic: 'p95', exceeds: 500 };

  test('is compared by how many tasks exceed', () => {
    const one = afterPairs(tail, [
      [ok(501), ok(500)],
      [ok(501), ok(9000)],
      [ok(1), ok(2)],
      [ok(1), LOST],
    ]);
    expect(one).toMatchObject({ sets: 4, worse: 1, better: 1, sums: { old: 2, new: 2 } });
    expect(worsening(one)).toBe(0);
    expect(one.differences).toEqual([-1, 0, 0, 1]);
  });

  test('of a failed task is as measured, and without a latency it exceeds', () => {
    const unmeasured: Outcome = { status: 'failure', measurements: {} };
    const untimed: Outcome = { status: 'success', measurements: {} };
    const one = afterPairs(tail, [
      [ok(1), failed(2)],
      [ok(1), unmeasured],
      [ok(1), untimed],
    ]);
    expect(one).toMatchObject({ sets: 2, worse: 1, sums: { old: 0, new: 1 } });
  });

  test('in groups is the share of the new tasks', () => {
    const one = afterGroups(tail, 30, ok(501), ok(1));
    expect(one).toMatchObject({ sets: 30, better: 30, sums: { old: 30, new: 0 } });
    expect(worsening(one)).toBe(-1);
    expect(eHarm(one)).toBeLessThan(1);
  });

  test('of a measurement leaves out tasks that do not report it', () => {
    const one = afterPairs({ ...COST, statistic: 'p95', exceeds: 2 }, [
      [costing(3), costing(1)],
      [costing(3), ok(1)],
    ]);
    expect(one).toMatchObject({ sets: 1, better: 1 });
  });
});
