import { describe, expect, test } from 'vitest';
import { isOutage } from '../../src/trial/validity.ts';
import { exactTail } from '../support/trials/exact-tail.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

const FAILURE = { status: 'failure', latencyMs: 100 } as const;

/** As if `failures` of 100 tasks had failed before: p = (failures + 1) / 102. */
function usually(failures: number): TrialBench {
  return new TrialBench({ successRate: 1 - (failures + 1) / 102 });
}

function fail(bench: TrialBench, pairs: number): void {
  bench.pairs(pairs, () => FAILURE);
}

describe('an outage', () => {
  test('is seen when 8 of the newest 10 of both arms have failed', () => {
    const bench = usually(5);
    bench.pairs(20);
    fail(bench, 7);
    expect(bench.next).toBeUndefined();
    fail(bench, 1);
    expect(bench.next).toEqual({ move: 'pause' });
  });

  test('is none where one arm works', () => {
    const bench = usually(5);
    bench.pairs(8, (arm) => (arm === 'new' ? FAILURE : {}));
    expect(isOutage(bench.trial)).toBe(false);
    const other = usually(5);
    other.pairs(8, (arm) => (arm === 'old' ? FAILURE : {}));
    expect(isOutage(other.trial)).toBe(false);
  });

  test.each([
    [30, 16, true],
    [40, 16, true],
    [46, 16, false],
    [46, 18, true],
    [71, 20, true],
    [72, 20, false],
  ])('where %i of 100 failed before, of %i failures: %s', (before, failures, isSeen) => {
    const bench = usually(before);
    // Of each arm ten, of which as many succeeded first.
    bench.pairs(10 - failures / 2);
    fail(bench, failures / 2);
    const tail = exactTail(failures, 20, [before + 1, 102]);
    expect(tail < 0.001).toBe(isSeen);
    expect(isOutage(bench.trial)).toBe(isSeen);
  });

  test('is never one where more than 71 % failed before', () => {
    const bench = usually(5);
    fail(bench, 10);
    const at = (usual: number) => ({
      ...bench.trial,
      plan: { ...bench.trial.plan, successRate: 1 - usual },
    });
    // P(20 of 20) is .00095 at .706, and above .71 not looked at.
    expect(isOutage(at(0.706))).toBe(true);
    expect(isOutage(at(0.7101))).toBe(false);
  });

  test('that is over is looked for anew', () => {
    const bench = usually(5);
    fail(bench, 8);
    bench.pause('outage');
    expect(bench.next).toBeUndefined();
    bench.resume('outage');
    expect(bench.next).toBeUndefined();
    fail(bench, 7);
    expect(bench.next).toBeUndefined();
    fail(bench, 1);
    expect(bench.next).toEqual({ move: 'pause' });
  });

  test('pauses a probation too: groups that all fail would prove a margin', () => {
    const bench = usually(5);
    bench.promote();
    for (let i = 0; i < 7; i += 1) bench.group(() => FAILURE);
    expect(bench.next).toBeUndefined();
    bench.group(() => FAILURE);
    expect(bench.next).toEqual({ move: 'pause' });
  });

  test('does not pause a holdback', () => {
    const bench = usually(5);
    bench.promote();
    bench.confirm();
    for (let i = 0; i < 12; i += 1) bench.group(() => FAILURE);
    expect(isOutage(bench.trial)).toBe(false);
  });

  test('goes by the order of dispatch', () => {
    const bench = usually(5);
    const first = bench.open(2);
    fail(bench, 10);
    expect(bench.next).toBeUndefined();
    for (const [id] of first) bench.finish(id);
    expect(bench.next).toEqual({ move: 'pause' });
  });
});
