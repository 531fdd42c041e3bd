import type { TaskStatus } from '../../../src/domain/task.ts';
import type { FinishedTask } from '../../../src/trial/advance.ts';
import type { Arm } from '../../../src/trial/arm.ts';
import type { Stage } from '../../../src/trial/trial.ts';
import { taskOf } from '../engine/engine-fixture.ts';
import type { SeededRandom } from '../engine/seed.ts';

/** What the tasks of a played trial come to. */
export interface WorkloadSetup {
  /** Of the new value, on log latency. */
  readonly effect?: number;
  /** As `effect`, once the new value is on probation, and once it is confirmed. */
  readonly effectInForce?: number;
  readonly effectHeldBack?: number;
  /** Share of tasks that succeed, whatever the arm. */
  readonly success?: number;
  /** Share of tasks that nobody hears of again. */
  readonly lost?: number;
  /** Share of tasks that are reported when they have been given up. */
  readonly late?: number;
  /** Share of tasks that are cancelled. */
  readonly cancelled?: number;
  /** How many times its latency later a task of an arm is reported. */
  readonly delay?: Partial<Readonly<Record<Arm, number>>>;
}

/** A task that has ended, and when that is reported. */
export interface EndedTask extends FinishedTask {
  readonly atMs: number;
}

/** Later than any task is waited for. */
const LATE_MS = 20_000;

/** Tasks that run. */
export class TrialWorkload {
  readonly #setup: WorkloadSetup;
  readonly #random: SeededRandom;
  #running: EndedTask[] = [];

  constructor(setup: WorkloadSetup, random: SeededRandom) {
    this.#setup = setup;
    this.#random = random;
  }

  nextLabels(): Readonly<Record<string, string>> {
    const size = this.#random.next() < 0.3 ? 'large' : 'small';
    return this.#random.next() < 0.9 ? { size } : {};
  }

  dispatch(
    taskId: string,
    arm: Arm,
    at: { readonly nowMs: number; readonly sequence: number; readonly stage: Stage },
  ): void {
    const { lost = 0, late = 0, delay = {} } = this.#setup;
    const noise = Math.sqrt(-2 * Math.log(1 - this.#random.next()));
    const log = 6 + 0.4 * noise * Math.cos(2 * Math.PI * this.#random.next());
    const latencyMs = Math.exp(log + (arm === 'new' ? this.#effectIn(at.stage) : 0));
    const status = this.#status();
    if (this.#random.next() < lost) return;
    const isLate = this.#random.next() < late;
    const knows = this.#random.next() < 0.7;
    const reportMs = latencyMs * (1 + (delay[arm] ?? 0)) + (isLate ? LATE_MS : 0);
    this.#running.push({
      ...taskOf({ taskId, status, latencyMs, measurements: { tokens: Math.round(latencyMs) } }),
      finishTimeMs: at.nowMs + latencyMs,
      deltaSequence: knows ? at.sequence : 0,
      atMs: at.nowMs + reportMs,
    });
  }

  /** Takes out those that are reported by now. */
  endedBy(nowMs: number): EndedTask[] {
    const ended = this.#running.filter(({ atMs }) => atMs <= nowMs);
    this.#running = this.#running.filter(({ atMs }) => atMs > nowMs);
    return ended;
  }

  #effectIn(stage: Stage): number {
    const { effect = 0, effectInForce = effect, effectHeldBack = effectInForce } = this.#setup;
    return { trial: effect, probation: effectInForce, holdback: effectHeldBack }[stage];
  }

  #status(): TaskStatus {
    const { success = 1, cancelled = 0 } = this.#setup;
    if (this.#random.next() < cancelled) return 'cancelled';
    return this.#random.next() < success ? 'success' : 'failure';
  }
}
