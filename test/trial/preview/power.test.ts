import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import type { Task } from '../../../src/domain/task.ts';
import { noEvidence } from '../../../src/trial/evidence/evidence.ts';
import { measureScale, type TrialPlan } from '../../../src/trial/plan.ts';
import { describePower, objectionToTrial } from '../../../src/trial/preview/power.ts';
import { taskOf, tasksOf } from '../../support/engine/engine-fixture.ts';
import { normalNoise } from '../../support/engine/noise.ts';
import { seededRandom } from '../../support/engine/seed.ts';
import {
  planOf as benchPlanOf,
  SUCCESS_GUARD,
  TrialBench,
} from '../../support/trials/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'median' };
const TOTAL: Metric = { ...COST, statistic: 'total' };
const ALL = { followers: 1, ask: true, sequence: 1 };

interface Work {
  readonly latencyMs?: number;
  /** Standard deviation of log latency, and what neighbours share of it. */
  readonly deviation?: number;
  readonly common?: number;
  readonly success?: number;
}

/** Tasks of a kind, every three seconds one. */
function createWork({ latencyMs = 100, deviation = 0.4, common = 0, success = 1 }: Work = {}) {
  const noise = normalNoise(7, deviation);
  const { next } = seededRandom(8);
  let level = noise();
  let i = 0;
  return (): Task => {
    i += 1;
    level = common * level + Math.sqrt(1 - common ** 2) * noise();
    return taskOf({
      taskId: `${i}`,
      status: next() < success ? 'success' : 'failure',
      latencyMs: latencyMs * Math.exp(level),
      measurements: { cost: 5 + 2 * noise() },
      finishTimeMs: i * 3000,
    });
  };
}

function tasksFrom(work: () => Task, count = 100): Task[] {
  return Array.from({ length: count }, work);
}

/** A plan that is measured by such tasks. */
function planOf(fields: Partial<TrialPlan> = {}, tasks = tasksFrom(createWork())): TrialPlan {
  return benchPlanOf({ ...measureScale(tasks), ...fields });
}

const REACH =
  /an improvement of (.*) would most likely be in force provisionally after about (\d+)( more)? tasks \(([^)]*)\) and confirmed after about ([\d,]+) \(([^)]*)\)(?:; one of (.*) less surely)?\./;

function reachIn(text: string) {
  const [, effect, tasks, , time, confirmed, confirmedTime, missed] = REACH.exec(text) ?? [];
  return {
    effect,
    tasks: Number(tasks),
    time,
    confirmed: Number(confirmed?.replaceAll(',', '')),
    confirmedTime,
    missed,
  };
}

describe('the preview', () => {
  const tasks = tasksFrom(createWork());

  test('says how long it takes and what would be found, provisionally and confirmed', () => {
    const text = describePower(planOf(), tasks, ALL);
    expect(text).toMatch(
      /^On trial, task by task: 200 tasks take about 10 minutes at 1,200 tasks an hour\. At the noise of the last 100 tasks an improvement of latency ×0\.\d+ /,
    );
    const { effect, tasks: needed, confirmed, confirmedTime, missed } = reachIn(text);
    expect([effect, missed]).toEqual(['latency ×0.7', 'latency ×0.83']);
    expect(needed).toBeGreaterThanOrEqual(30);
    // 148 tasks in pairs prove the margin of success where nothing fails.
    expect(confirmed).toBeGreaterThan(needed + 50);
    expect(confirmed).toBeLessThan(600);
    expect(confirmedTime).toBe(`${Math.round((confirmed * 3) / 60)} minutes`);
  });

  test('is the same for the same, whatever the coins are', () => {
    const text = describePower(planOf(), tasks, ALL);
    expect(describePower(planOf({ seed: 'other' }), [...tasks], ALL)).toBe(text);
    expect(describePower(planOf(), tasks, ALL)).toBe(text);
  });

  test('in blocks', () => {
    const blocks = planOf({ assignment: 'switchback' });
    expect(describePower(blocks, tasks, ALL)).toMatch(
      /^On trial, in blocks of 5: 200 tasks, beside those in flight at a switch, take about 11 minutes at 1,200 tasks an hour\. .* latency ×/,
    );
    const busy = tasksFrom(createWork({ latencyMs: 30_000, deviation: 0.1 }));
    expect(describePower(blocks, busy, ALL)).toMatch(/take about 31 minutes at 1,2/);
  });

  test('of the largest effects, and of the smallest', () => {
    const quiet = tasksFrom(createWork({ deviation: 0.02 }));
    const { effect, missed } = reachIn(describePower(planOf({}, quiet), quiet, ALL));
    expect([effect, missed]).toEqual(['latency ×0.91', undefined]);
    const wild = tasksFrom(createWork({ deviation: 3 }));
    expect(describePower(planOf({}, wild), wild, ALL)).toMatch(
      /even an improvement of latency ×0\.33 would most likely not be found\.$/,
    );
  });

  test.each([
    ['success', SUCCESS, 0.5, /^success by [24]0 points$/],
    ['success that is rare', SUCCESS, 0.1, /^success by [24]0 points$/],
    ['a measurement', COST, 1, /^cost by [125]0 %$/],
    ['its total', TOTAL, 1, /^cost by [125]0 %$/],
    ['one where more is better', { ...COST, better: 'higher' } as const, 1, /^cost by [125]0 %$/],
  ])('of %s', (_, primary, success, effect) => {
    const of = tasksFrom(createWork({ success }));
    const plan = planOf({ primary, guards: [] }, of);
    expect(reachIn(describePower(plan, of, ALL)).effect).toMatch(effect);
  });

  test('of a total takes sixty tasks at least', () => {
    const constant = tasks.map((task) => ({ ...task, measurements: { cost: 5 } }));
    const needed = (primary: Metric) =>
      reachIn(describePower(planOf({ primary, guards: [] }), constant, ALL)).tasks;
    expect([needed(COST), needed(TOTAL)]).toEqual([30, 60]);
  });

  test('of a wide margin is confirmed sooner than of a narrow one', () => {
    const some = tasksFrom(createWork({ success: 0.9 }));
    const confirmed = (margin: number) => {
      const guards = [{ ...SUCCESS_GUARD, margin }];
      return reachIn(describePower(planOf({ guards }, some), some, ALL)).confirmed;
    };
    expect(confirmed(0.3)).toBeLessThan(confirmed(0.02));
  });

  test('goes on from the evidence there is', () => {
    const plan = planOf();
    const evidence = { ...noEvidence(OUTCOME, plan), tasksOld: 40, tasksNew: 40, sets: 40 };
    const carried = [evidence, noEvidence(SUCCESS_GUARD, plan)];
    expect(describePower({ ...plan, carried }, tasks, ALL)).toMatch(
      /It goes on from the evidence of 80 tasks\. .* after about \d+ more tasks /,
    );
  });
});

describe('the time there is', () => {
  const tasks = tasksFrom(createWork());

  test('bounds what is found', () => {
    expect(describePower(planOf({ maxMs: 120_000 }), tasks, ALL)).toMatch(
      /: trial\.max_seconds ends it after 2 minutes, about 40 tasks at 1,200 tasks an hour\. .* latency ×0\.5 /,
    );
    const slow = tasks.map((task, i) => ({ ...task, finishTimeMs: i * 86_400_000 }));
    expect(describePower(planOf({ maxMs: 40 * 3_600_000 }), slow, ALL)).toMatch(
      /ends it after 40 hours, about 1 task at 0\.042 tasks an hour\. .* most likely not be found\.$/,
    );
  });

  test('is not known of tasks that end at once', () => {
    const [first = taskOf()] = tasks;
    for (const few of [[first], Array.from({ length: 30 }, () => first), []]) {
      expect(describePower(planOf(), few, ALL)).toMatch(
        /: how long 200 tasks take is not known\. /,
      );
    }
    const fast = tasks.map((task, i) => ({ ...task, finishTimeMs: i }));
    expect(describePower(planOf(), fast, ALL)).toMatch(
      / take about 1 second at 3,600,000 tasks an/,
    );
  });

  const limits = {
    assignment: 'task' as const,
    blockTasks: 5,
    primary: planOf().primary,
    outcomeTimeoutMs: 60_000,
  };

  test.each([
    [87_000, 29],
    [90_000, 30],
  ])('of %i ms lets about %i tasks take part: under thirty there is no trial', (maxMs, count) => {
    const objection = objectionToTrial({ ...limits, maxMs }, tasks);
    if (count >= 30) expect(objection).toBeUndefined();
    else {
      expect(objection).toBe(
        'in trial.max_seconds (87 seconds) there would be about 29 tasks, and 30 are needed',
      );
    }
  });

  test('must let sixty take part where totals decide', () => {
    expect(objectionToTrial({ ...limits, maxMs: 90_000, primary: TOTAL }, tasks)).toMatch(
      /about 30 tasks, and 60 are needed$/,
    );
  });

  test('is no objection while nothing is known of it', () => {
    expect(objectionToTrial({ ...limits, maxMs: 1000 }, [])).toBeUndefined();
  });

  test.each([2, 3])('objects to a timeout that reports of %i tasks in 100 exceed', (late) => {
    const reported = tasks.map((task, i) => ({ ...task, reportMs: i < late ? 90_000 : 500 }));
    const objection = (outcomeTimeoutMs: number) =>
      objectionToTrial({ ...limits, maxMs: 3_600_000, outcomeTimeoutMs }, reported);
    expect(objection(60_000)).toBe(
      late < 3
        ? undefined
        : '3 of the last 100 tasks were reported later than trial.outcome_timeout_seconds ' +
            '(60 seconds) after they began, and would count as lost',
    );
    expect(objection(90_001)).toBeUndefined();
  });
});

test('too little to tell', () => {
  const tasks = tasksFrom(createWork(), 19);
  expect(describePower(planOf(), tasks, ALL)).toMatch(
    /at 1,200 tasks an hour\. What could be found cannot be told from 19 tasks\.$/,
  );
  const large = planOf({ assignment: 'switchback', blockTasks: 51 });
  expect(describePower(large, tasksFrom(createWork()), ALL)).toMatch(/cannot be told from 100 t/);
  const costly = tasks.map((task) => ({ ...task, measurements: {} }));
  const some = [...tasks, ...costly];
  expect(describePower(planOf({ primary: COST }), some, ALL)).toMatch(
    /cannot be told from 38 tasks, of which 19 tell cost\.$/,
  );
  const cancelled = tasksOf(30, { status: 'cancelled' });
  expect(describePower(planOf(), [...tasks, ...cancelled], ALL)).toMatch(/told from 19 tasks\.$/);
});

test('who takes part', () => {
  const tasks = tasksFrom(createWork());
  const blocks = planOf({ assignment: 'switchback' });
  expect(describePower(blocks, tasks, { ...ALL, followers: 0 })).toBe(
    'On trial, in blocks of 5. As it is, no task can be given an arm: no client follows the ' +
      'deltas, and none of the last 100 tasks names a delta_sequence.',
  );
  const condition = /No client follows the deltas: only tasks that name a delta_sequence have an a/;
  const young = { ...ALL, followers: 0, sequence: 0 };
  expect(describePower(blocks, tasks, young)).toMatch(condition);
  const naming = tasks.map((task) => ({ ...task, deltaSequence: 3 }));
  expect(describePower(blocks, naming, young)).not.toMatch(/No client|no task/);
  expect(describePower(planOf(), tasks, { ...ALL, ask: false })).toMatch(
    /An arm is given to tasks that ask for it by their id; few are known to\./,
  );
});

describe('what it says would be found is found', () => {
  const kinds: [string, Metric, Work][] = [
    ['the outcome', OUTCOME, { success: 0.9 }],
    ['latency that wanders', LATENCY, { deviation: 0.8, common: 0.9 }],
  ];

  test.each(kinds)('%s', (_, primary, kind) => {
    const work = createWork(kind);
    // So many that they are not by chance more alike than those to come.
    const tasks = tasksFrom(work, 1000);
    const plan = planOf({ primary, guards: [] }, tasks);
    const { effect = '', tasks: needed } = reachIn(describePower(plan, tasks, ALL));
    const factor = Number(effect.replace('latency ×', ''));
    const used = Array.from({ length: 100 }, (__, i) => {
      const bench = new TrialBench({ ...plan, seed: `trial-${i}` });
      while (bench.next === undefined) {
        bench.pair((arm) => {
          const { status, latencyMs = 0 } = work();
          return { status, latencyMs: arm === 'new' ? latencyMs * factor : latencyMs };
        });
      }
      return bench.next.move === 'promote' ? bench.trial.tasksUsed : undefined;
    });
    const found = used.filter((count) => count !== undefined).sort((a, b) => a - b);
    expect(found.length).toBeGreaterThan(70);
    const median = found[found.length >> 1] ?? 0;
    expect(median).toBeGreaterThan(needed / 2);
    expect(median).toBeLessThan(needed * 2);
  });
});
