import { limitValue, violationOf } from '../domain/parameters.ts';
import type { Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own } from '../domain/value.ts';
import {
  briefly,
  explainScore,
  QUALITY_SIGNS,
  reasoningQuality,
  reflect,
  type Scorable,
} from './reflect.ts';

type Settings = Pick<LoopSettings, 'reflection' | 'parameters'>;

/** A reasoning with a word of every group, for rules whose reasoning is not constant. */
const BEST_REASONING = QUALITY_SIGNS.map(([[word]]) => word).join(' ');

/**
 * Why no proposal of a rule can ever pass, in words, with what is missing; `undefined` if one may. Only what is fixed
 * in a rule is considered: a constant `when`, confidence, impact, risk, and the best text that the reasoning can have.
 * No rule that could pass is reported.
 *
 * @param confidence confidence of the rule's proposals, 0 to 1
 */
export function whyNeverPasses(
  rule: Rule,
  settings: Settings,
  confidence = rule.confidence,
): string | undefined {
  const reasons = [
    rule.neverFires ? 'its when is false always' : undefined,
    lackOfScore(bestOf(rule, confidence), settings),
    lackOfConfidence(confidence, settings),
    forbiddenValue(rule, settings),
  ].filter((reason) => reason !== undefined);
  return reasons.length === 0 ? undefined : reasons.join('; and ');
}

/** How a score falls short, in words; `undefined` if it suffices. */
export function scoreShortfall(delta: Scorable, { reflection }: Settings): string | undefined {
  const { overallScore, recommended } = reflect(delta, reflection);
  if (recommended) return undefined;
  const { minScore } = reflection;
  return (
    `score ${briefly(overallScore)} is below reflection.min_score ${minScore}, ` +
    `by ${briefly(minScore - overallScore)}: ${explainScore(delta, reflection)}`
  );
}

/** How a confidence falls short, in words; `undefined` if it suffices. */
export function lackOfConfidence(confidence: number, { reflection }: Settings): string | undefined {
  const { enforceMinConfidence, minConfidence } = reflection;
  if (!enforceMinConfidence || confidence >= minConfidence) return undefined;
  return (
    `confidence ${briefly(confidence)} is below reflection.min_confidence ${minConfidence}, ` +
    `by ${briefly(minConfidence - confidence)}`
  );
}

function lackOfScore(best: Scorable, settings: Settings): string | undefined {
  const shortfall = scoreShortfall(best, settings);
  return shortfall && `at best its ${shortfall}; ${remediesFor(best, settings)}`;
}

/** A rule's proposal with the reasoning that scores best. */
function bestOf({ type, operation, impact, reasonings }: Rule, confidence: number): Scorable {
  const reasoning = (reasonings ?? [BEST_REASONING]).reduce(
    (best, text) => (reasoningQuality(text) > reasoningQuality(best) ? text : best),
    '',
  );
  return { type, operation, impact, confidence, reasoning };
}

/** Which changes of a proposal would suffice, each alone, in words. */
function remediesFor(best: Scorable, { reflection }: Settings): string {
  const passes = (changes: Partial<Scorable>) =>
    reflect({ ...best, ...changes }, reflection).recommended;
  const short = reflection.minScore - reflect(best, reflection).overallScore;
  const remedies: string[] = [];
  // The smallest sufficient number of thousandths is found by trying, since sums of points are not exact.
  const near = Math.floor((best.confidence + short / reflection.weights.confidence) * 1000);
  const confidence = [near, near + 1, near + 2]
    .map((thousandths) => thousandths / 1000)
    .find((value) => value <= 1 && passes({ confidence: value }));
  if (confidence !== undefined) remedies.push(`a confidence of ${confidence}`);
  const words = missingWords(best, (reasoning) => passes({ reasoning }));
  if (words !== undefined) remedies.push(`a reasoning with ${words}`);
  if (best.impact !== 'positive' && passes({ impact: 'positive' })) {
    remedies.push('a positive impact');
  }
  return remedies.length === 0
    ? 'no other confidence, reasoning or impact alone would do'
    : `${remedies.join(' or ')} would do`;
}

/** The first groups of words lacking in a reasoning that together suffice; `undefined` if all of them do not. */
function missingWords(
  { reasoning }: Scorable,
  suffices: (reasoning: string) => boolean,
): string | undefined {
  const added: string[] = [];
  let text = reasoning;
  for (const [words] of QUALITY_SIGNS) {
    if (words.some((word) => reasoning.includes(word))) continue;
    text += ` ${words[0]}`;
    added.push(words.map((word) => JSON.stringify(word)).join(' or '));
    if (suffices(text)) return added.join(', and ');
  }
  return undefined;
}

/** Why the only value that a rule proposes is always refused: bounds adjust a number, `allowed` does not. */
function forbiddenValue(
  { target, constantValue }: Rule,
  { parameters }: Settings,
): string | undefined {
  const spec = own(parameters, target);
  if (constantValue === undefined || spec === undefined) return undefined;
  // With a step limit, the value depends on the live one.
  if (typeof constantValue === 'number' && spec.maxStep !== undefined) return undefined;
  const violation = violationOf(spec, limitValue(spec, undefined, constantValue));
  return violation && `its new_value is refused: ${violation}`;
}
