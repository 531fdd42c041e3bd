import type { CurationMode, Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Parameters } from '../domain/value.ts';
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

/** What trials have taught of the rules. */
export interface Learned {
  /** A rule's confidence, 0 to 1. */
  confidenceOf(rule: Rule): number;
  /** The rule has harmed so often of late that its proposals are left to a person. */
  isLeftToPerson(rule: Rule): boolean;
  /** Whether a muted rule may have its one trial now. */
  mayProbe(candidate: Candidate): boolean;
}

/** What a cycle looks at once the rules have been asked. */
export interface CycleInput extends Restraints, Learned {
  readonly settings: LoopSettings;
  /** The values in force. */
  readonly parameters: Parameters;
  /** Mode `auto` is `trial` now, and else `apply`. */
  readonly triesFirst: boolean;
  /** Proposals put in force in the last hour. */
  readonly appliedLastHour: number;
}

/** What a cycle decided; nothing has happened yet. */
export interface CyclePlan {
  readonly tasksAnalyzed: number;
  readonly decisions: readonly Curated[];
  readonly faults: readonly RuleFault[];
  readonly heldSinceMs: HeldSince;
}

/** Reflects on what the rules have proposed, and curates it. */
export function planCycle(generated: Generated, input: CycleInput): CyclePlan {
  const { context, candidates, faults, heldSinceMs } = generated;
  if (context === undefined) return { tasksAnalyzed: 0, decisions: [], faults, heldSinceMs };
  const open = candidates.filter((candidate) =>
    isStillOpen(candidate, input, context.parameters, input.parameters),
  );
  const scored = open.flatMap((candidate) => score(candidate, input) ?? []);
  const decisions = curate(scored.filter(isFirstForTarget), input.settings, budgetOf(input));
  return { tasksAnalyzed: context.window.count, decisions, faults, heldSinceMs };
}

/**
 * Scores a candidate with the confidence that its rule has by now. One that only what was learned
 * holds back is muted: it is not proposed (`undefined`), but gets one trial after each rest, or is
 * shown to a person then, where its rule is left to one.
 */
function score(candidate: Candidate, input: CycleInput): Scored | undefined {
  const { rule, reasoning } = candidate;
  const { settings } = input;
  const confidence = input.confidenceOf(rule);
  const configured = rule.mode ?? settings.curation.mode;
  const isTried = configured === 'trial' || configured === 'auto';
  const mode = isTried && input.isLeftToPerson(rule) ? 'recommend' : effective(configured, input);
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
  // What trials speak against is not put in force untried, even if it would be compared there.
  const mayProbe = isTried && mode !== 'apply' && input.mayProbe(candidate);
  return mayProbe ? { ...scored, isProbe: true } : undefined;
}

function effective(mode: CurationMode, { triesFirst }: CycleInput): Scored['mode'] {
  if (mode !== 'auto') return mode;
  return triesFirst ? 'trial' : 'apply';
}

/** Of rules with one target, the first that fires in a cycle, and is not muted, has it. */
function isFirstForTarget(scored: Scored, index: number, all: readonly Scored[]): boolean {
  const { target } = scored.candidate.rule;
  return all.findIndex(({ candidate }) => candidate.rule.target === target) === index;
}

function budgetOf({ settings, appliedLastHour }: CycleInput): number {
  const { maxDeltasPerHour } = settings.curation;
  return maxDeltasPerHour === 0 ? Number.POSITIVE_INFINITY : maxDeltasPerHour - appliedLastHour;
}
