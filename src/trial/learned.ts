import type { TrialVerdict } from '../domain/effect.ts';

const HOUR_MS = 3_600_000;

/** Verdicts lose half of their weight in this time. */
const HALF_LIFE_MS = 7 * 24 * HOUR_MS;

/** How many verdicts the configured confidence counts as much as. */
const PRIOR_STRENGTH = 4;

/** So many HARMED within so long leave a rule's proposals to a person. */
const HARMED_TO_STOP = 3;
const HARMED_WITHIN_MS = 24 * HOUR_MS;

/** What was learned of a rule from its trials. Plain JSON. */
export interface RuleRecord {
  /** Of the rule's text; of another text nothing is known. */
  readonly fingerprint: string;
  /** Weights of successes and failures as they were at `timeMs`. */
  readonly successes: number;
  readonly failures: number;
  /** Of the newest verdict, by the loop's time. */
  readonly timeMs: number;
  readonly helped: number;
  readonly harmed: number;
  readonly inconclusive: number;
  /** When the newest harm was found, at most `HARMED_TO_STOP` times. */
  readonly harmedMs: readonly number[];
}

/**
 * A rule's confidence: the mean of a Beta posterior whose prior has the configured confidence as
 * its mean and the strength of four verdicts: `(4c + S) / (4 + S + F)`.
 *
 * @param configured 0 to 1
 * @param record of the rule's present text; `undefined`: no trial of it has ended
 */
export function learnedConfidence(
  configured: number,
  record: RuleRecord | undefined,
  nowMs: number,
): number {
  if (record === undefined) return configured;
  const kept = decay(record, nowMs);
  const successes = record.successes * kept;
  const failures = record.failures * kept;
  return (PRIOR_STRENGTH * configured + successes) / (PRIOR_STRENGTH + successes + failures);
}

/** The record after one verdict more. INVALID teaches nothing. */
export function learn(
  record: RuleRecord | undefined,
  fingerprint: string,
  verdict: TrialVerdict,
  timeMs: number,
): RuleRecord | undefined {
  if (verdict === 'invalid') return record;
  const former = record?.fingerprint === fingerprint ? record : nothingLearned(fingerprint, timeMs);
  const kept = decay(former, timeMs);
  const gain = { helped: [1, 0], harmed: [0, 1], inconclusive: [0, 0.25] } as const;
  const [success, failure] = gain[verdict];
  const harmedMs = verdict === 'harmed' ? [...former.harmedMs, timeMs] : former.harmedMs;
  return {
    ...former,
    successes: former.successes * kept + success,
    failures: former.failures * kept + failure,
    timeMs,
    [verdict]: former[verdict] + 1,
    harmedMs: harmedMs.slice(-HARMED_TO_STOP),
  };
}

/** Whether a rule has harmed so often of late that its proposals are left to a person. */
export function isLeftToPerson({ harmedMs }: RuleRecord, nowMs: number): boolean {
  const recent = harmedMs.filter((timeMs) => nowMs - timeMs < HARMED_WITHIN_MS);
  return recent.length >= HARMED_TO_STOP;
}

/** Tasks and milliseconds that a change rests after harm was found. */
export interface RestLength {
  readonly tasks: number;
  readonly ms: number;
}

/** @param former how often harm had been found in the same change before */
export function restAfterHarm(former: number): RestLength {
  return { tasks: 100 * 2 ** Math.min(former, 5), ms: 300_000 };
}

function nothingLearned(fingerprint: string, timeMs: number): RuleRecord {
  const none = { successes: 0, failures: 0, helped: 0, harmed: 0, inconclusive: 0 };
  return { fingerprint, ...none, timeMs, harmedMs: [] };
}

/** A clock that has been set back makes nothing newer. */
function decay({ timeMs }: RuleRecord, nowMs: number): number {
  return 0.5 ** (Math.max(nowMs - timeMs, 0) / HALF_LIFE_MS);
}
