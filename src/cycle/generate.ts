import { messageOf } from '../domain/errors.ts';
import { limitValue } from '../domain/parameters.ts';
import type { Rule, RuleContext } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Sliced } from '../domain/slices.ts';
import { own, type Parameters, sameValue, type Value } from '../domain/value.ts';
import type { WindowSummary } from '../domain/window.ts';

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

/** What the rules are asked on. */
interface CycleContext extends RuleContext {
  readonly window: WindowSummary;
}

/** What the rules see, and what holds them back. */
export interface GenerateInput extends Restraints {
  readonly settings: LoopSettings;
  /** `undefined`: too few tasks are retained, or none is new, and no rule is asked. */
  readonly context: CycleContext | undefined;
  /** Since the last report; `undefined`: there was none. */
  readonly metricsAgeMs: number | undefined;
  /** The loop's time. */
  readonly nowMs: number;
  /** As the last cycle left it. */
  readonly heldSinceMs: HeldSince;
  /** Milliseconds since some moment, by which rules are timed. */
  readonly monotonic: () => number;
}

/** What the rules propose. */
export interface Generated {
  /** What they were asked on. */
  readonly context: CycleContext | undefined;
  /** In the rules' order. */
  readonly candidates: readonly Candidate[];
  readonly faults: readonly RuleFault[];
  readonly heldSinceMs: HeldSince;
}

/** What a rule may take in a cycle, and all of them together. */
const RULE_MS = 20;
const CYCLE_MS = 1000;

/** Steps of macros between two looks at the clock: a pause of the machine is no fault of a short rule. */
const STEPS_BETWEEN_LOOKS = 64;

/** Phase 1: asks the rules. Others may have their turn between two of them. */
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
    const isResting = input.isResting(rule.target);
    // Whether a condition goes on holding is looked at also while it could not be acted on.
    if ((isResting && rule.forSeconds === 0) || (rule.usesMetrics && areStale(input))) continue;
    const startMs = monotonic();
    try {
      const { spend, check } = timeLimit(monotonic, leftMs);
      const candidate = ask(rule, input, { ...context, spend }, isResting, heldSinceMs);
      // An expression goes on after an error where the other side of `&&` or `||` decides.
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
 * `spend` is called at each step of a macro; both throw once the time is up.
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
    // Macros around this one go on after an error, and are to end, too.
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
  // What follows on it is to be seen for as long again.
  if (candidate !== undefined && rule.forSeconds > 0) held.set(rule.fingerprint, input.nowMs);
  return candidate;
}

/** Whether what a rule proposed earlier may still be proposed. */
export function isStillOpen(
  { rule, newValue }: Candidate,
  { isResting, isPending }: Restraints,
  before: Parameters,
  now: Parameters,
): boolean {
  const { id, target } = rule;
  return (
    sameValue(own(before, target), own(now, target)) &&
    !isResting(target) &&
    !isPending(id, target, newValue)
  );
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

function propose(rule: Rule, input: GenerateInput, context: RuleContext): Candidate | undefined {
  const { settings } = input;
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
