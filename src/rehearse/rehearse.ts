import type { Metric } from '../domain/effect.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { type Parameters, sameValue, type Value } from '../domain/value.ts';
import { advantage } from './goal.ts';
import { type Estimate, meanEstimate, shareEstimate, whenEstimate } from './interval.ts';
import type { OrchestratorText } from './orchestrator-keys.ts';
import { Planted, textOf } from './planted.ts';
import { type Play, playRun, type Run } from './play.ts';
import { type Average, averageOf } from './run-figures.ts';
import { Truth, withValues } from './truth.ts';

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
  const play: Play = { settings, text, planted, truth: new Truth(planted, settings), tasks };
  const runs: Run[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    runs.push(await playRun(play, seed));
    onRun?.(seed);
  }
  return summarise(play, runs);
}

function summarise(play: Play, runs: readonly Run[]): Rehearsal {
  const { tasks, truth } = play;
  const last = tasks - 1;
  const mean = (read: (run: Run) => number) => meanEstimate(runs.map(read), { least: 0 });
  const wrong = runs.map(({ parameters }) => truth.falsePromotions(parameters, last));
  return {
    runs: runs.length,
    tasks,
    hours: mean(({ hours }) => hours).value,
    goals: truth.goals.map((_, place) => goalFigures(play, runs, place)),
    averages: averageFigures(play, runs),
    parameters: truth.parameters.map((name) => ({
      ...parameterFigures(play, runs, name),
      falsePromotions: wrong.filter((names) => names.includes(name)).length,
    })),
    trials: mean(({ changes }) => changes.trials),
    changes: mean(({ changes }) => changes.promoted),
    confirmed: mean(({ changes }) => changes.confirmed),
    takenBack: mean(({ changes }) => changes.takenBack),
    firstChange: whenOf(runs, 'firstChange'),
    firstConfirmed: whenOf(runs, 'firstConfirmed'),
    falsePromotions: shareEstimate(wrong.filter(({ length }) => length > 0).length, runs.length),
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

function goalFigures({ truth, tasks }: Play, runs: readonly Run[], place: number): GoalFigures {
  const last = tasks - 1;
  const goal = truth.goals[place];
  if (goal === undefined) throw new Error('there is no such goal');
  const { primary, parameters } = goal;
  const best = truth.best(last);
  const above = (values: Parameters) => {
    const others = withValues(best, parameters, values);
    return advantage(primary, truth.prospect(best, last), truth.prospect(others, last));
  };
  const attainable = above(truth.start);
  const missed = runs.map((run) => above(run.parameters));
  const isNothing = attainable < 1e-9;
  return {
    metric: primary,
    parameters,
    regret: meanEstimate(runs.map(({ figures }) => figures.regrets[place] ?? 0)),
    attainable,
    missed: meanEstimate(missed),
    found: isNothing
      ? undefined
      : meanEstimate(
          missed.map((one) => 1 - one / attainable),
          { most: 1 },
        ),
  };
}

function averageFigures({ truth, planted, tasks }: Play, runs: readonly Run[]): AverageFigures[] {
  const last = tasks - 1;
  const start = averageOf(truth, truth.start, last);
  const best = averageOf(truth, truth.best(last), last);
  const ends = runs.map(({ parameters }) => averageOf(truth, parameters, last));
  const bounds = { least: 0 };
  const figures = (name: string, read: (average: Average) => number): AverageFigures => ({
    name,
    start: read(start),
    best: read(best),
    during: meanEstimate(
      runs.map((run) => read(run.figures.average)),
      bounds,
    ),
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

function parameterFigures({ truth, planted, tasks }: Play, runs: readonly Run[], name: string) {
  const best = truth.best(tasks - 1)[name];
  const turns = planted.turns.filter((turn) => turn < tasks);
  const bests = turns.map((turn) => truth.best(turn)[name]);
  const counts = Map.groupBy(runs, ({ parameters }) => textOf(parameters[name] ?? null));
  return {
    name,
    start: truth.start[name],
    best,
    bestBefore: bests.every((one) => sameValue(one, best)) ? [] : bests.slice(0, -1),
    ended: [...counts.values()]
      .map((own) => ({ value: own[0]?.parameters[name], runs: own.length }))
      .sort((a, b) => b.runs - a.runs),
  };
}
