import { describe, expect, test } from 'vitest';
import type { TrialVerdict } from '../../../src/domain/effect.ts';
import {
  isLeftToPerson,
  learn,
  learnedConfidence,
  type RuleRecord,
} from '../../../src/trial/memory/learned.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const NOW = 1_000 * WEEK_MS;

/** What a rule has learned from verdicts, each so many milliseconds before now. */
function learned(...verdicts: (readonly [TrialVerdict, agoMs?: number])[]): RuleRecord | undefined {
  let record: RuleRecord | undefined;
  for (const [verdict, agoMs = 0] of verdicts) record = learn(record, 'text', verdict, NOW - agoMs);
  return record;
}

describe('confidence', () => {
  const cases: [string, number, (readonly [TrialVerdict, number?])[], number][] = [
    ['none', 0.7, [], 0.7],
    ['a HELPED', 0.7, [['helped']], (2.8 + 1) / 5],
    ['a HARMED', 0.7, [['harmed']], 2.8 / 5],
    ['an INCONCLUSIVE', 0.7, [['inconclusive']], 2.8 / 4.25],
    ['an INVALID', 0.7, [['invalid']], 0.7],
    ['one of each', 0.5, [['helped'], ['harmed'], ['inconclusive'], ['invalid']], 3 / 6.25],
    ['a HELPED a week ago', 0.7, [['helped', WEEK_MS]], (2.8 + 0.5) / 4.5],
    [
      'two HARMED, one and two weeks ago',
      0.8,
      [
        ['harmed', 2 * WEEK_MS],
        ['harmed', WEEK_MS],
      ],
      3.2 / 4.75,
    ],
    ['never sure', 1, [['harmed']], 4 / 5],
    ['nor hopeless', 0, [['helped']], 1 / 5],
  ];

  test.each(cases)('after %s', (_, configured, verdicts, confidence) => {
    const record = learned(...verdicts);
    expect(learnedConfidence(configured, record, NOW)).toBeCloseTo(confidence, 12);
  });

  test('is what was configured, in the long run', () => {
    const record = learned(['harmed'], ['harmed'], ['harmed']);
    expect(learnedConfidence(0.9, record, NOW)).toBeCloseTo(3.6 / 7, 12);
    expect(learnedConfidence(0.9, record, NOW + 30 * WEEK_MS)).toBeCloseTo(0.9, 6);
  });

  test('is not changed by a clock that is set back', () => {
    const record = learned(['harmed']);
    expect(learnedConfidence(0.9, record, NOW - WEEK_MS)).toBeCloseTo(3.6 / 5, 12);
  });
});

test('verdicts are counted, and another text starts afresh', () => {
  const record = learned(['helped'], ['harmed'], ['harmed'], ['inconclusive'], ['invalid']);
  expect(record).toMatchObject({ helped: 1, harmed: 2, inconclusive: 1, fingerprint: 'text' });
  expect(learn(record, 'another text', 'helped', NOW)).toEqual(
    learn(undefined, 'another text', 'helped', NOW),
  );
  // What taught nothing does not forget either.
  expect(learn(record, 'another text', 'invalid', NOW)).toBe(record);
});

describe('a rule is left to a person', () => {
  test.each([
    ['after two HARMED', [10, 5], false],
    ['after three within 24 hours', [23.9, 5, 0], true],
    ['not if the first of them is 24 hours old', [24, 5, 0], false],
    ['after three of many', [90, 70, 23, 2, 1], true],
  ])('%s: %j', (_, hours, isLeft) => {
    const record = learned(...hours.map((ago) => ['harmed', ago * HOUR_MS] as const));
    expect(record && isLeftToPerson(record, NOW)).toBe(isLeft);
  });

  test('whatever else was found meanwhile', () => {
    const record = learned(
      ['harmed', 3],
      ['helped', 2],
      ['harmed', 1],
      ['inconclusive'],
      ['harmed'],
    );
    expect(record && isLeftToPerson(record, NOW)).toBe(true);
  });
});
