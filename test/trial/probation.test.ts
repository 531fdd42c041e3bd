import { describe, expect, test } from 'vitest';
import { type Guard, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import type { FinishedTask } from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import { trialEffect } from '../../src/trial/effect.ts';
import { eHelp, type MetricEvidence } from '../../src/trial/evidence/evidence.ts';
import { tasksToProve } from '../../src/trial/evidence/margin.ts';
import { describeConfirmation } from '../../src/trial/text/describe-ending.ts';
import type { Trial } from '../../src/trial/trial.ts';
import { isThinned, judge } from '../../src/trial/verdict.ts';
import { RANKED, wealthOf } from '../support/trials/by-hand.ts';
import { shown, trialWith, verdictOf } from '../support/trials/shown-evidence.ts';
import { LATENCY_GUARD, SCALE, SUCCESS_GUARD, TrialBench } from '../support/trials/trial-bench.ts';

const COST: Guard = {
  name: 'cost',
  kind: 'measurement',
  better: 'lower',
  statistic: 'total',
  margin: 0.05,
};

const faster = (arm: Arm): Partial<FinishedTask> => ({ latencyMs: arm === 'new' ? 50 : 100 });
const slower = (arm: Arm): Partial<FinishedTask> => ({ latencyMs: arm === 'new' ? 200 : 100 });

function probation(evidence: readonly MetricEvidence[], fields: Partial<Trial> = {}): Trial {
  return trialWith(evidence, { stage: 'probation', ...fields });
}

describe('help puts the value in force on probation', () => {
  test('by a trial that has found it', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 100 && bench.next === undefined; i += 1) bench.pair(faster);
    expect(bench.settle()).toEqual(['promote']);
    expect(bench.trial).toMatchObject({ stage: 'probation', stages: 2, assigned: 0, waiting: [] });
    expect(bench.trial.tasksUsed).toBeGreaterThanOrEqual(30);
  });

  test('and pairs that are out still count, in one process with the groups', () => {
    const bench = new TrialBench();
    const out = bench.open(2);
    bench.promote();
    bench.group(faster);
    expect(bench.trial.evidence[0]?.sets).toBe(0);
    for (const [id, arm] of out) bench.finish(id, faster(arm));
    const [outcome] = bench.trial.evidence;
    // Half of strata with cash, and half mixed: a pair, then a group whose old one was the last.
    const rank = wealthOf(RANKED, [1]);
    const set = ((2 + 5 * rank) / 7 + rank) / 2;
    expect(outcome && eHelp(outcome)).toBeCloseTo(set ** 2, 12);
    expect(bench.trial.tasksUsed).toBe(7);
  });

  test('and a task that waits for its partner is given up', () => {
    const bench = new TrialBench({ pairBy: ['kind'] });
    bench.assign('lonely', { kind: 'rare' });
    bench.promote();
    expect(bench.trial).toMatchObject({ waiting: [], assigned: 0, expected: { old: 0, new: 0 } });
    expect(bench.finish('lonely')).toBe(false);
  });
});

describe('harm on probation', () => {
  const guards = [SUCCESS_GUARD, LATENCY_GUARD];
  const cases: [string, MetricEvidence[], string][] = [
    ['the groups at 20', [shown(OUTCOME, { groupHarm: 20 }), shown(SUCCESS_GUARD)], 'harmed'],
    ['not quite', [shown(OUTCOME, { groupHarm: 19.9 }), shown(SUCCESS_GUARD)], 'goes on'],
    [
      'the pairs before it do not count',
      [shown(OUTCOME, { harm: 99 }), shown(SUCCESS_GUARD)],
      'goes on',
    ],
    [
      'success at 20, pairs included',
      [shown(OUTCOME), shown(SUCCESS_GUARD, { harm: 20 })],
      'harmed',
    ],
    ['not quite', [shown(OUTCOME), shown(SUCCESS_GUARD, { harm: 19.9 })], 'goes on'],
    [
      'each alone, not their mean',
      [shown(OUTCOME, { groupHarm: 19 }), shown(SUCCESS_GUARD, { harm: 19 })],
      'goes on',
    ],
    [
      'latency is part of the outcome',
      [shown(OUTCOME), ...guards.map((guard) => shown(guard, { groupHarm: 99 }))],
      'goes on',
    ],
    ['one alone needs 20 as well', [shown(SUCCESS, { groupHarm: 19.9 })], 'goes on'],
    ['and is harm then', [shown(SUCCESS, { groupHarm: 20 })], 'harmed'],
    [
      'three of them need 30',
      [shown(COST, { groupHarm: 29.9 }), ...guards.map((guard) => shown(guard))],
      'goes on',
    ],
    [
      'and have it',
      [shown(COST, { groupHarm: 30 }), ...guards.map((guard) => shown(guard))],
      'harmed',
    ],
    [
      'a latency that is a guard, in groups',
      [shown(COST), shown(SUCCESS_GUARD), shown(LATENCY_GUARD, { groupHarm: 30 })],
      'harmed',
    ],
  ];

  test.each(cases)('%s', (_, evidence, verdict) => {
    expect(verdictOf(probation(evidence))).toBe(verdict);
  });

  test('is found by playing it', () => {
    const bench = new TrialBench();
    bench.promote();
    let groups = 0;
    for (; groups < 40 && bench.next === undefined; groups += 1) bench.group(slower);
    expect(bench.settle()).toEqual(['harmed']);
    // 1.95^n / 5 and less wagers come to 20 after six groups.
    expect(groups).toBe(wealthOf(RANKED, Array(6).fill(1)) >= 20 ? 6 : 7);
  });

  test('of latency as a guard of cost is found too', () => {
    const bench = new TrialBench({ primary: COST, guards: [LATENCY_GUARD] });
    bench.promote();
    for (let i = 0; i < 20 && bench.next === undefined; i += 1) {
      bench.group((arm) => ({ ...slower(arm), measurements: { cost: 1 } }));
    }
    expect(bench.settle()).toEqual(['harmed']);
  });
});

describe('a change is confirmed', () => {
  const evidence = (peak: number, proven: number) => [
    shown(OUTCOME, { help: 1, peak, difference: -0.2 }),
    shown(SUCCESS_GUARD, { proven }),
  ];

  test.each([
    [200, 20, 'helped'],
    [199.9, 20, 'goes on'],
    [200, 19.9, 'goes on'],
  ])('at %d to 1 with its margin at %d: %s', (peak, proven, verdict) => {
    // Each was reached once; by now the evidence is 1.
    expect(verdictOf(probation(evidence(peak, proven)))).toBe(verdict);
  });

  test('needs every margin', () => {
    const more = [...evidence(200, 20), shown(COST, { proven: 19 })];
    expect(verdictOf(probation(more))).toBe('goes on');
    expect(verdictOf(probation([shown(OUTCOME, { peak: 200, difference: -0.2 })]))).toBe('helped');
  });

  test('not while it is suspended', () => {
    expect(verdictOf(probation(evidence(200, 20), { suspendedMs: 1 }))).toBe('goes on');
  });

  test('by playing it', () => {
    const bench = new TrialBench();
    bench.promote();
    for (let i = 0; i < 200 && bench.next === undefined; i += 1) bench.group(faster);
    expect(bench.settle()).toEqual(['confirm']);
    expect(bench.trial).toMatchObject({ stage: 'holdback', stages: 3 });
  });
});

describe('at the end of probation', () => {
  const over = { assigned: 3000 };
  const evidence = (peak: number, proven: number) => [
    shown(OUTCOME, { peak, help: peak, difference: -0.2 }),
    shown(SUCCESS_GUARD, { proven }),
  ];

  test('evidence below 200 takes the value back', () => {
    expect(verdictOf(probation(evidence(199, 50), { assigned: 2999 }))).toBe('goes on');
    expect(judge(probation(evidence(199, 50), over), 1)).toEqual({
      verdict: 'inconclusive',
      reason: 'probation ended at 199 to 1; 200 to 1 confirm',
    });
  });

  test('evidence of 200 confirms, and the margin that is not proven is named', () => {
    const trial = probation(evidence(200, 19), over);
    expect(verdictOf(trial)).toBe('helped');
    const effect = trialEffect('helped', trial);
    expect(describeConfirmation(effect, trial)).toMatch(
      /Not proven: that it worsens success by less than 5 points \(success 0\.0 points \(share; /,
    );
  });

  test.each([
    [[shown(OUTCOME, { peak: 200, difference: -0.02 })], 'the gain is too small'],
    [
      [
        shown(OUTCOME, { peak: 200, difference: -0.2 }),
        shown(SUCCESS_GUARD, { proven: 20, successLost: 0.051 * 30 }),
      ],
      'success looks worse by more than its margin',
    ],
    [
      [
        shown(OUTCOME, { peak: 200, difference: -0.2 }),
        shown(COST, { proven: 20, sums: [100, 106] }),
      ],
      'cost looks worse by more than its margin',
    ],
  ])('estimates over all tasks can stand against it: %#', (found, reason) => {
    expect(verdictOf(probation(found))).toBe('goes on');
    expect(judge(probation(found, over), 1)).toEqual({
      verdict: 'inconclusive',
      reason: expect.stringMatching(`it may help, but .*${reason}`),
    });
  });

  test('tasks that are out are waited for', () => {
    const bench = new TrialBench({ probationTasks: 10 });
    bench.promote();
    const tasks = bench.open(10);
    expect(bench.assign('another')).toBeUndefined();
    for (const [id] of tasks.slice(1)) bench.finish(id);
    expect(bench.next).toBeUndefined();
    bench.finish(tasks[0]?.[0] ?? '');
    expect(bench.settle()).toEqual(['inconclusive']);
  });

  test('a group that has begun is filled', () => {
    const bench = new TrialBench({ probationTasks: 7 });
    bench.promote();
    expect(bench.open(10)).toHaveLength(10);
    expect(bench.assign('another')).toBeUndefined();
  });

  test('comes with its time too', () => {
    const trial = probation(evidence(1, 1), { stageTimeMs: 1000 });
    const plan = { ...trial.plan, probationMs: 5000 };
    expect(verdictOf({ ...trial, plan }, 5999)).toBe('goes on');
    expect(verdictOf({ ...trial, plan }, 6000)).toBe('inconclusive');
  });

  test('does not come with the time of the trial', () => {
    expect(verdictOf(probation(evidence(1, 1)), 86_400_001)).toBe('goes on');
  });
});

describe('groups are half as frequent once help is proven', () => {
  const proven = (...margins: MetricEvidence[]) =>
    probation([shown(OUTCOME, { peak: 200 }), ...margins]);
  const narrow = { ...SUCCESS_GUARD, margin: 0.001 };
  const at95 = (trial: Trial, fields: Partial<Trial['plan']> = {}): Trial => ({
    ...trial,
    plan: { ...trial.plan, successRate: 0.95, ...fields },
  });

  test.each([
    ['and a margin cannot be proven within probation', proven(shown(narrow)), true],
    ['but not while it can be', proven(shown(SUCCESS_GUARD)), false],
    ['whatever is proven of it', proven(shown(SUCCESS_GUARD, { proven: 20 })), true],
    [
      'nor while one of several can be',
      proven(shown(narrow), shown({ ...SUCCESS_GUARD, margin: 0.2 })),
      false,
    ],
    ['a margin of something else is not reckoned with', proven(shown(LATENCY_GUARD)), true],
    ['not below 200 to 1', probation([shown(OUTCOME, { peak: 199 }), shown(narrow)]), false],
  ])('%s', (_, trial, isHalf) => {
    expect(isThinned(at95(trial))).toBe(isHalf);
  });

  test('by what a margin takes: ln 20 over its growth, at 1.6 pairs a group of five', () => {
    // δ² / 2(2p(1 - p) + δ) is .0025 / .29.
    const tasks = (5 * Math.log(20)) / (1.6 * (0.0025 / 0.29));
    expect(tasksToProve(SUCCESS_GUARD, { ...SCALE, successRate: 0.95 })).toBeCloseTo(tasks, 9);
    const trial = proven(shown(SUCCESS_GUARD));
    expect(isThinned(at95(trial, { probationTasks: Math.ceil(tasks) }))).toBe(false);
    expect(isThinned(at95(trial, { probationTasks: Math.floor(tasks) }))).toBe(true);
  });

  test('five tasks run outside between one and the next, on average', () => {
    const bench = new TrialBench({ guards: [narrow] });
    bench.promote();
    const evidence = bench.trial.evidence.map((one, i) =>
      i === 0 ? { ...one, peaks: { help: 200, notWorse: 1 } } : one,
    );
    bench.trial = { ...bench.trial, evidence };
    const arms = Array.from({ length: 1000 }, (_, i) => bench.assign(`t${i}`));
    const outside = arms.filter((arm) => arm === undefined).length;
    expect(outside / (arms.length - outside)).toBeCloseTo(1, 0);
    expect(Math.abs(outside - 500)).toBeLessThan(80);
  });
});
