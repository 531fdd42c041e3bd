import { type CombinedMetrics, combineMetrics } from '../cycle/combine-metrics.ts';
import type { Clock } from '../domain/clock.ts';
import type { Gains } from '../domain/gains.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Rule } from '../domain/rule.ts';
import { type LoopSettings, retentionOf } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Dispatch } from '../trial/assign.ts';
import { retireCohorts } from './cohorts.ts';
import type { EngineDecision } from './decision/decision.ts';
import type { Environment, Follower } from './decision/environment.ts';
import { UtilityFailures } from './decision/utilities.ts';
import { gainsOf } from './gains.ts';
import { IntervalTimer } from './interval-timer.ts';
import { LoopClock } from './loop-clock.ts';
import { declareParameters, retireParameters } from './parameters.ts';
import { type CycleObserver, Cycles } from './proposals/cycles.ts';
import { type RuleStatus, ruleStatus } from './proposals/rule-status.ts';
import { type CycleReport, expireProposals } from './proposals/run-cycle.ts';
import { type SearchStatus, searchStatuses } from './proposals/search-status.ts';
import { type Recorded, recordTasks } from './record.ts';
import { held, type Resolved, resolve, settled } from './resolve.ts';
import { ResolveUsage } from './resolve-usage.ts';
import { expireDue, isDue, reviewTrials } from './trials.ts';

/** Called after tasks are recorded and after each cycle. */
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
 * The learning loop: records tasks, runs cycles, and makes the decisions of operators and clients.
 * Every promise resolves when its outcome is durable, and rejects as `Ledger.transact` does.
 */
export class Engine {
  readonly ledger: Ledger;
  readonly clock: LoopClock;
  readonly #newId: () => string;
  readonly #observer: EngineObserver;
  readonly #cycles: Cycles;
  readonly #timer: IntervalTimer;
  readonly #dueTimer: IntervalTimer;
  #followers: () => readonly Follower[] = () => [];
  readonly #usage: ResolveUsage;
  readonly #utilityFailures = new UtilityFailures();
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
    const intervalMs = () => this.#settings.cycle.intervalSeconds * 1000;
    this.#timer = new IntervalTimer(options.clock, intervalMs, () => this.#tick());
    this.#dueTimer = new IntervalTimer(
      options.clock,
      () => DUE_INTERVAL_MS,
      () => this.expire(),
    );
  }

  get settings(): LoopSettings {
    return this.#settings;
  }

  /** Whether the timer runs cycles. */
  get active(): boolean {
    return this.#active;
  }

  /** Unix time in milliseconds; `undefined` while learning is off or the timer is stopped. */
  get nextCycleTimeMs(): number | undefined {
    const dueIn = this.#timer.dueInMs();
    return this.#active && dueIn !== undefined ? this.clock.wallNow() + dueIn : undefined;
  }

  /** @param followers returns the open streams */
  followedBy(followers: () => readonly Follower[]): void {
    this.#followers = followers;
  }

  ruleStatus(rule: Rule): RuleStatus {
    const heldSinceMs = this.#cycles.heldSinceMs.get(rule.fingerprint);
    return ruleStatus(this.ledger.state, rule, this.#environment(), heldSinceMs);
  }

  /** The searches for parameters' values. */
  searches(): SearchStatus[] {
    return searchStatuses(this.ledger.state, this.#environment());
  }

  /** What rules see of the metrics that clients have reported; `undefined` if there are none. */
  metrics(): CombinedMetrics | undefined {
    const reports = this.ledger.state.metricsReports();
    return combineMetrics(reports, this.#settings.metrics, this.clock.now());
  }

  /** What the retained changes have gained, and what that cost. */
  gains(): Gains {
    return gainsOf(this.ledger.state, this.#environment());
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
   * Applies a config: parameters that it no longer has are removed, new ones get their initial values, and later
   * decisions use the config. If the ledger cannot be written, the former config stays.
   */
  async configure(settings: LoopSettings): Promise<void> {
    const former = this.#settings;
    this.#settings = settings;
    try {
      // Decisions requested in one turn are committed together. `reviewTrials` ends the trials that cannot continue, so
      // that `retireParameters` can stop the others as usual.
      const decisions = [declareParameters(), reviewTrials(), retireCohorts(), retireParameters()];
      await Promise.all(decisions.map((decision) => this.decide(decision)));
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
    const recorded = await this.decide(recordTasks(timed, tasks.length, metrics));
    this.#observer.tasksRecorded(recorded);
    return recorded;
  }

  /**
   * The values for a task to run with; a task gets the same arms each time while its trials are open. A task that asks
   * for a single parameter gets arms in trials of that one alone.
   */
  async resolve(dispatch: Dispatch): Promise<Resolved> {
    const { taskId, target } = dispatch;
    const isFirst = this.#noteAsked(taskId, target);
    return settled(this.ledger.state, dispatch, isFirst) ?? this.decide(resolve(dispatch));
  }

  /** The values for a task with the arms that it has: none is assigned, now or later, but it counts as having asked. */
  peek(dispatch: Pick<Dispatch, 'taskId' | 'labels'>): Resolved {
    this.#noteAsked(dispatch.taskId);
    return held(this.ledger.state, dispatch);
  }

  /** The sequence of the newest delta when a task asked; `undefined` if it has not, or has been recorded. */
  sequenceOf(taskId: string): number | undefined {
    return this.#usage.sequenceOf(taskId);
  }

  #noteAsked(taskId: string, name?: string): boolean {
    const { sequence } = this.ledger.state.head;
    return this.#usage.noteAsked(taskId, this.clock.monotonic(), name, sequence);
  }

  runCycle(): Promise<CycleReport> {
    return this.#cycles.run();
  }

  /** Makes a decision of an operator, a client or the loop. */
  decide<R>(decision: EngineDecision<R>): Promise<R> {
    return this.ledger.transact(decision(this.#environment()));
  }

  async #tick(): Promise<void> {
    if (this.#active) await this.runCycle();
    else await this.decide(expireProposals());
  }

  /** Ends what is overdue: outcomes, trials, and deltas without an acknowledgement. */
  async expire(): Promise<void> {
    if (isDue(this.ledger.state, this.#now())) await this.decide(expireDue());
  }

  /** The loop's time, for a decision. A jump of the wall clock is recorded before that decision. */
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
      utilityFailures: this.#utilityFailures,
    };
  }
}
