import type { Task } from '../domain/task.ts';
import { toLoopMs } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { type FinishedTask, missingOutcomes, recordOutcome } from '../trial/advance.ts';
import { type Assignment, armOf, assignTask, type Dispatch, kindOfTask } from '../trial/assign.ts';
import type { TrialPlan } from '../trial/plan.ts';
import { isOnTrial, isSettling, runningBlock, type Trial } from '../trial/trial.ts';
import type { Changes } from './changes.ts';
import { type Environment, followersOf } from './environment.ts';
import { hasRefused } from './refusals.ts';
import { TrialChange } from './trial-change.ts';
import type { TrialContext } from './trial-value.ts';

/** What one decision does to the open trials. */
export class TrialChanges {
  /** Trials are paused, by an operator or by `on_harm: pause`. */
  arePaused: boolean;
  readonly #changes: Changes;
  readonly #view: LedgerView;
  readonly #environment: Environment;
  readonly #context: TrialContext;
  #all: TrialChange[];
  /** Tasks that this decision records, so far. */
  #recordedHere = 0;

  constructor(changes: Changes, view: LedgerView, environment: Environment) {
    this.arePaused = view.head.trialsPaused;
    this.#changes = changes;
    this.#view = view;
    this.#environment = environment;
    this.#context = {
      changes,
      view,
      environment,
      recorded: () => this.#recorded,
      pauseAll: () => this.#pauseAll(),
      supersede: (target, deltaId) =>
        this.#stop(
          (trial) => trial.plan.target === target && trial.plan.deltaId !== deltaId,
          `delta ${deltaId} set ${target}`,
        ),
      takeBack: (deltaId) => this.#takeBack(deltaId),
    };
    this.#all = view.trials.map(
      (trial) => new TrialChange(trial.plan.deltaId, trial, this.#context),
    );
  }

  get #recorded(): number {
    return this.#view.head.counters.tasksRecorded + this.#recordedHere;
  }

  /** The trial in stage `trial`; one that only waits for late reports does not count. */
  get on(): Trial | undefined {
    return this.all.find((trial) => isOnTrial(trial) && !isSettling(trial));
  }

  /** The open trials, in every stage. */
  get all(): readonly Trial[] {
    return this.#all.flatMap(({ trial }) => trial ?? []);
  }

  /** Begins a trial; `on` must be `undefined`. */
  start(plan: TrialPlan, summary: string): void {
    const change = new TrialChange(plan.deltaId, undefined, this.#context);
    this.#all.push(change);
    change.start(plan, summary);
  }

  /** The arms of a task: those it has already, and new ones in each trial that takes it. */
  assign({ taskId, labels, clientId = '' }: Dispatch): Assignment[] {
    const { on } = this;
    const timeMs = this.#changes.nowMs;
    return this.#all.flatMap((change): Assignment[] => {
      const { trial } = change;
      if (trial === undefined) return [];
      let arm = armOf(trial, taskId);
      const { plan, stage } = trial;
      // While another value of the parameter is on trial, no other trial of it takes tasks.
      const isFree = on === undefined || on === trial || on.plan.target !== plan.target;
      const isTaken = isFree && !hasRefused(this.#view, change.deltaId, clientId);
      if (arm === undefined && isTaken) {
        const kind = kindOfTask(plan, labels);
        const step = assignTask(trial, { taskId, kind, timeMs, seed: change.seed });
        if (step !== undefined) change.take(step);
        arm = step?.arm;
      }
      return arm === undefined ? [] : [{ deltaId: plan.deltaId, arm, stage }];
    });
  }

  /**
   * Records a reported task in the trials that it belongs to. That of a client which has refused the
   * delta tells nothing: in a block it is passed over, and with an arm of its own it counts as cancelled.
   */
  record(task: FinishedTask & Pick<Task, 'clientId'>): void {
    const { nowMs, sequence } = this.#changes;
    this.#recordedHere += 1;
    // A client that has not acknowledged may have closed its stream.
    if (task.deltaSequence === 0) this.noticeAcknowledged();
    const finishTimeMs = toLoopMs(this.#view.head, task.finishTimeMs);
    for (const change of this.#all) {
      if (task.status === 'success') change.resume('outage');
      const { trial } = change;
      // A sequence that no delta has yet does not name a block.
      const isAhead = trial?.plan.assignment === 'switchback' && task.deltaSequence > sequence;
      if (trial === undefined || isAhead) continue;
      const isRefused = hasRefused(this.#view, change.deltaId, task.clientId ?? '');
      if (isRefused && trial.plan.assignment === 'switchback') continue;
      const status = isRefused ? 'cancelled' : task.status;
      const step = recordOutcome(trial, { ...task, status, finishTimeMs }, nowMs);
      if (step !== undefined) change.take(step);
      // In blocks, a pair may have become due, and any recorded task lets the next block begin.
      if (step !== undefined || trial.plan.assignment === 'switchback') change.moveOn();
    }
  }

  /** Takes the steps that are due by time: outcomes that have timed out, and moves. */
  expire(): void {
    for (const change of this.#all) {
      const step =
        change.trial && missingOutcomes(change.trial, this.#changes.nowMs, this.#recorded);
      if (step !== undefined) change.take(step);
      change.moveOn();
    }
  }

  /**
   * Records when every client with an open stream has a running block's value: it has acknowledged the
   * switch, or got a Snapshot since. Clients that never acknowledge, that refuse the delta, or whose stream
   * filters such deltas out, are not waited for.
   *
   * @param acknowledgedBy the highest sequence that a client has acknowledged
   */
  noticeAcknowledged(acknowledgedBy = (id: string) => this.#view.acknowledged(id)): void {
    for (const change of this.#all) {
      const block = change.trial && runningBlock(change.trial);
      if (block === undefined || block.acknowledgedMs !== undefined) continue;
      const type = (this.#view.delta(change.deltaId) ?? this.#changes.born(change.deltaId))?.type;
      const clients = followersOf(this.#environment, type).filter(
        ({ clientId }) =>
          acknowledgedBy(clientId) > 0 && !hasRefused(this.#view, change.deltaId, clientId),
      );
      const isByAll = clients.every(
        ({ clientId, snapshotSequence }) =>
          Math.max(acknowledgedBy(clientId), snapshotSequence) >= block.sequence,
      );
      if (clients.length > 0 && isByAll) {
        change.take({ step: 'acknowledged', timeMs: this.#changes.nowMs });
      }
    }
  }

  pause(): void {
    for (const change of this.#all) change.pause('operator');
  }

  resume(): void {
    for (const change of this.#all) change.resume('operator');
  }

  /** As `TrialChange.stop`. */
  stop(deltaId: string, reason: string): void {
    this.#stop(({ plan }) => plan.deltaId === deltaId, reason);
  }

  /**
   * Ends the trial that tasks no longer ask for by their ids: it would wait in vain. A probation waits, since
   * its value is in force.
   */
  stopUnasked(): void {
    const { on } = this;
    if (on?.plan.assignment !== 'task' || this.arePaused) return;
    this.stop(on.plan.deltaId, 'none of the newest tasks asked for its parameters by its id');
  }

  /** Ends a trial that cannot be continued as INCONCLUSIVE. */
  abandon(deltaId: string, reason: string): void {
    const change = this.#all.find((one) => one.deltaId === deltaId);
    change?.end({ verdict: 'inconclusive', reason }, false);
  }

  /** As `stop`, for every trial of a parameter that is about to be set. */
  stopOn(target: string, reason: string): void {
    this.#stop(({ plan }) => plan.target === target, reason, true);
  }

  /** Begins the next part of a holdback, since the old value is about to be tried again. */
  renewHoldback(deltaId: string, usualMs: number, retrialTask: number): void {
    const change = this.#all.find((one) => one.deltaId === deltaId);
    change?.renew({ usualMs, retrialTask });
  }

  #stop(isMeant: (trial: Trial) => boolean, reason: string, isReplaced = false): void {
    for (const change of this.#all) {
      if (change.trial !== undefined && isMeant(change.trial)) change.stop(reason, isReplaced);
    }
  }

  #pauseAll(): void {
    this.arePaused = true;
    this.#changes.events.push({
      kind: 'trials_paused',
      timeMs: this.#changes.nowMs,
      paused: true,
    });
    this.pause();
  }

  #takeBack(deltaId: string): void {
    const reason = 'its former value has proven better in a trial of its own';
    const change = this.#all.find((one) => one.deltaId === deltaId);
    change?.end({ verdict: 'harmed', reason }, true);
  }
}
