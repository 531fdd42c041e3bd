import { describe, expect, test } from 'vitest';
import type { SearchSpace } from '../../src/domain/search.ts';
import type { Value } from '../../src/domain/value.ts';
import {
  afterConfirmation,
  afterFailure,
  afterRace,
  afterRefusal,
  beginSearch,
  isProofDue,
  nextRound,
  type RaceVerdict,
  restart,
} from '../../src/search/search.ts';
import { boundsOf, type SearchState } from '../../src/search/state.ts';

const RANGE: SearchSpace = { scale: 'log', min: 1, max: 64, isWhole: false, maxStep: undefined };
const VALUES: SearchSpace = { values: ['a', 'b', 'c', 'd'] };
const START = { timeMs: 0, task: 0 };

const reversed = (values: readonly Value[]) => values.toReversed();

function begun(space: SearchSpace, value: Value): SearchState {
  return beginSearch({ space, fingerprint: 'f' }, value, START, reversed);
}

function raced(state: SearchState, verdict: RaceVerdict, task = 100): SearchState {
  const { challenger } = state;
  if (challenger === undefined) throw new Error('the round is over');
  return afterRace(state, { challenger, verdict, timeMs: task, task, longestMs: 0 });
}

/** Races until the round is over, by a verdict for each challenger; the challengers, in order. */
function raceOut(
  first: SearchState,
  verdictOf: (challenger: Value, champion: Value) => RaceVerdict,
): { readonly state: SearchState; readonly challengers: Value[] } {
  const challengers: Value[] = [];
  let state = first;
  while (state.challenger !== undefined) {
    challengers.push(state.challenger);
    state = raced(state, verdictOf(state.challenger, state.champion));
  }
  return { state, challengers };
}

describe('in a range', () => {
  test('what helps is champion, and the next step is longer', () => {
    const first = begun(RANGE, 4);
    expect(first).toMatchObject({ champion: 4, challenger: 8, step: 1 });
    expect(raced(first, 'helped')).toMatchObject({ champion: 8, challenger: 22.6, step: 1.5 });
  });

  test('what does not help turns it round, and in both directions shortens the step', () => {
    const second = raced(begun(RANGE, 8), 'inconclusive');
    expect(second).toMatchObject({ champion: 8, challenger: 4 });
    expect(raced(second, 'inconclusive')).toMatchObject({ challenger: 11.31, step: 0.5 });
  });

  test('the round stays between what lost', () => {
    const second = raced(raced(begun(RANGE, 8), 'harmed'), 'helped');
    expect(second.champion).toBe(4);
    expect(boundsOf(second)).toEqual({ below: Number.NEGATIVE_INFINITY, above: 8 });
    const { challengers } = raceOut(second, () => 'inconclusive');
    expect(Math.max(...challengers.map(Number))).toBeLessThan(8);
  });

  test.each([1, 3, 20, 64])('it ends near the best value, %d', (best) => {
    const away = (value: Value) => Math.abs(Math.log2(Number(value) / best));
    const { state, challengers } = raceOut(begun(RANGE, 8), (challenger, champion) =>
      away(challenger) < away(champion) ? 'helped' : 'harmed',
    );
    expect(away(state.champion)).toBeLessThan(Math.log2(1.19));
    expect(new Set(challengers).size).toBe(challengers.length);
    expect(challengers.length).toBeLessThan(15);
  });

  test('a whole number is not tried twice', () => {
    const { challengers } = raceOut(begun({ ...RANGE, isWhole: true }, 3), () => 'inconclusive');
    expect(challengers).toEqual([6, 2, 4]);
  });

  test('a race that was cut is run again', () => {
    const first = begun(RANGE, 8);
    expect(raced(first, 'cut')).toEqual({ ...first, movedMs: 100, quietTask: 100 });
  });
});

describe('among values', () => {
  test('each other one is tried once a round, and again against another champion', () => {
    const { state, challengers } = raceOut(begun(VALUES, 'b'), (challenger) =>
      challenger === 'c' ? 'helped' : 'inconclusive',
    );
    expect(challengers).toEqual(['d', 'c', 'd', 'a']);
    expect(state).toMatchObject({ champion: 'c', challenger: undefined, restUntilTask: 1100 });
  });

  test('what lost is not tried again in the round', () => {
    const { challengers } = raceOut(begun(VALUES, 'b'), (challenger) =>
      challenger === 'c' ? 'helped' : 'harmed',
    );
    expect(challengers).toEqual(['d', 'c', 'a']);
  });
});

describe('after a round', () => {
  const over = raceOut(begun(RANGE, 8), (challenger) =>
    challenger === 16 ? 'helped' : 'harmed',
  ).state;

  test('a champion that is not proven is to be proven, and rests meanwhile', () => {
    expect(over).toMatchObject({ champion: 16, proven: 8, restUntilTask: 600 });
    expect(isProofDue(over)).toBe(true);
    const proven = afterConfirmation(over, START);
    expect(proven.proven).toBe(16);
    expect(isProofDue(proven)).toBe(false);
  });

  test('the proven value is champion again where the proof fails', () => {
    const failed = afterFailure(over, 8, { timeMs: 5, task: 900 });
    expect(failed).toMatchObject({ champion: 8, proven: 8, restUntilTask: 1400 });
    const next = nextRound(failed, { timeMs: 5, task: 1400 }, reversed);
    expect(boundsOf(next).above).toBe(16);
  });

  test('harm after the confirmation begins the next round at once', () => {
    const proven = afterConfirmation(over, START);
    expect(afterFailure(proven, 8, { timeMs: 5, task: 900 }).restUntilTask).toBe(900);
  });

  test('the next round forgets what lost, and begins with a shorter step', () => {
    const next = nextRound(over, { timeMs: 5, task: 600 }, reversed);
    expect(next).toMatchObject({ round: 2, challenger: 10.67, restUntilTask: undefined });
  });

  test('a restart tries the start value first, and then goes on', () => {
    const again = restart(over, { timeMs: 5, task: 700 }, reversed);
    expect(again.challenger).toBe(8);
    expect(raced(again, 'inconclusive')).toMatchObject({ champion: 16, challenger: 32 });
    expect(raced(again, 'helped')).toMatchObject({ champion: 8, direction: -1, challenger: 4 });
  });
});

test('a refused value is never tried again, and is a bound', () => {
  const first = begun(RANGE, 8);
  const refused = afterRefusal(first, 16, true, START);
  expect(refused.challenger).toBe(4);
  const next = nextRound(refused, START, reversed);
  expect(raceOut(next, () => 'inconclusive').challengers).not.toContain(16);
  expect(boundsOf(next).above).toBe(16);
});

test('another subject begins anew with the champion, which still is to be proven', () => {
  const won = raced(begun(RANGE, 4), 'helped');
  const subject = { space: { ...RANGE, max: 32 }, fingerprint: 'g' };
  const anew = beginSearch(subject, 8, START, reversed, won);
  expect(anew).toMatchObject({ champion: 8, proven: 4, start: 4, challenger: 16, round: 2 });
});

test('a value that somebody else has set is proven', () => {
  const won = raced(begun(RANGE, 4), 'helped');
  const anew = beginSearch({ space: RANGE, fingerprint: 'f' }, 32, START, reversed, won);
  expect(anew).toMatchObject({ champion: 32, proven: 32, start: 4 });
});
