import type { TrialVerdict } from '../../domain/effect.ts';
import { type Evidence, eHarm, type MetricEvidence, noEvidence } from '../evidence/evidence.ts';
import type { Trial } from '../trial.ts';

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

function withLessHarm(one: MetricEvidence): MetricEvidence {
  const share = Math.min(MAX_CARRIED_HARM / eHarm(one), 1);
  const { mixed, beyond } = one;
  const less = beyond && { beyond: beyond.map((wealth) => wealth * share) };
  return { ...one, ...less, mixed: { ...mixed, harm: mixed.harm.map((wealth) => wealth * share) } };
}
