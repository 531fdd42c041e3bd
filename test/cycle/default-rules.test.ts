import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { generate } from '../../src/cycle/generate.ts';
import type { RuleContext } from '../../src/domain/rule.ts';
import { runAtOnce } from '../../src/domain/slices.ts';
import { contextOf } from '../config/support.ts';

const { config } = loadConfig(undefined);
const { max_cpu_per_agent: cpu, fallback_strategy_threshold: threshold } = config.parameters;

/** What a rule's reasoning says of the new value: where it lies from the present one, and how far. */
const DIRECTIONS: Readonly<
  Record<string, { says: RegExp; sign: 1 | -1; step: number } | { says: RegExp; becomes: string }>
> = {
  coordination: { says: /^High agent count .* elevated latency/, becomes: 'adaptive' },
  coordination_back: { says: /^Agent count down .*: back$/, becomes: 'sequential' },
  fallback: { says: / below target$/, sign: -1, step: 0.05 },
  fallback_back: { says: / above target for an hour: back up$/, sign: 1, step: 0.05 },
  cpu: { says: / approaching limit$/, sign: -1, step: 10 },
  cpu_back: { says: / far below limit for an hour: back up$/, sign: 1, step: 10 },
};

const NOW_MS = 10_000_000;
const heldLong = new Map(config.rules.map(({ fingerprint }) => [fingerprint, 0]));

/** What the default rules propose, none of them resting, the condition of each having held long. */
function proposalsIn({ window, ...rest }: RuleContext) {
  const context = { ...rest, window: { ...window, measurementNamesDropped: 0 } };
  const input = {
    ...{ settings: config, context, metricsAgeMs: 0, nowMs: NOW_MS, heldSinceMs: heldLong },
    ...{ isResting: () => false, isPending: () => false, monotonic: () => 0 },
  };
  return runAtOnce(generate(input));
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const load = fc.double({ min: 0, max: 6400, noNaN: true });
const shown = (least: number, most: number) =>
  fc.oneof(
    fc.double({ min: least, max: most, noNaN: true }),
    fc.integer({ min: 0, max: 20 }).map((part) => least + ((most - least) * part) / 20),
  );

const contexts = (within: boolean) =>
  fc
    .record({
      successRate: fc.oneof(share, fc.constantFrom(0.84, 0.85, 0.95, 1)),
      avgLatencyMs: fc.oneof(load, fc.constantFrom(99, 101)),
      subAgentCount: fc.nat(20),
      cpuPercent: fc.oneof(load, fc.integer({ min: 0, max: 120 })),
      primary_coordination_strategy: fc.constantFrom('sequential', 'adaptive', 'other'),
      fallback_strategy_threshold: within ? shown(0.5, 0.95) : shown(-1, 2),
      max_cpu_per_agent: within ? shown(10, 100) : shown(-100, 500),
    })
    .map(({ successRate, avgLatencyMs, subAgentCount, cpuPercent, ...parameters }) =>
      contextOf({
        window: { successRate, avgLatencyMs },
        metrics: { subAgentCount, cpuPercent },
        parameters,
      }),
    );

describe('a default rule that fires', () => {
  test('takes one step in the direction that its reasoning gives, within the bounds', () => {
    const fired = new Map<string, number>();
    fc.assert(
      fc.property(contexts(true), (context) => {
        const { candidates, faults } = proposalsIn(context);
        expect(faults).toEqual([]);
        for (const { rule, oldValue, newValue, reasoning } of candidates) {
          fired.set(rule.id, (fired.get(rule.id) ?? 0) + 1);
          const expected = DIRECTIONS[rule.id];
          if (expected === undefined) throw new Error(`nothing is known of ${rule.id}`);
          expect(oldValue).toBe(context.parameters[rule.target]);
          expect(newValue).not.toBe(oldValue);
          expect(reasoning).toMatch(expected.says);
          if ('becomes' in expected) {
            expect(newValue).toBe(expected.becomes);
            continue;
          }
          const moved = (Number(newValue) - Number(oldValue)) * expected.sign;
          expect(moved).toBeGreaterThan(0);
          expect(moved).toBeLessThanOrEqual(expected.step + 1e-9);
          const { min, max } = (rule.target === 'max_cpu_per_agent' ? cpu : threshold) ?? {};
          expect(newValue).toBeGreaterThanOrEqual(min ?? Number.NaN);
          expect(newValue).toBeLessThanOrEqual(max ?? Number.NaN);
        }
      }),
      { numRuns: 3000 },
    );
    expect([...fired.keys()].sort()).toEqual(Object.keys(DIRECTIONS).sort());
    expect(Math.min(...fired.values())).toBeGreaterThan(20);
  });

  test('moves a value beyond its bounds in no other direction', () => {
    fc.assert(
      fc.property(contexts(false), (context) => {
        for (const { rule, oldValue, newValue } of proposalsIn(context).candidates) {
          const expected = DIRECTIONS[rule.id];
          if (expected === undefined || 'becomes' in expected) continue;
          expect((Number(newValue) - Number(oldValue)) * expected.sign).toBeGreaterThan(0);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('goes back as far as the initial value, and pulls against no other', () => {
    fc.assert(
      fc.property(contexts(true), (context) => {
        const { candidates } = proposalsIn(context);
        const targets = candidates.map(({ rule }) => rule.target);
        expect(new Set(targets).size).toBe(targets.length);
        for (const { rule, newValue } of candidates) {
          const initial = config.parameters[rule.target]?.initial;
          if (/_back$/.test(rule.id) && typeof initial === 'number') {
            expect(newValue).toBeLessThanOrEqual(initial);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('CPU that goes from 90 to 120 % never raises what an agent may have', () => {
  let present: unknown = cpu?.initial;
  const seen: unknown[] = [];
  for (let cpuPercent = 90; cpuPercent <= 120; cpuPercent += 3) {
    const parameters = { max_cpu_per_agent: Number(present) };
    const [candidate] = proposalsIn(contextOf({ metrics: { cpuPercent }, parameters })).candidates;
    present = candidate?.newValue ?? present;
    seen.push(present);
  }
  expect(seen).toEqual([90, 80, 70, 60, 50, 40, 30, 20, 10, 10, 10]);
});
