import type { TrialVerdict } from '../../domain/effect.ts';

const HOUR_MS = 3_600_000;

/** Half-life of a verdict's weight. */
const HALF_LIFE_MS = 7 * 24 * HOUR_MS;

/** Weight of the configured confidence, in verdicts. */
const PRIOR_STRENGTH = 4;

/** After this many HARMED verdicts within this time, a rule's proposals wait for a person. */
const HARMED_TO_STOP = 3;
const HARMED_WITHIN_MS = 24 * HOUR_MS;

/** The verdicts of a rule's trials. Plain JSON. */
export interface RuleRecord {
  /** Hash of the rule's text: the record of another text does not apply. */
  readonly fingerprint: string;
  /** Decayed weights of successes and failures, as of `timeMs`. */
  readonly successes: number;
  readonly failures: number;
  /** When the newest verdict was recorded, by the loop's time. */
  readonly timeMs: number;
  readonly helped: number;
  readonly harmed: number;
  readonly inconclusive: number;
  /** Times of the newest HARMED verdicts, `HARMED_TO_STOP` at most. */
  readonly harmedMs: readonly number[];
  /** By which label the effect of its newest undecided trial differed, in words; absent if by none. */
  readonly apart?: string | undefined;
}

/**
 * A rule's confidence: the mean of a Beta posterior whose prior has the configured confidence as
 * its mean and the strength of four verdicts: `(4c + S) / (4 + S + F)`.
 *
 * @param configured 0 to 1
 * @param record of the rule's present text; `undefined` without verdicts
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

/** The record after one more verdict. INVALID does not count. */
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

/** Whether a rule has harmed so often recently that its proposals wait for a person. */
export function isLeftToPerson({ harmedMs }: RuleRecord, nowMs: number): boolean {
  const recent = harmedMs.filter((timeMs) => nowMs - timeMs < HARMED_WITHIN_MS);
  return recent.length >= HARMED_TO_STOP;
}

/** How long a change rests: this number of tasks and this time both have to pass. */
export interface RestLength {
  readonly tasks: number;
  readonly ms: number;
}

/** @param former HARMED verdicts of the same change before this one */
export function restAfterHarm(former: number): RestLength {
  return { tasks: 100 * 2 ** Math.min(former, 5), ms: 300_000 };
}

function nothingLearned(fingerprint: string, timeMs: number): RuleRecord {
  const none = { successes: 0, failures: 0, helped: 0, harmed: 0, inconclusive: 0 };
  return { fingerprint, ...none, timeMs, harmedMs: [] };
}

/** The share of a record's weight that is left; 1 if the clock was set back. */
function decay({ timeMs }: RuleRecord, nowMs: number): number {
  return 0.5 ** (Math.max(nowMs - timeMs, 0) / HALF_LIFE_MS);
}
