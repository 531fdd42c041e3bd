import { describe, expect, test } from 'vitest';
import { LOST, type Outcome } from '../../src/trial/evidence/outcome.ts';
import {
  addToGain as addPair,
  estimateDifference,
  estimateGain,
  type Gain,
  gainedMetrics,
  noGain,
} from '../../src/trial/gain.ts';
import { normalNoise } from '../support/engine/noise.ts';
import { seededRandom } from '../support/engine/seed.ts';
import {
  failed,
  LATENCY_GUARD,
  ok,
  outcomeOf,
  planOf,
  SUCCESS_GUARD,
} from '../support/trials/trial-bench.ts';

/** As `addPair`, also of a group with its one old task. */
function addToGain(
  gain: Gain,
  arms: { readonly old: Outcome | readonly Outcome[]; readonly new: readonly Outcome[] },
  clip?: number,
): Gain {
  return addPair(gain, { ...arms, old: [arms.old].flat() }, clip);
}

/** Groups in which the old one took so much longer than the others, which took 100 ms. */
function gainOf(differences: readonly number[]): Gain {
  const new4 = [ok(100), ok(100), ok(100), ok(100)];
  return differences.reduce(
    (gain, difference) => addToGain(gain, { old: ok(100 + difference), new: new4 }),
    noGain('latency'),
  );
}

const alternating = (count: number, centre: number, deviation: number) =>
  Array.from({ length: count }, (_, i) => centre + (i % 2 === 0 ? deviation : -deviation));

describe('what is gained per task', () => {
  test('is what the old one took less the mean of the others', () => {
    const group = { old: ok(100), new: [ok(50), ok(70), LOST, ok(30)] };
    expect(addToGain(noGain('latency'), group)).toEqual({
      metric: 'latency',
      groups: 1,
      sum: 50,
      squares: 2500,
      oldSum: 100,
    });
  });

  test('counts amounts by the clip at most, on both sides', () => {
    const cost = (value: number) => outcomeOf({ measurements: { cost: value } });
    const group = { old: cost(1000), new: [cost(-500), cost(2)] };
    expect(addToGain(noGain('cost'), group, 10)).toMatchObject({ sum: 10 - -4, oldSum: 10 });
    const huge = addToGain(noGain('cost'), { old: cost(1e300), new: [cost(0)] });
    expect(Number.isFinite(huge.squares)).toBe(true);
  });

  test('is not known of a group without the old one, or without the others', () => {
    const none = noGain('latency');
    expect(addToGain(none, { old: LOST, new: [ok(1)] })).toBe(none);
    expect(addToGain(none, { old: ok(1), new: [LOST] })).toBe(none);
    expect(addToGain(noGain('toString'), { old: ok(1), new: [ok(1)] }).groups).toBe(0);
  });
});

describe('what is gained of success', () => {
  test('is how many more of the new ones succeed than of the old one', () => {
    const group = { old: failed(5), new: [ok(1), ok(1), LOST, failed(1)] };
    const gain = addToGain(noGain('success'), group, 1);
    expect(gain).toMatchObject({ groups: 1, sum: 0.5, squares: 0.25, oldSum: 0 });
    expect(addToGain(gain, { old: ok(5), new: [ok(1), ok(1), ok(1), LOST] })).toMatchObject({
      ...{ groups: 2, sum: 0.25, squares: 0.3125, oldSum: 1 },
    });
  });

  test('is not taken for certain where nothing has failed', () => {
    const all = { metric: 'success', groups: 98, sum: 0, squares: 0, oldSum: 98 };
    const found = estimateGain(all);
    // As if one of each arm had failed in 100 groups.
    const inner = (2 * (98 * 0.07945910149 + 1)) / (98 ** 2 * 0.07945910149);
    const half =
      Math.sqrt(2 / 100) * Math.sqrt(inner * Math.log(Math.sqrt(98 * 0.07945910149 + 1) / 0.05));
    expect(found?.perTask).toBe(0);
    expect(found?.upper).toBeCloseTo(half, 6);
    expect(found?.lower).toBeCloseTo(-half, 6);
  });

  test('holds the true difference at every moment in at least 95 % of runs', () => {
    const RUNS = 300;
    let held = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const { next } = seededRandom(run);
      const draw = (rate: number) => (next() < rate ? ok(1) : failed(1));
      let gain = noGain('success');
      let isHeld = true;
      for (let group = 0; group < 400 && isHeld; group += 1) {
        const fresh = [draw(0.97), draw(0.97), draw(0.97), draw(0.97)];
        gain = addToGain(gain, { old: draw(0.92), new: fresh });
        const found = estimateGain(gain);
        isHeld = found === undefined || (found.lower <= 0.05 && 0.05 <= found.upper);
      }
      if (isHeld) held += 1;
    }
    expect(held / RUNS).toBeGreaterThanOrEqual(0.95);
  });
});

test('gains are told of latency, success and the measurements of a plan, each once', () => {
  const cost = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' } as const;
  const guards = [SUCCESS_GUARD, LATENCY_GUARD, { ...cost, margin: 0.1 }];
  expect(gainedMetrics(planOf({ primary: cost, guards }))).toEqual(['latency', 'success', 'cost']);
});

test('the tasks of two blocks are compared by their means', () => {
  const arms = { old: [ok(100), LOST, ok(200)], new: [ok(50), ok(70)] };
  expect(addToGain(noGain('latency'), arms)).toMatchObject({ groups: 1, sum: 90, oldSum: 150 });
});

describe('the difference of few pairs', () => {
  test('has the deviation of a sample, and needs five of them', () => {
    const found = estimateDifference(gainOf([10, 20, 30, 40, 50]));
    const t = 5 * 0.07945910149;
    const factor = Math.sqrt(((2 * (t + 1)) / (5 * t)) * Math.log(Math.sqrt(t + 1) / 0.05));
    expect(found?.perTask).toBeCloseTo(30, 10);
    expect(found?.upper).toBeCloseTo(30 + Math.sqrt(250) * factor, 6);
    expect(estimateDifference(gainOf([10, 20, 30, 40]))).toBeUndefined();
  });
});

describe('the interval', () => {
  test('is that of the paper: mean ± s √(2(tρ² + 1)/(t²ρ²) ln(√(tρ² + 1)/.05))', () => {
    for (const t of [20, 100, 2000]) {
      const rho2 = 0.07945910149;
      const found = estimateGain(gainOf(alternating(t, 30, 8)));
      const inner = (2 * (t * rho2 + 1)) / (t ** 2 * rho2);
      const half = 8 * Math.sqrt(inner * Math.log(Math.sqrt(t * rho2 + 1) / 0.05));
      expect(found?.perTask).toBeCloseTo(30, 10);
      expect(found?.lower).toBeCloseTo(30 - half, 6);
      expect(found?.upper).toBeCloseTo(30 + half, 6);
    }
  });

  test('of a hundred groups is three standard errors to each side', () => {
    const found = estimateGain(gainOf(alternating(100, 0, 1)));
    expect(found?.upper).toBeCloseTo(0.3035, 4);
  });

  test('allows for a large amount of each arm that has not been seen yet', () => {
    const plain = estimateGain(gainOf(alternating(98, 0, 1)));
    const wide = estimateGain(gainOf(alternating(98, 0, 1)), 7);
    expect((wide?.upper ?? 0) / (plain?.upper ?? 1)).toBeCloseTo(Math.sqrt((98 + 2 * 49) / 100), 9);
    expect(wide?.perTask).toBe(0);
  });

  test('needs twenty groups', () => {
    expect(estimateGain(gainOf(alternating(19, 5, 1)))).toBeUndefined();
    expect(estimateGain(gainOf(alternating(20, 5, 1)))).toBeDefined();
  });

  test('holds the true gain at every moment in about 95 % of runs', () => {
    const RUNS = 300;
    let held = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const noise = normalNoise(run, 0.8);
      // Heavy tails: log-normal. Old ones take a half longer.
      const draw = () => 100 * Math.exp(noise());
      const truth = 50 * Math.exp(0.8 ** 2 / 2);
      let gain = noGain('latency');
      let isHeld = true;
      for (let group = 0; group < 400 && isHeld; group += 1) {
        const fresh = [ok(draw()), ok(draw()), ok(draw()), ok(draw())];
        gain = addToGain(gain, { old: ok(1.5 * draw()), new: fresh });
        const found = estimateGain(gain);
        isHeld = found === undefined || (found.lower <= truth && truth <= found.upper);
      }
      if (isHeld) held += 1;
    }
    expect(held / RUNS).toBeGreaterThan(0.9);
  });
});
