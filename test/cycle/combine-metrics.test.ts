import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineMetrics } from '../../src/cycle/combine-metrics.ts';
import {
  COMBINATIONS,
  type CoordinationMetrics,
  type MetricsReport,
} from '../../src/domain/metrics.ts';
import type { MetricsSettings } from '../../src/domain/settings.ts';

const NOW_MS = 1_000_000;

function reportOf(fields: Partial<CoordinationMetrics>, ageMs = 0): MetricsReport {
  const reportTimeMs = NOW_MS - ageMs;
  const observeTimeMs = reportTimeMs + 7;
  const report = { subAgentCount: 0, cpuPercent: 0, values: {}, observeTimeMs, ...fields };
  return { report, reportTimeMs };
}

/** The defaults, but for what is said otherwise. */
function settingsOf(
  combine: Partial<MetricsSettings['combine']> = {},
  maxAgeSeconds = 120,
): MetricsSettings {
  const defaults = { subAgentCount: 'sum', cpuPercent: 'mean', values: {} } as const;
  return { maxAgeSeconds, combine: { ...defaults, ...combine } };
}

const combine = (
  reports: readonly MetricsReport[],
  settings: MetricsSettings = settingsOf(),
): ReturnType<typeof combineMetrics> => combineMetrics(reports, settings, NOW_MS);

describe('reports of several clients', () => {
  const reports = [
    reportOf({ subAgentCount: 2, cpuPercent: 90, values: { queue: 3, errors: 1 } }, 2000),
    reportOf({ subAgentCount: 5, cpuPercent: 30, values: { queue: 9 } }, 1000),
  ];

  test('by default: the sum of agents, the mean of shares, and of values over those that have them', () => {
    expect(combine(reports)).toEqual({
      metrics: {
        subAgentCount: 7,
        cpuPercent: 60,
        values: { queue: 6, errors: 1 },
        observeTimeMs: NOW_MS - 993,
      },
      reporters: 2,
      ageMs: 1000,
    });
  });

  test('each metric as the config says', () => {
    const settings = settingsOf({
      subAgentCount: 'mean',
      cpuPercent: 'max',
      values: { queue: 'max', errors: 'sum' },
    });
    expect(combine(reports, settings)?.metrics).toMatchObject({
      subAgentCount: 3.5,
      cpuPercent: 90,
      values: { queue: 9, errors: 1 },
    });
  });

  test('whatever their order', () => {
    expect(combine(reports.toReversed())).toEqual(combine(reports));
  });
});

describe('age', () => {
  const reports = [
    reportOf({ subAgentCount: 1 }, 121_000),
    reportOf({ subAgentCount: 2 }, 120_000),
    reportOf({ subAgentCount: 4 }, 500),
  ];

  test('what is older than metrics.max_age_seconds does not count', () => {
    expect(combine(reports)).toMatchObject({ metrics: { subAgentCount: 6 }, reporters: 2 });
  });

  test('0: none gets too old', () => {
    const settings = settingsOf({}, 0);
    expect(combine(reports, settings)).toMatchObject({
      metrics: { subAgentCount: 7 },
      reporters: 3,
    });
  });

  test('where all are too old, the newest is told, and counts as none', () => {
    expect(combine(reports, settingsOf({}, 0.1))).toMatchObject({
      metrics: { subAgentCount: 4 },
      reporters: 0,
      ageMs: 500,
    });
  });

  test('without any, there is nothing', () => {
    expect(combine([])).toBeUndefined();
  });
});

test('of one client, the report is told as it is, however it is combined', () => {
  const how = fc.constantFrom(...COMBINATIONS);
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const values = fc.dictionary(fc.string({ maxLength: 8 }), number, { maxKeys: 4 });
  fc.assert(
    fc.property(how, number, values, (word, cpuPercent, numbers) => {
      const one = reportOf({ subAgentCount: 3, cpuPercent, values: numbers });
      const named = Object.fromEntries(Object.keys(numbers).map((name) => [name, word]));
      const settings = settingsOf({ subAgentCount: word, cpuPercent: word, values: named });
      const { metrics } = combine([one], settings) ?? {};
      expect({ ...metrics, cpuPercent: 0, values: {} }).toEqual({
        ...one.report,
        cpuPercent: 0,
        values: {},
      });
      // The sum of nothing and -0 is 0, and its maximum is -0.
      const plain = (of: Record<string, number> = {}) =>
        Object.entries(of).map(([name, value]) => [name, value + 0]);
      expect((metrics?.cpuPercent ?? 1) + 0).toBe(cpuPercent + 0);
      expect(plain(metrics?.values)).toEqual(plain(numbers));
    }),
  );
});
