import { setTimeout as delay } from 'node:timers/promises';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { Course, type Ending } from './course.ts';
import { type FieldSidecar, NEW_VALUE, TARGET } from './sidecar.ts';
import { createChances, type Run, type World } from './world.ts';

/** Real milliseconds per millisecond of the world: a task of one second takes 15 ms. */
const SCALE = 0.015;

/** Tasks before the trial, from which its plan is measured. */
const WARM_UP_TASKS = 100;

/** More tasks than a trial and its probation take. */
const MAX_DISPATCHED = 6000;

/** After this many tasks in a row without an arm, each slot pauses between tasks. */
const IDLE_TASKS = 200;
const IDLE_PACE_MS = 150;

const POLL_MS = 20;

/** The run ends if no arm is assigned and no state changes for this long, plus some outcome timeouts. */
const QUIET_MS = 12_000;
const QUIET_TIMEOUTS = 4;
const MEASURED_TIMEOUT_SECONDS = 60;

/** The result of one seed. */
export interface Played extends Ending {
  /** Mean duration of ResolveParameters and RecordTask, in milliseconds. */
  readonly callMs: number;
}

/**
 * An orchestrator with `inFlight` slots: a slot is free when its task ends, even if the report is late.
 * It uses the public RPCs only.
 */
export class Orchestrator {
  readonly #sidecar: FieldSidecar;
  readonly #world: World;
  readonly #chance: ReturnType<typeof createChances>;
  #begun = 0;
  #dispatched = 0;
  #recorded = 0;
  #withoutArm = 0;
  #lastActivityMs = performance.now();
  #isDone = false;
  #calls = 0;
  #callMs = 0;
  readonly #reports = new Set<NodeJS.Timeout>();
  /** Rejects with the first call that fails. */
  readonly #broken = Promise.withResolvers<never>();

  constructor(sidecar: FieldSidecar, world: World, seed: number) {
    this.#sidecar = sidecar;
    this.#world = world;
    this.#chance = createChances(world, seed);
  }

  /** Runs until the trial has ended or stalled. Rejects if a call fails. */
  async play(): Promise<Played> {
    const slots = Array.from({ length: this.#world.inFlight }, () =>
      this.#slot().catch(this.#broken.reject),
    );
    try {
      const ending = await Promise.race([this.#follow(), this.#broken.promise]);
      return { ...ending, callMs: this.#callMs / Math.max(this.#calls, 1) };
    } finally {
      this.#isDone = true;
      for (const report of this.#reports) clearTimeout(report);
      await Promise.all(slots);
    }
  }

  async #slot(): Promise<void> {
    while (!this.#isDone) {
      const taskId = `task-${this.#begun++}`;
      const chance = this.#chance();
      const { parameters, assignments } = await this.#timed(
        this.#sidecar.client.resolveParameters({ taskId }),
      );
      this.#dispatched += 1;
      this.#withoutArm = assignments.length > 0 ? 0 : this.#withoutArm + 1;
      if (assignments.length > 0) this.#lastActivityMs = performance.now();
      const kind = parameters[TARGET]?.kind;
      const run = this.#world.run(chance, kind?.case === 'stringValue' && kind.value === NEW_VALUE);
      await delay(run.latencyMs * SCALE);
      if (this.#isDone) return;
      const { delayMs = 0, isLost = false } = run;
      if (!isLost && delayMs === 0) await this.#report(taskId, run);
      else if (!isLost) this.#reportLater(taskId, run, delayMs * SCALE);
      if (this.#withoutArm > IDLE_TASKS) await delay(IDLE_PACE_MS);
    }
  }

  #reportLater(taskId: string, run: Run, ms: number): void {
    const timer = setTimeout(() => {
      this.#reports.delete(timer);
      void this.#report(taskId, run).catch(this.#broken.reject);
    }, ms);
    this.#reports.add(timer);
  }

  async #report(taskId: string, { latencyMs, status, measurements = {} }: Run): Promise<void> {
    await this.#timed(
      this.#sidecar.client.recordTask({ task: { taskId, latencyMs, status, measurements } }),
    );
    this.#recorded += 1;
  }

  async #timed<T>(call: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const answer = await call;
    this.#calls += 1;
    this.#callMs += performance.now() - startMs;
    return answer;
  }

  /** Begins the trial once there are enough tasks, and polls its delta. */
  async #follow(): Promise<Ending> {
    const { client, admin } = this.#sidecar;
    while (this.#recorded < WARM_UP_TASKS) await delay(POLL_MS);
    const { cycle } = await admin.runCycle({});
    const deltaId = cycle?.deltas[0]?.deltaId ?? '';
    this.#dispatched = 0;
    this.#lastActivityMs = performance.now();
    const isRefused = this.#world.targets.includes('not begun');
    const course = new Course(isRefused ? DeltaState.PROPOSED : DeltaState.TRIAL);
    for (;;) {
      const dispatched = this.#dispatched;
      const { delta } = await client.getDeltaStatus({ deltaId });
      if (delta === undefined) throw new Error('the cycle proposed nothing');
      if (course.see(delta, dispatched)) this.#lastActivityMs = performance.now();
      if (isOver(delta.state) || dispatched > MAX_DISPATCHED || this.#isQuiet()) {
        const { parameters } = await client.resolveParameters({});
        const kind = parameters[TARGET]?.kind;
        const isInForce = kind?.case === 'stringValue' && kind.value === NEW_VALUE;
        return course.end(delta, isInForce, dispatched);
      }
      await delay(POLL_MS);
    }
  }

  #isQuiet(): boolean {
    const { outcome_timeout_seconds: seconds = MEASURED_TIMEOUT_SECONDS } = this.#world.trial;
    const quietMs = QUIET_MS + (seconds < 10 ? QUIET_TIMEOUTS : 1.2) * seconds * 1000;
    return performance.now() - this.#lastActivityMs > quietMs;
  }
}

function isOver(state: DeltaState): boolean {
  return state !== DeltaState.TRIAL && state !== DeltaState.PROVISIONAL;
}
