import { describe, expect, test } from 'vitest';
import { type Guard, SUCCESS } from '../../../src/domain/effect.ts';
import { addGroup, addPair } from '../../../src/trial/evidence/add-evidence.ts';
import { type Evidence, eNotWorse, noEvidence } from '../../../src/trial/evidence/evidence.ts';
import { marginWagers } from '../../../src/trial/evidence/margin.ts';
import { LOST, type Outcome } from '../../../src/trial/evidence/outcome.ts';
import { RANKED, wealthOf } from '../../support/trials/by-hand.ts';
import {
  failed,
  LATENCY_GUARD,
  ok,
  SCALE,
  SUCCESS_GUARD,
} from '../../support/trials/trial-bench.ts';

const AT_95 = { ...SCALE, successRate: 0.95 };

type Single = readonly [old: Outcome, fresh: Outcome];

function afterPairs(metric: Guard, pairs: readonly Single[], scale = AT_95): Evidence {
  return pairs.reduce<Evidence>(
    (sum, [old, fresh]) => addPair(sum, { old: [old], new: [fresh] }, scale),
    [noEvidence(metric, scale)],
  );
}

function notWorse(evidence: Evidence): number {
  const [one] = evidence;
  return one === undefined ? Number.NaN : eNotWorse(one);
}

describe('wagers of success', () => {
  test.each([
    // .05 / (2 · .95 · .05 + .05) is .3448…; four of it are more than .95.
    [0.95, 0.05, [0.25, 0.5, 1, 2].map((part) => part * (0.05 / 0.145)).concat(0.95)],
    [0.5, 0.05, [0.25, 0.5, 1, 2, 4].map((part) => part * (0.05 / 0.55))],
    [0.8, 0.1, [0.25, 0.5, 1, 2].map((part) => part * (0.1 / 0.42)).concat(4 * (0.1 / 0.42))],
  ])('at %d and a margin of %d', (successRate, margin, wagers) => {
    const found = marginWagers({ ...SUCCESS, margin }, { ...SCALE, successRate });
    for (const [i, wager] of wagers.entries()) {
      expect(found[i]).toBeCloseTo(Math.min(wager, 0.95), 12);
    }
    expect(found).toHaveLength(5);
  });

  test('are none where there is no margin', () => {
    expect(marginWagers(SUCCESS, SCALE)).toEqual([]);
    expect(notWorse([noEvidence(SUCCESS, SCALE)])).toBe(1);
  });
});

describe('success is not worse by five points', () => {
  const wagers = marginWagers(SUCCESS_GUARD, AT_95);
  const pairs: Single[] = [
    [ok(1), ok(1)],
    [ok(1), LOST],
    [failed(1), failed(2)],
    [failed(1), ok(1)],
  ];

  test('by pairs: each stakes the margin less what was lost', () => {
    const e = notWorse(afterPairs(SUCCESS_GUARD, pairs));
    expect(e).toBeCloseTo(wealthOf(wagers, [0.05, 0.05 - 1, 0.05, 0.05 + 1]), 12);
  });

  test('by groups: it goes on, with the mean of the others', () => {
    const fresh = [ok(1), failed(1), ok(1), ok(1)];
    const after = addGroup(afterPairs(SUCCESS_GUARD, pairs), { old: ok(1), new: fresh }, AT_95);
    const stakes = [0.05, 0.05 - 1, 0.05, 0.05 + 1, 0.05 - 0.25];
    expect(notWorse(after)).toBeCloseTo(wealthOf(wagers, stakes), 12);
  });

  test('where nothing fails, at 20 after 148 tasks in pairs', () => {
    // As the design has it; p is (100 + 1) / (100 + 2).
    const scale = { ...SCALE, successRate: 101 / 102 };
    const e = (count: number) =>
      notWorse(
        afterPairs(
          SUCCESS_GUARD,
          Array.from({ length: count }, () => [ok(1), ok(1)]),
          scale,
        ),
      );
    expect(e(60)).toBeLessThan(20);
    expect(e(80)).toBeGreaterThan(20);
  });

  test('is remembered at its highest', () => {
    const good = Array.from({ length: 50 }, (): Single => [ok(1), ok(1)]);
    const best = afterPairs(SUCCESS_GUARD, good);
    const after = afterPairs(SUCCESS_GUARD, [...good, [ok(1), failed(1)], [ok(1), failed(1)]]);
    expect(notWorse(after)).toBeLessThan(notWorse(best));
    expect(after[0]?.peaks.notWorse).toBe(notWorse(best));
  });
});

describe('latency is not worse by five percent', () => {
  test('by the sign of pairs, were the old one slower by that', () => {
    const pairs: Single[] = [
      [ok(100), ok(104)],
      [ok(100), ok(106)],
      [ok(100), ok(90)],
    ];
    expect(notWorse(afterPairs(LATENCY_GUARD, pairs))).toBeCloseTo(
      wealthOf(RANKED, [1, -1, 1]),
      12,
    );
  });

  test('among successes only', () => {
    const pairs: Single[] = [
      [failed(100), ok(1)],
      [ok(100), failed(1)],
      [failed(100), failed(1)],
      [ok(100), LOST],
    ];
    expect(notWorse(afterPairs(LATENCY_GUARD, pairs))).toBe(1);
  });

  test('by the place of the old one in a group, were it slower by that', () => {
    const fresh = [ok(104), ok(106), ok(90), failed(1)];
    const after = addGroup([noEvidence(LATENCY_GUARD, SCALE)], { old: ok(100), new: fresh }, SCALE);
    // Of three successes two are faster than 105.
    expect(notWorse(after)).toBeCloseTo(wealthOf(RANKED, [1 / 3]), 12);
  });
});
