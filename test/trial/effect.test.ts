import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import { trialEffect } from '../../src/trial/effect.ts';
import { addGroup, addPair } from '../../src/trial/evidence/add-evidence.ts';
import { type Evidence, eHarm, eHelp, noEvidence } from '../../src/trial/evidence/evidence.ts';
import { LOST, type Outcome } from '../../src/trial/evidence/outcome.ts';
import { initialEvidence } from '../../src/trial/evidence-before.ts';
import { startHoldback } from '../../src/trial/holdback.ts';
import {
  failed,
  ok,
  outcomeOf,
  planOf,
  SCALE,
  SUCCESS_GUARD,
} from '../support/trials/trial-bench.ts';

const SCORE: Metric = { name: 'score', kind: 'measurement', better: 'higher', statistic: 'median' };
const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };

function evidenceOf(
  metrics: readonly Metric[],
  pairs: readonly (readonly [Outcome, Outcome])[],
): Evidence {
  return pairs.reduce<Evidence>(
    (sum, [old, fresh]) => addPair(sum, { old: [old], new: [fresh] }, SCALE),
    metrics.map((metric) => noEvidence(metric, SCALE)),
  );
}

function effectOf(evidence: Evidence) {
  return trialEffect('helped', {
    ...{ stage: 'trial', plan: planOf(), tasksUsed: 40, holdback: undefined },
    evidence,
  });
}

const amounts = (score: number, cost: number, latencyMs = 100) =>
  outcomeOf({ latencyMs, measurements: { score, cost } });

describe('the effect of a trial', () => {
  test('is as measured, new less old, whichever is better', () => {
    const pairs = [1, 2, 5].map((n) => [amounts(n, 10 * n, 200), amounts(n + n, 0, 100)] as const);
    const { metrics, tasksUsed, gains } = effectOf(evidenceOf([LATENCY, SCORE, COST], pairs));
    expect({ tasksUsed, gains }).toEqual({ tasksUsed: 40, gains: [] });
    expect(metrics).toMatchObject([
      { metric: 'latency', statistic: 'median', tasksOld: 3, tasksNew: 3, margin: undefined },
      { metric: 'score', statistic: 'median', estimate: 2, lower: 1, upper: 5 },
      { metric: 'cost', statistic: 'total' },
    ]);
    expect(metrics[0]?.estimate).toBeCloseTo(-Math.LN2, 12);
    // Of 10, 20 and 50 saved: a mean of 80/3, a variance of 2600/9.
    expect(metrics[2]?.estimate).toBeCloseTo(-80 / 3, 12);
    expect(metrics[2]?.upper).toBeCloseTo(-80 / 3 + 1.96 * Math.sqrt(2600 / 9 / 3), 12);
  });

  test('on the outcome is the share of pairs and groups won less that lost', () => {
    const pairs = [
      [ok(2), ok(1)],
      [ok(2), ok(1)],
      [failed(1), ok(9)],
      [ok(1), LOST],
      [ok(1), ok(1)],
    ] as const;
    const evidence = addGroup(
      evidenceOf([OUTCOME], pairs),
      { old: ok(9), new: [ok(1), ok(2), ok(3), failed(4)] },
      SCALE,
    );
    const [outcome] = effectOf(evidence).metrics;
    // Four of six won, and one lost; Agresti and Min add one of each and two pairs.
    expect(outcome).toMatchObject({ metric: 'outcome', statistic: 'share', estimate: 0.5 });
    const [centre, spread] = [3 / 8, Math.sqrt((6 / 8 - (3 / 8) ** 2) / 8)];
    expect(outcome?.lower).toBeCloseTo(centre - 1.96 * spread, 12);
  });

  test('on success is a difference of rates, with its margin and what is proven of it', () => {
    const pairs = Array.from(
      { length: 20 },
      (_, i) => [ok(1), i === 7 ? failed(1) : ok(1)] as const,
    );
    const evidence = evidenceOf([SUCCESS_GUARD], pairs);
    const [success] = effectOf(evidence).metrics;
    expect(success).toMatchObject({ statistic: 'share', margin: 0.05 });
    expect(success?.estimate).toBeCloseTo(-0.05, 12);
    expect(success?.eNotWorse).toBe(evidence[0]?.peaks.notWorse);
    const [one] = evidence;
    expect([success?.eHarm, success?.eHelp]).toEqual(one && [eHarm(one), eHelp(one)]);
  });

  test('is that of the newest thousand pairs where there are more', () => {
    const pairs = Array.from(
      { length: 1500 },
      (_, i) =>
        [
          outcomeOf({ status: i < 500 ? 'failure' : 'success', measurements: { cost: 10 } }),
          outcomeOf({ measurements: { cost: i % 2 === 0 ? 8 : 10 } }),
        ] as const,
    );
    const { metrics } = effectOf(evidenceOf([SUCCESS, COST], pairs));
    expect(metrics[0]?.estimate).toBe(0);
    // Half of the pairs are ties.
    expect(metrics[1]?.estimate).toBeCloseTo(-1, 12);
  });

  test('leaves out what nothing is known of, and has no minus zero', () => {
    const { metrics } = effectOf(evidenceOf([SUCCESS, SCORE], [[ok(1), ok(1)]]));
    expect(metrics.map(({ metric }) => metric)).toEqual(['success']);
    expect(Object.is(metrics[0]?.estimate, 0)).toBe(true);
    expect(effectOf(evidenceOf([LATENCY], [])).metrics).toEqual([]);
  });

  test('tells gains once twenty groups were held back', () => {
    const start = startHoldback(planOf(), initialEvidence(planOf()), {
      usualMs: 1,
      fromTask: 0,
      retrialTask: 0,
    });
    const gain = (groups: number) => ({
      metric: 'latency',
      groups,
      sum: 30 * groups,
      squares: 900 * groups,
      oldSum: 0,
    });
    const told = (groups: number) =>
      trialEffect('helped', {
        ...{ stage: 'holdback', plan: planOf(), evidence: [], tasksUsed: 0 },
        holdback: { ...start, gains: [gain(groups)] },
      }).gains;
    expect(told(19)).toEqual([]);
    expect(told(20)).toEqual([
      { metric: 'latency', perTask: 30, lower: 30, upper: 30, groups: 20 },
    ]);
  });
});
