import { expect, test } from 'vitest';
import { topicsOf } from '../../src/page/api/topics.ts';
import { scaleOf, stripOf } from '../../src/page/charts/strip.ts';
import { deltaPath, routeOf } from '../../src/page/router.ts';
import { author, change, effectText, stateOf } from '../../src/page/words/delta.ts';
import { gainsWords } from '../../src/page/words/gains.ts';
import { healthOf } from '../../src/page/words/health.ts';
import { bytes, duration, odds, percent, short } from '../../src/page/words/number.ts';
import { boundsText, typedValue } from '../../src/page/words/parameter.ts';
import { ago } from '../../src/page/words/time.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');

test('numbers have few digits and their unit', () => {
  expect([short(0.123456), short(1234.5), short(-0)]).toEqual(['0.123', '1,235', '0']);
  expect([duration(310), duration(4210), duration(190_000), duration(9_000_000)]).toEqual([
    ...['310 ms', '4.21 s', '3.2 min', '2.5 h'],
  ]);
  expect([percent(0.314159), bytes(2_500_000), odds(0.4), odds(23)]).toEqual([
    ...['31.4 %', '2.38 MiB', 'none', '23 to 1'],
  ]);
});

test('times are told from now', () => {
  const at = (ms: number) => ago(new Date(NOW + ms).toISOString(), NOW);
  expect([at(-180_000), at(7_200_000), at(-100), at(3000), at(40_000)]).toEqual([
    ...['3 minutes ago', 'in 2 hours', 'just now', 'just now', 'in less than a minute'],
  ]);
  expect(ago(undefined, NOW)).toBe('never');
});

test('a delta is told by its change, its state, who made it, and its effect', () => {
  expect(change({ target: 'a', oldValue: 'x', newValue: [1] })).toBe('a x → [1]');
  expect(change({ target: 'a' })).toBe('a nothing → nothing');
  const cohort = { label: 'kind', value: 'code' };
  expect(change({ target: 'a', oldValue: 1, newValue: 2, cohort })).toBe('a where kind=code 1 → 2');
  expect(stateOf({ state: 'DELTA_STATE_CONFIRMED' }).text).toBe('in force, proven');
  expect(author({ ruleId: 'r' })).toBe('rule r');
  const ends = { lower: Math.log(0.62), upper: Math.log(0.76) };
  const latency = {
    metric: 'latency',
    statistic: 'STATISTIC_MEDIAN',
    estimate: Math.log(0.69),
    ...ends,
  };
  expect(effectText(latency)).toBe('−31 % (−38 to −24)');
});

test('gains are told as proven, or as not proven yet', () => {
  const needed = ['120 tasks more'];
  expect(gainsWords({ needed }, [], NOW)).toEqual({
    isProven: false,
    headline: 'No change has been proven yet.',
    more: needed,
  });
  const totals = [
    { metric: 'latency', estimate: 41, lower: 24, upper: 58 },
    { metric: 'cost', estimate: 2, lower: -1, upper: 5 },
  ];
  const metrics = [
    {
      metric: 'latency',
      statistic: 'STATISTIC_MEDIAN',
      estimate: -0.37,
      lower: -0.48,
      upper: -0.27,
    },
  ];
  const proven = { target: 'm', oldValue: 1, newValue: 2, effect: { metrics } };
  const gains = { sinceTime: '2026-11-12T00:00:00Z', tasks: '100', totals };
  expect(gainsWords(gains, [proven], NOW)).toEqual({
    isProven: true,
    headline: 'Typical latency 31 % lower (24 to 38 %) by m 1 → 2.',
    more: [
      '41 task-hours saved (24 to 58) since 12 November, over 100 tasks.',
      'No difference shown in cost.',
    ],
  });
});

test('health names what needs attention', () => {
  const well = healthOf(
    { active: true, lastCycleTime: new Date(NOW).toISOString() },
    undefined,
    NOW,
  );
  expect(well.every(({ isWell }) => isWell)).toBe(true);
  const ill = { configError: 'x', latestSequence: '30', subscribers: [{ ackedSequence: '2' }] };
  expect(healthOf(ill, undefined, NOW).map(({ isWell }) => isWell)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test('an address leads to its view, whatever is in it', () => {
  const id = 'a/b <i>%';
  expect(routeOf(deltaPath(id))).toEqual({ view: 'delta', deltaId: id });
  expect([routeOf('/health'), routeOf('/nothing'), routeOf('/deltas/%')]).toEqual([
    { view: 'health' },
    { view: 'overview' },
    { view: 'delta', deltaId: '%' },
  ]);
});

test('a typed value has the type of its parameter', () => {
  expect(
    boundsText({ name: 'a', type: 'number', min: 1, max: 16, setBy: '', history: [], cohorts: [] }),
  ).toBe('1 to 16');
  expect([typedValue({ type: 'string' }, '4'), typedValue({ type: 'number' }, ' 4 ')]).toEqual([
    '4',
    4,
  ]);
  expect(() => typedValue({ type: 'number' }, 'x')).toThrow('"x" is no number.');
});

test('events without topics mean anything, and quantiles make a strip', () => {
  expect([topicsOf('{"topics":["a",1]}'), topicsOf('?'), topicsOf('{}')]).toEqual([
    ['a'],
    undefined,
    undefined,
  ]);
  const strip = stripOf(Array.from({ length: 21 }, (_, i) => i));
  expect(strip).toEqual({ low: 1, first: 5, median: 10, third: 15, high: 19 });
  expect(stripOf([])).toBeUndefined();
  expect(scaleOf(strip === undefined ? [] : [strip])(10)).toBe(0.5);
});
