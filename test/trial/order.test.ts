import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FinishedTask } from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import { takeStep } from '../../src/trial/fold.ts';
import { judge } from '../../src/trial/verdict.ts';
import { LATENCY_GUARD, SUCCESS_GUARD, TrialBench } from '../support/trials/trial-bench.ts';

type End = Partial<FinishedTask>;

const TASKS = 30;

const end: fc.Arbitrary<End> = fc.record({
  status: fc.constantFrom('success', 'success', 'failure', 'timeout', 'cancelled'),
  latencyMs: fc.constantFrom(1, 5, 50, 90, 300, 2000, undefined),
});

/** Ends that may be whatever they are by the arm, and an order for them to be reported in. */
const world = fc.record({
  ends: fc.array(end, { minLength: TASKS, maxLength: TASKS }),
  slower: fc.constantFrom(0.2, 1, 4),
  order: fc.shuffledSubarray(
    Array.from({ length: TASKS }, (_, i) => i),
    { minLength: TASKS },
  ),
});

function bench(stage: 'trial' | 'probation'): TrialBench {
  const created = new TrialBench({ guards: [SUCCESS_GUARD, LATENCY_GUARD] });
  if (stage === 'probation') created.promote();
  return created;
}

function endOf(ends: readonly End[], slower: number, i: number, arm: Arm): End {
  const { latencyMs = undefined, ...rest } = ends[i] ?? {};
  const factor = arm === 'new' ? slower : 1;
  return { ...rest, latencyMs: latencyMs === undefined ? undefined : latencyMs * factor };
}

/** What is known once all are in. */
function known({ trial }: TrialBench) {
  const { evidence, untold, tasksUsed, counted, seen, recentFailures, expected, cancelled } = trial;
  const found = judge(trial, 0);
  return { evidence, untold, tasksUsed, counted, seen, recentFailures, expected, cancelled, found };
}

describe.each(['trial', 'probation'] as const)('on %s', (stage) => {
  test('what is known does not depend on the order in which tasks are reported', () => {
    fc.assert(
      fc.property(world, ({ ends, slower, order }) => {
        const [inOrder, shuffled] = [bench(stage), bench(stage)];
        const [first, second] = [inOrder, shuffled].map((one) => one.open(TASKS));
        for (const [i, [id, arm]] of (first ?? []).entries()) {
          inOrder.finish(id, endOf(ends, slower, i, arm));
        }
        for (const i of order) {
          const [id, arm] = second?.[i] ?? ['', 'old'];
          shuffled.finish(id, endOf(ends, slower, i, arm));
        }
        expect(known(shuffled)).toEqual(known(inOrder));
        expect(shuffled.trial.sets).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

test('a pair is counted when it is complete and every pair before it is', () => {
  const one = bench('trial');
  const [a, b, c, d] = one.open(6).map(([id]) => id);
  one.finish(c ?? '');
  one.finish(d ?? '');
  expect(one.trial).toMatchObject({ tasksUsed: 0, sets: [{}, {}, {}] });
  one.finish(b ?? '');
  expect(one.trial.tasksUsed).toBe(0);
  one.finish(a ?? '');
  expect(one.trial).toMatchObject({ tasksUsed: 4, sets: [{}] });
});

test('a pair is numbered when its second task is dispatched', () => {
  const one = new TrialBench({ pairBy: ['kind'], guards: [] });
  one.assign('lonely', { kind: 'rare' });
  for (const id of ['a', 'b']) one.assign(id, { kind: 'often' });
  one.finish('a');
  one.finish('b');
  // The one that waits holds up nobody.
  expect(one.trial.tasksUsed).toBe(2);
});

test('the step that lets pairs be counted tells the e-values, and no other', () => {
  const one = bench('trial');
  const told: boolean[] = [];
  const { take } = one;
  one.take = (step) => {
    if (step.step === 'outcome') told.push('e' in takeStep('d', one.trial, step).receipt.step);
    take.call(one, step);
  };
  const ids = one.open(4).map(([id]) => id);
  for (const i of [2, 3, 0, 1]) one.finish(ids[i] ?? '');
  expect(told).toEqual([false, false, false, true]);
});

test('a fast arm that is reported first gains nothing by it', () => {
  // The new one's reports come at once, those of the old one only in the end.
  const one = bench('trial');
  const tasks = one.open(60);
  for (const [id, arm] of tasks) if (arm === 'new') one.finish(id, { latencyMs: 1 });
  expect(one.trial.tasksUsed).toBe(0);
  expect(one.trial.evidence).toEqual(bench('trial').trial.evidence);
});
