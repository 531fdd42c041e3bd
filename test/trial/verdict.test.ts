import { describe, expect, test } from 'vitest';
import { type Guard, LATENCY, type Metric, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import type { MetricEvidence } from '../../src/trial/evidence/evidence.ts';
import { judge } from '../../src/trial/verdict.ts';
import { exactTail } from '../support/trials/exact-tail.ts';
import { shown, trialWith, verdictOf } from '../support/trials/shown-evidence.ts';
import { LATENCY_GUARD, planOf, SUCCESS_GUARD, TrialBench } from '../support/trials/trial-bench.ts';

const TOTAL: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const TYPICAL: Metric = { ...TOTAL, statistic: 'median' };
const TOTAL_GUARD: Guard = { ...TOTAL, margin: 0.05 };

describe('HARMED', () => {
  test.each([
    ['one metric at 20', [20], 'harmed'],
    ['not quite', [19.99], 'goes on'],
    ['the mean of two at 20', [39, 1], 'harmed'],
    ['not quite', [38.98, 1], 'goes on'],
    ['success alone', [0.5, 39.5], 'harmed'],
    ['one that tells nothing counts as 1', [58, 1, 1], 'harmed'],
    ['not quite', [57.9, 1, 1], 'goes on'],
  ])('%s: %j', (_, harms, verdict) => {
    const metrics = [OUTCOME, SUCCESS_GUARD, TOTAL_GUARD];
    const evidence = harms.map((harm, i) => shown(metrics[i] ?? OUTCOME, { harm }));
    expect(verdictOf(trialWith(evidence))).toBe(verdict);
  });

  test('needs no minimum of tasks, and goes before help and time', () => {
    const evidence = [shown(OUTCOME, { harm: 20, help: 50, tasks: 2, difference: -1 })];
    expect(verdictOf(trialWith(evidence, { tasksUsed: 2 }), 1e9)).toBe('harmed');
  });
});

describe('HELPED', () => {
  const faster = { help: 20, difference: Math.log(0.97), tasks: 30 };
  const cheaper = { help: 20, tasks: 60, sums: [100, 97] } as const;
  const cases: [string, MetricEvidence, string][] = [
    ['20 to 1, 30 tasks, 3 % faster', shown(OUTCOME, faster), 'helped'],
    ['less evidence', shown(OUTCOME, { ...faster, help: 19.99 }), 'goes on'],
    ['fewer tasks', shown(OUTCOME, { ...faster, tasks: 29 }), 'goes on'],
    ['a smaller gain', shown(OUTCOME, { ...faster, difference: -0.0304 }), 'goes on'],
    ['slower', shown(OUTCOME, { ...faster, difference: 0.5 }), 'goes on'],
    [
      'slower, with 2 points more success',
      shown(OUTCOME, { ...faster, difference: 0.5, successLost: -0.3 }),
      'helped',
    ],
    ['less of it', shown(OUTCOME, { ...faster, difference: 0.5, successLost: -0.29 }), 'goes on'],
    [
      'latency alone has no such way',
      shown(LATENCY, { ...faster, difference: 0.5, successLost: -9 }),
      'goes on',
    ],
    ['2 points of success', shown(SUCCESS, { ...faster, successLost: -0.3 }), 'helped'],
    ['less of it', shown(SUCCESS, { ...faster, successLost: -0.29 }), 'goes on'],
    [
      '3 % of a typical measurement',
      shown(TYPICAL, { ...faster, difference: -0.2, sums: [100, 0] }),
      'helped',
    ],
    ['less of it', shown(TYPICAL, { ...faster, difference: -0.19, sums: [100, 0] }), 'goes on'],
    ['3 % of a total, in 60 tasks', shown(TOTAL, cheaper), 'helped'],
    ['less of it', shown(TOTAL, { ...cheaper, sums: [100, 97.01] }), 'goes on'],
    ['fewer tasks', shown(TOTAL, { ...cheaper, tasks: 58 }), 'goes on'],
    [
      'a typical gain that is none in total',
      shown(TOTAL, { ...cheaper, difference: -9, sums: [100, 126] }),
      'goes on',
    ],
  ];

  test.each(cases)('%s', (_, evidence, verdict) => {
    expect(verdictOf(trialWith([evidence]))).toBe(verdict);
  });

  const guards: [string, MetricEvidence, string][] = [
    ['success 2 points worse', shown(SUCCESS_GUARD, { successLost: 0.6 }), 'helped'],
    ['worse than that', shown(SUCCESS_GUARD, { successLost: 0.61 }), 'goes on'],
    ['a latency 5 % higher', shown(LATENCY_GUARD, { difference: Math.log(1.05) }), 'helped'],
    ['higher than that', shown(LATENCY_GUARD, { difference: Math.log(1.0501) }), 'goes on'],
    ['a total 5 % higher', shown(TOTAL_GUARD, { sums: [100, 105] }), 'helped'],
    ['higher than that', shown(TOTAL_GUARD, { sums: [100, 105.01] }), 'goes on'],
    [
      'one that looks worse against the evidence',
      shown(TOTAL_GUARD, { sums: [100, 120], harm: 0.99 }),
      'helped',
    ],
    ['evidence of harm', shown(SUCCESS_GUARD, { harm: 3 }), 'goes on'],
    ['a little less of it', shown(SUCCESS_GUARD, { harm: 2.99 }), 'helped'],
    ['a guard without data', shown(TOTAL_GUARD, { tasks: 0, sums: [0, 0] }), 'helped'],
  ];

  test.each(guards)('with %s', (_, guard, verdict) => {
    expect(verdictOf(trialWith([shown(OUTCOME, faster), guard]))).toBe(verdict);
  });

  test.each([
    [OUTCOME, 30, 'helped'],
    [OUTCOME, 28, 'goes on'],
    [TOTAL, 60, 'helped'],
    [TOTAL, 58, 'goes on'],
  ] as const)(
    'with evidence that was carried on, of $name, %i tasks of this trial',
    (metric, tasksUsed, verdict) => {
      const evidence = [shown(metric, { ...cheaper, difference: -1, tasks: 200 })];
      expect(verdictOf(trialWith(evidence, { tasksUsed }))).toBe(verdict);
    },
  );

  test('where a former value is to be taken back, at 100 to 1', () => {
    const at = (help: number) => {
      const trial = trialWith([shown(OUTCOME, { ...faster, help })]);
      return verdictOf({ ...trial, plan: { ...trial.plan, sufficient: 100 } });
    };
    expect([at(99.9), at(100)]).toEqual(['goes on', 'helped']);
  });

  test('a guard that helps promotes nothing', () => {
    expect(verdictOf(trialWith([shown(OUTCOME), shown(SUCCESS_GUARD, faster)]))).toBe('goes on');
  });
});

describe('INVALID', () => {
  /** The least that 20 % do not explain. */
  const tooMany = (n: number) => {
    let count = 0;
    while (exactTail(count, n, [1, 5]) >= 0.001) count += 1;
    return count;
  };

  test.each([40, 60, 150, 200])('of %i outcomes more are missing than 20 % explains', (n) => {
    const expected = { old: n / 2, new: n / 2 };
    const fields = (count: number) => ({ expected, missing: { old: 1, new: count - 1 } });
    const at = (count: number) => verdictOf(trialWith([shown(OUTCOME)], fields(count)));
    expect([at(tooMany(n)), at(tooMany(n) - 1)]).toEqual(['invalid', 'goes on']);
  });

  test('17 of 40 are too many; of 39 none are', () => {
    expect(tooMany(40)).toBe(17);
    const missing = { old: 15, new: 15 };
    const of = (old: number, fresh: number) =>
      judge(trialWith([shown(OUTCOME)], { expected: { old, new: fresh }, missing }), 1);
    expect(of(20, 19)).toBeUndefined();
    expect(of(20, 20)).toEqual({ verdict: 'invalid', reason: '30 of 40 outcomes are missing' });
  });

  test('goes before harm', () => {
    const missing = { old: 15, new: 15 };
    expect(verdictOf(trialWith([shown(OUTCOME, { harm: 50 })], { missing }))).toBe('invalid');
  });

  test('for unequal arms there is none: pairs have one of each', () => {
    expect(verdictOf(trialWith([shown(OUTCOME)], { expected: { old: 100, new: 10 } }))).toBe(
      'goes on',
    );
  });
});

describe('INCONCLUSIVE', () => {
  const even = [shown(OUTCOME)];
  const hopeless = [shown(OUTCOME, { harm: 0.9, help: 0.9 }), shown(SUCCESS_GUARD, { harm: 1.05 })];

  test.each([
    ['100 tasks, both below 1', hopeless, 100, 'inconclusive'],
    ['fewer', hopeless, 98, 'goes on'],
    ['help at 1', [shown(OUTCOME, { harm: 0.9, help: 1 })], 100, 'goes on'],
    ['harm at 1', [shown(OUTCOME, { harm: 1, help: 0.9 })], 100, 'goes on'],
  ])('%s', (_, evidence, tasksUsed, verdict) => {
    expect(verdictOf(trialWith(evidence, { tasksUsed }))).toBe(verdict);
  });

  test('with 200 assigned, once none of them is out', () => {
    const bench = new TrialBench();
    const tasks = bench.open(200);
    for (const [id] of tasks.slice(0, 199)) bench.finish(id);
    bench.trial = { ...bench.trial, evidence: even };
    expect(bench.next).toBeUndefined();
    bench.finish(tasks[199]?.[0] ?? '');
    expect(bench.settle()).toEqual(['inconclusive']);
    expect(bench.finding?.reason).toBe('nothing was found in 200 tasks');
  });

  const helpful = shown(OUTCOME, { help: 20, difference: -0.3, tasks: 200 });
  test.each([
    [
      'a guard',
      [helpful, shown(SUCCESS_GUARD, { harm: 3 })],
      'it may help, but success may be worse',
    ],
    [
      'its size',
      [shown(OUTCOME, { help: 20, difference: -0.01, tasks: 200 })],
      'it may help, but the gain is too small',
    ],
  ])('says what stood against help: %s', (_, evidence, reason) => {
    const bench = new TrialBench();
    for (const [id] of bench.open(200)) bench.finish(id);
    bench.trial = { ...bench.trial, evidence };
    expect(bench.settle()).toEqual(['inconclusive']);
    expect(bench.finding?.reason).toBe(reason);
  });

  test('with 2000 dispatched, where pauses leave most of them out', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 20; i += 1) {
      expect(bench.next).toBeUndefined();
      bench.open(100);
      bench.pause();
      bench.resume();
    }
    expect(bench.assign('one more')).toBeUndefined();
    expect(bench.settle()).toEqual(['inconclusive']);
    expect(bench.finding?.reason).toBe('only 0 of 2000 tasks told anything');
  });

  test('at trial.max_seconds, whatever is outstanding', () => {
    const bench = new TrialBench({ maxMs: 5000 });
    bench.open(3);
    expect(verdictOf(bench.trial, 4999)).toBe('goes on');
    expect(verdictOf(bench.trial, 5000)).toBe('inconclusive');
    bench.pause();
    expect(verdictOf(bench.trial, 5000)).toBe('goes on');
  });

  test('not while it is suspended', () => {
    const trial = trialWith(even, { suspendedMs: 1 });
    expect(verdictOf(trial, planOf().maxMs + 1)).toBe('goes on');
  });
});
