import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, SUCCESS } from '../../src/domain/effect.ts';
import { upperTail } from '../../src/trial/distributions.ts';
import { type MetricEvidence, noEvidence } from '../../src/trial/evidence.ts';
import { startTrial, type Trial } from '../../src/trial/trial.ts';
import { judge } from '../../src/trial/verdict.ts';
import { planOf, TrialBench } from '../support/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower' };

interface Shown {
  readonly harm?: number;
  readonly help?: number;
  /** Every pair's, or the pairs', positive for worse. */
  readonly difference?: number | readonly number[];
  readonly tasks?: number;
  /** What a measurement was with the old value. */
  readonly old?: number;
}

function shown(metric: Metric, fields: Shown = {}): MetricEvidence {
  const { harm = 1, help = 1, difference = 0, tasks = 60, old = 100 } = fields;
  const pairs = tasks / 2;
  return {
    ...noEvidence(metric),
    harm: [harm],
    help: [help],
    differences:
      typeof difference === 'number'
        ? Array.from({ length: Math.ceil(pairs) }, () => difference)
        : difference,
    tasksOld: Math.floor(pairs),
    tasksNew: Math.ceil(pairs),
    oldScale: old * pairs,
    pairs,
  };
}

/** So many discordant pairs of so many. */
function discordant(sign: number, count: number, of: number): number[] {
  return Array.from({ length: of }, (_, i) => (i < count ? sign : 0));
}

/** A trial that has come to this; every outcome is in. */
function trialOf(evidence: readonly MetricEvidence[], fields: Partial<Trial> = {}): Trial {
  const half = (fields.tasksUsed ?? 60) / 2;
  const expected = { old: half, new: half };
  return { ...startTrial(planOf(), 0), tasksUsed: 60, expected, evidence, ...fields };
}

function verdictOf(trial: Trial, nowMs = 1): string {
  return judge(trial, nowMs)?.verdict ?? 'goes on';
}

describe('HARMED', () => {
  test.each([
    ['one metric at 20', [20], 'harmed'],
    ['not quite', [19.99], 'goes on'],
    ['the mean of two at 20', [39, 1], 'harmed'],
    ['not quite', [38.98, 1], 'goes on'],
    ['a guard alone', [1, 58, 1], 'harmed'],
    ['one that tells nothing counts as 1', [58, 1, 1], 'harmed'],
    ['not quite', [57.9, 1, 1], 'goes on'],
  ])('%s: %j', (_, harms, verdict) => {
    const metrics = [LATENCY, SUCCESS, COST];
    const evidence = harms.map((harm, i) => shown(metrics[i] ?? LATENCY, { harm }));
    expect(verdictOf(trialOf(evidence))).toBe(verdict);
  });

  test('needs no minimum of tasks', () => {
    const evidence = [shown(LATENCY, { harm: 20, tasks: 2 })];
    expect(verdictOf(trialOf(evidence, { tasksUsed: 2 }))).toBe('harmed');
  });

  test('goes before help, missing outcomes and time', () => {
    const evidence = [shown(LATENCY, { harm: 50, help: 50, difference: -1 })];
    const trial = trialOf(evidence, { missing: { old: 0, new: 30 } });
    expect(verdictOf(trial, 1e9)).toBe('harmed');
  });
});

describe('HELPED', () => {
  const faster = { help: 20, difference: Math.log(0.97), tasks: 30 };
  const cases: [string, MetricEvidence[], string][] = [
    ['20 to 1, 30 tasks, 3 %', [shown(LATENCY, faster)], 'helped'],
    ['less evidence', [shown(LATENCY, { ...faster, help: 19.99 })], 'goes on'],
    ['fewer tasks', [shown(LATENCY, { ...faster, tasks: 29 })], 'goes on'],
    ['a smaller gain', [shown(LATENCY, { ...faster, difference: -0.0304 })], 'goes on'],
    ['slower', [shown(LATENCY, { ...faster, difference: 0.5 })], 'goes on'],
    [
      '2 points of success',
      [shown(SUCCESS, { ...faster, difference: discordant(-1, 1, 50) })],
      'helped',
    ],
    ['less of it', [shown(SUCCESS, { ...faster, difference: discordant(-1, 1, 51) })], 'goes on'],
    ['3 % of a measurement', [shown(COST, { ...faster, difference: -3 })], 'helped'],
    ['less of it', [shown(COST, { ...faster, difference: -2.99 })], 'goes on'],
  ];

  test.each(cases)('%s', (_, evidence, verdict) => {
    expect(verdictOf(trialOf(evidence))).toBe(verdict);
  });

  const guards: [string, MetricEvidence, string][] = [
    ['success 2 points worse', shown(SUCCESS, { difference: discordant(1, 1, 50) }), 'helped'],
    ['worse than that', shown(SUCCESS, { difference: discordant(1, 1, 49) }), 'goes on'],
    ['a latency 5 % higher', shown(LATENCY, { difference: Math.log(1.05) }), 'helped'],
    ['higher than that', shown(LATENCY, { difference: Math.log(1.0501) }), 'goes on'],
    ['a cost 5 % higher', shown(COST, { difference: 5 }), 'helped'],
    ['higher than that', shown(COST, { difference: 5.01 }), 'goes on'],
    ['a guard without data', noEvidence(COST), 'helped'],
  ];

  test.each(guards)('with %s', (_, guard, verdict) => {
    expect(verdictOf(trialOf([shown(LATENCY, faster), guard]))).toBe(verdict);
  });

  test.each([
    [30, 'helped'],
    [28, 'goes on'],
  ])('with evidence that was carried on, %i tasks of this trial', (tasksUsed, verdict) => {
    const evidence = [shown(LATENCY, { ...faster, tasks: 200 })];
    expect(verdictOf(trialOf(evidence, { tasksUsed }))).toBe(verdict);
  });

  test('a guard that helps promotes nothing', () => {
    expect(verdictOf(trialOf([shown(LATENCY), shown(SUCCESS, faster)]))).toBe('goes on');
  });
});

describe('INVALID', () => {
  const idle = [shown(LATENCY)];
  /** The least that 5 % do not explain. */
  const tooMany = (n: number) => {
    let count = 0;
    while (upperTail(count, n, 0.05) >= 0.001) count += 1;
    return count;
  };

  test.each([40, 60, 150, 200])('of %i outcomes more are missing than 5 % explains', (n) => {
    const missing = (count: number) => ({ old: Math.floor(count / 2), new: Math.ceil(count / 2) });
    const expected = { old: n / 2, new: n / 2 };
    const fields = (count: number) => ({ expected, missing: missing(count) });
    expect(verdictOf(trialOf(idle, fields(tooMany(n))))).toBe('invalid');
    expect(verdictOf(trialOf(idle, fields(tooMany(n) - 1)))).toBe('goes on');
  });

  test('8 of 40 are too many; of 39 none are', () => {
    expect(tooMany(40)).toBe(8);
    const missing = { old: 15, new: 15 };
    expect(verdictOf(trialOf(idle, { expected: { old: 20, new: 19 }, missing }))).toBe('goes on');
    expect(verdictOf(trialOf(idle, { expected: { old: 20, new: 20 }, missing }))).toBe('invalid');
  });

  test.each([
    [10, 0, 'goes on'],
    [11, 0, 'invalid'],
    [0, 11, 'invalid'],
    [100, 100, 'goes on'],
    [100, 58, 'goes on'],
    [100, 57, 'invalid'],
  ])('arms of %i against %i tasks', (old, fresh, verdict) => {
    expect(verdictOf(trialOf(idle, { expected: { old, new: fresh } }))).toBe(verdict);
  });

  test('says of how many outcomes how many are missing', () => {
    const trial = trialOf(idle, { missing: { old: 10, new: 10 } });
    expect(judge(trial, 1)?.reason).toBe('20 of 60 outcomes are missing');
  });
});

describe('INCONCLUSIVE', () => {
  const even = [shown(LATENCY, { harm: 1, help: 1 })];
  const hopeless = [shown(LATENCY, { harm: 0.9, help: 0.9 }), shown(SUCCESS, { harm: 1.05 })];

  test.each([
    ['200 tasks', even, 200, 'inconclusive'],
    ['fewer', even, 198, 'goes on'],
    ['100 tasks, both below 1', hopeless, 100, 'inconclusive'],
    ['fewer', hopeless, 98, 'goes on'],
    ['help at 1', [shown(LATENCY, { harm: 0.9, help: 1 })], 100, 'goes on'],
    ['harm at 1', [shown(LATENCY, { harm: 1, help: 0.9 })], 100, 'goes on'],
  ])('%s', (_, evidence, tasksUsed, verdict) => {
    expect(verdictOf(trialOf(evidence, { tasksUsed }))).toBe(verdict);
  });

  test('at trial.max_seconds, whatever is outstanding', () => {
    const bench = new TrialBench({ maxMs: 5000 });
    for (let i = 0; i < 60; i += 1) bench.assign(`t${i}`);
    expect(verdictOf(bench.trial, 4999)).toBe('goes on');
    expect(verdictOf(bench.trial, 5000)).toBe('inconclusive');
    bench.pause();
    expect(verdictOf(bench.trial, 5000)).toBe('inconclusive');
  });
});

describe('while more is outstanding than may go missing', () => {
  const evidence = [shown(LATENCY, { help: 30, difference: -1 })];
  /** 60 outcomes are in, and so many are not. */
  const waiting = (count: number) => {
    const tasks = Array.from({ length: count }, (_, i) => ({
      taskId: `${i}`,
      arm: 'old' as const,
      assignTimeMs: 0,
      outcome: undefined,
    }));
    const openPairs = tasks.map((task, number) => ({
      number,
      kind: '',
      openedAt: 0,
      tasks: [task],
    }));
    const expected = { old: 30 + Math.floor(count / 2), new: 30 + Math.ceil(count / 2) };
    return trialOf(evidence, { expected, openPairs });
  };

  test('help waits for it; harm does not', () => {
    expect(verdictOf(waiting(10))).toBe('helped');
    expect(verdictOf(waiting(11))).toBe('goes on');
    const harmed = { ...waiting(30), evidence: [shown(LATENCY, { harm: 20 })] };
    expect(verdictOf(harmed)).toBe('harmed');
  });

  test('no task is given an arm any more', () => {
    const bench = new TrialBench();
    bench.trial = waiting(12);
    expect(bench.assign('another')).toBeUndefined();
  });
});
