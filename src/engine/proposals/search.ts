import type { Delta, Proposal } from '../../domain/delta.ts';
import { searchRuleId } from '../../domain/search.ts';
import { own, sameValue, type Value } from '../../domain/value.ts';
import { beginSearch, isProofDue, nextRound, restart } from '../../search/search.ts';
import type { Moment, SearchState, Shuffle } from '../../search/state.ts';
import { repeatableSeed } from '../../trial/arm.ts';
import type { TrialPlan } from '../../trial/plan.ts';
import type { DecisionContext } from '../decision/decision.ts';
import { assignmentOf, planTrial } from '../decision/plan-trial.ts';
import { objectionTo } from './objection.ts';
import { isWorse, usualOf } from './search-drift.ts';
import { type SearchSubject, searchSubject } from './search-subject.ts';
import { begin, type NextTrial } from './start-trial.ts';

/**
 * Brings all searches up to date: begins them, and their rounds, and the trials that prove their champions. Returns the
 * races that may begin.
 */
export function advanceSearches(context: DecisionContext, cycleNumber: number): NextTrial[] {
  const { view, environment } = context;
  const { parameters } = environment.settings;
  for (const target of Object.keys(view.head.searches)) {
    if (own(parameters, target)?.search === undefined) note(context, target, null);
  }
  // Only tasks tell whether they ask by their ids: a race that begins before the first one would be in blocks.
  if (view.head.counters.tasksRecorded === 0) return [];
  return Object.keys(parameters).flatMap((target): NextTrial[] => {
    const subject = searchSubject(environment.settings, target);
    if (subject === undefined || !isFree(context, target)) return [];
    const search = { target, subject, cycleNumber };
    const state = advance(context, search);
    if (state === undefined) return [];
    if (isProofDue(state)) prove(context, search, state);
    else if (state.challenger !== undefined) return raceOf(context, search, state);
    return [];
  });
}

interface Search {
  readonly target: string;
  readonly subject: SearchSubject;
  readonly cycleNumber: number;
}

/** Whether a search may act: no trial of its parameter is open but a holdback, and no operator holds the parameter. */
function isFree({ view, changes, trials }: DecisionContext, target: string): boolean {
  // A trial that this decision has ended is not in the head yet.
  const isOpen = [...view.trials, ...trials.all].some(
    ({ plan, stage }) => plan.target === target && stage !== 'holdback',
  );
  const { holdUntilMs = 0 } = own(view.head.targets, target) ?? {};
  return !isOpen && holdUntilMs <= changes.nowMs && !trials.arePaused;
}

/** The state of a search as of now; `undefined` if its parameter has no value. */
function advance(context: DecisionContext, { target, subject }: Search): SearchState | undefined {
  const { view, changes } = context;
  const known = own(view.head.searches, target);
  const live = changes.valueOf({ target });
  if (live === undefined) return undefined;
  const now = momentOf(context);
  const shuffle = shuffleOf(context, target);
  const isSame = known?.fingerprint === subject.fingerprint && sameValue(known.champion, live);
  if (known === undefined || !isSame) {
    return note(context, target, beginSearch(subject, live, now, shuffle, known));
  }
  const { quietTask, restUntilTask } = known;
  const tasks = view.newestTasks(now.task - quietTask);
  if (isWorse(tasks, known.usual)) return note(context, target, restart(known, now, shuffle));
  if (known.usual === undefined) {
    const usual = usualOf(tasks);
    if (usual !== undefined) return note(context, target, { ...known, usual });
  }
  const isRested = restUntilTask !== undefined && restUntilTask <= now.task;
  if (isRested && !isProofDue(known)) {
    return note(context, target, nextRound(known, now, shuffle));
  }
  return known;
}

function note<S extends SearchState | null>(
  { changes }: DecisionContext,
  target: string,
  state: S,
): S {
  changes.events.push({ kind: 'search_advanced', timeMs: changes.nowMs, target, state });
  return state;
}

function momentOf({ view, changes }: DecisionContext): Moment {
  return { timeMs: changes.nowMs, task: view.head.counters.tasksRecorded };
}

/** An order that follows from the ledger's secret, or the seed of the config. */
function shuffleOf({ view, environment }: DecisionContext, target: string): Shuffle {
  const { seed = view.head.secret } = environment.settings.trial;
  return (values, round) =>
    values
      .map((value, i) => ({ value, key: repeatableSeed(`${seed}/${target}/${round}`, i) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ value }) => value);
}

/** Begins the trial that is to prove the champion against the proven value. */
function prove(context: DecisionContext, search: Search, state: SearchState): void {
  const { view, environment } = context;
  const { target, subject } = search;
  if (assignmentOf(environment, { ruleId: subject.id, target }) === undefined) return;
  if (objectionTo(subject, view, environment) !== undefined) return;
  const { champion, proven } = state;
  const reasoning = `The value that won ${target}'s races, against the one that was proven before`;
  const delta = propose(context, search, { oldValue: proven, newValue: champion, reasoning });
  begin(context, planOf(context, subject, delta, 'final'));
}

/** The race that may begin now, if any. */
function raceOf(context: DecisionContext, search: Search, state: SearchState): NextTrial[] {
  const { target, subject } = search;
  const { champion, challenger, movedMs } = state;
  if (challenger === undefined || isCooling(context, target, state)) return [];
  const reasoning = `The search for ${target}'s best value, round ${state.round}`;
  const plan = () => {
    const delta = propose(context, search, { oldValue: champion, newValue: challenger, reasoning });
    return planOf(context, subject, delta, 'race');
  };
  return [{ triedMs: state.races === 0 ? 0 : movedMs, tried: subject, plan }];
}

/** Whether the parameter's cooldown lasts, unless the search itself was the last to touch the parameter. */
function isCooling(
  { view, environment, changes }: DecisionContext,
  target: string,
  state: SearchState,
) {
  const { cooldownSeconds } = environment.settings.curation;
  const { touchedMs = 0 } = own(view.head.targets, target) ?? {};
  return touchedMs > state.movedMs && touchedMs + cooldownSeconds * 1000 > changes.nowMs;
}

function planOf(
  { view, environment }: DecisionContext,
  subject: SearchSubject,
  delta: Delta,
  kind: 'race' | 'final',
): TrialPlan {
  const { fingerprint, primary, guards } = subject;
  const rule = { id: delta.ruleId, fingerprint, primary, guards };
  return planTrial(view, environment, { delta, rule, oldValue: delta.oldValue, search: kind });
}

function propose(
  { changes }: DecisionContext,
  { target, cycleNumber }: Search,
  change: Pick<Proposal, 'reasoning'> & { readonly oldValue: Value; readonly newValue: Value },
): Delta {
  return changes.propose({
    ruleId: searchRuleId(target),
    type: undefined,
    operation: 'adjust',
    target,
    ...change,
    confidence: 1,
    impact: 'neutral',
    proposeTimeMs: changes.wallMs,
    cycleNumber,
    evaluation: undefined,
    expireTimeMs: undefined,
    waitsFor: undefined,
    revertsDeltaId: '',
    trialDeltaId: '',
    summary: '',
  });
}
