import { messageOf } from '../domain/errors.ts';
import { limitValue } from '../domain/parameters.ts';
import type { Rule, RuleContext } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue, type Value } from '../domain/value.ts';

/** What a rule proposes, before it is scored. */
export interface Candidate {
  readonly rule: Rule;
  /** `undefined`: there is none. */
  readonly oldValue: Value | undefined;
  /** Limited by the parameter's bounds. `undefined`: the parameter is taken away. */
  readonly newValue: Value | undefined;
  readonly reasoning: string;
}

/** A rule whose expressions could not be evaluated this time. It proposes nothing. */
export interface RuleFault {
  readonly ruleId: string;
  readonly message: string;
}

/** What the ledger says of a rule's target. */
export interface Restraints {
  /** The target rests: nothing is proposed for it now. */
  isResting(target: string): boolean;
  /** The same rule, target and value waits already, is on trial, or rests after one. */
  isPending(ruleId: string, target: string, value: Value | undefined): boolean;
}

/**
 * By the loop's time, since when the conditions of rules with `forSeconds` have held at every cycle, by
 * fingerprint. Of others nothing is known.
 */
export type HeldSince = ReadonlyMap<string, number>;

/** What the rules see, and what holds them back. */
export interface GenerateInput extends Restraints {
  readonly settings: LoopSettings;
  readonly context: RuleContext;
  /** Since the last report; `undefined`: there was none. */
  readonly metricsAgeMs: number | undefined;
  /** The loop's time. */
  readonly nowMs: number;
  /** As the last cycle left it. */
  readonly heldSinceMs: HeldSince;
}

/** What the rules propose. */
export interface Generated {
  /** In the rules' order. */
  readonly candidates: readonly Candidate[];
  readonly faults: readonly RuleFault[];
  readonly heldSinceMs: HeldSince;
}

/** Phase 1: asks the rules. */
export function generate(input: GenerateInput): Generated {
  const candidates: Candidate[] = [];
  const faults: RuleFault[] = [];
  const heldSinceMs = new Map<string, number>();
  for (const rule of input.settings.rules) {
    const isResting = input.isResting(rule.target);
    // Whether a condition goes on holding is looked at also while it could not be acted on.
    if ((isResting && rule.forSeconds === 0) || (rule.usesMetrics && areStale(input))) continue;
    try {
      if (!rule.when(input.context)) continue;
      if (!hasHeldLong(rule, input, heldSinceMs) || isResting) continue;
      const candidate = propose(rule, input);
      if (candidate === undefined) continue;
      candidates.push(candidate);
      // What follows on it is to be seen for as long again.
      if (rule.forSeconds > 0) heldSinceMs.set(rule.fingerprint, input.nowMs);
    } catch (error) {
      faults.push({
        ruleId: rule.id,
        message: messageOf(error),
      });
    }
  }
  return { candidates, faults, heldSinceMs };
}

/** Whether a condition that holds has held for long enough; notes since when it has. */
function hasHeldLong(rule: Rule, input: GenerateInput, held: Map<string, number>): boolean {
  if (rule.forSeconds === 0) return true;
  const sinceMs = input.heldSinceMs.get(rule.fingerprint) ?? input.nowMs;
  held.set(rule.fingerprint, sinceMs);
  return input.nowMs - sinceMs >= rule.forSeconds * 1000;
}

function areStale({ settings, metricsAgeMs }: GenerateInput): boolean {
  const { maxAgeSeconds } = settings.metrics;
  return maxAgeSeconds > 0 && !(metricsAgeMs !== undefined && metricsAgeMs <= maxAgeSeconds * 1000);
}

function propose(rule: Rule, input: GenerateInput): Candidate | undefined {
  const { settings, context } = input;
  const current = own(context.parameters, rule.target);
  const raw = rule.newValue(context);
  const newValue =
    raw === undefined ? undefined : limitValue(own(settings.parameters, rule.target), current, raw);
  if (settings.curation.suppressUnchanged) {
    if (sameValue(current, newValue) || isTurnedRound(current, raw, newValue)) return undefined;
  }
  if (input.isPending(rule.id, rule.target, newValue)) return undefined;
  return {
    rule,
    oldValue: rule.oldValue === undefined ? current : rule.oldValue(context),
    newValue,
    reasoning: rule.reasoning(context),
  };
}

/** A value beyond its bounds is kept; what would move it on is not made a move back to them. */
function isTurnedRound(
  current: Value | undefined,
  raw: Value | undefined,
  limited: Value | undefined,
): boolean {
  if (typeof current !== 'number' || typeof raw !== 'number' || typeof limited !== 'number') {
    return false;
  }
  return (raw - current) * (limited - current) < 0;
}
