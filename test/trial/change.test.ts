import { describe, expect, test } from 'vitest';
import type { TrialVerdict } from '../../src/domain/effect.ts';
import {
  changeKey,
  foldVerdict,
  isOver,
  type Rest,
  restOf,
  type TrialMemory,
} from '../../src/trial/change.ts';
import type { TrialEnded, TrialPlan } from '../../src/trial/step.ts';
import { planOf } from '../support/trial-bench.ts';

const END_MS = 1_000_000;
const END_TASK = 500;

function ended(verdict: TrialVerdict, counts = true): TrialEnded {
  return {
    step: 'end',
    timeMs: END_MS,
    effect: { verdict, metrics: [], tasksUsed: 0 },
    outcome: 'revert',
    summary: '',
    askUntilMs: undefined,
    carried: undefined,
    counts,
  };
}

/** What is remembered after trials of one change. */
function memoryOf(...verdicts: TrialVerdict[]): TrialMemory {
  const memory: TrialMemory = { counters: { tasksRecorded: END_TASK }, rules: {}, changes: {} };
  for (const verdict of verdicts) foldVerdict(memory, planOf(), ended(verdict));
  return memory;
}

/** The rest, as of its beginning: tasks and milliseconds. */
function rest(memory: TrialMemory, always = false): [tasks: number, ms: number] | undefined {
  const found: Rest | undefined = restOf(memory.changes[changeKey(planOf())], always);
  return found && [found.untilTask - END_TASK, found.untilMs - END_MS];
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
      [100, 300_000],
      [100, 300_000],
    ],
  ];

  test.each(others)('after %j: %j; a probe %j', (verdicts, ordinary, probe) => {
    expect(rest(memoryOf(...verdicts))).toEqual(ordinary);
    expect(rest(memoryOf(...verdicts), true)).toEqual(probe);
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

test('a trial that was cut short from outside teaches nothing', () => {
  const memory = memoryOf('harmed');
  const before = structuredClone(memory);
  foldVerdict(memory, planOf(), ended('invalid', false));
  expect(memory).toEqual(before);
});

test('an INVALID teaches the rule nothing, but the change rests', () => {
  expect(memoryOf('invalid').rules).toEqual({});
  expect(Object.keys(memoryOf('invalid').changes)).toEqual([changeKey(planOf())]);
});

test('only so many records are kept, the newest', () => {
  const memory = memoryOf();
  for (let i = 0; i < 400; i += 1) {
    const plan = planOf({ ruleId: `r${i}`, newValue: i });
    foldVerdict(memory, plan, { ...ended('harmed'), timeMs: END_MS + i });
  }
  expect(Object.keys(memory.rules)).toHaveLength(256);
  expect(memory.rules).toHaveProperty('r399');
  expect(Object.values(memory.changes).map(({ ruleId }) => ruleId)).toEqual(
    Array.from({ length: 64 }, (_, i) => `r${336 + i}`),
  );
});
