import { describe, expect, test } from 'vitest';
import { type Guard, LATENCY, type Metric, SUCCESS } from '../../../src/domain/effect.ts';
import type { Task } from '../../../src/domain/task.ts';
import { addGroup } from '../../../src/trial/evidence/add-evidence.ts';
import { median, quantileOf } from '../../../src/trial/evidence/distributions.ts';
import { type Evidence, eNotWorse, noEvidence } from '../../../src/trial/evidence/evidence.ts';
import { measureScale } from '../../../src/trial/plan.ts';
import {
  describeProofs,
  objectionToConstraints,
  probationTasks,
  proofsOf,
} from '../../../src/trial/preview/constraints.ts';
import { taskOf } from '../../support/engine/engine-fixture.ts';
import { normalNoise } from '../../support/engine/noise.ts';
import { seededRandom } from '../../support/engine/seed.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const constraint = (metric: Metric, margin: number): Guard => ({
  ...metric,
  margin,
  isConstraint: true,
});

/** Tasks with latency and cost of a log deviation of .3, of which every n-th fails. */
function tasksOf(count: number, seed = 1, everyFails = 20): Task[] {
  const [latency, cost] = [normalNoise(seed, 0.3), normalNoise(seed + 1, 0.3)];
  return Array.from({ length: count }, (_, i) =>
    taskOf({
      status: i % everyFails === everyFails - 1 ? 'failure' : 'success',
      latencyMs: 100 * Math.exp(latency()),
      measurements: { cost: Math.exp(cost()) },
    }),
  );
}

const BEFORE = tasksOf(100);
const PLAN = { ...measureScale(BEFORE), assignment: 'task', blockTasks: 5 } as const;

function proofOf(guard: Guard, plan: Parameters<typeof proofsOf>[1] = PLAN, tasks = BEFORE) {
  const [proof] = proofsOf([guard], plan, tasks);
  if (proof === undefined) throw new Error('expected a proof');
  return proof;
}

/** Tasks of groups that a proof took, where nothing has changed. */
function played(guard: Guard, seed: number): number {
  const { next } = seededRandom(seed);
  const [latency, cost] = [normalNoise(seed, 0.3), normalNoise(seed + 1, 0.3)];
  const outcome = () =>
    ({
      status: next() < 0.95 ? 'success' : 'failure',
      latencyMs: 100 * Math.exp(latency()),
      measurements: { cost: Math.exp(cost()) },
    }) as const;
  let evidence: Evidence = [noEvidence(guard, PLAN)];
  for (let tasks = 5; tasks < 40_000; tasks += 5) {
    const group = { old: outcome(), new: Array.from({ length: 4 }, outcome) };
    evidence = addGroup(evidence, group, PLAN);
    if (evidence.every((one) => eNotWorse(one) >= 20)) return tasks;
  }
  return Number.POSITIVE_INFINITY;
}

describe('the tasks that a proof takes', () => {
  test.each([
    ['success, 5 points', constraint(SUCCESS, 0.05)],
    ['success, 10 points', constraint(SUCCESS, 0.1)],
    ['latency, 10 %', constraint(LATENCY, 0.1)],
    ['cost, 10 %', constraint(COST, 0.1)],
  ])('are about those that it took: %s', (_, guard) => {
    const took = Array.from({ length: 41 }, (_, i) => played(guard, 100 + 2 * i));
    const { half, most } = proofOf(guard);
    for (const [estimate, found] of [
      [half, median(took)],
      [most, quantileOf(took, 0.8)],
    ] as const) {
      expect(estimate / found).toBeGreaterThan(0.55);
      expect(estimate / found).toBeLessThan(1.8);
    }
  });

  test('are the more the smaller the margin, and in blocks', () => {
    const halves = [0.1, 0.05, 0.02].map((margin) => proofOf(constraint(SUCCESS, margin)).half);
    expect(halves).toEqual(halves.toSorted((a, b) => a - b));
    const inBlocks = { ...PLAN, assignment: 'switchback' } as const;
    expect(proofOf(constraint(SUCCESS, 0.05), inBlocks).half).toBeGreaterThan(halves[1] ?? 0);
  });

  test('are not told of a guard that is no constraint, nor of what few tasks report', () => {
    const few = BEFORE.map((task, i) => (i < 10 ? task : { ...task, measurements: {} }));
    expect(proofsOf([{ ...SUCCESS, margin: 0.05 }], PLAN, BEFORE)).toEqual([]);
    expect(proofsOf([constraint(COST, 0.05)], PLAN, few)).toEqual([]);
    expect(proofsOf([constraint(SUCCESS, 0.05)], PLAN, BEFORE.slice(0, 10))).toEqual([]);
  });
});

describe('a trial', () => {
  const guard = constraint(SUCCESS, 0.05);
  const proof = (half: number) => [{ guard, half, most: 2 * half }];

  test('is long enough for its constraints, up to a bound', () => {
    expect(probationTasks([], 3000)).toBe(3000);
    expect(probationTasks(proof(1000), 3000)).toBe(3000);
    expect(probationTasks(proof(2000.5), 3000)).toBe(4001);
    expect(probationTasks(proof(9000), 3000)).toBe(10_000);
    expect(probationTasks(proof(9000), 20_000)).toBe(20_000);
  });

  test('does not begin where they are out of reach', () => {
    expect(objectionToConstraints(proof(10_000), 3000)).toBeUndefined();
    expect(objectionToConstraints(proof(40_000), 3000)).toBe(
      'that success falls by less than 5 points cannot be proven in 10,000 tasks of probation: about 40,000 would be needed',
    );
    expect(objectionToConstraints(proof(40_000), 50_000)).toBeUndefined();
    expect(objectionToConstraints(proof(Number.POSITIVE_INFINITY), 3000)).toMatch(/no number/);
  });

  test('says how many tasks they take', () => {
    expect(describeProofs(proof(540))).toBe(
      'To prove that success falls by less than 5 points takes about 540 tasks of probation in half of trials, 1,100 in 80 %; what is not proven is taken back.',
    );
    expect(describeProofs([])).toBe('');
  });
});
