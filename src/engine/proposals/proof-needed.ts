import { liveValue } from '../../domain/cohort.ts';
import { type Rule, tries } from '../../domain/rule.ts';
import { scopeOf } from '../../domain/scope.ts';
import { searchRuleId } from '../../domain/search.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import type { LedgerState } from '../../ledger/state.ts';
import type { Environment } from '../decision/environment.ts';
import { planTrial } from '../decision/plan-trial.ts';
import { objectionTo } from './objection.ts';
import { modeOf, triesFirst } from './proposals.ts';
import { searchSubject } from './search-subject.ts';
import { describePowerNow } from './start-trial.ts';

/** Maximum number of previews, each of which simulates trials on the newest tasks. */
const MAX_PREVIEWS = 3;

const NO_TRIALS =
  'No rule tries its changes before they are put in force (curation.mode, or mode on a rule), and no parameter has a search: nothing can be proven.';

/** What is tried, by a rule or a search. */
type Tried = Pick<Rule, 'id' | 'fingerprint' | 'target' | 'cohort' | 'primary' | 'guards'> & {
  readonly isApplied: boolean;
};

/** What is needed to prove a change, in words: a sentence for each set of metrics that rules and searches use. */
export function proofNeeded(state: LedgerState, environment: Environment): string[] {
  const { settings } = environment;
  const isApplied = (rule: Rule) =>
    modeOf(rule, settings) === 'auto' && !triesFirst(state, environment, rule);
  const rules = settings.rules
    .filter((rule) => tries(modeOf(rule, settings)))
    .map((rule): Tried => ({ ...rule, isApplied: isApplied(rule) }));
  const searches = Object.keys(settings.parameters).flatMap((target): Tried[] => {
    const subject = searchSubject(settings, target);
    const rest = { id: searchRuleId(target), target, cohort: undefined, isApplied: false };
    return subject === undefined ? [] : [{ ...subject, ...rest }];
  });
  const tried = [...rules, ...searches];
  if (tried.length === 0) return [NO_TRIALS];
  const kinds = new Map(tried.map((rule) => [previewedBy(rule, settings), rule]));
  const texts = [...kinds.values()]
    .slice(0, MAX_PREVIEWS)
    .map((rule) => preview(state, rule, environment));
  return [...new Set(texts)];
}

/** What a preview depends on, as a text. */
function previewedBy(
  { id: ruleId, target, primary, guards }: Tried,
  settings: LoopSettings,
): string {
  const { assignment, budget } = scopeOf(settings, { ruleId, target });
  return JSON.stringify([primary, guards, assignment, budget]);
}

function preview(state: LedgerState, rule: Tried, environment: Environment): string {
  const objection = objectionTo(rule, state, environment);
  if (objection !== undefined) return `No trial begins: ${objection}.`;
  const { target, cohort, isApplied } = rule;
  const oldValue = liveValue(state.head, { target, cohort });
  // The delta stands for a value that was never tried: nothing is known of it yet.
  const delta = { deltaId: '', ordinal: 0, target, cohort, newValue: undefined };
  const plan = planTrial(state, environment, { delta, rule, oldValue, isApplied });
  return describePowerNow(state, environment, plan);
}
