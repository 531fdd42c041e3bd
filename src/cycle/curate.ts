import type { DeltaEvaluation } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own } from '../domain/value.ts';
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
  /** How long it may wait for a person; 0 where it does not wait. */
  readonly waitMs: number;
}

/** A proposal and why it waits. */
interface Hold {
  readonly reason: string;
  readonly waitMs: number;
}

/**
 * What the hourly bound holds back is out of date when the hour is over, counted by whole minutes,
 * and is proposed anew then.
 */
const HOUR_MS = 61 * 60_000;

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
      const summary = `Rejected: ${objection}`;
      return { candidate, evaluation, outcome: 'reject', summary, waitMs: 0 };
    }
    const hold = holdOn(candidate, evaluation, settings, left);
    if (hold !== undefined) {
      const summary = `Waits for approval: ${hold.reason}`;
      return { candidate, evaluation, outcome: 'propose', summary, waitMs: hold.waitMs };
    }
    left -= 1;
    return { candidate, evaluation, outcome: 'apply', summary: '', waitMs: 0 };
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
  return violationOf(own(settings.parameters, rule.target), newValue);
}

function holdOn(
  { rule }: Candidate,
  evaluation: DeltaEvaluation,
  { curation }: LoopSettings,
  left: number,
): Hold | undefined {
  const waitMs = curation.proposalTtlSeconds * 1000;
  if (evaluation.riskLevel === 'high') return { reason: 'its risk is high', waitMs };
  if ((rule.mode ?? curation.mode) === 'recommend') {
    return { reason: 'curation mode is recommend', waitMs };
  }
  if (left > 0) return undefined;
  const reason = `${curation.maxDeltasPerHour} deltas were put in force in the last hour`;
  return { reason, waitMs: Math.min(waitMs, HOUR_MS) };
}
