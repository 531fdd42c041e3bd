import type { SearchSpace } from '../domain/search.ts';
import type { Value } from '../domain/value.ts';
import type { Direction } from './step.ts';

/** The state of a search. Plain JSON. Tasks are counts of tasks ever recorded; times are the loop's, in milliseconds. */
export interface SearchState {
  readonly space: SearchSpace;
  /** What is searched and by which metrics; another text begins the search anew. */
  readonly fingerprint: string;
  /** The value with which the search began. */
  readonly start: Value;
  readonly champion: Value;
  readonly proven: Value;
  /** The value of the next race, or of the running one; `undefined` once the round is over. */
  readonly challenger: Value | undefined;
  /** Rounds begun. */
  readonly round: number;
  /** Races that ended by themselves. */
  readonly races: number;
  /** In a range: see `FIRST_STEP`. */
  readonly step: number;
  readonly direction: Direction;
  /** Whether the other direction has failed with this step. */
  readonly hasTurned: boolean;
  /** Among values: the order of the round. */
  readonly order: readonly Value[];
  /** Values that lost to a champion or harmed in this round. In a range, the round stays between them. */
  readonly lost: readonly Value[];
  /** Champions that could not be proven since this round began: in the next one, they have lost already. */
  readonly unproven: readonly Value[];
  /** Values of this round's races against this champion that found nothing. */
  readonly tried: readonly Value[];
  /** Values that clients refuse. */
  readonly refused: readonly Value[];
  /** Whether the next challenger is the start value, because the champion has become bad. */
  readonly isStartNext: boolean;
  /** At which task the next round begins; `undefined` while a round is under way. */
  readonly restUntilTask: number | undefined;
  /** Since when no trial of the search has run: later tasks ran with the champion, but for a holdback. */
  readonly quietTask: number;
  /** The champion's first tasks in such a time; `undefined` until there are enough. */
  readonly usual: Usual | undefined;
  /** When the search last began, or a trial of it ended. */
  readonly movedMs: number;
  /** The longest time to a report in a race, in milliseconds. */
  readonly longestMs: number;
}

/** How tasks usually end with a value. */
export interface Usual {
  /** Median latency, in milliseconds. */
  readonly latencyMs: number;
  /** Share of failures. */
  readonly failed: number;
}

/** A moment: the loop's time, and tasks ever recorded. */
export interface Moment {
  readonly timeMs: number;
  readonly task: number;
}

/** What a search is about. */
export interface Subject {
  readonly space: SearchSpace;
  readonly fingerprint: string;
}

/** Values in random order. */
export type Shuffle = (values: readonly Value[], round: number) => readonly Value[];

/** The nearest values on either side of the champion, in a range, that lost in this round or are refused. */
export function boundsOf({ champion, lost, refused }: SearchState) {
  const numbers = [...lost, ...refused].filter((value) => typeof value === 'number');
  const from = Number(champion);
  return {
    below: Math.max(Number.NEGATIVE_INFINITY, ...numbers.filter((value) => value < from)),
    above: Math.min(Number.POSITIVE_INFINITY, ...numbers.filter((value) => value > from)),
  };
}
