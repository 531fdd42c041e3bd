import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { contextOf } from './support.ts';

const file = new URL('../../config/reference.yaml', import.meta.url).pathname;
const [coordination, fallback, cpu] = loadConfig(file).config.rules;
if (!coordination || !fallback || !cpu) throw new Error('expected three rules');

describe('the reference rules reproduce the original texts and values', () => {
  test.each([
    [9, 100.1, 'High agent count (9) with elevated latency (100ms)'],
    [9, 144.5, 'High agent count (9) with elevated latency (144ms)'],
    [9, 145.5, 'High agent count (9) with elevated latency (146ms)'],
    [11, 15_806, 'High agent count (11) with elevated latency (15806ms)'],
    [12, 24_667.4, 'High agent count (12) with elevated latency (24667ms)'],
  ])('coordination: %d agents, %d ms', (subAgentCount, avgLatencyMs, text) => {
    const context = contextOf({ window: { avgLatencyMs }, metrics: { subAgentCount } });
    expect(coordination.when(context)).toBe(true);
    expect(coordination.reasoning(context)).toBe(text);
    expect(coordination.oldValue?.(context)).toBe('sequential');
    expect(coordination.newValue(context)).toBe('adaptive');
  });

  test.each([
    [0, 'Success rate 0.0% below target'],
    [4 / 30, 'Success rate 13.3% below target'],
    [20 / 30, 'Success rate 66.7% below target'],
    [1 / 30, 'Success rate 3.3% below target'],
    [25 / 30, 'Success rate 83.3% below target'],
  ])('fallback: success rate %d', (successRate, text) => {
    const context = contextOf({ window: { successRate } });
    expect(fallback.when(context)).toBe(true);
    expect(fallback.reasoning(context)).toBe(text);
    expect(fallback.oldValue?.(context)).toBe(0.8);
    expect(fallback.newValue(context)).toBe(0.75);
  });

  test.each([
    [100, 60, 'CPU utilization at 100%, approaching limit'],
    [85.1, 51, 'CPU utilization at 85.1%, approaching limit'],
    [90, 54, 'CPU utilization at 90%, approaching limit'],
    [91.9, 55, 'CPU utilization at 91.9%, approaching limit'],
    [98, 58, 'CPU utilization at 98%, approaching limit'],
    [99.7, 59, 'CPU utilization at 99.7%, approaching limit'],
  ])('cpu: %d percent', (cpuPercent, value, text) => {
    const context = contextOf({ metrics: { cpuPercent } });
    expect(cpu.when(context)).toBe(true);
    expect(cpu.reasoning(context)).toBe(text);
    expect(cpu.oldValue?.(context)).toBe(cpuPercent);
    expect(cpu.newValue(context)).toBe(value);
  });

  test('each needs more than its threshold', () => {
    const at = contextOf({
      window: { successRate: 0.85, avgLatencyMs: 101 },
      metrics: { subAgentCount: 8, cpuPercent: 85 },
    });
    expect([coordination, fallback, cpu].map((rule) => rule.when(at))).toEqual([
      false,
      false,
      false,
    ]);
    const slow = contextOf({ window: { avgLatencyMs: 100 }, metrics: { subAgentCount: 9 } });
    expect(coordination.when(slow)).toBe(false);
  });

  test('what they are', () => {
    const facts = [coordination, fallback, cpu].map((rule) => [
      rule.type,
      rule.operation,
      rule.target,
      rule.confidence,
      rule.impact,
      rule.usesMetrics,
    ]);
    expect(facts).toEqual([
      ['coordination', 'modify', 'primary_coordination_strategy', 0.75, 'positive', true],
      ['strategy', 'adjust', 'fallback_strategy_threshold', 0.6, 'positive', false],
      ['resource', 'adjust', 'max_cpu_per_agent', 0.85, 'positive', true],
    ]);
  });
});

describe('the default rules', () => {
  const rules = loadConfig(undefined).config.rules;

  test('take the current value as the old one', () => {
    expect(rules.flatMap((rule) => rule.oldValue ?? [])).toEqual([]);
  });

  test('step the threshold down from where it stands', () => {
    const context = contextOf({ parameters: { fallback_strategy_threshold: 0.7 } });
    expect(rules[1]?.newValue(context)).toBeCloseTo(0.65, 12);
  });

  test('do not fire on metrics that were never reported', () => {
    const parameters = { primary_coordination_strategy: 'adaptive', max_cpu_per_agent: 50 };
    const context = contextOf({ window: { avgLatencyMs: 1000 }, parameters });
    const ofMetrics = rules.filter((rule) => rule.usesMetrics);
    expect(ofMetrics).toHaveLength(4);
    expect(ofMetrics.filter((rule) => rule.when(context))).toEqual([]);
  });
});
