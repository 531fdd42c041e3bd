import { searchRuleId } from '../../domain/search.ts';
import { own } from '../../domain/value.ts';
import type { LedgerState } from '../../ledger/state.ts';
import { trialOn, trialsOn } from '../../ledger/view.ts';
import { boundsOf, type SearchState } from '../../search/state.ts';
import { scaledStep } from '../../search/step.ts';
import type { Environment } from '../decision/environment.ts';
import { assignmentOf } from '../decision/plan-trial.ts';
import { objectionTo } from './objection.ts';
import { searchSubject } from './search-subject.ts';
import { whyHourIsFull } from './start-trial.ts';

/** The search for a parameter's value, as it stands. */
export interface SearchStatus {
  readonly target: string;
  /** `undefined` until the search begins. */
  readonly state: SearchState | undefined;
  /** In a range: a factor (log) or a share of the range (linear). */
  readonly step: number | undefined;
  /** In a range: the nearest values that lost in this round, or are refused; infinite: none. */
  readonly bounds: { readonly below: number; readonly above: number } | undefined;
  /** Tasks until the next round; 0 while a round is under way. */
  readonly restTasks: number;
  /** What it does, or waits for, in words. */
  readonly doing: string;
}

type Surroundings = Pick<Environment, 'settings' | 'nowMs' | 'asksByTask'>;

/** The searches of a config, in the order of its parameters. */
export function searchStatuses(ledger: LedgerState, environment: Surroundings): SearchStatus[] {
  return Object.entries(environment.settings.parameters).flatMap(([target, { search: space }]) => {
    if (space === undefined) return [];
    const state = own(ledger.head.searches, target);
    const isRange = state !== undefined && 'scale' in space;
    const { restUntilTask = 0 } = state ?? {};
    return {
      target,
      state,
      step: isRange ? scaledStep(state.step, space.scale) : undefined,
      bounds: isRange ? boundsOf(state) : undefined,
      restTasks: Math.max(restUntilTask - ledger.head.counters.tasksRecorded, 0),
      doing: doingOf(ledger, target, state, environment),
    };
  });
}

function doingOf(
  ledger: LedgerState,
  target: string,
  state: SearchState | undefined,
  environment: Surroundings,
): string {
  const { head } = ledger;
  const [open] = trialsOn(ledger, { target }).filter(({ stage }) => stage !== 'holdback');
  if (head.trialsPaused) return 'trials are paused';
  if (open !== undefined) {
    const { oldValue, newValue, deltaId, isRace } = open.plan;
    const what = isRace ? 'races' : 'is being proven';
    return `${show(newValue)} ${what} against ${show(oldValue)}, by delta ${deltaId}`;
  }
  const { holdUntilMs = 0 } = own(head.targets, target) ?? {};
  if (holdUntilMs > environment.nowMs) return 'an operator holds the parameter';
  const { settings, nowMs } = environment;
  const subject = searchSubject(settings, target);
  const objection =
    assignmentOf(environment, { ruleId: searchRuleId(target), target }) === undefined
      ? 'it is not known yet whether tasks ask for their parameters by their ids'
      : subject && objectionTo(subject, ledger, environment);
  if (objection !== undefined) return objection;
  const full = whyHourIsFull(ledger, settings, nowMs);
  if (full !== undefined) return full;
  if (state?.challenger === undefined) return state === undefined ? 'it begins' : 'it rests';
  const other = trialOn(ledger)?.plan.deltaId;
  const turn = other === undefined ? '' : `, once delta ${other} is no longer on trial`;
  return `${show(state.challenger)} is to race against ${show(state.champion)}${turn}`;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
