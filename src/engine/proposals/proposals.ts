import { type Place, placeName, sameCohort } from '../../domain/cohort.ts';
import type { Delta } from '../../domain/delta.ts';
import type { CurationMode, Rule } from '../../domain/rule.ts';
import { scopeOf } from '../../domain/scope.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import { own, sameValue, type Value } from '../../domain/value.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { changeKey, isOver, type Rest, restOf } from '../../trial/memory/change.ts';
import { isLeftToPerson, learnedConfidence, type RuleRecord } from '../../trial/memory/learned.ts';
import type { Environment } from '../decision/environment.ts';

type Known = Pick<LedgerView, 'head'>;

/** A change: the value that a rule proposes for a target. */
export interface ProposedChange extends Place {
  readonly ruleId: string;
  readonly newValue: Value | undefined;
}

/**
 * When rules may change a value again: after its hold and cooldown; `undefined` if they may now. A cohort's value rests
 * with the value for all, too.
 */
export function restingUntil(
  { head }: Known,
  { curation }: LoopSettings,
  { target, cohort }: Place,
  nowMs: number,
): number | undefined {
  const names = cohort === undefined ? [target] : [target, placeName({ target, cohort })];
  const ends = names.flatMap((name) => {
    const entry = own(head.targets, name);
    if (entry === undefined) return [];
    return [entry.holdUntilMs, entry.touchedMs + curation.cooldownSeconds * 1000];
  });
  const untilMs = Math.max(0, ...ends);
  return untilMs > nowMs ? untilMs : undefined;
}

/** The curation mode of a rule. */
export function modeOf(rule: Rule, { curation }: LoopSettings): CurationMode {
  return rule.mode ?? curation.mode;
}

/**
 * Whether a rule's proposal of mode `auto` is tried before it is applied: always while trials are paused or within a
 * budget, and otherwise unless tasks are known not to ask by their ids.
 */
export function triesFirst(
  { head }: Known,
  { settings, asksByTask }: Pick<Environment, 'settings' | 'asksByTask'>,
  rule: Rule,
): boolean {
  return head.trialsPaused || asksByTask() !== false || hasBudget(settings, rule);
}

/** Whether only a share of tasks may run on what a rule proposes before it is proven. */
export function hasBudget(settings: LoopSettings, { id: ruleId, target }: Rule): boolean {
  return scopeOf(settings, { ruleId, target }).budget < 1;
}

/** Whether a change rests after a trial that was HARMED or INVALID; one for all also while a cohort's rests. */
export function isHarmResting({ head }: Known, change: ProposedChange, nowMs: number): boolean {
  const { tasksRecorded } = head.counters;
  const isResting = (rest: Rest | undefined) => !isOver(rest, nowMs, tasksRecorded);
  if (isResting(restAfter({ head }, change, false))) return true;
  const key = changeKey(change);
  return Object.values(head.changes).some(
    (one) => one.ofAll === key && isResting(restOf(one, false)),
  );
}

/** Whether a muted rule may try a change: its rest is over, whatever its last trial found. */
export function mayProbe({ head }: Known, change: ProposedChange, nowMs: number): boolean {
  return isOver(restAfter({ head }, change, true), nowMs, head.counters.tasksRecorded);
}

/** When the last trial of a change ended; 0 if there was none. */
export function lastTriedMs({ head }: Known, change: ProposedChange): number {
  return own(head.changes, changeKey(change))?.endMs ?? 0;
}

/** A rule's confidence: the configured one, updated by trials of its present text. */
export function confidenceOf({ head }: Known, rule: Rule, nowMs: number): number {
  return learnedConfidence(rule.confidence, recordOf({ head }, rule), nowMs);
}

/** Whether a rule's proposals wait for a person after repeated harm. */
export function isStopped({ head }: Known, rule: Rule, nowMs: number): boolean {
  const record = recordOf({ head }, rule);
  return record !== undefined && isLeftToPerson(record, nowMs);
}

/** The record of a rule's present text. */
export function recordOf({ head }: Known, rule: Rule): RuleRecord | undefined {
  const record = own(head.rules, rule.id);
  return record?.fingerprint === rule.fingerprint ? record : undefined;
}

/** The longest rest of a rule's changes; `undefined` if none rests. */
export function ruleRest({ head }: Known, ruleId: string, nowMs: number): Rest | undefined {
  const rests = Object.values(head.changes)
    .filter((change) => change.ruleId === ruleId)
    .flatMap((change) => restOf(change, false) ?? [])
    .filter((rest) => !isOver(rest, nowMs, head.counters.tasksRecorded));
  return rests.sort((a, b) => b.untilTask - a.untilTask || b.untilMs - a.untilMs)[0];
}

/** Whether a delta proposes this change. */
export function isOf(delta: Delta, { ruleId, target, cohort, newValue }: ProposedChange): boolean {
  const isThere = delta.target === target && sameCohort(delta.cohort, cohort);
  return delta.ruleId === ruleId && isThere && sameValue(delta.newValue, newValue);
}

function restAfter({ head }: Known, change: ProposedChange, always: boolean): Rest | undefined {
  return restOf(own(head.changes, changeKey(change)), always);
}
