import type { Delta } from '../domain/delta.ts';
import { own, sameValue } from '../domain/value.ts';
import { afterConfirmation, afterFailure, afterRace, afterRefusal } from '../search/search.ts';
import type { SearchState } from '../search/state.ts';
import type { TrialEnded, TrialStep } from '../trial/step.ts';
import type { Trial } from '../trial/trial.ts';

/** The part of the head that searches advance in. */
interface Searching {
  readonly counters: { readonly tasksRecorded: number };
  searches: Readonly<Record<string, SearchState>>;
}

type SearchTrial = Pick<Trial, 'plan' | 'stage'>;

/** Advances a search by a step of one of its trials, before the step. */
export function foldSearchTrial(head: Searching, trial: SearchTrial, step: TrialStep): void {
  const { target } = trial.plan;
  const state = own(head.searches, target);
  const after = state && afterStep(state, trial, step, head.counters.tasksRecorded);
  if (after !== undefined) head.searches = { ...head.searches, [target]: after };
}

/** Bars a value that was taken back. @param isRefused by clients, not by an operator */
export function foldRefusedValue(
  head: Searching,
  { target, newValue }: Pick<Delta, 'target' | 'newValue'>,
  timeMs: number,
  isRefused: boolean,
): void {
  const state = own(head.searches, target);
  if (state === undefined || newValue === undefined) return;
  const now = { timeMs, task: head.counters.tasksRecorded };
  head.searches = {
    ...head.searches,
    [target]: afterRefusal(state, newValue, isRefused, now),
  };
}

function afterStep(
  state: SearchState,
  trial: SearchTrial,
  step: TrialStep,
  task: number,
): SearchState | undefined {
  if (step.step === 'confirm') return afterConfirmation(state, { timeMs: step.timeMs, task });
  if (step.step !== 'end') return undefined;
  return trial.plan.isRace
    ? afterRaceEnd(state, trial, step, task)
    : afterEnd(state, trial, step, task);
}

function afterRaceEnd(
  state: SearchState,
  { plan: { newValue: challenger } }: SearchTrial,
  { counts, effect: { verdict }, longestMs, timeMs }: TrialEnded,
  task: number,
): SearchState | undefined {
  if (challenger === undefined) return undefined;
  const end = { challenger, longestMs, timeMs, task };
  return afterRace(state, { ...end, verdict: counts ? verdict : 'cut' });
}

/** After a final's probation, or the holdback of a confirmed champion. One that was cut short keeps its value. */
function afterEnd(
  state: SearchState,
  { plan: { oldValue, newValue } }: SearchTrial,
  { outcome, timeMs }: TrialEnded,
  task: number,
): SearchState | undefined {
  const isChampion = sameValue(state.champion, newValue);
  if (outcome === 'keep' || oldValue === undefined || !isChampion) return undefined;
  return afterFailure(state, oldValue, { timeMs, task });
}
