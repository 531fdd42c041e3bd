import { type CombinedMetrics, combineMetrics } from '../cycle/combine-metrics.ts';
import type { Clock } from '../domain/clock.ts';
import type { Delta } from '../domain/delta.ts';
import type { Gains } from '../domain/gains.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Rule } from '../domain/rule.ts';
import { type LoopSettings, retentionOf } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Dispatch } from '../trial/assign.ts';
import { type Acknowledgement, acknowledge } from './acknowledge.ts';
import { approve, type Override, reject, setParameter } from './curation.ts';
import { type CycleObserver, Cycles } from './cycles.ts';
import type { Environment, Follower } from './environment.ts';
import { gainsOf } from './gains.ts';
import { LoopClock } from './loop-clock.ts';
import { declareParameters, retireParameters } from './parameters.ts';
import { type Recorded, recordTasks, reportMetrics } from './record.ts';
import { baseline, type Resolved, resolve, settled } from './resolve.ts';
import { ResolveUsage } from './resolve-usage.ts';
import { revert } from './revert.ts';
import { neverPasses, type RuleStatus, ruleStatus } from './rule-status.ts';
import { type CycleReport, expireProposals } from './run-cycle.ts';
import { LoopTimer } from './timer.ts';
import { expireDue, isDue, reviewTrial, setTrialsPaused } from './trials.ts';

/** Is told of what is recorded, and of each cycle. */
export interface EngineObserver extends CycleObserver {
  tasksRecorded(recorded: Recorded): void;
}

export interface EngineOptions {
  readonly ledger: Ledger;
  readonly settings: LoopSettings;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly observer: EngineObserver;
}

/** How often `isDue` is checked. */
const DUE_INTERVAL_MS = 1000;

/**
 * The learning loop: records reports, runs cycles, and carries out the decisions of operators and
 * clients. Every promise resolves when its outcome is durable, and rejects as `Ledger.transact` does.
 */
export class Engine {
  readonly ledger: Ledger;
  readonly clock: LoopClock;
  readonly #newId: () => string;
  readonly #observer: EngineObserver;
  readonly #cycles: Cycles;
  readonly #timer: LoopTimer;
  readonly #dueTimer: LoopTimer;
  #followers: () => readonly Follower[] = () => [];
  readonly #usage: ResolveUsage;
  readonly #startedMs: number;
  #settings: LoopSettings;
  #active: boolean;
  #isFollowing = false;

  constructor(options: EngineOptions) {
    this.ledger = options.ledger;
    this.#settings = options.settings;
    this.clock = new LoopClock(options.clock, options.ledger.state.head);
    this.#newId = options.newId;
    this.#observer = options.observer;
    this.#cycles = new Cycles(options.ledger, options.observer, () => this.#environment());
    this.#startedMs = options.clock.monotonic();
    this.#usage = new ResolveUsage(options.ledger.state.head.counters.tasksRecorded > 0);
    this.#active = options.settings.cycle.enabled;
    this.#timer = new LoopTimer(options.clock, {
      intervalMs: () => this.#settings.cycle.intervalSeconds * 1000,
      run: () => this.#beat(),
    });
    this.#dueTimer = new LoopTimer(options.clock, {
      intervalMs: () => DUE_INTERVAL_MS,
      run: () => this.#expire(),
    });
  }

  get settings(): LoopSettings {
    return this.#settings;
  }

  /** Whether the timer runs cycles. */
  get active(): boolean {
    return this.#active;
  }

  /** Unix time in milliseconds; `undefined` while learning is off or the timer stopped. */
  get nextCycleTimeMs(): number | undefined {
    const dueIn = this.#timer.dueInMs();
    return this.#active && dueIn !== undefined ? this.clock.wallNow() + dueIn : undefined;
  }

  /** @param followers answers the open streams */
  followedBy(followers: () => readonly Follower[]): void {
    this.#followers = followers;
  }

  ruleStatus(rule: Rule): RuleStatus {
    const { asksByTask } = this.#environment();
    const nowMs = this.clock.now();
    const status = ruleStatus(this.ledger.state, rule, this.#settings, nowMs, asksByTask);
    const sinceMs = this.#cycles.heldSinceMs.get(rule.fingerprint);
    const seconds = Math.floor((nowMs - (sinceMs ?? nowMs)) / 1000);
    const isCounting = sinceMs !== undefined && seconds < rule.forSeconds;
    if (!isCounting || status.waiting !== '') return status;
    const waiting = `its condition has held for ${seconds} of ${rule.forSeconds} seconds`;
    return { ...status, waiting };
  }

  /** What rules see of the metrics that clients have reported; `undefined`: there are none. */
  metrics(): CombinedMetrics | undefined {
    const reports = this.ledger.state.metricsReports();
    return combineMetrics(reports, this.#settings.metrics, this.clock.now());
  }

  /** What the retained changes have gained, and what that cost. */
  gains(): Gains {
    return gainsOf(this.ledger.state, this.#environment());
  }

  /** Why no proposal of a rule can pass, as things stand; `undefined`: one may. */
  neverPasses(rule: Rule): string | undefined {
    return neverPasses(this.ledger.state, rule, this.#settings, this.clock.now());
  }

  /** Starts the timers; the first cycle runs one interval from now. */
  start(): void {
    this.#timer.start();
    this.#dueTimer.start();
  }

  /** Stops the timers. */
  stop(): void {
    this.#timer.stop();
    this.#dueTimer.stop();
  }

  /** Turns cycles on or off. The timer runs either way, since waiting proposals must expire. */
  setActive(active: boolean): void {
    if (active && !this.#active) this.#timer.start();
    this.#active = active;
  }

  /**
   * Applies a config: parameters that it has no more leave, new ones get their initial values, and later
   * decisions use it. If the ledger cannot be written, the former config stays.
   */
  async configure(settings: LoopSettings): Promise<void> {
    const former = this.#settings;
    this.#settings = settings;
    const environment = this.#environment();
    try {
      // Requested in the same turn, they are committed together. Once trials have been reviewed, those that
      // are left can be stopped like any other.
      await Promise.all(
        [declareParameters, reviewTrial, retireParameters].map((decisionOf) =>
          this.ledger.transact(decisionOf(environment)),
        ),
      );
    } catch (error) {
      this.#settings = former;
      throw error;
    }
    // What StartLearning or StopLearning set remains unless the config changes `cycle.enabled`.
    if (settings.cycle.enabled !== former.cycle.enabled) this.setActive(settings.cycle.enabled);
    this.ledger.retain(retentionOf(settings));
    this.#timer.reschedule();
  }

  async recordTasks(tasks: readonly Task[], metrics?: CoordinationMetrics): Promise<Recorded> {
    const isNew = ({ taskId }: Task) => !this.ledger.state.hasTaskId(taskId);
    const monotonicMs = this.clock.monotonic();
    const upMs = monotonicMs - this.#startedMs;
    const now = { monotonicMs, wallMs: this.clock.wallNow(), upMs };
    const timed = this.#usage.noteRecorded(tasks.filter(isNew), now);
    const recorded = await this.ledger.transact(
      recordTasks(timed, tasks.length, metrics, this.#environment()),
    );
    this.#observer.tasksRecorded(recorded);
    return recorded;
  }

  /** The values in force. */
  current(): Resolved {
    return baseline(this.ledger.state);
  }

  /** The values for a task to run with; the same arms each time while its trials are open. */
  async resolve(dispatch: Dispatch): Promise<Resolved> {
    const isFirst = this.#usage.noteAsked(dispatch.taskId, this.clock.monotonic());
    const done = settled(this.ledger.state, dispatch, isFirst);
    return done ?? this.ledger.transact(resolve(dispatch, this.#environment()));
  }

  /** Pauses all trials, with the old values in force, or resumes them. */
  setTrialsPaused(paused: boolean): Promise<void> {
    return this.ledger.transact(setTrialsPaused(paused, this.#environment()));
  }

  reportMetrics(metrics: CoordinationMetrics): Promise<void> {
    return this.ledger.transact(reportMetrics(metrics, this.#now()));
  }

  runCycle(): Promise<CycleReport> {
    return this.#cycles.run();
  }

  approve(deltaId: string, reason: string): Promise<Delta> {
    return this.ledger.transact(approve(deltaId, reason, this.#environment()));
  }

  reject(deltaId: string, reason: string): Promise<Delta> {
    return this.ledger.transact(reject(deltaId, reason, this.#environment()));
  }

  revert(deltaId: string, reason: string): Promise<Delta> {
    return this.ledger.transact(revert(deltaId, reason, this.#environment()));
  }

  setParameter(override: Override): Promise<Delta> {
    return this.ledger.transact(setParameter(override, this.#environment()));
  }

  acknowledge(acknowledgement: Acknowledgement): Promise<void> {
    return this.ledger.transact(acknowledge(acknowledgement, this.#environment()));
  }

  async #beat(): Promise<void> {
    if (this.#active) await this.runCycle();
    else await this.ledger.transact(expireProposals(this.#now()));
  }

  async #expire(): Promise<void> {
    if (!isDue(this.ledger.state, this.#now())) return;
    await this.ledger.transact(expireDue(this.#environment()));
  }

  /** The loop's time, for a decision. A jump of the wall clock is recorded before it. */
  #now(): number {
    if (this.clock.newOffsetMs(this.ledger.state) !== undefined && !this.#isFollowing) {
      this.#isFollowing = true;
      const done = () => {
        this.#isFollowing = false;
      };
      // A failure is reported by the ledger's watch; the next call tries again.
      this.ledger.transact(this.clock.follow()).then(done, done);
    }
    return this.clock.now();
  }

  #environment(): Environment {
    return {
      settings: this.#settings,
      nowMs: this.#now(),
      newId: this.#newId,
      followers: this.#followers,
      monotonic: () => this.clock.monotonic(),
      asksByTask: () => this.#usage.isMajority(),
      noneAsks: () => this.#usage.isNone(),
    };
  }
}
