import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeltaEffect, MetricEffect } from '../../../src/domain/effect.ts';
import {
  describeGains,
  describeHelp,
  describeMetrics,
} from '../../../src/trial/text/describe-effect.ts';
import {
  describeConfirmation,
  describeContinuation,
  describeEnding,
  describePromotion,
  describeStop,
  describeSuspension,
} from '../../../src/trial/text/describe-ending.ts';
import { TrialBench } from '../../support/trials/trial-bench.ts';

const NONE = { eHarm: 1, eHelp: 1, eNotWorse: 1, margin: undefined, tasksOld: 20, tasksNew: 20 };

const LATENCY: MetricEffect = {
  ...NONE,
  metric: 'latency',
  statistic: 'median',
  estimate: Math.log(0.71),
  lower: Math.log(0.65),
  upper: Math.log(0.78),
};
const SUCCESS: MetricEffect = {
  ...NONE,
  metric: 'success',
  statistic: 'share',
  estimate: 0.003,
  lower: -0.0101,
  upper: 0.016,
  margin: 0.05,
};
const OUTCOME: MetricEffect = {
  ...LATENCY,
  metric: 'outcome',
  statistic: 'share',
  estimate: 0.4,
  lower: 0.2,
  upper: 0.6,
};
const COST: MetricEffect = {
  ...NONE,
  metric: 'cost',
  statistic: 'total',
  estimate: -1234.5,
  lower: -2000,
  upper: 0.5,
};

const effectOf = (...metrics: MetricEffect[]): Omit<DeltaEffect, 'verdict'> => ({
  metrics,
  tasksUsed: 40,
});
const { trial } = new TrialBench();

describe('findings in words', () => {
  test('name what each estimate is of', () => {
    expect(describeMetrics([OUTCOME, LATENCY, SUCCESS, COST])).toBe(
      'outcome +40 points (comparisons won less lost; +20 to +60), latency -29 % (median; -35 to -22), ' +
        'success +0.3 points (share; -1.0 to +1.6), cost -1230 (mean; -2000 to +0.5)',
    );
  });

  test('of a total of latency are in milliseconds', () => {
    const total: MetricEffect = {
      ...LATENCY,
      ...({ statistic: 'total', estimate: -310.4, lower: -520, upper: -90 } as const),
    };
    expect(describeMetrics([total])).toBe('latency -310 ms (mean; -520 to -90)');
  });

  test('have no minus zero', () => {
    const tiny = { ...SUCCESS, estimate: -0.0001, lower: -0.0002, upper: 0 };
    expect(describeMetrics([tiny])).toBe('success 0.0 points (share; 0.0 to 0.0)');
  });

  test('of help say where no difference is shown, and what is proven of a margin', () => {
    expect(describeHelp([LATENCY, SUCCESS, COST])).toBe(
      'latency -29 % (median; -35 to -22), success: no difference shown, worse by less than ' +
        '5 points is not proven, cost: no difference shown',
    );
    expect(describeHelp([{ ...SUCCESS, eNotWorse: 20 }])).toMatch(/5 points is proven$/);
    expect(describeHelp([{ ...COST, margin: 0.1, eNotWorse: 19.9 }])).toMatch(
      /10 % is not proven$/,
    );
  });

  test('of gains are per task, with their interval', () => {
    const gains = [
      { metric: 'latency', perTask: 310.4, lower: 120, upper: 500.9, groups: 40 },
      { metric: 'cost', perTask: -0.02, lower: -0.05, upper: -0.01, groups: 25 },
      { metric: 'tokens', perTask: 5, lower: -1, upper: 11, groups: 25 },
      { metric: 'success', perTask: 0.031, lower: 0.01, upper: 0.05, groups: 25 },
    ];
    expect(describeGains(gains)).toBe(
      'latency 310 ms less per task (mean; 120 to 501; 40 groups), ' +
        'cost 0.02 more per task (mean; 0.01 to 0.05; 25 groups), ' +
        'tokens: no difference shown in 25 groups, ' +
        'success +3.1 points (share; +1.0 to +5.0; 25 groups)',
    );
  });
});

test('no interval that holds zero ever stands beside Helped', () => {
  const end = fc.double({ min: -2, max: 2, noNaN: true });
  const metric = fc
    .tuple(fc.constantFrom(LATENCY, SUCCESS, OUTCOME, COST), end, end, fc.constantFrom(1, 20))
    .map(
      ([one, a, b, eNotWorse]): MetricEffect => ({
        ...one,
        estimate: (a + b) / 2,
        lower: Math.min(a, b),
        upper: Math.max(a, b),
        eNotWorse,
      }),
    );
  fc.assert(
    fc.property(metric, (one) => {
      const holdsZero = one.lower <= 0 && one.upper >= 0;
      expect(/\(.* to .*\)/.test(describeHelp([one]))).toBe(!holdsZero);
      expect(/\(.* to .*\)/.test(describePromotion(effectOf(one), trial))).toBe(!holdsZero);
      const isProven = { ...one, eNotWorse: 20 };
      expect(/ to .*\)/.test(describeConfirmation(effectOf(isProven), trial).slice(60))).toBe(
        !holdsZero,
      );
    }),
  );
});

describe('what has become of a trial in words', () => {
  const SURE = 'an error of this kind comes in at most 5 % of trials';

  test.each([
    ['harmed', 'trial', `Harmed, in 40 tasks: latency -29 % (median; -35 to -22); ${SURE}`],
    [
      'harmed',
      'probation',
      `Harmed while on probation, in 40 tasks: latency -29 % (median; -35 to -22); ${SURE}`,
    ],
    ['inconclusive', 'trial', 'Inconclusive: why: latency -29 % (median; -35 to -22)'],
    [
      'inconclusive',
      'probation',
      'Inconclusive while on probation: why: latency -29 % (median; -35 to -22)',
    ],
    ['invalid', 'trial', 'Invalid: why: latency -29 % (median; -35 to -22)'],
  ] as const)('%s on %s', (verdict, stage, text) => {
    expect(describeEnding({ verdict, reason: 'why' }, effectOf(LATENCY), { ...trial, stage })).toBe(
      text,
    );
  });

  test('harm after a confirmation is told by what found it, not by what confirmed it', () => {
    const bench = new TrialBench({ holdback: 0.05 });
    bench.promote();
    bench.confirm();
    const { holdback } = bench.trial;
    if (holdback === undefined) throw new Error('there is no holdback');
    const end = (value: number, reason: string) => {
      const detectors = holdback.detectors.map((sums) => sums.map(() => value));
      const found = { ...bench.trial, holdback: { ...holdback, detectors } };
      return describeEnding({ verdict: 'harmed', reason }, effectOf(LATENCY), found);
    };
    expect(end(5123.4, 'it has begun to harm')).toBe(
      'Harmed after it had been confirmed: by the tasks that kept the old value it has begun to harm, ' +
        'at detection value 5120, where 5000 are needed; ' +
        'a value that does no harm is taken back about once in 100,000 tasks',
    );
    expect(end(7, 'its former value has proven better')).toBe(
      'Harmed after it had been confirmed: its former value has proven better, at 100 to 1',
    );
  });

  test('a promotion says that the value is on probation', () => {
    expect(describePromotion(effectOf(LATENCY), trial)).toBe(
      `Helped, in 40 tasks: latency -29 % (median; -35 to -22); ${SURE}. ` +
        'In force, on probation until the evidence is 200 to 1',
    );
  });

  test('a confirmation names the margins that are not proven, and what was gained', () => {
    const gains = [{ metric: 'latency', perTask: 310, lower: 120, upper: 500, groups: 40 }];
    expect(describeConfirmation({ ...effectOf(LATENCY, SUCCESS), gains }, trial)).toBe(
      'Helped and confirmed at 200 to 1, in 40 tasks: latency -29 % (median; -35 to -22), ' +
        'success: no difference shown, worse by less than 5 points is not proven. ' +
        'Not proven: that it worsens success by less than 5 points ' +
        '(success +0.3 points (share; -1.0 to +1.6)). ' +
        'Gained: latency 310 ms less per task (mean; 120 to 500; 40 groups)',
    );
    const proven = effectOf(LATENCY, { ...SUCCESS, eNotWorse: 20 });
    expect(describeConfirmation(proven, trial)).not.toMatch('Not proven');
  });

  test('losses are told per arm, wherever there are any', () => {
    const lossy = {
      ...trial,
      expected: { old: 20, new: 21 },
      cancelled: { old: 0, new: 3 },
      missing: { old: 1, new: 0 },
    };
    const losses =
      '. Of all tasks, of 20 tasks of the old value 0 were cancelled and 1 not reported, ' +
      'of 21 tasks of the new value 3 were cancelled and 0 not reported';
    const finding = { verdict: 'harmed', reason: '' } as const;
    for (const text of [
      describeEnding(finding, effectOf(LATENCY), lossy),
      describePromotion(effectOf(LATENCY), lossy),
      describeConfirmation(effectOf(LATENCY), lossy),
    ]) {
      expect(text.endsWith(losses)).toBe(true);
    }
  });

  test('what follows harm, and whose value it is', () => {
    const end = (more: Parameters<typeof describeEnding>[3]) =>
      describeEnding({ verdict: 'harmed', reason: '' }, effectOf(), trial, more);
    expect(end({ onHarm: 'pause' })).toMatch(/All trials are paused until somebody resumes them$/);
    expect(end({ onHarm: 'notify' })).toMatch(/somebody is to approve or to reject it$/);
    expect(end({ onHarm: 'revert' })).toMatch(/of trials$/);
    expect(end({ isForeign: true })).toMatch(/set by somebody else and was left alone$/);
  });

  test('a suspension says what is awaited', () => {
    const bench = new TrialBench();
    const [[first] = ['']] = bench.open(6);
    bench.finish(first);
    expect(describeSuspension(bench.trial)).toBe(
      'Suspended: the reports so far show harm. The verdict waits for 5 tasks, 60 seconds at most ' +
        'each; where any were given up, for their late reports 60 minutes',
    );
    const onProbation = { ...trial, stage: 'probation' } as const;
    expect(describeSuspension(onProbation)).toMatch('and the old value is in force again');
    expect(describeContinuation(onProbation)).toMatch(/there is no harm: on probation again$/);
    expect(describeContinuation(trial)).toMatch(/there is no harm: on trial again$/);
  });
});

test('a value that is no longer being proven is not said to be in force', () => {
  expect(describeStop(effectOf(LATENCY), trial, 'delta x set level')).toBe(
    'Helped, in 40 tasks: latency -29 % (median; -35 to -22); ' +
      'an error of this kind comes in at most 5 % of trials. ' +
      'No longer being proven: delta x set level',
  );
});
