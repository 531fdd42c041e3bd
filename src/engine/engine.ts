import type { Clock } from '../domain/clock.ts';
import type { Delta } from '../domain/delta.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import { type LoopSettings, retentionOf } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  type Acknowledgement,
  acknowledge,
  approve,
  type CurationEnvironment,
  type Override,
  reject,
  revert,
  setParameter,
} from './curation.ts';
import { declareParameters } from './parameters.ts';
import { type Recorded, recordTasks, reportMetrics } from './record.ts';
import { type CycleReport, expireProposals, restingUntil, runCycle } from './run-cycle.ts';
import { LoopTimer } from './timer.ts';

/** Who wants to know what the loop does. */
export interface EngineObserver {
  cycleCompleted(report: CycleReport): void;
  cycleFailed(error: unknown): void;
}

export interface EngineOptions {
  readonly ledger: Ledger;
  readonly settings: LoopSettings;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly observer: EngineObserver;
}

/**
 * The loop: takes what is reported, runs cycles, carries out what people and clients decide. Every
 * method answers when its outcome is durable, and rejects as `Ledger.transact` does.
 */
export class Engine {
  readonly ledger: Ledger;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #observer: EngineObserver;
  readonly #timer: LoopTimer;
  #settings: LoopSettings;
  #active: boolean;

  constructor(options: EngineOptions) {
    this.ledger = options.ledger;
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#newId = options.newId;
    this.#observer = options.observer;
    this.#active = options.settings.cycle.enabled;
    this.#timer = new LoopTimer(options.clock, {
      intervalMs: () => this.#settings.cycle.intervalSeconds * 1000,
      run: () => this.#beat(),
    });
  }

  get settings(): LoopSettings {
    return this.#settings;
  }

  /** Learning is on: the timer runs cycles. */
  get active(): boolean {
    return this.#active;
  }

  /** Unix time in milliseconds; `undefined` while learning is off or the timer stopped. */
  get nextCycleTimeMs(): number | undefined {
    const dueIn = this.#timer.dueInMs();
    return this.#active && dueIn !== undefined ? this.#clock.now() + dueIn : undefined;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Starts the timer; the first cycle comes one interval from now. */
  start(): void {
    this.#timer.start();
  }

  /** No cycle starts any more of itself. */
  stop(): void {
    this.#timer.stop();
  }

  /** Turns learning on or off. The timer beats on either way: waiting proposals must expire. */
  setActive(active: boolean): void {
    if (active && !this.#active) this.#timer.start();
    this.#active = active;
  }

  /** Takes up a config: parameters it declares anew get their initial values. */
  async configure(settings: LoopSettings): Promise<void> {
    await this.ledger.transact(declareParameters(settings, this.#clock.now()));
    this.#settings = settings;
    this.ledger.retain(retentionOf(settings));
    this.#timer.reschedule();
  }

  recordTasks(tasks: readonly Task[], metrics?: CoordinationMetrics): Promise<Recorded> {
    return this.ledger.transact(recordTasks(tasks, metrics, this.#clock.now()));
  }

  reportMetrics(metrics: CoordinationMetrics): Promise<void> {
    return this.ledger.transact(reportMetrics(metrics, this.#clock.now()));
  }

  async runCycle(): Promise<CycleReport> {
    try {
      const report = await this.ledger.transact(
        runCycle({ ...this.#environment(), monotonic: () => this.#clock.monotonic() }),
      );
      this.#observer.cycleCompleted(report);
      return report;
    } catch (error) {
      this.#observer.cycleFailed(error);
      throw error;
    }
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

  /** When the rules may touch a parameter again, Unix time in milliseconds; `undefined`: now. */
  restingUntil(target: string): number | undefined {
    return restingUntil(this.ledger.state, this.#settings, target, this.#clock.now());
  }

  async #beat(): Promise<void> {
    if (this.#active) await this.runCycle();
    else await this.ledger.transact(expireProposals(this.#clock.now()));
  }

  #environment(): CurationEnvironment {
    return { settings: this.#settings, nowMs: this.#clock.now(), newId: this.#newId };
  }
}
