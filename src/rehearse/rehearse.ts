import { placeName } from '../domain/cohort.ts';
import type { Metric } from '../domain/effect.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { type Parameters, sameValue, type Value } from '../domain/value.ts';
import { advantage } from './goal.ts';
import { type Estimate, meanEstimate, shareEstimate, whenEstimate } from './interval.ts';
import type { OrchestratorText } from './orchestrator-keys.ts';
import { Planted, textOf } from './planted.ts';
import { type Play, playRun, type Run } from './play.ts';
import { type Average, averageOf } from './run-figures.ts';
import { type Truth, truthsOf, withValues } from './truth.ts';

/** How a config fared in a described orchestrator. Estimates are over the runs, with 95 % intervals. */
export interface Rehearsal {
  readonly runs: number;
  /** Tasks of each run. */
  readonly tasks: number;
  /** Mean virtual hours of a run. */
  readonly hours: number;
  readonly goals: readonly GoalFigures[];
  /** Of tasks with the values of the start, the best ones, those that they had, and those at the end. */
  readonly averages: readonly AverageFigures[];
  readonly parameters: readonly ParameterFigures[];
  /** Mean numbers of a run. */
  readonly trials: Estimate;
  readonly changes: Estimate;
  readonly confirmed: Estimate;
  readonly takenBack: Estimate;
  /** Medians over all runs; infinite where it took longer than a run in half of them. */
  readonly firstChange: When;
  readonly firstConfirmed: When;
  /** Share of runs that end with a value worse than that of the start. */
  readonly falsePromotions: Estimate;
  /** Share of tasks whose values were worse than those of the start. */
  readonly worse: Estimate;
}

export interface When {
  /** Share of runs in which it happened. */
  readonly share: Estimate;
  readonly tasks: Estimate;
  readonly hours: Estimate;
}

/** A goal and the parameters that serve it. Units are those of `advantage`. */
export interface GoalFigures {
  readonly metric: Metric;
  readonly parameters: readonly string[];
  /** By how much the best values are better than those that a task had. */
  readonly regret: Estimate;
  /** By how much the best are better at the end than those of the start, and than those in force. */
  readonly attainable: number;
  readonly missed: Estimate;
  /** Share of what was to be gained that is gained at the end; absent if there was nothing. */
  readonly found: Estimate | undefined;
}

/** A property of tasks. */
export interface AverageFigures {
  /** `latency` in milliseconds, what is typical; `success` as a rate; a measurement, its mean. */
  readonly name: string;
  readonly start: number;
  readonly best: number;
  readonly during: Estimate;
  readonly end: Estimate;
}

export interface ParameterFigures {
  /** Its name and, where each kind has values of its own, the kind. */
  readonly name: string;
  readonly start: Value | undefined;
  /** Of the end, and at each turn before if it was another. */
  readonly best: Value | undefined;
  readonly bestBefore: readonly (Value | undefined)[];
  /** In how many runs it ended where; most first. */
  readonly ended: readonly { readonly value: Value | undefined; readonly runs: number }[];
  /** Runs that end with a value worse than that of the start. */
  readonly falsePromotions: number;
}

export interface RehearsalOptions {
  readonly seeds: number;
  readonly tasks: number;
  /** Called after each run. */
  onRun?(done: number): void;
}

/** Plays a config against a described orchestrator, a run for each of the seeds 1, 2, 3 … */
export async function rehearse(
  settings: LoopSettings,
  text: OrchestratorText,
  { seeds, tasks, onRun }: RehearsalOptions,
): Promise<Rehearsal> {
  const planted = new Planted(text);
  const truths = truthsOf(planted, settings, text.label);
  const play: Play = { settings, text, planted, truths, tasks };
  const runs: Run[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    runs.push(await playRun(play, seed));
    onRun?.(seed);
  }
  return summarise(play, runs);
}

function summarise(play: Play, runs: readonly Run[]): Rehearsal {
  const { tasks, truths } = play;
  const mean = (read: (run: Run) => number) => meanEstimate(runs.map(read), { least: 0 });
  const isWrong = ({ ended }: Run) =>
    truths.some((truth, place) => truth.falsePromotions(ended[place] ?? {}, tasks - 1).length > 0);
  return {
    runs: runs.length,
    tasks,
    hours: mean(({ hours }) => hours).value,
    goals: goalFigures(play, runs),
    averages: averageFigures(play, runs),
    parameters: truths.flatMap((truth, place) => parameterFigures(play, runs, truth, place)),
    trials: mean(({ changes }) => changes.trials),
    changes: mean(({ changes }) => changes.promoted),
    confirmed: mean(({ changes }) => changes.confirmed),
    takenBack: mean(({ changes }) => changes.takenBack),
    firstChange: whenOf(runs, 'firstChange'),
    firstConfirmed: whenOf(runs, 'firstConfirmed'),
    falsePromotions: shareEstimate(runs.filter(isWrong).length, runs.length),
    worse: mean(({ figures }) => figures.worse),
  };
}

function whenOf(runs: readonly Run[], what: 'firstChange' | 'firstConfirmed'): When {
  const moments = runs.map(({ changes }) => changes[what]);
  return {
    share: shareEstimate(moments.filter((moment) => moment !== undefined).length, runs.length),
    tasks: whenEstimate(moments.map((moment) => moment?.tasks)),
    hours: whenEstimate(moments.map((moment) => moment?.hours)),
  };
}

function goalFigures({ truths, tasks }: Play, runs: readonly Run[]): GoalFigures[] {
  const goals = new Map(truths.flatMap((truth) => truth.goals.map((goal) => [goal.key, goal])));
  return [...goals.values()].map(({ key, primary, parameters }): GoalFigures => {
    const above = (valuesOf: ValuesOf) => shortfall(truths, key, valuesOf, tasks - 1);
    const attainable = above(({ start }) => start);
    const missed = runs.map(({ ended }) => above((_, place) => ended[place] ?? {}));
    const found = missed.map((one) => 1 - one / attainable);
    return {
      metric: primary,
      parameters,
      regret: meanEstimate(runs.map(({ figures }) => figures.regret(key))),
      attainable,
      missed: meanEstimate(missed),
      found: attainable < 1e-9 ? undefined : meanEstimate(found, { most: 1 }),
    };
  });
}

/** The values of the tasks that a truth is about. */
type ValuesOf = (truth: Truth, place: number) => Parameters;

/** By how much a goal's parameters are better with their best values, the others having theirs; over all kinds. */
function shortfall(truths: readonly Truth[], key: string, valuesOf: ValuesOf, i: number): number {
  let [sum, weight] = [0, 0];
  for (const [place, truth] of truths.entries()) {
    const goal = truth.goals.find((one) => one.key === key);
    if (goal === undefined) continue;
    const best = truth.best(i);
    const others = withValues(best, goal.parameters, valuesOf(truth, place));
    const own = truth.kinds.reduce((total, kind) => total + kind.weight, 0);
    sum += own * advantage(goal.primary, truth.prospect(best, i), truth.prospect(others, i));
    weight += own;
  }
  return sum / weight;
}

function averageFigures({ truths, planted, tasks }: Play, runs: readonly Run[]): AverageFigures[] {
  const last = tasks - 1;
  const start = averageOf(truths, (truth) => truth.start, last);
  const best = averageOf(truths, (truth) => truth.best(last), last);
  const ends = runs.map(({ ended }) => averageOf(truths, (_, place) => ended[place] ?? {}, last));
  const during = runs.map(({ figures }) => figures.average);
  const bounds = { least: 0 };
  const figures = (name: string, read: (average: Average) => number): AverageFigures => ({
    name,
    start: read(start),
    best: read(best),
    during: meanEstimate(during.map(read), bounds),
    end: meanEstimate(ends.map(read), bounds),
  });
  return [
    figures('latency', ({ latencyMs }) => latencyMs),
    figures('success', ({ success }) => success),
    ...planted.measurements.map((name) =>
      figures(name, ({ measurements }) => measurements[name] ?? Number.NaN),
    ),
  ];
}

/** The parameters of the tasks that a truth is about. */
function parameterFigures(
  { planted, tasks }: Play,
  runs: readonly Run[],
  truth: Truth,
  place: number,
): ParameterFigures[] {
  const last = tasks - 1;
  const ended = runs.map((run) => run.ended[place] ?? {});
  const wrong = ended.flatMap((parameters) => truth.falsePromotions(parameters, last));
  const turns = planted.turns.filter((turn) => turn < tasks);
  return truth.parameters.map((target) => {
    const best = truth.best(last)[target];
    const bests = turns.map((turn) => truth.best(turn)[target]);
    const counts = Map.groupBy(ended, (parameters) => textOf(parameters[target] ?? null));
    return {
      name: placeName({ target, cohort: truth.cohort }),
      start: truth.start[target],
      best,
      bestBefore: bests.every((one) => sameValue(one, best)) ? [] : bests.slice(0, -1),
      ended: [...counts.values()]
        .map((own) => ({ value: own[0]?.[target], runs: own.length }))
        .sort((a, b) => b.runs - a.runs),
      falsePromotions: wrong.filter((name) => name === target).length,
    };
  });
}
