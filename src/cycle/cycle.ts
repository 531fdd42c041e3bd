import type { RuleContext } from '../domain/rule.ts';
import { curate, type Decision } from './curate.ts';
import { type GenerateInput, generate, type RuleFault } from './generate.ts';
import { reflect } from './reflect.ts';

/** What a cycle looks at. */
export interface CycleInput extends Omit<GenerateInput, 'context'> {
  /** `undefined`: fewer than `cycle.min_tasks` tasks are retained, and nothing is proposed. */
  readonly context: RuleContext | undefined;
  /** Proposals put in force in the last hour. */
  readonly appliedLastHour: number;
}

/** What a cycle decided; nothing has happened yet. */
export interface CyclePlan {
  readonly tasksAnalyzed: number;
  readonly decisions: readonly Decision[];
  readonly faults: readonly RuleFault[];
}

/** One cycle: generate, reflect, curate. */
export function planCycle(input: CycleInput): CyclePlan {
  const { settings, context } = input;
  if (context === undefined) return { tasksAnalyzed: 0, decisions: [], faults: [] };
  const { candidates, faults } = generate({ ...input, context });
  const scored = candidates.map((candidate) => ({
    candidate,
    evaluation: reflect({ ...candidate.rule, reasoning: candidate.reasoning }, settings.reflection),
  }));
  const decisions = curate(scored, settings, budgetOf(input));
  return { tasksAnalyzed: context.window.count, decisions, faults };
}

function budgetOf({ settings, appliedLastHour }: CycleInput): number {
  const { maxDeltasPerHour } = settings.curation;
  return maxDeltasPerHour === 0 ? Number.POSITIVE_INFINITY : maxDeltasPerHour - appliedLastHour;
}
