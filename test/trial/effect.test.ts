import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, SUCCESS } from '../../src/domain/effect.ts';
import type { TaskStatus } from '../../src/domain/task.ts';
import { describeEnding } from '../../src/trial/describe-ending.ts';
import { describeMetrics, trialEffect } from '../../src/trial/effect.ts';
import { addPair, type Evidence, noEvidence } from '../../src/trial/evidence.ts';
import { compareSamples, sampleOf } from '../../src/trial/observe.ts';
import { taskOf } from '../support/engine-fixture.ts';
import { outcomeOf } from '../support/trial-bench.ts';

const SCORE: Metric = { name: 'score', kind: 'measurement', better: 'higher' };

/** Twenty pairs: half the latency, one more failure, a score of one more. */
function someEvidence(): Evidence {
  let evidence: Evidence = [LATENCY, SUCCESS, SCORE].map(noEvidence);
  for (let i = 0; i < 20; i += 1) {
    const half = (latencyMs: number, status: TaskStatus, score: number) => [
      outcomeOf({ latencyMs, status, measurements: { score } }),
    ];
    const isFailed = i === 7;
    evidence = addPair(
      evidence,
      { old: half(200, 'success', i), new: half(100, isFailed ? 'failure' : 'success', i + 1) },
      100,
    );
  }
  return evidence;
}

describe('the effect of a trial', () => {
  test('is as measured: new less old, whatever is better', () => {
    const { metrics, tasksUsed } = trialEffect('helped', someEvidence(), 40);
    expect(tasksUsed).toBe(40);
    expect(metrics).toMatchObject([
      { metric: 'latency', tasksOld: 20, tasksNew: 20 },
      { metric: 'success', estimate: -0.05 },
      { metric: 'score', estimate: 1, lower: 1, upper: 1 },
    ]);
    expect(metrics[0]?.estimate).toBeCloseTo(-Math.log(2), 12);
    for (const { estimate, lower, upper } of metrics) {
      expect(lower <= estimate && estimate <= upper).toBe(true);
    }
    expect(metrics[2]?.eHelp).toBeGreaterThan(20);
  });

  test('leaves out what nothing is known of, and has no minus zero', () => {
    const same = { old: [outcomeOf()], new: [outcomeOf()] };
    const evidence = addPair([SUCCESS, SCORE].map(noEvidence), same, 100);
    const { metrics } = trialEffect(undefined, evidence, 2);
    expect(metrics.map(({ metric }) => metric)).toEqual(['success']);
    expect(Object.is(metrics[0]?.estimate, 0)).toBe(true);
    expect(trialEffect('invalid', [noEvidence(LATENCY)], 0).metrics).toEqual([]);
  });

  test('in words', () => {
    const { metrics } = trialEffect('helped', someEvidence(), 40);
    expect(describeMetrics(metrics)).toMatch(
      /^latency -50 % \(-50 to -50\), success -5\.0 points \(-\d+\.\d to \+\d\.\d\), score \+1 \(\+1 to \+1\)$/,
    );
  });
});

describe('an ending in words', () => {
  const { metrics } = trialEffect('helped', someEvidence(), 40);
  const say = (verdict: 'helped' | 'harmed' | 'inconclusive' | 'invalid', isForeign = false) =>
    describeEnding(
      { verdict, reason: 'why' },
      { metrics: metrics.slice(0, 1), tasksUsed: 40 },
      { isForeign },
    );

  test.each([
    [
      'helped',
      'Helped, in 40 tasks: latency -50 % (-50 to -50); an error of this kind comes in at most 5 % of trials',
    ],
    [
      'harmed',
      'Harmed, in 40 tasks: latency -50 % (-50 to -50); an error of this kind comes in at most 5 % of trials',
    ],
    ['inconclusive', 'Inconclusive: why: latency -50 % (-50 to -50)'],
    ['invalid', 'Invalid: why: latency -50 % (-50 to -50)'],
  ] as const)('%s', (verdict, text) => {
    expect(say(verdict)).toBe(text);
  });

  test('says where somebody else’s value was left alone', () => {
    expect(say('invalid', true)).toMatch(/set by somebody else and was left alone$/);
  });
});

describe('before and after', () => {
  const tasks = (count: number, latencyMs: number, failures = 0) =>
    Array.from({ length: count }, (_, i) =>
      taskOf({
        latencyMs: latencyMs * (i % 2 === 0 ? 2 : 0.5),
        status: i < failures ? 'failure' : 'success',
      }),
    );

  test('are compared with an interval, and are no evidence', () => {
    const before = sampleOf(tasks(30, 200));
    const [latency, success] = compareSamples(before, sampleOf(tasks(30, 100, 3)));
    const halfWidth = 1.96 * Math.sqrt((2 * (30 / 29) * Math.log(2) ** 2) / 30);
    expect(latency?.estimate).toBeCloseTo(-Math.log(2), 12);
    expect(latency?.upper).toBeCloseTo(-Math.log(2) + halfWidth, 12);
    expect(latency?.lower).toBeCloseTo(-Math.log(2) - halfWidth, 12);
    expect(success?.estimate).toBeCloseTo(-0.1, 12);
    expect(latency).toMatchObject({ eHarm: 1, eHelp: 1, tasksOld: 30, tasksNew: 30 });
  });

  test('of nothing are finite', () => {
    for (const effect of compareSamples(sampleOf([]), sampleOf(tasks(1, 0)))) {
      expect(Object.values(effect).every((value) => value !== null && !Number.isNaN(value))).toBe(
        true,
      );
    }
  });
});
