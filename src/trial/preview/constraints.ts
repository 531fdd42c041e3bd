import type { Guard, Objective } from '../../domain/effect.ts';
import { marginText } from '../../domain/margin-text.ts';
import type { Task } from '../../domain/task.ts';
import { SUFFICIENT } from '../evidence/bets.ts';
import { mean } from '../evidence/distributions.ts';
import { GROUP_TASKS } from '../evidence/group-score.ts';
import { groupStake, isConstraint, marginWagers, pairStake } from '../evidence/margin.ts';
import type { Outcome } from '../evidence/outcome.ts';
import type { Scale } from '../evidence/pair-score.ts';
import { addToTotals, eTotalNotWorse, NO_TOTALS } from '../evidence/totals.ts';
import type { TrialPlan } from '../plan.ts';

// Estimates of how many tasks it takes to prove constraints if nothing has changed.

/** The fields of a plan that decide how many tasks a proof takes. */
export type ProofPlan = Pick<TrialPlan, keyof Scale | 'blockTasks'>;

/** The number of tasks of probation until a constraint is proven. */
export interface Proof {
  readonly guard: Guard;
  /** In half of the trials, and in 80 % of them; infinite: never. */
  readonly half: number;
  readonly most: number;
}

/** Maximum number of tasks by which a trial with constraints lengthens its probation. */
const MAX_PROBATION_TASKS = 10_000;

/** Fewer tasks with a constraint's metric tell nothing of its noise. */
const MIN_TELLING = 20;

/**
 * Log wealth is about a random walk with drift g and variance 2g a set; the tasks until it reaches ln 20 then have an
 * inverse Gaussian distribution, of whose mean these are the median and the 80 % quantile.
 */
const HALF_OF_MEAN = 0.77;
const MOST_OF_MEAN = 1.43;

/** Standard normal 80 % quantile, for sums. */
const Z_OF_MOST = 0.84;

/** Sets beyond which a proof is out of any reach. */
const MAX_SETS = 200_000;

/**
 * How long each constraint takes. A constraint is left out if too few tasks report its metric.
 *
 * @param tasks the newest ones, oldest first
 */
export function proofsOf(
  guards: Objective['guards'],
  plan: ProofPlan,
  tasks: readonly Task[],
): readonly Proof[] {
  const outcomes = tasks.filter(({ status }) => status !== 'cancelled').map(outcomeOf);
  return guards.filter(isConstraint).flatMap((guard): Proof[] => {
    if (guard.kind === 'success') {
      if (outcomes.length < MIN_TELLING) return [];
      return [{ guard, ...walkOf(growthsOfSuccess(guard, plan), tasksPerSet(plan)) }];
    }
    const told = outcomes.filter((one) => stakeOf(guard, plan, [one], [one]) !== undefined);
    if (told.length < MIN_TELLING) return [];
    const perSet = (tasksPerSet(plan) * outcomes.length) / told.length;
    const found =
      guard.statistic === 'total'
        ? sumsOf(guard, plan, told, perSet)
        : walkOf(growthsOfStakes(guard, plan, told), perSet);
    return [{ guard, ...found }];
  });
}

/** Why a trial with these constraints is not worth beginning, in words; `undefined` if they can be proven. */
export function objectionToConstraints(
  proofs: readonly Proof[],
  probationTasks: number,
): string | undefined {
  const most = Math.max(probationTasks, MAX_PROBATION_TASKS);
  const beyond = proofs.find(({ half }) => half > most);
  if (beyond === undefined) return undefined;
  const { guard, half } = beyond;
  const needed = Number.isFinite(half)
    ? `about ${show(half)} would be needed`
    : 'no number would do';
  return `that ${describeConstraint(guard)} cannot be proven in ${show(most)} tasks of probation: ${needed}`;
}

/** The tasks of probation that a trial needs for its constraints; at least those that are configured. */
export function probationTasks(proofs: readonly Proof[], configured: number): number {
  const longest = Math.max(0, ...proofs.map(({ most }) => most));
  return Math.max(configured, Math.min(Math.ceil(longest), MAX_PROBATION_TASKS));
}

/** How many tasks each constraint takes, in words; empty if there is none. */
export function describeProofs(proofs: readonly Proof[]): string {
  const texts = proofs.map(({ guard, half, most }) => {
    const tasks = `about ${show(half)} tasks of probation in half of trials, ${show(most)} in 80 %`;
    return `To prove that ${describeConstraint(guard)} takes ${tasks}; what is not proven is taken back.`;
  });
  return texts.join(' ');
}

function describeConstraint({ name, better, margin }: Guard): string {
  const direction = better === 'higher' ? 'falls' : 'rises';
  return `${name} ${direction} by less than ${marginText(name, margin)}`;
}

function show(tasks: number): string {
  if (!Number.isFinite(tasks)) return 'more than any';
  return Number(tasks.toPrecision(2)).toLocaleString('en-US');
}

function outcomeOf({ status, latencyMs, measurements }: Task): Outcome {
  return { status, ...(latencyMs === undefined ? {} : { latencyMs }), measurements };
}

/** Tasks in a group, or in a pair of blocks. */
function tasksPerSet({ assignment, blockTasks }: ProofPlan): number {
  return assignment === 'task' ? GROUP_TASKS : 2 * blockTasks;
}

function stakeOf(
  guard: Guard,
  plan: ProofPlan,
  old: readonly Outcome[],
  fresh: readonly Outcome[],
): number | undefined {
  const [first] = old;
  if (first === undefined) return undefined;
  return plan.assignment === 'task'
    ? groupStake(guard, { old: first, new: fresh })
    : pairStake(guard, { old, new: fresh }, plan);
}

/** Each way in which neighbouring tasks may be arms of a set. */
function* setsOf(
  outcomes: readonly Outcome[],
  { assignment, blockTasks }: ProofPlan,
): Generator<readonly [old: readonly Outcome[], fresh: readonly Outcome[]]> {
  const size = assignment === 'task' ? GROUP_TASKS : 2 * blockTasks;
  for (let from = 0; from + size <= outcomes.length; from += 1) {
    const set = outcomes.slice(from, from + size);
    if (assignment === 'task') {
      for (const [place, old] of set.entries()) yield [[old], set.toSpliced(place, 1)];
    } else {
      const [first, second] = [set.slice(0, blockTasks), set.slice(blockTasks)];
      yield [first, second];
      yield [second, first];
    }
  }
}

/** The growth of each wager's log wealth a set, by the stakes of recorded tasks. */
function growthsOfStakes(guard: Guard, plan: ProofPlan, outcomes: readonly Outcome[]): number[] {
  const stakes = [...setsOf(outcomes, plan)].flatMap(
    ([old, fresh]) => stakeOf(guard, plan, old, fresh) ?? [],
  );
  return marginWagers(guard, plan).map((wager) =>
    mean(stakes.map((stake) => Math.log1p(wager * stake))),
  );
}

/** As `growthsOfStakes`, of success, by its rate before the trial. */
function growthsOfSuccess(guard: Guard, plan: ProofPlan): number[] {
  const { successRate: rate, assignment, blockTasks } = plan;
  const [old, fresh] = assignment === 'task' ? [1, GROUP_TASKS - 1] : [blockTasks, blockTasks];
  const [ofOld, ofNew] = [binomial(old, rate), binomial(fresh, rate)];
  return marginWagers(guard, plan).map((wager) => {
    const growth = (i: number, j: number) =>
      Math.log1p(wager * (guard.margin - i / old + j / fresh));
    const given = (i: number) => ofNew.reduce((sum, p, j) => sum + p * growth(i, j), 0);
    return ofOld.reduce((sum, p, i) => sum + p * given(i), 0);
  });
}

/** The probabilities of 0 to n successes at a rate above 0 and below 1. */
function binomial(n: number, rate: number): number[] {
  const odds = rate / (1 - rate);
  let term = (1 - rate) ** n;
  return Array.from({ length: n + 1 }, (_, k) => {
    if (k > 0) term *= (odds * (n - k + 1)) / k;
    return term;
  });
}

/** The number of tasks at which the mean wealth would suffice if each wager's grew evenly. */
function walkOf(growths: readonly number[], perSet: number): Pick<Proof, 'half' | 'most'> {
  const tasks = firstAt((sets) => mean(growths.map((one) => Math.exp(one * sets)))) * perSet;
  return { half: HALF_OF_MEAN * tasks, most: MOST_OF_MEAN * tasks };
}

/** The number of sets at which an e-value suffices, within 2 %; infinite: beyond `MAX_SETS`. */
function firstAt(eAt: (sets: number) => number): number {
  for (let sets = 1; sets <= MAX_SETS; sets = Math.ceil(sets * 1.02)) {
    if (eAt(sets) >= SUFFICIENT) return sets;
  }
  return Number.POSITIVE_INFINITY;
}

/** As `walkOf`, of a total: the number of sets at which its sums suffice if they are as usual, or a little unlucky. */
function sumsOf(
  guard: Guard,
  plan: ProofPlan,
  outcomes: readonly Outcome[],
  perSet: number,
): Pick<Proof, 'half' | 'most'> {
  let totals = NO_TOTALS;
  for (const [old, fresh] of setsOf(outcomes, plan)) {
    totals = addToTotals(totals, guard, old, fresh);
  }
  const { sets, margin } = totals;
  const typical = margin.sum / Math.max(sets, 1);
  const square = margin.squares / Math.max(sets, 1);
  const tasksAt = (unlucky: number) =>
    perSet *
    firstAt((count) => {
      const sum = typical * count - unlucky * Math.sqrt(square * count);
      return eTotalNotWorse({ ...totals, sets: count, margin: { sum, squares: square * count } });
    });
  return { half: tasksAt(0), most: tasksAt(Z_OF_MOST) };
}
