import { isForTask, overlap, ownValue, type Place, placeName } from '../../domain/cohort.ts';
import { scopeOf } from '../../domain/scope.ts';
import type { Task } from '../../domain/task.ts';
import { withUtility } from '../../domain/utility.ts';
import { own } from '../../domain/value.ts';
import { toLoopMs } from '../../ledger/head.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { type FinishedTask, missingOutcomes, recordOutcome } from '../../trial/advance.ts';
import {
  type Assignment,
  armOf,
  assignTask,
  cohortOfTask,
  type Dispatch,
  kindOfTask,
} from '../../trial/assign.ts';
import { MAX_PARALLEL } from '../../trial/parallel.ts';
import type { TrialPlan } from '../../trial/plan.ts';
import { isBeforeForce, isOnTrial } from '../../trial/standing.ts';
import type { ArmBeside, OutcomeRecorded } from '../../trial/step.ts';
import { isSettling, runningBlock, type Trial } from '../../trial/trial.ts';
import type { Changes } from './changes.ts';
import { followersOf } from './environment.ts';
import { hasRefused } from './refusals.ts';
import { TrialChange } from './trial-change.ts';
import type { TrialContext } from './trial-value.ts';
import { utilitiesOf } from './utilities.ts';

/** What one decision does to the open trials. */
export class TrialChanges implements TrialContext {
  /** Whether trials are paused, by an operator or by `on_harm: pause`. */
  arePaused: boolean;
  readonly changes: Changes;
  readonly #view: LedgerView;
  readonly #all: TrialChange[];
  /** Tasks that this decision records, so far. */
  #recordedHere = 0;

  constructor(changes: Changes) {
    this.changes = changes;
    this.#view = changes.view;
    this.arePaused = changes.view.head.trialsPaused;
    this.#all = changes.view.trials.map(
      (trial) => new TrialChange(trial.plan.deltaId, trial, this),
    );
  }

  get recorded(): number {
    return this.#view.head.counters.tasksRecorded + this.#recordedHere;
  }

  /** The trials whose new value is not live yet; those that only wait for late reports do not count. */
  get on(): readonly Trial[] {
    return this.all.filter((trial) => isOnTrial(trial) && !isSettling(trial));
  }

  /** The open trials, in every stage. */
  get all(): readonly Trial[] {
    return this.#all.flatMap(({ trial }) => trial ?? []);
  }

  /** The open trial of a delta, if any. */
  of(deltaId: string): TrialChange | undefined {
    return this.#all.find((change) => change.deltaId === deltaId);
  }

  /** Begins a trial, which `mayRunBeside` those of `on`. */
  start(plan: TrialPlan, summary: string): void {
    const change = new TrialChange(plan.deltaId, undefined, this);
    this.#all.push(change);
    change.start(plan, summary);
  }

  /** The arms of a task: those it has already, and new ones in each trial that takes it. */
  assign({ taskId, labels, clientId = '', target }: Dispatch): Assignment[] {
    const tried = this.#tried();
    const timeMs = this.changes.nowMs;
    const { head } = this.#view;
    return this.#all.flatMap((change): Assignment[] => {
      const { trial } = change;
      if (trial === undefined) return [];
      let arm = armOf(trial, taskId);
      const { plan, stage } = trial;
      // While another value of the parameter is tried for such tasks, no other trial of that parameter takes them.
      const isFree = tried.every(
        (one) =>
          one === trial || one.plan.target !== plan.target || !isForTask(one.plan, labels, head),
      );
      const isAsked = target === undefined || target === plan.target;
      const isTaken =
        isFree &&
        isAsked &&
        isForTask(plan, labels, head) &&
        !hasRefused(this.#view, change.deltaId, clientId);
      if (arm === undefined && isTaken) {
        const kind = kindOfTask(plan, labels);
        const cohort = cohortOfTask(plan, labels);
        const step = assignTask(trial, { taskId, kind, cohort, timeMs, seed: change.seed });
        if (step !== undefined) change.take(step);
        arm = step?.arm;
      }
      return arm === undefined ? [] : [{ deltaId: plan.deltaId, arm, stage }];
    });
  }

  /**
   * Records a reported task in the trials that it belongs to. A task whose client has refused the delta, or that ran
   * with another value, tells nothing: a block passes it over; if it has an arm of its own, it counts as cancelled.
   */
  record(task: FinishedTask & Pick<Task, 'clientId' | 'variants'>): void {
    const { nowMs, sequence } = this.changes;
    this.#recordedHere += 1;
    // A client whose acknowledgement was awaited may have closed its stream.
    if (task.deltaSequence === 0) this.noticeAcknowledged();
    const finishTimeMs = toLoopMs(this.#view.head, task.finishTimeMs);
    const arms = this.#armsBeside({ ...task, finishTimeMs });
    for (const change of this.#all) {
      if (task.status === 'success') change.resume('outage');
      const { trial } = change;
      // A sequence that no delta has yet does not name a block.
      const isAhead = trial?.plan.assignment === 'switchback' && task.deltaSequence > sequence;
      if (trial === undefined || isAhead) continue;
      const isUntold =
        hasRefused(this.#view, change.deltaId, task.clientId ?? '') || ranWithOther(trial, task);
      if (isUntold && trial.plan.assignment === 'switchback') continue;
      const status = isUntold ? 'cancelled' : task.status;
      const step = recordOutcome(
        trial,
        { ...this.#told(task, trial), status, finishTimeMs },
        nowMs,
      );
      if (step !== undefined) change.take(withBeside(step, trial, arms));
      // In blocks, a pair may have become due, and any recorded task lets the next block begin.
      if (step !== undefined || trial.plan.assignment === 'switchback') change.moveOn();
    }
  }

  /** A task with the utility that a trial compares. */
  #told<T extends FinishedTask>(task: T, { plan }: Trial): T {
    const { settings, utilityFailures } = this.changes.environment;
    const utilityOf = utilitiesOf(settings, (...failure) => utilityFailures.note(...failure));
    return withUtility(task, [plan.primary], utilityOf);
  }

  /** Takes the steps that are due by time: outcomes that have timed out, and moves. */
  expire(): void {
    for (const change of this.#all) {
      const step = change.trial && missingOutcomes(change.trial, this.changes.nowMs, this.recorded);
      if (step !== undefined) change.take(step);
      change.moveOn();
    }
  }

  /**
   * Records that every client with an open stream has a running block's value: each has acknowledged the block's delta,
   * or got a Snapshot since. Clients that never acknowledge, that refuse the delta, or whose stream filters such deltas
   * out, are not waited for.
   *
   * @param acknowledgedBy the highest sequence that a client has acknowledged
   */
  noticeAcknowledged(acknowledgedBy = (id: string) => this.#view.acknowledged(id)): void {
    for (const change of this.#all) {
      const block = change.trial && runningBlock(change.trial);
      if (block === undefined || block.acknowledgedMs !== undefined) continue;
      const type = this.changes.delta(change.deltaId)?.type;
      const clients = followersOf(this.changes.environment, type).filter(
        ({ clientId }) =>
          acknowledgedBy(clientId) > 0 && !hasRefused(this.#view, change.deltaId, clientId),
      );
      const isByAll = clients.every(
        ({ clientId, snapshotSequence }) =>
          Math.max(acknowledgedBy(clientId), snapshotSequence) >= block.sequence,
      );
      if (clients.length > 0 && isByAll) {
        change.take({ step: 'acknowledged', timeMs: this.changes.nowMs });
      }
    }
  }

  /** Pauses all trials, or resumes them. */
  setPaused(paused: boolean): void {
    this.arePaused = paused;
    this.changes.events.push({ kind: 'trials_paused', timeMs: this.changes.nowMs, paused });
    for (const change of this.#all) {
      if (paused) change.pause('operator');
      else change.resume('operator');
    }
  }

  pauseAll(): void {
    this.setPaused(true);
  }

  /**
   * Ends trials that assign single tasks, where the config leaves that to the orchestrator, since tasks no longer ask by
   * their ids: they would go on for ever. A probation of a value in force goes on.
   */
  stopUnasked(): void {
    if (this.arePaused) return;
    const { settings } = this.changes.environment;
    const reason = 'none of the newest tasks asked for its parameters by its id';
    for (const { plan } of this.#tried()) {
      if (plan.assignment !== 'task' || scopeOf(settings, plan).assignment !== 'auto') continue;
      this.of(plan.deltaId)?.stop(reason);
    }
  }

  /** As `TrialChange.stop`, for every trial of a place whose value is about to be set. */
  stopOn(place: Place, reason: string): void {
    for (const change of this.#on(place)) change.stop(reason, true);
  }

  supersede(place: Place, deltaId: string): void {
    for (const change of this.#on(place)) {
      if (change.deltaId !== deltaId) change.stop(`delta ${deltaId} set ${placeName(place)}`);
    }
  }

  takeBack(deltaId: string): void {
    const reason = 'its former value has proven better in a trial of its own';
    this.of(deltaId)?.end({ verdict: 'harmed', reason }, true);
  }

  /** The arms of a task in trials that may run beside others, where it is awaited. */
  #armsBeside(task: FinishedTask): readonly ArmBeside[] {
    const parallel = this.all.filter(isBeside);
    if (parallel.length < 2) return [];
    return parallel.flatMap((trial): ArmBeside[] => {
      const step = recordOutcome(trial, task, this.changes.nowMs);
      const { deltaId, target } = trial.plan;
      return step?.step === 'outcome' ? [{ deltaId, target, arm: step.arm }] : [];
    });
  }

  /** As `on`, with those on probation within a budget. */
  #tried(): readonly Trial[] {
    return this.all.filter((trial) => isBeforeForce(trial) && !isSettling(trial));
  }

  /** The trials that a new value at a place makes void: not one of a cohort with a value of its own by one for all. */
  #on(place: Place): readonly TrialChange[] {
    const { head } = this.#view;
    return this.#all.filter(({ trial }) => {
      if (trial === undefined || !overlap(trial.plan, place)) return false;
      const { cohort } = trial.plan;
      if (place.cohort !== undefined) return cohort !== undefined;
      return ownValue(head, trial.plan) === undefined;
    });
  }
}

/** Whether a trial's tasks are counted by their arms in other trials, too. */
function isBeside({ plan, stage }: Trial): boolean {
  return plan.interferesWith !== undefined && stage !== 'holdback';
}

/** The step of a report, with the arms of its task in other trials, if that trial is counted so. */
function withBeside(
  step: OutcomeRecorded,
  trial: Trial,
  arms: readonly ArmBeside[],
): OutcomeRecorded {
  if (step.step !== 'outcome' || !isBeside(trial)) return step;
  const beside = arms
    .filter(({ deltaId }) => deltaId !== trial.plan.deltaId)
    .slice(0, MAX_PARALLEL - 1);
  return beside.length === 0 ? step : { ...step, beside };
}

/** Whether a task is known to have been given something else than the value of its arm, or of its block. */
function ranWithOther(trial: Trial, { taskId, variants = {} }: Pick<Task, 'taskId' | 'variants'>) {
  const { assignment, target, oldValue, newValue } = trial.plan;
  const given = own(variants, target);
  if (given === undefined) return false;
  // A block's value is the one in force, which has no name of its own.
  if (assignment === 'switchback') return given.includes('error');
  const arm = armOf(trial, taskId);
  if (arm === undefined) return false;
  const hasValue = (arm === 'new' ? newValue : oldValue) !== undefined;
  return given.some((name) => name !== (hasValue ? arm : ''));
}
