import { nameOf, type Place } from '../domain/cohort.ts';
import { messageOf } from '../domain/errors.ts';
import { limitValue } from '../domain/parameters.ts';
import type { Rule, RuleContext } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Sliced } from '../domain/slices.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import type { WindowSummary } from '../domain/window.ts';

/** What a rule proposes, before it is scored. */
export interface Candidate {
  readonly rule: Rule;
  /** The live value that the rule saw. */
  readonly current: Value | undefined;
  /** Absent if the parameter has no value. */
  readonly oldValue: Value | undefined;
  /** Limited by the parameter's bounds; absent if the parameter is to be removed. */
  readonly newValue: Value | undefined;
  readonly reasoning: string;
}

/** A rule whose expressions could not be evaluated in this cycle. It proposes nothing. */
export interface RuleFault {
  readonly ruleId: string;
  readonly message: string;
}

/** Which proposals are not made at present. */
export interface Restraints {
  /** Whether nothing is proposed for the value now. */
  isResting(place: Place): boolean;
  /** Whether the same change waits already, is on trial, or rests after a trial. */
  isPending(rule: Rule, value: Value | undefined): boolean;
}

/**
 * By fingerprint of a rule with `forSeconds`: the loop's time since which its condition has held at every cycle. A
 * condition that does not hold is absent.
 */
export type HeldSince = ReadonlyMap<string, number>;

/** The data that rules are evaluated on. */
export interface CycleContext extends RuleContext {
  readonly window: WindowSummary;
}

/** What rules are evaluated on, and what restrains them. */
export interface GenerateInput extends Restraints {
  readonly settings: LoopSettings;
  /** Absent if too few tasks are retained, or the newest is too old: no rule is then evaluated. */
  readonly context: CycleContext | undefined;
  /** The same for rules of one cohort, by `nameOf`; absent if too few of its tasks are retained. */
  readonly ofCohorts?: ReadonlyMap<string, CycleContext>;
  /** Time since the last report of metrics; absent if there was none. */
  readonly metricsAgeMs: number | undefined;
  /** The loop's time. */
  readonly nowMs: number;
  /** `Generated.heldSinceMs` of the last cycle. */
  readonly heldSinceMs: HeldSince;
  /** Monotonic time in milliseconds. */
  readonly monotonic: () => number;
}

/** What the rules have proposed. */
export interface Generated {
  /** The data that the rules were evaluated on. */
  readonly context: CycleContext | undefined;
  /** In the rules' order. */
  readonly candidates: readonly Candidate[];
  readonly faults: readonly RuleFault[];
  readonly heldSinceMs: HeldSince;
}

/** Maximum time in milliseconds that a rule, and all rules together, may take in a cycle. */
const RULE_MS = 20;
const CYCLE_MS = 1000;

/** Macro steps between two checks of the time, so that a pause of the machine does not fail a short rule. */
const STEPS_BETWEEN_LOOKS = 64;

/** Phase 1: evaluates the rules, with a pause after each. */
export function* generate(input: GenerateInput): Sliced<Generated> {
  const { settings, context, monotonic } = input;
  if (context === undefined) {
    return { context, candidates: [], faults: [], heldSinceMs: new Map() };
  }
  const candidates: Candidate[] = [];
  const faults: RuleFault[] = [];
  const heldSinceMs = new Map<string, number>();
  let leftMs = CYCLE_MS;
  for (const rule of settings.rules) {
    const seen = rule.cohort === undefined ? context : input.ofCohorts?.get(nameOf(rule.cohort));
    if (seen === undefined) continue;
    const isResting = input.isResting(rule);
    // A condition with `forSeconds` is also evaluated while its rule may not propose.
    if ((isResting && rule.forSeconds === 0) || (rule.usesMetrics && areStale(input))) continue;
    const startMs = monotonic();
    try {
      const { spend, check } = timeLimit(monotonic, leftMs);
      const candidate = ask(rule, input, { ...seen, spend }, isResting, heldSinceMs);
      // CEL drops an error of `spend` if the other side of `&&` or `||` decides.
      check();
      if (candidate !== undefined) candidates.push(candidate);
    } catch (error) {
      faults.push({ ruleId: rule.id, message: messageOf(error) });
    }
    leftMs -= monotonic() - startMs;
    yield;
  }
  return { context, candidates, faults, heldSinceMs };
}

/**
 * Limits a rule's time: `spend`, called at each step of a macro, and `check` throw once the time is up.
 *
 * @param leftMs what is left of the cycle's time
 */
function timeLimit(monotonic: () => number, leftMs: number) {
  if (leftMs <= 0)
    throw new Error(`the rules before it took ${CYCLE_MS} ms, which is all there is`);
  const endMs = monotonic() + Math.min(RULE_MS, leftMs);
  let steps = 0;
  let isOver = false;
  const spend = () => {
    steps += 1;
    if (steps % STEPS_BETWEEN_LOOKS === 0) isOver ||= monotonic() >= endMs;
    // An outer macro continues after an error in an inner one, and must end, too.
    check();
  };
  const check = () => {
    if (!isOver) return;
    throw new Error(
      `it took longer than ${RULE_MS} ms, or than was left of the cycle's ${CYCLE_MS} ms`,
    );
  };
  return { spend, check };
}

function ask(
  rule: Rule,
  input: GenerateInput,
  context: RuleContext,
  isResting: boolean,
  held: Map<string, number>,
): Candidate | undefined {
  if (!rule.when(context)) return undefined;
  if (!hasHeldLong(rule, input, held) || isResting) return undefined;
  const candidate = propose(rule, input, context);
  // The next proposal needs the condition to hold for as long again.
  if (candidate !== undefined && rule.forSeconds > 0) held.set(rule.fingerprint, input.nowMs);
  return candidate;
}

/** Whether what a rule proposed earlier may still be proposed. */
export function isStillOpen(
  { rule, current, newValue }: Candidate,
  { isResting, isPending }: Restraints,
  now: Value | undefined,
): boolean {
  return sameValue(current, now) && !isResting(rule) && !isPending(rule, newValue);
}

/** Whether a condition that holds has held for long enough. Notes since when it has held. */
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

function propose(rule: Rule, input: GenerateInput, context: RuleContext): Candidate | undefined {
  const { settings } = input;
  const current = own(context.parameters, rule.target);
  const raw = rule.newValue(context);
  const newValue =
    raw === undefined ? undefined : limitValue(own(settings.parameters, rule.target), current, raw);
  if (settings.curation.suppressUnchanged) {
    if (sameValue(current, newValue) || isTurnedRound(current, raw, newValue)) return undefined;
  }
  if (input.isPending(rule, newValue)) return undefined;
  return {
    rule,
    current,
    oldValue: rule.oldValue === undefined ? current : rule.oldValue(context),
    newValue,
    reasoning: rule.reasoning(context),
  };
}

/** Whether limiting reverses the direction of a change: a value beyond its bounds is not moved back to them. */
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
