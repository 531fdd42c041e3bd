import { describe, expect, test } from 'vitest';
import { type Guard, LATENCY, type Metric, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import { addGroup, addPair } from '../../src/trial/evidence/add-evidence.ts';
import { mean } from '../../src/trial/evidence/distributions.ts';
import {
  type Evidence,
  eHarm,
  eHarmInForce,
  eHelp,
  eNotWorse,
  noEvidence,
} from '../../src/trial/evidence/evidence.ts';
import { LOST, type Outcome } from '../../src/trial/evidence/outcome.ts';
import { type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { LATENCY_GUARD, outcomeOf, SCALE, SUCCESS_GUARD } from '../support/trials/trial-bench.ts';

const RUNS = 2000;

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const GAIN: Metric = { ...COST, better: 'higher' };
const ALL = [OUTCOME, LATENCY, SUCCESS, COST, GAIN];

/** Heavy tails: some cost a hundred times as much as others, and some tasks fail or get lost. */
function draw({ next }: SeededRandom, success = 0.7): Outcome {
  if (next() < 0.03) return LOST;
  const cost = 1 / (1 - next()) ** 1.5;
  const latencyMs = 20 / (1 - next());
  const status = next() < success ? 'success' : 'failure';
  return outcomeOf({ status, latencyMs, measurements: { cost } });
}

function pairOf(random: SeededRandom, worsen = (outcome: Outcome) => outcome, success = 0.7) {
  return { old: [draw(random, success)], new: [worsen(draw(random, success))] };
}

function groupOf(random: SeededRandom, worsen = (outcome: Outcome) => outcome, success = 0.7) {
  const four = Array.from({ length: 4 }, () => worsen(draw(random, success)));
  return { old: draw(random, success), new: four };
}

/** At most 1 within noise: four standard errors of what was found. */
function expectFair(values: readonly number[]): void {
  const centre = mean(values);
  const variance = mean(values.map((value) => (value - centre) ** 2));
  expect(centre).toBeLessThan(1 + 4 * Math.sqrt(variance / values.length));
  // By Markov's inequality; four standard deviations of a count.
  const above = values.filter((value) => value >= 20).length / values.length;
  expect(above).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / values.length));
}

function play(start: Evidence, steps: number, add: (evidence: Evidence) => Evidence): Evidence {
  let evidence = start;
  for (let i = 0; i < steps; i += 1) evidence = add(evidence);
  return evidence;
}

describe('where nothing has changed, the mean e-value is 1 at most', () => {
  test.each(ALL)('in pairs, of $name ($statistic, $better)', (metric) => {
    const random = seededRandom(1);
    const found = Array.from({ length: RUNS }, () => {
      const start = [noEvidence(metric, SCALE)];
      const [one] = play(start, 12, (sum) => addPair(sum, pairOf(random), SCALE));
      return one === undefined ? [] : [eHarm(one), eHelp(one)];
    });
    for (const side of [0, 1]) expectFair(found.map((pair) => pair[side] ?? 0));
  });

  test.each(ALL)('in groups after pairs, of $name ($statistic, $better)', (metric) => {
    const random = seededRandom(2);
    const found = Array.from({ length: RUNS }, () => {
      const start = [noEvidence(metric, SCALE)];
      const pairs = play(start, 4, (sum) => addPair(sum, pairOf(random), SCALE));
      const [one] = play(pairs, 10, (sum) => addGroup(sum, groupOf(random), SCALE));
      return one === undefined ? [] : [eHarm(one), eHelp(one), eHarmInForce(one, true)];
    });
    for (const side of [0, 1, 2]) expectFair(found.map((sides) => sides[side] ?? 0));
  });
});

describe('where it is worse by just the margin, the mean e-value of being no worse is 1 at most', () => {
  /** Success by five points less; latency and amounts by five percent worse. */
  const guards: [string, Guard, (outcome: Outcome, random: SeededRandom) => Outcome][] = [
    [
      'success',
      SUCCESS_GUARD,
      (outcome, { next }) =>
        // Of 97 of 100 tasks that are not lost, 70 % succeed.
        outcome.status === 'success' && next() < 0.05 / (0.97 * 0.7)
          ? { ...outcome, status: 'failure' }
          : outcome,
    ],
    [
      'latency',
      LATENCY_GUARD,
      (outcome) =>
        outcome.latencyMs === undefined
          ? outcome
          : { ...outcome, latencyMs: outcome.latencyMs * 1.05 },
    ],
  ];

  test.each(guards)('of %s', (_, metric, worsen) => {
    const random = seededRandom(3);
    const worse = (outcome: Outcome) => worsen(outcome, random);
    const found = Array.from({ length: RUNS }, () => {
      const start = [noEvidence(metric, SCALE)];
      const pairs = play(start, 10, (sum) => addPair(sum, pairOf(random, worse), SCALE));
      const [one] = play(pairs, 10, (sum) => addGroup(sum, groupOf(random, worse), SCALE));
      return one === undefined ? 0 : eNotWorse(one);
    });
    expectFair(found);
  });
});
