import type { TrialVerdict } from '../../domain/effect.ts';
import { describeApart } from '../apart.ts';
import { type Evidence, eHarm, type MetricEvidence, noEvidence } from '../evidence/evidence.ts';
import type { CohortsFound, TrialEnded } from '../step.ts';
import type { Trial } from '../trial.ts';
import { decidedFor } from '../verdict.ts';

/**
 * Maximum e-value of harm that is carried over, so that a later trial needs data of its own for a verdict. Continuing
 * with less wealth is valid.
 */
const MAX_CARRIED_HARM = 10;

/**
 * The evidence that a later trial of the same change starts from: all of it after INCONCLUSIVE, that of
 * success alone after HARMED, and none otherwise.
 */
export function carriedOn(
  { evidence, plan }: Pick<Trial, 'evidence' | 'plan'>,
  verdict: TrialVerdict,
): Evidence | undefined {
  if (verdict === 'inconclusive') return evidence;
  if (verdict !== 'harmed') return undefined;
  return evidence.map((one) =>
    one.metric.kind === 'success' ? withLessHarm(one) : noEvidence(one.metric, plan),
  );
}

/** What a trial leaves for later ones, and for the records. */
export function leftBy(
  trial: Trial,
  verdict: TrialVerdict,
  counts: boolean,
): Pick<TrialEnded, 'carried' | 'longestMs' | 'cohorts' | 'apart'> {
  const cohorts = foundOfCohorts(trial, verdict, counts);
  const apart = verdict === 'inconclusive' ? describeApart(trial) : '';
  return {
    carried: carriedOn(trial, verdict),
    longestMs: trial.longestMs,
    ...(cohorts === undefined ? {} : { cohorts }),
    ...(apart === '' ? {} : { apart }),
  };
}

/** What a trial of all that ends by its evidence, and without a promotion, has found of single cohorts. */
export function foundOfCohorts(
  trial: Trial,
  verdict: TrialVerdict,
  counts: boolean,
): CohortsFound | undefined {
  const isOver = verdict === 'inconclusive' || verdict === 'harmed';
  if (trial.byCohort === undefined || !counts || !isOver) return undefined;
  const { helped, harmed } = decidedFor(trial);
  const kept = Object.entries(trial.byCohort).filter(([value]) => helped.includes(value));
  return { helped: Object.fromEntries(kept), harmed };
}

function withLessHarm(one: MetricEvidence): MetricEvidence {
  const share = Math.min(MAX_CARRIED_HARM / eHarm(one), 1);
  const { mixed, beyond } = one;
  const less = beyond && { beyond: beyond.map((wealth) => wealth * share) };
  return { ...one, ...less, mixed: { ...mixed, harm: mixed.harm.map((wealth) => wealth * share) } };
}
