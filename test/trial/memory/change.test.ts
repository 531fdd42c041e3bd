import { describe, expect, test } from 'vitest';
import type { TrialVerdict } from '../../../src/domain/effect.ts';
import {
  carryKey,
  changeKey,
  type Found,
  foldConfirmation,
  foldRefusal,
  foldVerdict,
  isOver,
  type Rest,
  restOf,
  type TrialMemory,
} from '../../../src/trial/memory/change.ts';
import type { TrialPlan } from '../../../src/trial/plan.ts';
import { planOf } from '../../support/trials/trial-bench.ts';

const END_MS = 1_000_000;
const END_TASK = 500;

function found(verdict: TrialVerdict): Found {
  return { verdict, timeMs: END_MS, longestMs: 0 };
}

/** What is remembered after trials of one change. */
function memoryOf(...verdicts: TrialVerdict[]): TrialMemory {
  const memory: TrialMemory = { counters: { tasksRecorded: END_TASK }, rules: {}, changes: {} };
  for (const verdict of verdicts) foldVerdict(memory, planOf(), found(verdict));
  return memory;
}

/** The rest, as of its beginning: tasks and milliseconds. */
function rest(memory: TrialMemory, always = false): [tasks: number, ms: number] | undefined {
  const due: Rest | undefined = restOf(memory.changes[changeKey(planOf())], always);
  return due && [due.untilTask - END_TASK, due.untilMs - END_MS];
}

describe('a change rests', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 10])('after %i former HARMED and one more', (former) => {
    const memory = memoryOf(...Array.from({ length: former + 1 }, () => 'harmed' as const));
    expect(rest(memory)).toEqual([100 * 2 ** Math.min(former, 5), 300_000]);
  });

  const others: [TrialVerdict[], ReturnType<typeof rest>, ReturnType<typeof rest>][] = [
    [[], undefined, undefined],
    [['inconclusive'], undefined, [100, 300_000]],
    [['harmed', 'harmed', 'inconclusive'], undefined, [200, 300_000]],
    [
      ['harmed', 'inconclusive', 'harmed'],
      [200, 300_000],
      [200, 300_000],
    ],
    [['invalid'], [100, 300_000], [100, 300_000]],
    [['harmed', 'helped'], undefined, undefined],
    [
      ['harmed', 'helped', 'harmed'],
      [200, 300_000],
      [200, 300_000],
    ],
  ];

  test.each(others)('after %j: %j; a probe %j', (verdicts, ordinary, probe) => {
    expect(rest(memoryOf(...verdicts))).toEqual(ordinary);
    expect(rest(memoryOf(...verdicts), true)).toEqual(probe);
  });

  test('after its confirmation as if nothing had been found before', () => {
    const memory = memoryOf('harmed', 'harmed', 'helped');
    foldConfirmation(memory, planOf());
    foldVerdict(memory, planOf(), found('harmed'));
    expect(rest(memory)).toEqual([100, 300_000]);
  });

  const refusals: [TrialVerdict[], number, ReturnType<typeof rest>][] = [
    [[], 1, [100, 300_000]],
    [[], 2, [200, 300_000]],
    [[], 9, [3200, 300_000]],
    [['harmed'], 1, [200, 300_000]],
    [['inconclusive'], 1, [100, 300_000]],
    [['helped'], 1, [100, 300_000]],
  ];

  test.each(refusals)('after %j and %i refusals: %j', (verdicts, times, due) => {
    const memory = memoryOf(...verdicts);
    const before = memory.changes[changeKey(planOf())];
    for (let i = 0; i < times; i += 1) foldRefusal(memory, planOf(), END_MS);
    expect(rest(memory)).toEqual(due);
    // A refusal is no verdict.
    expect(memory.changes[changeKey(planOf())]).toMatchObject(before ?? { endMs: 0, harmed: 0 });
    expect(Object.keys(memory.rules)).toHaveLength(verdicts.length);
  });

  test('after the later of a verdict and a refusal, until it is confirmed', () => {
    const memory = memoryOf('harmed');
    foldRefusal(memory, planOf(), END_MS - 1000);
    expect(rest(memory)).toEqual([200, 300_000]);
    foldRefusal(memory, planOf(), END_MS + 1000);
    expect(rest(memory)).toEqual([400, 301_000]);
    foldVerdict(memory, planOf(), found('inconclusive'));
    expect(rest(memory)).toEqual([400, 301_000]);
    foldConfirmation(memory, planOf());
    expect(rest(memory)).toBeUndefined();
  });

  test('until both its tasks and its time are over', () => {
    const until = { untilMs: 300_000, untilTask: 100 };
    expect(isOver(until, 299_999, 100)).toBe(false);
    expect(isOver(until, 300_000, 99)).toBe(false);
    expect(isOver(until, 300_000, 100)).toBe(true);
    expect(isOver(undefined, 0, 0)).toBe(true);
  });
});

test('a change is a rule, a target and a value', () => {
  const others: Partial<TrialPlan>[] = [
    { ruleId: 'other' },
    { target: 'other' },
    { newValue: 2 },
    { newValue: '1' },
    { newValue: [1] },
    { newValue: undefined },
  ];
  const keys = [{}, ...others].map((fields) => changeKey(planOf(fields)));
  expect(new Set(keys).size).toBe(keys.length);
  expect(changeKey(planOf({ oldValue: 7, fingerprint: 'x' }))).toBe(changeKey(planOf()));
});

test('evidence is carried on where the rule, the old value and the new one are the same', () => {
  const others: Partial<TrialPlan>[] = [
    { fingerprint: 'other' },
    { oldValue: 7 },
    { oldValue: undefined },
    { newValue: 7 },
  ];
  const keys = [{}, ...others].map((fields) => carryKey(planOf(fields)));
  expect(new Set(keys).size).toBe(keys.length);
  expect(carryKey(planOf({ deltaId: 'later', seed: 'x' }))).toBe(carryKey(planOf()));
});

test('the longest that a report took is remembered with the change', () => {
  const memory = memoryOf();
  foldVerdict(memory, planOf(), { ...found('invalid'), longestMs: 70_000 });
  expect(memory.changes[changeKey(planOf())]).toMatchObject({ longestMs: 70_000, endTask: 500 });
});

test('an INVALID teaches the rule nothing, but the change rests', () => {
  expect(memoryOf('invalid').rules).toEqual({});
  expect(Object.keys(memoryOf('invalid').changes)).toEqual([changeKey(planOf())]);
});

test('only so many records are kept, the newest', () => {
  const memory = memoryOf();
  for (let i = 0; i < 400; i += 1) {
    const plan = planOf({ ruleId: `r${i}`, newValue: i });
    foldVerdict(memory, plan, { ...found('harmed'), timeMs: END_MS + i });
  }
  expect(Object.keys(memory.rules)).toHaveLength(256);
  expect(memory.rules).toHaveProperty('r399');
  expect(Object.values(memory.changes).map(({ ruleId }) => ruleId)).toEqual(
    Array.from({ length: 64 }, (_, i) => `r${336 + i}`),
  );
});
