import type { DeltaType } from '../domain/delta.ts';
import { toLoopMs } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { type FinishedTask, missingOutcomes, recordOutcome } from '../trial/advance.ts';
import { type Assignment, armOf, assignTask, type Dispatch, kindOfTask } from '../trial/assign.ts';
import type { TrialPlan } from '../trial/plan.ts';
import { isSettling, type Trial } from '../trial/trial.ts';
import type { Changes } from './changes.ts';
import type { Environment, Follower } from './environment.ts';
import { TrialChange, type TrialContext } from './trial-change.ts';

/** What one decision does to the trials that go on: of values on trial, and of those in force. */
export class TrialChanges {
  /** All trials are paused. */
  arePaused: boolean;
  readonly #changes: Changes;
  readonly #view: LedgerView;
  readonly #environment: Environment;
  readonly #context: TrialContext;
  #all: TrialChange[];

  constructor(changes: Changes, view: LedgerView, environment: Environment) {
    this.arePaused = view.head.trialsPaused;
    this.#changes = changes;
    this.#view = view;
    this.#environment = environment;
    this.#context = {
      changes,
      view,
      environment,
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

  /** The trial of a value that is not in force yet; one that only waits for late reports is none. */
  get on(): Trial | undefined {
    return this.all.find((trial) => trial.stage === 'trial' && !isSettling(trial));
  }

  /** The trials that go on, those of values in force included. */
  get all(): readonly Trial[] {
    return this.#all.flatMap(({ trial }) => trial ?? []);
  }

  /** Begins a trial; there must be none of a value that is not in force. */
  start(plan: TrialPlan, summary: string): void {
    const change = new TrialChange(plan.deltaId, undefined, this.#context);
    this.#all.push(change);
    change.start(plan, summary);
  }

  /** Gives a task its arms: of each trial that takes it in, or has already. */
  assign({ taskId, labels }: Dispatch): Assignment[] {
    const { on } = this;
    const timeMs = this.#changes.nowMs;
    const recorded = this.#view.head.counters.tasksRecorded;
    return this.#all.flatMap((change): Assignment[] => {
      const { trial } = change;
      if (trial === undefined) return [];
      let arm = armOf(trial, taskId);
      const { plan, stage } = trial;
      // While another value of the parameter is on trial, nothing else of it is compared.
      const isFree = on === undefined || on === trial || on.plan.target !== plan.target;
      if (arm === undefined && isFree) {
        const kind = kindOfTask(plan, labels);
        const step = assignTask(trial, { taskId, kind, timeMs, recorded, seed: change.seed });
        if (step !== undefined) change.take(step);
        arm = step?.arm;
      }
      return arm === undefined ? [] : [{ deltaId: plan.deltaId, arm, stage }];
    });
  }

  /** Takes in a task that has ended. */
  record(task: FinishedTask): void {
    const { nowMs, sequence } = this.#changes;
    // Who has not acknowledged may have gone meanwhile.
    if (task.deltaSequence === 0) this.noticeAcknowledged();
    // As the client's clock would show it if it kept to the loop's time.
    const finishTimeMs = toLoopMs(this.#view.head, task.finishTimeMs);
    for (const change of this.#all) {
      if (task.status === 'success') change.resume('outage');
      const { trial } = change;
      // A sequence that no delta has yet says nothing of a block.
      const isAhead = trial?.block !== undefined && task.deltaSequence > sequence;
      if (trial === undefined || isAhead) continue;
      const step = recordOutcome(trial, { ...task, finishTimeMs }, nowMs);
      if (step === undefined) continue;
      change.take(step);
      change.moveOn();
    }
  }

  /** Gives up what has not come in time, the trials themselves included. */
  expire(): void {
    for (const change of this.#all) {
      const step = change.trial && missingOutcomes(change.trial, this.#changes.nowMs);
      if (step !== undefined) change.take(step);
      change.moveOn();
    }
  }

  /**
   * Notices when every client that follows the deltas has put a running block's value in force: it
   * has acknowledged its switch, or begun with a Snapshot since. One that never acknowledges anything
   * only looks on, and one that is not told of such deltas is not waited for.
   *
   * @param acknowledgedBy the highest sequence that a client has acknowledged
   */
  noticeAcknowledged(acknowledgedBy = (id: string) => this.#view.acknowledged(id)): void {
    for (const change of this.#all) {
      const block = change.trial?.block;
      if (block === undefined || block.acknowledgedMs !== undefined) continue;
      const type = (this.#view.delta(change.deltaId) ?? this.#changes.born(change.deltaId))?.type;
      const clients = this.#followersOf(type).filter(
        ({ clientId }) => acknowledgedBy(clientId) > 0,
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

  #followersOf(type: DeltaType | undefined): readonly Follower[] {
    return this.#environment
      .followers()
      .filter(({ types }) => types.length === 0 || type === undefined || types.includes(type));
  }

  pause(): void {
    for (const change of this.#all) change.pause('operator');
  }

  resume(): void {
    for (const change of this.#all) change.resume('operator');
  }

  /** Ends a delta's trial from outside: a value on trial is taken back, one in force stays so. */
  stop(deltaId: string, reason: string): void {
    this.#stop(({ plan }) => plan.deltaId === deltaId, reason);
  }

  /** Ends a trial that cannot be gone on with, as one that found nothing. */
  abandon(deltaId: string, reason: string): void {
    const change = this.#all.find((one) => one.deltaId === deltaId);
    change?.end({ verdict: 'inconclusive', reason }, false);
  }

  /** As `stop`, for every trial of a parameter: somebody is about to set it. */
  stopOn(target: string, reason: string): void {
    this.#stop(({ plan }) => plan.target === target, reason);
  }

  /** The value before a confirmed change is about to be tried again: what is usual begins anew. */
  renewHoldback(deltaId: string, usualMs: number, retrialTask: number): void {
    const change = this.#all.find((one) => one.deltaId === deltaId);
    change?.renew({ usualMs, retrialTask });
  }

  #stop(isMeant: (trial: Trial) => boolean, reason: string): void {
    for (const change of this.#all) {
      if (change.trial !== undefined && isMeant(change.trial)) change.stop(reason);
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
