import { type Place, sameCohort } from '../domain/cohort.ts';
import { type CurationMode, type Rule, tries } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Value } from '../domain/value.ts';
import { type Curated, curate, passes, type Scored } from './curate.ts';
import {
  type Candidate,
  type Generated,
  type HeldSince,
  isStillOpen,
  type Restraints,
  type RuleFault,
} from './generate.ts';
import { reflect } from './reflect.ts';

/** What a cycle depends on besides the proposals of the rules. */
export interface CycleInput extends Restraints {
  /** A rule's confidence, 0 to 1, as trials have updated it. */
  confidenceOf(rule: Rule): number;
  /** Whether a rule has harmed so often recently that its proposals are left to a person. */
  isLeftToPerson(rule: Rule): boolean;
  /** Whether a muted rule may have a trial now. */
  mayProbe(candidate: Candidate): boolean;
  readonly settings: LoopSettings;
  /** The live value at a place. */
  valueOf(place: Place): Value | undefined;
  /** Whether mode `auto` means `trial` now, for a rule; otherwise it means `apply`. */
  triesFirst(rule: Rule): boolean;
  /** Proposals applied in the last hour. */
  readonly appliedLastHour: number;
}

/** What a cycle will do. */
export interface CyclePlan {
  readonly tasksAnalyzed: number;
  readonly decisions: readonly Curated[];
  readonly faults: readonly RuleFault[];
  readonly heldSinceMs: HeldSince;
}

/** Scores what the rules have proposed, and decides on it. */
export function planCycle(generated: Generated, input: CycleInput): CyclePlan {
  const { context, candidates, faults, heldSinceMs } = generated;
  if (context === undefined) return { tasksAnalyzed: 0, decisions: [], faults, heldSinceMs };
  const open = candidates.filter((candidate) =>
    isStillOpen(candidate, input, input.valueOf(candidate.rule)),
  );
  const scored = open.flatMap((candidate) => score(candidate, input) ?? []);
  const decisions = curate(scored.filter(isFirstForTarget), input.settings, budgetOf(input));
  return { tasksAnalyzed: context.window.count, decisions, faults, heldSinceMs };
}

/**
 * Scores a candidate with the present confidence of its rule. A candidate that only fails because of what trials found
 * is muted: it is not proposed (`undefined`), but after each rest it is tried once, or left to a person if all
 * proposals of its rule are.
 */
function score(candidate: Candidate, input: CycleInput): Scored | undefined {
  const { rule, reasoning } = candidate;
  const { settings } = input;
  const confidence = input.confidenceOf(rule);
  const configured = rule.mode ?? settings.curation.mode;
  const isTried = tries(configured);
  const isStopped = isTried && input.isLeftToPerson(rule);
  const mode = isStopped ? 'recommend' : effective(configured, rule, input);
  const withConfidence = (value: number): Scored => ({
    candidate,
    confidence: value,
    evaluation: reflect({ ...rule, confidence: value, reasoning }, settings.reflection),
    mode,
    isProbe: false,
  });
  const scored = withConfidence(confidence);
  const isMuted = !passes(scored, settings) && passes(withConfidence(rule.confidence), settings);
  if (!isMuted) return scored;
  // A muted candidate is never applied first, even in mode `auto`.
  const mayProbe = isTried && mode !== 'apply' && input.mayProbe(candidate);
  return mayProbe ? { ...scored, isProbe: true } : undefined;
}

function effective(mode: CurationMode, rule: Rule, input: CycleInput): Scored['mode'] {
  if (mode !== 'auto') return mode;
  return input.triesFirst(rule) ? 'trial' : 'apply';
}

/** Whether a candidate is the first for its target and cohort that is not muted; only this one counts. */
function isFirstForTarget(scored: Scored, index: number, all: readonly Scored[]): boolean {
  const { target, cohort } = scored.candidate.rule;
  const isAlike = ({ candidate: { rule } }: Scored) =>
    rule.target === target && sameCohort(rule.cohort, cohort);
  return all.findIndex(isAlike) === index;
}

function budgetOf({ settings, appliedLastHour }: CycleInput): number {
  const { maxDeltasPerHour } = settings.curation;
  return maxDeltasPerHour === 0 ? Number.POSITIVE_INFINITY : maxDeltasPerHour - appliedLastHour;
}
