import type { Cohort } from '../domain/cohort.ts';
import type { Objective } from '../domain/effect.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Utility } from '../domain/utility.ts';
import { own, type Parameters, sameValue, type Value } from '../domain/value.ts';
import { candidatesOf } from './candidates.ts';
import { expectedUtility } from './expected-utility.ts';
import { advantage, breaksGuard, goalOf, isWorse, type Prospect } from './goal.ts';
import type { Kind, Planted } from './planted.ts';

/** Parameters with the same goal. */
export interface SharedGoal extends Objective {
  /** Identifies it among all. */
  readonly key: string;
  readonly parameters: readonly string[];
}

/** Combinations that are all looked at; of more, one parameter is improved at a time. */
const MAX_COMBINATIONS = 20_000;

/** As that, where the goal is a utility, which takes far longer. */
const MAX_WITH_UTILITY = 1000;

/** Times that each parameter is improved, given the others. */
const MAX_ROUNDS = 20;

/**
 * What is true of a config in a described orchestrator: of each kind by itself where the config keeps values of their
 * own for them, else of all tasks.
 */
export function truthsOf(planted: Planted, settings: LoopSettings, label: string): Truth[] {
  if (settings.trial.cohorts !== label) return [new Truth(planted, settings, planted.kinds)];
  return planted.kinds.map(
    (kind) => new Truth(planted, settings, [kind], { label, value: kind.name }),
  );
}

/** What is true of some kinds of tasks, which have the same values. */
export class Truth {
  readonly kinds: readonly Kind[];
  readonly cohort: Cohort | undefined;
  /** The parameters that both the config and the description have. */
  readonly parameters: readonly string[];
  readonly start: Parameters;
  readonly goals: readonly SharedGoal[];
  readonly #planted: Planted;
  readonly #utilities: readonly (readonly [name: string, Utility])[];
  readonly #candidates: ReadonlyMap<string, readonly Value[]>;
  readonly #best = new Map<string, Parameters>();
  readonly #worse = new Map<string, boolean>();
  readonly #regret = new Map<string, readonly number[]>();

  constructor(planted: Planted, settings: LoopSettings, kinds: readonly Kind[], cohort?: Cohort) {
    this.#planted = planted;
    this.kinds = kinds;
    this.cohort = cohort;
    this.parameters = planted.parameters.filter((name) => own(settings.parameters, name));
    this.start = Object.fromEntries(
      Object.entries(settings.parameters).map(([name, { initial }]) => [name, initial]),
    );
    this.goals = sharedGoals(settings, this.parameters, cohort);
    this.#utilities = this.goals.flatMap(({ primary: { name, expression = '' } }) => {
      const utility = settings.utilities.get(expression);
      return utility === undefined ? [] : [[name, utility] as const];
    });
    this.#candidates = new Map(
      this.parameters.map((name) => [name, candidatesOf(planted, settings, name)]),
    );
  }

  /** The best values from the i-th task on, until the next turn. */
  best(i: number): Parameters {
    const turn = this.#planted.turnAt(i);
    return remembered(this.#best, `${turn}`, () => this.#findBest(turn));
  }

  /** What all tasks around the i-th are like with some values. */
  prospect(parameters: Parameters, i: number): Prospect {
    return this.kinds.map((kind) => {
      const outlook = this.outlook(parameters, kind, i);
      const utilities = this.#utilities.map(
        ([name, utility]) => [name, expectedUtility(utility, kind, outlook)] as const,
      );
      return { kind, outlook, utilities: Object.fromEntries(utilities) };
    });
  }

  outlook(parameters: Parameters, kind: Kind, i: number) {
    return this.#planted.outlook(parameters, kind, i);
  }

  /**
   * By goal: by how much its parameters' best values are better than these, the others being as they are; in the unit
   * of `advantage`.
   */
  regret(parameters: Parameters, i: number): readonly number[] {
    return remembered(this.#regret, this.#keyOf(parameters, i), () => {
      const own = this.prospect(parameters, i);
      return this.goals.map((goal) => {
        const best = this.prospect(withValues(parameters, goal.parameters, this.best(i)), i);
        return advantage(goal.primary, best, own);
      });
    });
  }

  /** Whether some goal is served worse by its parameters' values than by those of the start. */
  isWorseThanStart(parameters: Parameters, i: number): boolean {
    return remembered(this.#worse, this.#keyOf(parameters, i), () =>
      this.goals.some((goal) => this.#isWorse(goal, parameters, goal.parameters, i)),
    );
  }

  /** The parameters whose value is worse than that of the start, the others being as they are. */
  falsePromotions(parameters: Parameters, i: number): readonly string[] {
    return this.goals.flatMap((goal) =>
      goal.parameters.filter((name) => this.#isWorse(goal, parameters, [name], i)),
    );
  }

  #isWorse(goal: Objective, parameters: Parameters, names: readonly string[], i: number): boolean {
    const former = this.prospect(withValues(parameters, names, this.start), i);
    return isWorse(goal, this.prospect(parameters, i), former);
  }

  #keyOf(parameters: Parameters, i: number): string {
    const values = this.parameters.map((name) => parameters[name] ?? null);
    return `${this.#planted.turnAt(i)}${JSON.stringify(values)}`;
  }

  #findBest(i: number): Parameters {
    const [goal, ...others] = this.goals;
    if (goal === undefined) return this.start;
    const combinations = [...this.#candidates.values()].reduce((n, { length }) => n * length, 1);
    const most = this.#utilities.length > 0 ? MAX_WITH_UTILITY : MAX_COMBINATIONS;
    if (others.length > 0 || combinations > most) return this.#improveInTurn(i);
    return this.#bestOf(goal, i, this.start, allCombinations(this.#candidates, this.start));
  }

  /** Improves one parameter after the other, each for its own goal, until none can be. */
  #improveInTurn(i: number): Parameters {
    let best = this.start;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const before = best;
      for (const goal of this.goals) {
        for (const name of goal.parameters) {
          const values = this.#candidates.get(name) ?? [];
          const tried = values.map((value) => withValue(best, name, value));
          best = this.#bestOf(goal, i, best, tried);
        }
      }
      if (sameValue(before, best)) break;
    }
    return best;
  }

  /** The best of some values for a goal, among those that hold its guards against the start. */
  #bestOf(goal: Objective, i: number, from: Parameters, tried: Iterable<Parameters>): Parameters {
    const start = this.prospect(this.start, i);
    let best = from;
    let most = advantage(goal.primary, this.prospect(from, i), start);
    for (const parameters of tried) {
      const prospect = this.prospect(parameters, i);
      const better = advantage(goal.primary, prospect, start);
      if (better <= most + 1e-12 || breaksGuard(goal.guards, prospect, start)) continue;
      best = parameters;
      most = better;
    }
    return best;
  }
}

function sharedGoals(
  settings: LoopSettings,
  parameters: readonly string[],
  cohort: Cohort | undefined,
): SharedGoal[] {
  const goals = new Map<string, SharedGoal>();
  for (const target of parameters) {
    const objective = goalOf(settings, { target, cohort });
    if (objective === undefined) continue;
    const { primary, guards } = objective;
    const key = JSON.stringify([primary, guards]);
    const shared = goals.get(key)?.parameters ?? [];
    goals.set(key, { primary, guards, key, parameters: [...shared, target] });
  }
  return [...goals.values()];
}

function* allCombinations(
  candidates: ReadonlyMap<string, readonly Value[]>,
  start: Parameters,
): Generator<Parameters> {
  const [first, ...rest] = candidates;
  if (first === undefined) {
    yield start;
    return;
  }
  const [name, values] = first;
  for (const others of allCombinations(new Map(rest), start)) {
    for (const value of values) yield { ...others, [name]: value };
  }
}

function withValue(parameters: Parameters, name: string, value: Value | undefined): Parameters {
  return value === undefined ? parameters : { ...parameters, [name]: value };
}

/** Parameters, some of which have the values that they have in `others`. */
export function withValues(
  parameters: Parameters,
  names: readonly string[],
  others: Parameters,
): Parameters {
  return names.reduce((all, name) => withValue(all, name, others[name]), parameters);
}

function remembered<T>(memory: Map<string, T>, key: string, find: () => T): T {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const found = find();
  memory.set(key, found);
  return found;
}
