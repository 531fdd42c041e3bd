import type { DeltaEvaluation } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Candidate } from './generate.ts';

/** What becomes of a candidate: put in force, left to a person, or turned down. */
export type Outcome = 'apply' | 'propose' | 'reject';

/** A candidate, its score, and what becomes of it. */
export interface Decision {
  readonly candidate: Candidate;
  readonly evaluation: DeltaEvaluation;
  readonly outcome: Outcome;
  /** Why it was not put in force, in words; empty where it was. */
  readonly summary: string;
}

/**
 * Phase 3: decides on each scored candidate, in order.
 *
 * @param budget how many may still be put in force this hour
 */
export function curate(
  scored: readonly { candidate: Candidate; evaluation: DeltaEvaluation }[],
  settings: LoopSettings,
  budget: number,
): Decision[] {
  let left = budget;
  return scored.map(({ candidate, evaluation }) => {
    const objection = objectionTo(candidate, evaluation, settings);
    if (objection !== undefined) {
      return { candidate, evaluation, outcome: 'reject', summary: `Rejected: ${objection}` };
    }
    const hold = reasonToWait(candidate, evaluation, settings, left);
    if (hold !== undefined) {
      return { candidate, evaluation, outcome: 'propose', summary: `Waits for approval: ${hold}` };
    }
    left -= 1;
    return { candidate, evaluation, outcome: 'apply', summary: '' };
  });
}

function objectionTo(
  { rule, newValue }: Candidate,
  evaluation: DeltaEvaluation,
  settings: LoopSettings,
): string | undefined {
  const { minScore, minConfidence, enforceMinConfidence } = settings.reflection;
  if (!evaluation.recommended) {
    return `score ${evaluation.overallScore} is below reflection.min_score ${minScore}`;
  }
  if (enforceMinConfidence && rule.confidence < minConfidence) {
    return `confidence ${rule.confidence} is below reflection.min_confidence ${minConfidence}`;
  }
  if (newValue === undefined) return undefined;
  const spec = Object.hasOwn(settings.parameters, rule.target)
    ? settings.parameters[rule.target]
    : undefined;
  return violationOf(spec, newValue);
}

function reasonToWait(
  { rule }: Candidate,
  evaluation: DeltaEvaluation,
  { curation }: LoopSettings,
  left: number,
): string | undefined {
  if (evaluation.riskLevel === 'high') return 'its risk is high';
  if ((rule.mode ?? curation.mode) === 'recommend') return 'curation mode is recommend';
  if (left <= 0) return `${curation.maxDeltasPerHour} deltas were put in force in the last hour`;
  return undefined;
}
