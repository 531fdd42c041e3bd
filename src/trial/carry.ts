import type { TrialVerdict } from '../domain/effect.ts';
import { type Evidence, eHarm, type MetricEvidence, noEvidence } from './evidence.ts';
import type { Trial } from './trial.ts';

/**
 * Evidence of harm that is carried on at most. A later trial has to find something by itself; to go on
 * with less wealth than there was is valid.
 */
const MAX_CARRIED_HARM = 10;

/**
 * What a later trial of the same change goes on from: all where nothing was found; after harm what is
 * known of success, one process for as long as the change is tried.
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
  const part = Math.min(MAX_CARRIED_HARM / eHarm(one), 1);
  const { mixed } = one;
  return { ...one, mixed: { ...mixed, harm: mixed.harm.map((wealth) => wealth * part) } };
}
