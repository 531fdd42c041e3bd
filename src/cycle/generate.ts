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

/** What the rules see, and what holds them back. */
export interface GenerateInput extends Restraints {
  readonly settings: LoopSettings;
  readonly context: RuleContext;
  /** Since the last report; `undefined`: there was none. */
  readonly metricsAgeMs: number | undefined;
}

/** Phase 1: what the rules propose, in their order. */
export function generate(input: GenerateInput): { candidates: Candidate[]; faults: RuleFault[] } {
  const candidates: Candidate[] = [];
  const faults: RuleFault[] = [];
  for (const rule of input.settings.rules) {
    if (input.isResting(rule.target)) continue;
    if (rule.usesMetrics && areStale(input)) continue;
    try {
      const candidate = propose(rule, input);
      if (candidate !== undefined) candidates.push(candidate);
    } catch (error) {
      faults.push({
        ruleId: rule.id,
        message: messageOf(error),
      });
    }
  }
  return { candidates, faults };
}

function areStale({ settings, metricsAgeMs }: GenerateInput): boolean {
  const { maxAgeSeconds } = settings.metrics;
  return maxAgeSeconds > 0 && !(metricsAgeMs !== undefined && metricsAgeMs <= maxAgeSeconds * 1000);
}

function propose(rule: Rule, input: GenerateInput): Candidate | undefined {
  const { settings, context } = input;
  if (!rule.when(context)) return undefined;
  const current = own(context.parameters, rule.target);
  const raw = rule.newValue(context);
  const newValue =
    raw === undefined ? undefined : limitValue(own(settings.parameters, rule.target), current, raw);
  if (settings.curation.suppressUnchanged && sameValue(current, newValue)) return undefined;
  if (input.isPending(rule.id, rule.target, newValue)) return undefined;
  return {
    rule,
    oldValue: rule.oldValue === undefined ? current : rule.oldValue(context),
    newValue,
    reasoning: rule.reasoning(context),
  };
}
