import type { DeltaEvaluation } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import type { CurationMode } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own } from '../domain/value.ts';
import type { Candidate } from './generate.ts';
import { lackOfConfidence, scoreShortfall } from './shortfall.ts';

/** What becomes of a candidate: applied, left to a person, put on trial, or rejected. */
export type CurationOutcome = 'apply' | 'propose' | 'trial' | 'reject';

/** A candidate and its score. */
export interface Scored {
  readonly candidate: Candidate;
  /** Present confidence of the candidate's rule, 0 to 1. */
  readonly confidence: number;
  readonly evaluation: DeltaEvaluation;
  /** What becomes of the candidate if its score and its confidence suffice. */
  readonly mode: Exclude<CurationMode, 'auto'>;
  /** Whether only the trials of its rule speak against the candidate, which may then be tried once. */
  readonly isProbe: boolean;
}

/** A candidate, its score, and what becomes of it. */
export interface Curated extends Scored {
  readonly outcome: CurationOutcome;
  /** Why the candidate is not applied, in words; empty if it is. */
  readonly summary: string;
  /** How long the candidate may wait for a person or a trial; 0 if it does not wait. */
  readonly waitMs: number;
}

/** A proposal that the hourly bound holds back expires after the hour (counted in whole minutes), to be proposed again. */
const HOUR_MS = 61 * 60_000;

/**
 * Phase 3: decides on each scored candidate, in order.
 *
 * @param budget how many candidates may still be applied this hour
 */
export function curate(
  scored: readonly Scored[],
  settings: LoopSettings,
  budget: number,
): Curated[] {
  let left = budget;
  return scored.map((one) => {
    const { rule, newValue } = one.candidate;
    const objection =
      objectionTo(one, settings) ?? violationOf(own(settings.parameters, rule.target), newValue);
    if (objection !== undefined) {
      return { ...one, outcome: 'reject', summary: `Rejected: ${objection}`, waitMs: 0 };
    }
    const hold = holdOn(one, settings, left);
    if (hold !== undefined) {
      const summary = `Waits for approval: ${hold.reason}`;
      return { ...one, outcome: 'propose', summary, waitMs: hold.waitMs };
    }
    if (one.mode === 'trial') {
      const waitMs = settings.curation.proposalTtlSeconds * 1000;
      return { ...one, outcome: 'trial', summary: 'Waits for a trial', waitMs };
    }
    left -= 1;
    return { ...one, outcome: 'apply', summary: '', waitMs: 0 };
  });
}

/** Whether a candidate's score and confidence suffice. */
export function passes(scored: Scored, settings: LoopSettings): boolean {
  return objectionTo(scored, settings) === undefined;
}

function objectionTo(
  { candidate: { rule, reasoning }, confidence, isProbe }: Scored,
  settings: LoopSettings,
): string | undefined {
  if (isProbe) return undefined;
  return (
    scoreShortfall({ ...rule, confidence, reasoning }, settings) ??
    lackOfConfidence(confidence, settings)
  );
}

/** Why a proposal waits for a person, and how long it may wait; `undefined` if it does not. */
function holdOn(
  { candidate: { rule }, evaluation, mode }: Scored,
  { curation }: LoopSettings,
  left: number,
): { readonly reason: string; readonly waitMs: number } | undefined {
  const waitMs = curation.proposalTtlSeconds * 1000;
  if (evaluation.riskLevel === 'high') return { reason: 'its risk is high', waitMs };
  if (mode === 'recommend') {
    const isOwn = (rule.mode ?? curation.mode) === 'recommend';
    const reason = isOwn ? 'curation mode is recommend' : 'the rule has harmed too often of late';
    return { reason, waitMs };
  }
  if (left > 0 || mode === 'trial') return undefined;
  const reason = `${curation.maxDeltasPerHour} deltas were put in force in the last hour`;
  return { reason, waitMs: Math.min(waitMs, HOUR_MS) };
}
