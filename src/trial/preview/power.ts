import type { Metric } from '../../domain/effect.ts';
import { marginText } from '../../domain/margin-text.ts';
import type { Task } from '../../domain/task.ts';
import { millisecondsPerTask } from '../../domain/task-interval.ts';
import { own } from '../../domain/value.ts';
import { tasksPerPlace } from '../budget.ts';
import { mean } from '../evidence/distributions.ts';
import { isConstraint } from '../evidence/margin.ts';
import type { TrialPlan } from '../plan.ts';
import { leastTasks } from '../promotion.ts';
import { maxTasks } from '../task-limits.ts';
import type { Stage } from '../trial.ts';
import { areTooLate } from '../validity.ts';
import { describeProofs, proofsOf } from './constraints.ts';
import { isOutOfReach, reachOf } from './power-replay.ts';

/** How clients work, which decides whether tasks can take part in a trial. */
export interface Participants {
  /** Clients with an open stream of deltas. */
  readonly followers: number;
  /** Followers that may acknowledge; absent: all. */
  readonly acknowledging?: number;
  /** Whether at least half of the newest tasks are known to have asked for their parameters by id. */
  readonly ask: boolean;
  /** Sequence of the newest live change; 0 if there is none that a task could name. */
  readonly sequence: number;
}

/** The settings that limit the number of tasks available to a trial. */
export type TrialBounds = Pick<
  TrialPlan,
  | 'assignment'
  | 'blockTasks'
  | 'maxMs'
  | 'isApplied'
  | 'outcomeTimeoutMs'
  | 'primary'
  | 'budget'
  | 'settleMs'
>;

/** With fewer tasks, the noise cannot be estimated. */
const MIN_TASKS = 20;

/**
 * How long a trial may take and which effects it could find, in words. The same arguments give the same text.
 *
 * @param tasks the newest tasks, oldest first
 */
export function describePower(
  plan: TrialPlan,
  tasks: readonly Task[],
  participants: Participants,
): string {
  const way = plan.assignment === 'task' ? 'task by task' : `in blocks of ${plan.blockTasks}`;
  const lead = plan.isApplied === true ? `In force, compared ${way}` : `On trial, ${way}`;
  const obstacle = describeObstacle(plan, tasks, participants);
  if (obstacle !== undefined) {
    return `${lead}. As it is, no task can be given an arm: ${obstacle}.`;
  }
  // A pair with a cancelled task is not counted.
  const usable = tasks.filter(({ status }) => status !== 'cancelled');
  const msPerTask = paceOf(plan, usable);
  const sentences = [
    `${lead}: ${describePace(plan, usable, msPerTask)}.`,
    describeBudget(plan),
    describeCondition(plan, tasks, participants),
    describeCarried(plan),
    describeReach(plan, usable, msPerTask),
    usable.length < MIN_TASKS ? '' : describeMargins(plan),
    describeProofs(proofsOf(plan.guards, plan, tasks)),
    describeTail(plan),
  ];
  return sentences.filter((text) => text !== '').join(' ');
}

/** Why no task can take part, if none can: a block needs tasks that name a sequence, or acknowledgements. */
export function describeObstacle(
  { assignment }: TrialPlan,
  tasks: readonly Task[],
  { followers, acknowledging = followers, sequence }: Participants,
): string | undefined {
  if (assignment === 'task' || acknowledging > 0 || sequence === 0) return undefined;
  if (tasks.length === 0 || tasks.some(namesSequence)) return undefined;
  const clients = followers === 0 ? 'follows' : 'acknowledges';
  const last = `none of the last ${count(tasks.length, 'task')} names a delta_sequence`;
  return `no client ${clients} the deltas, and ${last}`;
}

/** How much longer a trial and its probation take within a budget; empty without one. */
function describeBudget(plan: TrialPlan): string {
  const { budget } = plan;
  if (budget === undefined) return '';
  const share = Number((budget * 100).toFixed(2));
  const [inTrial, inProbation] = (['trial', 'probation'] as const).map((stage) =>
    Number(tasksPerPlace(plan, stage).toPrecision(2)),
  );
  return (
    `At most ${share} % of the tasks run on it until it is confirmed (budget): of the tasks that come, ` +
    `one in ${inTrial} takes part in the trial and one in ${inProbation} in the probation, which take longer by these factors.`
  );
}

/** The condition under which tasks take part; empty if tasks are known to meet it. */
function describeCondition(
  { assignment }: TrialPlan,
  tasks: readonly Task[],
  { followers, ask }: Participants,
): string {
  if (assignment === 'task') {
    return ask ? '' : 'An arm is given to tasks that ask for it by their id; few are known to.';
  }
  if (followers > 0 || tasks.some(namesSequence)) return '';
  return 'No client follows the deltas: only tasks that name a delta_sequence have an arm.';
}

function namesSequence({ deltaSequence }: Task): boolean {
  return deltaSequence > 0;
}

function describeCarried({ carried }: TrialPlan): string {
  const [primary] = carried ?? [];
  if (primary === undefined || primary.sets === 0) return '';
  return `It goes on from the evidence of ${count(primary.tasksOld + primary.tasksNew, 'task')}.`;
}

/** Milliseconds per task that takes part in a stage of the trial, if known. */
function paceOf(
  plan: TrialBounds,
  tasks: readonly Task[],
  stage: Stage = 'trial',
): number | undefined {
  const { assignment, blockTasks, settleMs = 0 } = plan;
  const msPerTask = millisecondsPerTask(tasks);
  if (msPerTask === undefined) return undefined;
  const places = tasksPerPlace(plan, stage);
  if (assignment === 'task') return msPerTask * places;
  // Tasks in flight at a switch belong to the block before, and do not bring the new one to its end;
  // Little's law gives their number.
  const underWay = mean(tasks.flatMap(({ latencyMs }) => latencyMs ?? [])) / msPerTask;
  return msPerTask * (places + underWay / blockTasks) + settleMs / blockTasks;
}

/** How long a trial waits for slow tasks after its last block, in milliseconds; 0 in a trial of single tasks. */
function waitOf({ assignment, outcomeTimeoutMs }: TrialBounds): number {
  return assignment === 'task' ? 0 : outcomeTimeoutMs;
}

/** The number of tasks available to a trial in its time. */
function tasksWithin(bounds: TrialBounds, msPerTask: number | undefined): number {
  const most = maxTasks(bounds);
  const ms = Math.max(bounds.maxMs - waitOf(bounds), 0);
  return msPerTask === undefined ? most : Math.min(Math.floor(ms / msPerTask), most);
}

function describePace(
  plan: TrialPlan,
  tasks: readonly Task[],
  msPerTask: number | undefined,
): string {
  const most = maxTasks(plan);
  if (msPerTask === undefined) return `how long ${count(most, 'task')} take is not known`;
  const perHour = 3_600_000 / (millisecondsPerTask(tasks) ?? msPerTask);
  const rate = `at ${showNumber(Number(perHour.toPrecision(2)))} tasks an hour`;
  const within = tasksWithin(plan, msPerTask);
  if (within < most) {
    const tasksByThen = count(within, 'task');
    return `trial.max_seconds ends it after ${showTime(plan.maxMs)}, about ${tasksByThen} ${rate}`;
  }
  const which = plan.assignment === 'task' ? '' : ', beside those in flight at a switch,';
  return `${count(most, 'task')}${which} take about ${showTime(most * msPerTask + waitOf(plan))} ${rate}`;
}

/** Effects that would be found and missed, and how long promotion and confirmation take. */
function describeReach(
  plan: TrialPlan,
  tasks: readonly Task[],
  msPerTask: number | undefined,
): string {
  const { primary, carried } = plan;
  const telling = tasks.filter((task) => tells(task, primary)).length;
  const fewest = plan.assignment === 'task' ? MIN_TASKS : Math.max(MIN_TASKS, 2 * plan.blockTasks);
  if (telling < fewest) {
    const only = telling < tasks.length ? `, of which ${telling} tell ${primary.name}` : '';
    return `What could be found cannot be told from ${count(tasks.length, 'task')}${only}.`;
  }
  const { found, missed } = reachOf(plan, tasks, tasksWithin(plan, msPerTask));
  const noise = `At the noise of the last ${tasks.length} tasks`;
  const size = (effect = 0) => showEffect(primary, effect);
  if (found === undefined) {
    return `${noise} even an improvement of ${size(missed)} would most likely not be found.`;
  }
  const needed = roundUp(found.tasks);
  const all = roundUp(found.tasks + found.confirmedAfter);
  const rest = missed === undefined ? '' : `; one of ${size(missed)} less surely`;
  const more = carried === undefined ? '' : ' more';
  const later = paceOf(plan, tasks, 'probation');
  const timeOf = (proving: number) => {
    if (msPerTask === undefined || later === undefined) return '';
    return ` (${showTime(needed * msPerTask + proving * later + waitOf(plan))})`;
  };
  const [first, then] =
    plan.isApplied === true
      ? ['show', 'be confirmed']
      : plan.budget === undefined
        ? ['be in force provisionally', 'confirmed']
        : ['be on probation', 'in force'];
  return (
    `${noise} an improvement of ${size(found.effect)} would most likely ${first} ` +
    `after about ${needed}${more} tasks${timeOf(0)} and ${then} ` +
    `after about ${all}${timeOf(all - needed)}${rest}.`
  );
}

/** Margins that probation cannot prove; empty: none. */
function describeMargins(plan: TrialPlan): string {
  const [guard] = plan.guards.filter((one) => !isConstraint(one) && isOutOfReach(one, plan));
  if (guard === undefined) return '';
  const margin = marginText(guard.name, guard.margin);
  return `That ${guard.name} is not worse by ${margin} most likely cannot be proven in trial.probation_tasks.`;
}

/** What is compared of a `p95`, and that it takes long; empty for other metrics. */
function describeTail({ primary: { name, kind, statistic, exceeds = 0 } }: TrialPlan): string {
  if (statistic !== 'p95') return '';
  const unit = kind === 'latency' ? ' ms' : '';
  const limit = `${showNumber(Number(exceeds.toPrecision(3)))}${unit}`;
  return `Compared is how many tasks exceed ${limit} of ${name}, as one in 20 did: it takes several times as many tasks as what is typical.`;
}

function roundUp(tasks: number): number {
  return Math.ceil(tasks / 5) * 5;
}

/**
 * Why a trial is not to begin, in words: its time is too short for a promotion, or reports
 * usually come after their outcome is given up. `undefined` if it may begin.
 *
 * @param tasks the newest ones, oldest first
 */
export function objectionToTrial(limits: TrialBounds, tasks: readonly Task[]): string | undefined {
  const within = tasksWithin(limits, paceOf(limits, tasks));
  const least = leastTasks(limits.primary);
  if (within < least) {
    const time = showTime(limits.maxMs);
    return `in trial.max_seconds (${time}) there would be about ${count(within, 'task')}, and ${least} are needed`;
  }
  const { outcomeTimeoutMs } = limits;
  const late = tasks.filter(({ reportMs = 0 }) => reportMs >= outcomeTimeoutMs).length;
  if (!areTooLate(late, tasks.length)) return undefined;
  return (
    `${late} of the last ${count(tasks.length, 'task')} were reported later than ` +
    `trial.outcome_timeout_seconds (${showTime(outcomeTimeoutMs)}) after they began, and would count as lost`
  );
}

function tells({ measurements, latencyMs, status }: Task, { kind, name }: Metric): boolean {
  if (kind === 'measurement') return own(measurements, name) !== undefined;
  return kind === 'success' || latencyMs !== undefined || status !== 'success';
}

function showEffect({ kind, name }: Metric, effect: number): string {
  const factor = Number((1 / effect).toFixed(2));
  if (kind === 'latency' || kind === 'outcome') return `latency ×${factor}`;
  return kind === 'success'
    ? `success by ${Math.round(effect * 100)} points`
    : `${name} by ${Math.round(effect * 100)} %`;
}

function showTime(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 90) return count(Math.max(Math.round(seconds), 1), 'second');
  if (seconds < 90 * 60) return count(Math.round(seconds / 60), 'minute');
  if (seconds < 48 * 3600) return count(Math.round(seconds / 3600), 'hour');
  return count(Math.round(seconds / 86_400), 'day');
}

function count(number: number, unit: string): string {
  return `${showNumber(number)} ${unit}${number === 1 ? '' : 's'}`;
}

function showNumber(number: number): string {
  return number.toLocaleString('en-US');
}
