import type { TrialVerdict } from '../domain/effect.ts';
import { learn, type RuleRecord, restAfterHarm } from './learned.ts';
import type { TrialPlan } from './plan.ts';

/** What trials found of one change: a rule, its target and the value. Plain JSON. */
export interface ChangeRecord {
  readonly ruleId: string;
  readonly verdict: TrialVerdict;
  /** How often harm was found since it was last confirmed. */
  readonly harmed: number;
  /** When the last trial ended: Unix time in milliseconds, and tasks ever recorded. */
  readonly endMs: number;
  readonly endTask: number;
  /** The longest that a report took in a trial of it, in milliseconds; absent: not known. */
  readonly longestMs?: number;
}

/** What is remembered of trials. */
export interface TrialMemory {
  readonly counters: { readonly tasksRecorded: number };
  rules: Readonly<Record<string, RuleRecord>>;
  changes: Readonly<Record<string, ChangeRecord>>;
}

/**
 * Records remembered, of which the oldest go first: the head, which is stored with every commit,
 * holds them. Of a change that helped, none is needed.
 */
const MAX_RULES = 256;
const MAX_CHANGES = 64;

/** Names a change. */
export function changeKey({
  ruleId,
  target,
  newValue,
}: Pick<TrialPlan, 'ruleId' | 'target' | 'newValue'>): string {
  return JSON.stringify([ruleId, target, newValue ?? null]);
}

/**
 * What a later trial must have in common with an earlier one to go on from its evidence. A rule's
 * fingerprint holds the rule and its target.
 */
export function carryKey({
  fingerprint,
  oldValue,
  newValue,
}: Pick<TrialPlan, 'fingerprint' | 'oldValue' | 'newValue'>): string {
  return JSON.stringify([fingerprint, oldValue ?? null, newValue ?? null]);
}

/** What a trial has found, when it puts its value in force and when it ends. */
export interface Found {
  readonly verdict: TrialVerdict;
  readonly timeMs: number;
  readonly longestMs: number;
}

/** Takes up what a trial has found. A change is forgotten once it is confirmed, not before. */
export function foldVerdict(
  memory: TrialMemory,
  plan: TrialPlan,
  { verdict, timeMs, longestMs }: Found,
): void {
  const { ruleId } = plan;
  const record = learn(memory.rules[ruleId], plan.fingerprint, verdict, timeMs);
  if (record !== undefined) {
    memory.rules = newest({ ...memory.rules, [ruleId]: record }, MAX_RULES, (one) => one.timeMs);
  }
  const key = changeKey(plan);
  const { [key]: former, ...others } = memory.changes;
  const harmed = (former?.harmed ?? 0) + (verdict === 'harmed' ? 1 : 0);
  const endTask = memory.counters.tasksRecorded;
  const change = { ruleId, verdict, harmed, endMs: timeMs, endTask, longestMs };
  memory.changes = newest({ ...others, [key]: change }, MAX_CHANGES, ({ endMs }) => endMs);
}

/** A change was confirmed: what was found against it before is forgotten. */
export function foldConfirmation(memory: TrialMemory, plan: TrialPlan): void {
  const { [changeKey(plan)]: _, ...others } = memory.changes;
  memory.changes = others;
}

/** When a change that rests may be tried again. */
export interface Rest {
  /** By the loop's time. */
  readonly untilMs: number;
  /** Tasks ever recorded by then. */
  readonly untilTask: number;
}

/**
 * The rest after the last trial of a change.
 *
 * @param always whatever that trial found; otherwise only harm, or data that were worth nothing,
 * makes a change rest
 */
export function restOf(record: ChangeRecord | undefined, always: boolean): Rest | undefined {
  if (record === undefined || record.verdict === 'helped') return undefined;
  if (record.verdict === 'inconclusive' && !always) return undefined;
  const { tasks, ms } = restAfterHarm(Math.max(record.harmed - 1, 0));
  return { untilMs: record.endMs + ms, untilTask: record.endTask + tasks };
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
