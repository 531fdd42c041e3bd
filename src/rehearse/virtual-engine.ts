import { createVirtualClock, type VirtualClock } from '../backtest/virtual-clock.ts';
import { type Cohort, liveValue, sameCohort } from '../domain/cohort.ts';
import { type LoopSettings, retentionOf } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Parameters } from '../domain/value.ts';
import { acknowledge } from '../engine/acknowledge.ts';
import { Engine } from '../engine/engine.ts';
import { baseline } from '../engine/resolve.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { SyncLedgerStore } from '../ledger/store.ts';
import { trialsOn } from '../ledger/view.ts';
import { standingArm } from '../trial/standing.ts';

/** The values that a task runs with. */
export interface Given {
  readonly parameters: Parameters;
  readonly sequence: number;
}

/** The name of the orchestrator that follows the stream. */
const CLIENT = 'orchestrator';

/** Keeps nothing, since a ledger of a rehearsal is never opened again: copies of each commit would take most of its time. */
const FORGETTING: SyncLedgerStore = {
  load: () => undefined,
  commit() {},
  read: () => [],
  check() {},
  recover: () => false,
  sizeBytes: () => 0,
  close() {},
};

/** The engine, in memory and in virtual time. */
export class VirtualEngine {
  readonly clock: VirtualClock;
  readonly ledger: Ledger;
  readonly #engine: Engine;
  readonly #settings: LoopSettings;
  #unacknowledged: string | undefined;

  private constructor(settings: LoopSettings, startMs: number) {
    let ids = 0;
    this.#settings = settings;
    this.clock = createVirtualClock(startMs);
    this.ledger = Ledger.open({
      store: FORGETTING,
      retention: retentionOf(settings),
      newEpoch: () => 'rehearse',
      defer: queueMicrotask,
    });
    this.#engine = new Engine({
      ledger: this.ledger,
      settings,
      clock: this.clock,
      newId: () => `rehearse-${++ids}`,
      observer: { tasksRecorded() {}, cycleCompleted() {}, cycleFailed() {} },
    });
  }

  /**
   * @param seed makes its trials repeatable
   * @param follows whether the orchestrator follows the stream, and acknowledges each delta at once
   */
  static async create(
    { curation, trial, ...settings }: LoopSettings,
    seed: string,
    startMs: number,
    follows: boolean,
  ): Promise<VirtualEngine> {
    const engine = new VirtualEngine(
      {
        ...settings,
        // An orchestrator that only asks for values acknowledges none.
        curation: { ...curation, ackTimeoutSeconds: 0 },
        trial: { ...trial, seed },
      },
      startMs,
    );
    if (follows) engine.#follow();
    await engine.#engine.configure(engine.#settings);
    return engine;
  }

  /** Advances the clock, and ends what is overdue. */
  async goTo(ms: number): Promise<void> {
    this.clock.set(ms);
    await this.#engine.expire();
    await this.#acknowledge();
  }

  /** The values for a task that asks by its id. */
  async resolve(taskId: string, labels: Task['labels']): Promise<Given> {
    const { parameters, deltaSequence } = await this.#engine.resolve({ taskId, labels });
    return { parameters, sequence: deltaSequence };
  }

  /** The values that streams have put in force. */
  streamed(labels: Task['labels']): Given {
    const { parameters, deltaSequence } = baseline(this.ledger.state, labels);
    return { parameters, sequence: deltaSequence };
  }

  async record(task: Task): Promise<void> {
    await this.#engine.recordTasks([task]);
    await this.#acknowledge();
  }

  async cycle(): Promise<void> {
    await this.#engine.runCycle();
    await this.#acknowledge();
  }

  #follow(): void {
    this.#engine.followedBy(() => [{ clientId: CLIENT, types: [], snapshotSequence: 0 }]);
    this.ledger.onCommit(({ events }) => {
      const applied = events.findLast((event) => event.kind === 'delta_applied');
      if (applied !== undefined) this.#unacknowledged = applied.deltaId;
    });
  }

  /** Acknowledges the newest delta in force, if it is followed. */
  async #acknowledge(): Promise<void> {
    const deltaId = this.#unacknowledged;
    this.#unacknowledged = undefined;
    if (deltaId === undefined) return;
    const refusal = undefined;
    await this.#engine.decide(acknowledge({ clientId: CLIENT, epoch: '', deltaId, refusal }));
  }

  /** The values in force for a cohort, or for all; of one on trial, the value that stays unless the trial finds help. */
  inForce(cohort: Cohort | undefined): Parameters {
    const { state } = this.ledger;
    const names = Object.keys(this.#settings.parameters);
    return Object.fromEntries(
      names.flatMap((target) => {
        const place = { target, cohort };
        const trial = trialsOn(state, place).find(
          ({ stage, plan }) => stage !== 'holdback' && sameCohort(plan.cohort, cohort),
        );
        const live = liveValue(state.head, place);
        const { plan } = trial ?? {};
        const standing = trial && standingArm(trial) === 'old' ? plan?.oldValue : plan?.newValue;
        const value = trial === undefined ? live : standing;
        return value === undefined ? [] : [[target, value]];
      }),
    );
  }
}
