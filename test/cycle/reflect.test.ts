import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reasoningQuality, reflect, type Scorable } from '../../src/cycle/reflect.ts';
import { DELTA_IMPACTS, DELTA_OPERATIONS, DELTA_TYPES } from '../../src/domain/delta.ts';

const SETTINGS = {
  minScore: 65,
  minConfidence: 0.5,
  enforceMinConfidence: true,
  weights: { confidence: 40, reasoning: 30, impact: 20, risk: 10 },
};

const DELTA: Scorable = {
  type: 'strategy',
  operation: 'adjust',
  impact: 'positive',
  confidence: 0.6,
  reasoning: 'Success rate 66.7% below target',
};

/** The score by a table of points, written down independently of the code. */
const IMPACT_POINTS = { positive: 20, neutral: 10, negative: 0 };
const RISK_POINTS = { remove: 0, modify: 5, add: 10, adjust: 10 };
const QUALITY: readonly (readonly [string, number])[] = [
  ['plain words', 0.5],
  ['observed', 0.7],
  ['5%', 0.7],
  ['observed 5%', 0.7],
  ['system', 0.65],
  ['performance of the system', 0.65],
  ['because', 0.65],
  ['therefore because', 0.65],
  ['observed in the system', 0.85],
  ['5% because', 0.85],
  ['performance therefore', 0.8],
  ['observed performance, therefore', 1],
  ['Observed System Because', 0.5],
];

describe('reflect', () => {
  test('equals the table of points', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DELTA_TYPES),
        fc.constantFrom(...DELTA_OPERATIONS),
        fc.constantFrom(...DELTA_IMPACTS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(...QUALITY),
        (type, operation, impact, confidence, [reasoning, quality]) => {
          const argued = confidence * 40 + quality * 30 + IMPACT_POINTS[impact];
          const expected = (impact === 'negative' ? 0 : argued) + RISK_POINTS[operation];
          const evaluation = reflect({ type, operation, impact, confidence, reasoning }, SETTINGS);
          expect(evaluation.overallScore).toBeCloseTo(expected, 9);
          expect(evaluation.recommended).toBe(evaluation.overallScore >= 65);
        },
      ),
    );
  });

  test('writes its parts as the original did', () => {
    expect(reflect(DELTA, SETTINGS)).toEqual({
      overallScore: 75,
      recommended: true,
      reasoning:
        'Confidence: 60% = 24pts; Reasoning: 0.7 = 21pts; Impact: positive = 20pts; Risk: low = 10pts',
      riskLevel: 'low',
      estimatedBenefit: 'Unknown benefit',
    });
  });

  // As Python prints `:.0%`, `:.1f` and `:.0f`: half to even, on the exact value.
  test.each([
    [0.6, 'plain words', 'Confidence: 60% = 24pts; Reasoning: 0.5 = 15pts'],
    [0.625, 'the system', 'Confidence: 62% = 25pts; Reasoning: 0.7 = 20pts'],
    [0.635, 'the system at 5%', 'Confidence: 64% = 25pts; Reasoning: 0.8 = 26pts'],
    [0.7125, 'because of the system', 'Confidence: 71% = 28pts; Reasoning: 0.8 = 24pts'],
    [1, 'observed performance, therefore', 'Confidence: 100% = 40pts; Reasoning: 1.0 = 30pts'],
    [0, 'because', 'Confidence: 0% = 0pts; Reasoning: 0.7 = 20pts'],
  ])('rounds its parts as C does: %d, %s', (confidence, reasoning, text) => {
    const evaluation = reflect({ ...DELTA, confidence, reasoning }, SETTINGS);
    expect(evaluation.reasoning).toBe(`${text}; Impact: positive = 20pts; Risk: low = 10pts`);
  });

  test('rounds half points to even', () => {
    const weights = { confidence: 40, reasoning: 30, impact: 25, risk: 5 };
    const delta = { ...DELTA, impact: 'neutral', operation: 'modify' } as const;
    expect(reflect(delta, { ...SETTINGS, weights }).reasoning).toContain(
      'Impact: neutral = 12pts; Risk: medium = 2pts',
    );
  });

  test('a negative impact is a veto, but for the risk points', () => {
    const evaluation = reflect({ ...DELTA, impact: 'negative' }, SETTINGS);
    expect(evaluation).toMatchObject({ overallScore: 10, recommended: false });
    expect(evaluation.reasoning).toContain('Impact: negative = 0pts; Risk: low = 10pts');
  });

  test('is clamped to 100', () => {
    const weights = { confidence: 90, reasoning: 90, impact: 90, risk: 90 };
    expect(reflect(DELTA, { ...SETTINGS, weights }).overallScore).toBe(100);
  });

  test.each([
    ['coordination', 'Potential latency improvement: ~10-15%'],
    ['resource', 'Better resource utilization, reduced contention'],
    ['metric', 'More realistic performance targets'],
    ['strategy', 'Unknown benefit'],
  ] as const)('guesses the benefit of %s', (type, expected) => {
    expect(reflect({ ...DELTA, type }, SETTINGS).estimatedBenefit).toBe(expected);
  });
});

test.each(QUALITY)('reasoningQuality(%j) is %d', (text, expected) => {
  expect(reasoningQuality(text)).toBeCloseTo(expected, 12);
});
