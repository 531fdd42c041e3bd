import type { Delta } from '../domain/delta.ts';
import type { CurationMode, Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import type { LedgerView } from '../ledger/view.ts';
import { changeKey, isOver, type Rest, restOf } from '../trial/change.ts';
import { isLeftToPerson, learnedConfidence, type RuleRecord } from '../trial/learned.ts';

type Known = Pick<LedgerView, 'head'>;

/** A rule, a target and a value, as the ledger remembers them. */
export interface Change {
  readonly ruleId: string;
  readonly target: string;
  readonly newValue: Value | undefined;
}

/** When the rules may touch a parameter again; `undefined`: now. */
export function restingUntil(
  { head }: Known,
  { curation }: LoopSettings,
  target: string,
  nowMs: number,
): number | undefined {
  const entry = own(head.targets, target);
  if (entry === undefined) return undefined;
  const untilMs = Math.max(entry.holdUntilMs, entry.touchedMs + curation.cooldownSeconds * 1000);
  return untilMs > nowMs ? untilMs : undefined;
}

/** What a config wants done with a rule's deltas. */
export function modeOf(rule: Rule, { curation }: LoopSettings): CurationMode {
  return rule.mode ?? curation.mode;
}

/** Whether a change rests: a trial of it found harm, or data that were worth nothing. */
export function isHarmResting({ head }: Known, change: Change, nowMs: number): boolean {
  return !isOver(restAfter({ head }, change, false), nowMs, head.counters.tasksRecorded);
}

/** Whether a muted rule's change has had its rest, whatever its last trial found. */
export function mayProbe({ head }: Known, change: Change, nowMs: number): boolean {
  return isOver(restAfter({ head }, change, true), nowMs, head.counters.tasksRecorded);
}

/** When the last trial of a change ended; 0: there was none. */
export function lastTried({ head }: Known, change: Change): number {
  return own(head.changes, changeKey(change))?.endMs ?? 0;
}

/** A rule's confidence by now: configured, and what trials of its present text have taught. */
export function confidenceOf({ head }: Known, rule: Rule, nowMs: number): number {
  return learnedConfidence(rule.confidence, recordOf({ head }, rule), nowMs);
}

/** Whether a rule's proposals are left to a person. */
export function isStopped({ head }: Known, rule: Rule, nowMs: number): boolean {
  const record = recordOf({ head }, rule);
  return record !== undefined && isLeftToPerson(record, nowMs);
}

/** What trials of a rule's present text have taught; `undefined`: nothing. */
export function recordOf({ head }: Known, rule: Rule): RuleRecord | undefined {
  const record = own(head.rules, rule.id);
  return record?.fingerprint === rule.fingerprint ? record : undefined;
}

/** The longest rest of a rule's changes; `undefined`: none rests. */
export function ruleRest({ head }: Known, ruleId: string, nowMs: number): Rest | undefined {
  const rests = Object.values(head.changes)
    .filter((change) => change.ruleId === ruleId)
    .flatMap((change) => restOf(change, false) ?? [])
    .filter((rest) => !isOver(rest, nowMs, head.counters.tasksRecorded));
  return rests.sort((a, b) => b.untilTask - a.untilTask || b.untilMs - a.untilMs)[0];
}

/** Whether a delta is one of this change. */
export function isOf(delta: Delta, { ruleId, target, newValue }: Change): boolean {
  return delta.ruleId === ruleId && delta.target === target && sameValue(delta.newValue, newValue);
}

function restAfter({ head }: Known, change: Change, always: boolean): Rest | undefined {
  return restOf(own(head.changes, changeKey(change)), always);
}
