// The search for a parameter's best value: a fold over races between the value in force, the champion, and one other,
// the challenger. Invariants:
//
// 1. `challenger` differs from the champion, is allowed by the space, lies between the nearest values that lost in this
//    round or are refused, and was not tried against this champion in this round; `undefined` ends the round.
// 2. Every race makes the challenger champion, or takes it away for this round: rounds end.
// 3. `proven` is what is put back if the champion cannot be confirmed. It changes with a confirmation, by harm in
//    holdback, and when somebody else sets the parameter.

import type { SearchRange } from '../domain/search.ts';
import { sameValue, type Value } from '../domain/value.ts';
import { boundsOf, type Moment, type SearchState, type Shuffle, type Subject } from './state.ts';
import { FIRST_STEP, isTooShort, LATER_STEP, longerStep, shorterStep, stepFrom } from './step.ts';

/** Tasks from the end of a round to the next one. */
const RANGE_REST_TASKS = 500;
const VALUES_REST_TASKS = 1000;

/** Maximum number of refused values that are remembered. */
const MAX_REFUSED = 32;

/** A search that begins, or begins anew, at the value in force. */
export function beginSearch(
  { space, fingerprint }: Subject,
  champion: Value,
  now: Moment,
  shuffle: Shuffle,
  former?: SearchState,
): SearchState {
  const { start = champion, round = 0, races = 0, longestMs = 0 } = former ?? {};
  const isSame = former !== undefined && sameValue(former.champion, champion);
  const state: SearchState = {
    space,
    fingerprint,
    start,
    champion,
    proven: isSame ? former.proven : champion,
    challenger: undefined,
    round,
    races,
    step: FIRST_STEP,
    direction: 1,
    hasTurned: false,
    order: [],
    lost: [],
    unproven: [],
    tried: [],
    refused: former?.fingerprint === fingerprint ? former.refused : [],
    isStartNext: false,
    restUntilTask: undefined,
    quietTask: now.task,
    usual: undefined,
    movedMs: now.timeMs,
    longestMs,
  };
  return beginRound(state, FIRST_STEP, now, shuffle);
}

/** The round after a rest. */
export function nextRound(state: SearchState, now: Moment, shuffle: Shuffle): SearchState {
  return beginRound(state, LATER_STEP, now, shuffle);
}

/** A round that begins because tasks have become worse: the start value comes first. */
export function restart(state: SearchState, now: Moment, shuffle: Shuffle): SearchState {
  const anew = { ...state, isStartNext: true, usual: undefined, quietTask: now.task };
  return beginRound(anew, FIRST_STEP, now, shuffle);
}

function beginRound(state: SearchState, step: number, now: Moment, shuffle: Shuffle): SearchState {
  const round = state.round + 1;
  const values = 'values' in state.space ? state.space.values : [];
  const begun: SearchState = {
    ...state,
    round,
    step,
    hasTurned: false,
    order: shuffle(values, round),
    lost: state.unproven,
    unproven: [],
    tried: [],
    restUntilTask: undefined,
  };
  return withChallenger(begun, now);
}

/** How a race ended; `cut`: from outside. */
export type RaceVerdict = 'helped' | 'harmed' | 'inconclusive' | 'invalid' | 'cut';

/** The end of a race. */
export interface RaceEnd extends Moment {
  readonly challenger: Value;
  readonly verdict: RaceVerdict;
  /** The longest time to a report, in milliseconds. */
  readonly longestMs: number;
}

export function afterRace(state: SearchState, end: RaceEnd): SearchState {
  const { challenger, verdict, timeMs, task } = end;
  const longestMs = Math.max(state.longestMs, end.longestMs);
  const moved = { ...state, movedMs: timeMs, quietTask: task, longestMs };
  if (verdict === 'cut') return moved;
  const ended = { ...moved, races: state.races + 1, isStartNext: false };
  if (verdict === 'helped') return withChallenger(wonBy(challenger, state, ended), end);
  const left =
    verdict === 'harmed'
      ? { ...ended, lost: [...state.lost, challenger] }
      : { ...ended, tried: [...state.tried, challenger] };
  // A start value that is tried again is not part of the round's steps.
  return withChallenger(state.isStartNext ? left : turned(left), end);
}

function wonBy(challenger: Value, before: SearchState, state: SearchState): SearchState {
  const { champion, step, direction, isStartNext } = before;
  const isUp = typeof challenger === 'number' && typeof champion === 'number';
  return {
    ...state,
    champion: challenger,
    lost: [...state.lost, champion],
    tried: [],
    step: isStartNext ? step : longerStep(step),
    direction: isUp ? (challenger > champion ? 1 : -1) : direction,
    hasTurned: false,
    usual: undefined,
  };
}

function turned(state: SearchState): SearchState {
  const { direction, hasTurned, step } = state;
  const turn: SearchState = { ...state, direction: direction === 1 ? -1 : 1 };
  return hasTurned
    ? { ...turn, hasTurned: false, step: shorterStep(step) }
    : { ...turn, hasTurned: true };
}

/** The trial that was to prove the champion was confirmed. */
export function afterConfirmation(state: SearchState, now: Moment): SearchState {
  return { ...state, proven: state.champion, movedMs: now.timeMs, quietTask: now.task };
}

/** A champion was taken back, on probation or after its confirmation: `restored` is in force again. */
export function afterFailure(state: SearchState, restored: Value, now: Moment): SearchState {
  const failed = { ...state, champion: restored, proven: restored, challenger: undefined };
  return {
    ...failed,
    unproven: [...state.unproven, state.champion],
    tried: [],
    // A change that harms after its confirmation shows that the best value has moved.
    restUntilTask: sameValue(state.champion, state.proven) ? now.task : restEnd(state, now),
    quietTask: now.task,
    usual: undefined,
    movedMs: now.timeMs,
  };
}

/** Clients refuse a value, or an operator has taken it back; `forEver`: the former. */
export function afterRefusal(state: SearchState, value: Value, forEver: boolean, now: Moment) {
  const refused = forEver
    ? [...state.refused.filter((one) => !sameValue(one, value)), value].slice(-MAX_REFUSED)
    : state.refused;
  const without = { ...state, refused, lost: [...state.lost, value], isStartNext: false };
  return sameValue(state.challenger, value) ? withChallenger(without, now) : without;
}

/** Whether the champion is to be proven now: the round is over, and it is not the proven value. */
export function isProofDue({ challenger, champion, proven }: SearchState): boolean {
  return challenger === undefined && !sameValue(champion, proven);
}

/** Determines the challenger, or ends the round. */
function withChallenger(state: SearchState, now: Moment): SearchState {
  const isStart = state.isStartNext && isOpen(state, state.start);
  if (isStart) return { ...state, challenger: state.start };
  let next: SearchState = { ...state, isStartNext: false };
  const { space } = next;
  if ('values' in space) {
    const challenger = next.order.find((value) => isOpen(next, value));
    return challenger === undefined ? ended(next, now) : { ...next, challenger };
  }
  for (;;) {
    const challenger = challengerIn(space, next);
    if (challenger !== undefined) return { ...next, challenger };
    next = turned(next);
    if (isTooShort(next.step)) return ended(next, now);
  }
}

/** The value one step from the champion; `undefined` if there is nothing to be tried. */
function challengerIn(range: SearchRange, state: SearchState): number | undefined {
  const { champion, direction, step } = state;
  if (typeof champion !== 'number') return undefined;
  const value = stepFrom(champion, direction, step, range);
  return isOpen(state, value) ? value : undefined;
}

/** Whether a value may be tried against the champion in this round. */
function isOpen(state: SearchState, value: Value): boolean {
  const { champion, space, tried } = state;
  if ([champion, ...tried].some((one) => sameValue(one, value))) return false;
  const barred = [...state.lost, ...state.refused];
  if ('values' in space) {
    const isIn = space.values.some((one) => sameValue(one, value));
    return isIn && !barred.some((one) => sameValue(one, value));
  }
  const { above, below } = boundsOf(state);
  return typeof value === 'number' && below < value && value < above;
}

function ended(state: SearchState, now: Moment): SearchState {
  return { ...state, challenger: undefined, restUntilTask: restEnd(state, now) };
}

function restEnd({ space }: SearchState, { task }: Moment): number {
  return task + ('values' in space ? VALUES_REST_TASKS : RANGE_REST_TASKS);
}
