import type { Rule } from '../domain/rule.ts';
import type { LedgerState } from '../ledger/state.ts';
import { MEASURED_TASKS } from '../trial/plan.ts';
import { describePower } from '../trial/power.ts';
import { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { planTrial } from './plan-trial.ts';
import { modeOf, triesFirst } from './proposals.ts';
import { objectionTo } from './start-trial.ts';

/** Previews at most: each plays trials by the newest tasks. */
const MAX_PREVIEWS = 3;

const NO_TRIALS =
  'No rule tries its changes before they are put in force (curation.mode, or mode on a rule): nothing can be proven.';

/** What it would take to prove a change, in words: a sentence for each kind of rule. */
export function whatItTakes(state: LedgerState, environment: Environment): string[] {
  const { rules } = environment.settings;
  const tried = rules.filter((rule) => {
    const mode = modeOf(rule, environment.settings);
    return mode !== 'apply' && mode !== 'recommend';
  });
  if (tried.length === 0) return [NO_TRIALS];
  const kinds = new Map(tried.map((rule) => [JSON.stringify([rule.primary, rule.guards]), rule]));
  const texts = [...kinds.values()]
    .slice(0, MAX_PREVIEWS)
    .map((rule) => preview(state, rule, environment));
  return [...new Set(texts)];
}

function preview(state: LedgerState, rule: Rule, environment: Environment): string {
  const objection = objectionTo(rule.primary, state, environment);
  if (objection !== undefined) return `No trial begins: ${objection}.`;
  const changes = new Changes(state, environment.nowMs);
  // Of a value that was never tried: nothing of it is known yet.
  const delta = { deltaId: '', ordinal: 0, target: rule.target, newValue: undefined };
  const { settings, asksByTask } = environment;
  const isApplied = modeOf(rule, settings) === 'auto' && !triesFirst(state, asksByTask);
  const subject = { delta, rule, retrialOf: undefined, isApplied };
  const plan = planTrial({ view: state, changes }, subject, environment);
  const participants = {
    followers: environment.followers().length,
    ask: environment.asksByTask() === true,
    sequence: state.head.sequence,
  };
  return describePower(plan, state.newestTasks(MEASURED_TASKS), participants);
}
