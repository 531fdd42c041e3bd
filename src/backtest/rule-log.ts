import type { Delta } from '../domain/delta.ts';
import type { Rule } from '../domain/rule.ts';

const NOTHING = {
  // Cycles in which the condition was evaluated, and in which it held.
  ...{ asked: 0, held: 0 },
  // Proposals, how many of them were put on trial, and their outcomes; all others still waited at the end.
  ...{ proposed: 0, tried: 0, applied: 0, rejected: 0, expired: 0 },
  // Cycles in which expressions could not be evaluated, and the reason of the first failure.
  ...{ faults: 0, firstFault: '' },
};
type RuleCounts = typeof NOTHING;

/** The counts of a rule in a run. */
export interface RuleTally extends Readonly<RuleCounts> {
  readonly ruleId: string;
  /** Why the rule never proposed anything; empty if it did. */
  readonly silence: string;
}

/** Counts what rules do in a run. */
export class RuleLog {
  /** The rules, with conditions that are counted. */
  readonly observed: readonly Rule[];
  readonly #rules: readonly Rule[];
  readonly #counts = new Map<string, RuleCounts>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.observed = rules.map((rule) => ({
      ...rule,
      when: (context) => {
        const counts = this.#of(rule.id);
        counts.asked += 1;
        const holds = rule.when(context);
        if (holds) counts.held += 1;
        return holds;
      },
    }));
  }

  /** Counts the outcome of a cycle. */
  take(
    deltas: readonly Delta[],
    faults: readonly { readonly ruleId: string; readonly message: string }[],
  ): void {
    for (const { ruleId, state } of deltas) {
      const counts = this.#of(ruleId);
      counts.proposed += 1;
      if (state === 'applied') counts.applied += 1;
      if (state === 'rejected') counts.rejected += 1;
    }
    for (const { ruleId, message } of faults) {
      const counts = this.#of(ruleId);
      counts.faults += 1;
      counts.firstFault ||= message;
    }
  }

  /** Counts a proposal that expired, unless it had a trial, which has been counted. */
  expired(delta: Delta | undefined): void {
    if (delta !== undefined && delta.effect === undefined) this.#of(delta.ruleId).expired += 1;
  }

  /** Counts a proposal that was put on trial. */
  tried(ruleId: string): void {
    this.#of(ruleId).tried += 1;
  }

  /** In the order of the rules. */
  tallies(): RuleTally[] {
    return this.#rules.map((rule) => {
      const counts = this.#of(rule.id);
      return { ruleId: rule.id, ...counts, silence: silenceOf(rule, counts) };
    });
  }

  #of(ruleId: string): RuleCounts {
    const counts = this.#counts.get(ruleId) ?? { ...NOTHING };
    this.#counts.set(ruleId, counts);
    return counts;
  }
}

function silenceOf(rule: Rule, { asked, held, proposed, faults, firstFault }: RuleCounts): string {
  if (proposed > 0) return '';
  if (faults > 0) return `it could not be evaluated: ${firstFault}`;
  const isSet = 'what it would have set was set already';
  if (held > 0 && rule.forSeconds === 0) return isSet;
  if (held > 0) return `its condition never held for ${rule.forSeconds} seconds, or ${isSet}`;
  if (rule.usesMetrics) return 'it needs metrics, which traces do not carry';
  if (asked > 0) return `its condition held in none of ${asked} cycles`;
  return 'it was never asked: too few tasks, or its target rested';
}
