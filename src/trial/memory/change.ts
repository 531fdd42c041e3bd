import type { Cohort } from '../../domain/cohort.ts';
import type { TrialVerdict } from '../../domain/effect.ts';
import type { TrialPlan } from '../plan.ts';
import { learn, type RuleRecord, restAfterHarm } from './learned.ts';

/** The result of the last trial of a change (a rule, a target and a value). Plain JSON. */
export interface ChangeRecord {
  readonly ruleId: string;
  readonly verdict: TrialVerdict;
  /** HARMED verdicts since the change was last confirmed. */
  readonly harmed: number;
  /** When the last trial ended: by the loop's time in milliseconds, and in tasks ever recorded. */
  readonly endMs: number;
  readonly endTask: number;
  /** The longest time to a report in that trial, in milliseconds; absent: unknown. */
  readonly longestMs?: number;
  /** The key of the same change for all tasks, if this one is of a cohort. */
  readonly ofAll?: string;
  /** Absent unless clients or an operator had the change reverted since it was last confirmed. */
  readonly refused?: {
    readonly times: number;
    /** When the change was last reverted so: the loop's time in milliseconds, and tasks ever recorded. */
    readonly timeMs: number;
    readonly task: number;
  };
}

/** The record of a change without a verdict. */
const UNTRIED = { verdict: 'inconclusive', harmed: 0, endMs: 0, endTask: 0 } as const;

/** The records of trials in the ledger's head. */
export interface TrialMemory {
  readonly counters: { readonly tasksRecorded: number };
  rules: Readonly<Record<string, RuleRecord>>;
  changes: Readonly<Record<string, ChangeRecord>>;
}

/** Maximum number of records; the oldest are dropped. Every commit stores all records with the head. */
const MAX_RULES = 256;
const MAX_CHANGES = 64;

/** Key of a change in `TrialMemory.changes`. */
export function changeKey({
  ruleId,
  target,
  cohort,
  newValue,
}: Pick<TrialPlan, 'ruleId' | 'target' | 'cohort' | 'newValue'>): string {
  return JSON.stringify([ruleId, target, newValue ?? null, ...cohortKey(cohort)]);
}

/**
 * Key of carried evidence: what a later trial must have in common with an earlier one to start from it.
 * The fingerprint covers the rule and its target.
 */
export function carryKey({
  fingerprint,
  cohort,
  oldValue,
  newValue,
}: Pick<TrialPlan, 'fingerprint' | 'cohort' | 'oldValue' | 'newValue'>): string {
  return JSON.stringify([fingerprint, oldValue ?? null, newValue ?? null, ...cohortKey(cohort)]);
}

function cohortKey(cohort: TrialPlan['cohort']): readonly string[] {
  return cohort === undefined ? [] : [cohort.label, cohort.value];
}

/** The result of a trial at its promotion or its end. */
export interface Found {
  readonly verdict: TrialVerdict;
  readonly timeMs: number;
  readonly longestMs: number;
  /** `TrialEnded.apart`. */
  readonly apart?: string | undefined;
}

/** Updates the records of a trial's rule and change. */
export function foldVerdict(
  memory: TrialMemory,
  plan: TrialPlan,
  { verdict, timeMs, longestMs, apart }: Found,
): void {
  const { ruleId } = plan;
  const record = learn(memory.rules[ruleId], plan.fingerprint, verdict, timeMs);
  if (record !== undefined) {
    const { apart: _, ...told } = record;
    const one = apart === undefined ? told : { ...told, apart };
    memory.rules = newest({ ...memory.rules, [ruleId]: one }, MAX_RULES, (one) => one.timeMs);
  }
  const key = changeKey(plan);
  const { [key]: former, ...others } = memory.changes;
  const harmed = (former?.harmed ?? 0) + (verdict === 'harmed' ? 1 : 0);
  const endTask = memory.counters.tasksRecorded;
  const { refused } = former ?? {};
  const ofAll = plan.cohort && changeKey({ ...plan, cohort: undefined });
  const its = ofAll === undefined ? {} : { ofAll };
  const change = { ruleId, verdict, harmed, endMs: timeMs, endTask, longestMs, ...its };
  keep(memory, others, key, refused === undefined ? change : { ...change, refused });
}

/** Records the harm that a trial of all has found for one cohort: the change rests, and its rule's record stays. */
export function foldCohortHarm(
  memory: TrialMemory,
  plan: TrialPlan,
  cohort: Cohort,
  timeMs: number,
): void {
  const key = changeKey({ ...plan, cohort });
  const { [key]: former, ...others } = memory.changes;
  keep(memory, others, key, {
    ...former,
    ruleId: plan.ruleId,
    verdict: 'harmed',
    harmed: (former?.harmed ?? 0) + 1,
    endMs: timeMs,
    endTask: memory.counters.tasksRecorded,
    ofAll: changeKey({ ...plan, cohort: undefined }),
  });
}

/** Records that clients or an operator had a change reverted: it rests as after harm, but its rule's record stays. */
export function foldRefusal(
  memory: TrialMemory,
  change: Pick<TrialPlan, 'ruleId' | 'target' | 'cohort' | 'newValue'>,
  timeMs: number,
): void {
  const key = changeKey(change);
  const { [key]: former, ...others } = memory.changes;
  const times = (former?.refused?.times ?? 0) + 1;
  const refused = { times, timeMs, task: memory.counters.tasksRecorded };
  keep(memory, others, key, { ...UNTRIED, ...former, ruleId: change.ruleId, refused });
}

function keep(
  memory: TrialMemory,
  others: TrialMemory['changes'],
  key: string,
  change: ChangeRecord,
): void {
  memory.changes = newest({ ...others, [key]: change }, MAX_CHANGES, lastMs);
}

function lastMs({ endMs, refused }: ChangeRecord): number {
  return Math.max(endMs, refused?.timeMs ?? 0);
}

/** Removes the record of a change that was confirmed. */
export function foldConfirmation(memory: TrialMemory, plan: TrialPlan): void {
  const { [changeKey(plan)]: _, ...others } = memory.changes;
  memory.changes = others;
}

/** When a change that rests may be tried again. */
export interface Rest {
  /** By the loop's time. */
  readonly untilMs: number;
  /** In tasks ever recorded. */
  readonly untilTask: number;
}

/**
 * The rest after the last trial of a change, or after clients or an operator had it taken back, if any.
 *
 * @param always whether a change also rests after INCONCLUSIVE, not only after HARMED or INVALID
 */
export function restOf(record: ChangeRecord | undefined, always: boolean): Rest | undefined {
  if (record === undefined) return undefined;
  const { verdict, harmed, endMs, endTask, refused } = record;
  const rests = verdict !== 'helped' && (verdict !== 'inconclusive' || always);
  if (!rests && refused === undefined) return undefined;
  const { tasks, ms } = restAfterHarm(Math.max(harmed + (refused?.times ?? 0) - 1, 0));
  const from = { ms: rests ? endMs : 0, task: rests ? endTask : 0 };
  return {
    untilMs: Math.max(from.ms, refused?.timeMs ?? 0) + ms,
    untilTask: Math.max(from.task, refused?.task ?? 0) + tasks,
  };
}

/** Whether a rest is over. */
export function isOver(rest: Rest | undefined, nowMs: number, tasksRecorded: number): boolean {
  return rest === undefined || (rest.untilMs <= nowMs && rest.untilTask <= tasksRecorded);
}

function newest<T>(
  records: Readonly<Record<string, T>>,
  count: number,
  timeOf: (record: T) => number,
): Readonly<Record<string, T>> {
  const entries = Object.entries(records);
  if (entries.length <= count) return records;
  const byAge = entries.sort(([, a], [, b]) => timeOf(a) - timeOf(b));
  return Object.fromEntries(byAge.slice(-count));
}
