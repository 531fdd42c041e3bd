import type {
  DeltaEvaluation,
  DeltaImpact,
  DeltaOperation,
  DeltaType,
  RiskLevel,
} from '../domain/delta.ts';
import { fixedText } from '../domain/number-text.ts';
import type { LoopSettings, ScoreWeights } from '../domain/settings.ts';

/** What a score depends on. */
export interface Scorable {
  readonly type: DeltaType;
  readonly operation: DeltaOperation;
  readonly impact: DeltaImpact;
  /** 0 to 1. */
  readonly confidence: number;
  readonly reasoning: string;
}

const RISK_OF: Readonly<Record<DeltaOperation, RiskLevel>> = {
  remove: 'high',
  modify: 'medium',
  add: 'low',
  adjust: 'low',
};

/** A guess by type, and labelled as one wherever it is shown. */
const ESTIMATED_BENEFIT: Readonly<Record<DeltaType, string>> = {
  coordination: 'Potential latency improvement: ~10-15%',
  resource: 'Better resource utilization, reduced contention',
  metric: 'More realistic performance targets',
  strategy: 'Unknown benefit',
};

/** Words that make a reasoning better, in groups; each group counts once. Case matters. */
export const QUALITY_SIGNS: readonly (readonly [words: readonly string[], gain: number])[] = [
  [['observed', '%'], 0.2],
  [['system', 'performance'], 0.15],
  [['because', 'therefore'], 0.15],
];

/** The parts of a score, in points. */
interface Points {
  readonly confidence: number;
  /** Quality of the reasoning, 0.5 to 1; not in points. */
  readonly quality: number;
  readonly reasoning: number;
  readonly impact: number;
  readonly risk: number;
}

/**
 * Phase 2: scores one delta. `overallScore` = confidence × weight + reasoning quality × weight + impact points + risk
 * points, clamped to 0..100. With a negative impact, only the risk points count.
 */
export function reflect(delta: Scorable, settings: LoopSettings['reflection']): DeltaEvaluation {
  const points = pointsOf(delta, settings.weights);
  const riskLevel = RISK_OF[delta.operation];
  const argued =
    delta.impact === 'negative' ? 0 : points.confidence + points.reasoning + points.impact;
  const overallScore = Math.min(Math.max(argued + points.risk, 0), 100);
  return {
    overallScore,
    recommended: overallScore >= settings.minScore,
    // The exact text of the original implementation, rounded as in C.
    reasoning: [
      `Confidence: ${percent(delta.confidence)} = ${fixedText(points.confidence, 0)}pts`,
      `Reasoning: ${fixedText(points.quality, 1)} = ${fixedText(points.reasoning, 0)}pts`,
      `Impact: ${delta.impact} = ${fixedText(points.impact, 0)}pts`,
      `Risk: ${riskLevel} = ${fixedText(points.risk, 0)}pts`,
    ].join('; '),
    riskLevel,
    estimatedBenefit: ESTIMATED_BENEFIT[delta.type],
  };
}

/** How a score comes about, in words: the points of each part, and its maximum. */
export function explainScore(delta: Scorable, { weights }: LoopSettings['reflection']): string {
  const points = pointsOf(delta, weights);
  const risk = `${RISK_OF[delta.operation]} risk ${share(points.risk, weights.risk)}`;
  if (delta.impact === 'negative') return `a negative impact is a veto, and leaves ${risk}`;
  return [
    `confidence ${briefly(delta.confidence)} gives ${share(points.confidence, weights.confidence)}`,
    `reasoning of quality ${briefly(points.quality)} ${share(points.reasoning, weights.reasoning)}`,
    `${delta.impact} impact ${share(points.impact, weights.impact)}`,
    risk,
  ].join(', ');
}

function pointsOf(delta: Scorable, weights: ScoreWeights): Points {
  const quality = reasoningQuality(delta.reasoning);
  return {
    confidence: delta.confidence * weights.confidence,
    quality,
    reasoning: quality * weights.reasoning,
    impact: pointsOfImpact(delta.impact, weights),
    risk: pointsOfRisk(RISK_OF[delta.operation], weights),
  };
}

/** 0.5, plus the gain of each group of signs that is found in the text; at most 1. */
export function reasoningQuality(text: string): number {
  let quality = 0.5;
  for (const [words, gain] of QUALITY_SIGNS) {
    if (words.some((word) => text.includes(word))) quality += gain;
  }
  return Math.min(quality, 1);
}

function pointsOfImpact(impact: DeltaImpact, weights: ScoreWeights): number {
  return { positive: weights.impact, neutral: weights.impact / 2, negative: 0 }[impact];
}

function pointsOfRisk(risk: RiskLevel, weights: ScoreWeights): number {
  return { low: weights.risk, medium: weights.risk / 2, high: 0 }[risk];
}

function percent(value: number): string {
  return `${fixedText(value * 100, 0)}%`;
}

function share(points: number, of: number): string {
  return `${briefly(points)} of ${briefly(of)}`;
}

/** A number for people: at most two decimals, or as many as it takes not to be 0. */
export function briefly(value: number): string {
  const rounded = Number(value.toFixed(2));
  return String(rounded === 0 ? Number(value.toPrecision(2)) : rounded);
}
