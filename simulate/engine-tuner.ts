import type { VirtualClock } from '../src/backtest/virtual-clock.ts';
import type { Gains } from '../src/domain/gains.ts';
import type { LoopSettings } from '../src/domain/settings.ts';
import type { Task } from '../src/domain/task.ts';
import { Engine } from '../src/engine/engine.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import type { SyncLedgerStore } from '../src/ledger/store.ts';
import { isOnTrial } from '../src/trial/standing.ts';
import type { Dispatched, Tuner } from './orchestrator.ts';

/** The engine of this repository. */
export class EngineTuner implements Tuner {
  readonly ledger: Ledger;
  readonly #engine: Engine;
  readonly #targets: readonly string[];

  private constructor(engine: Engine, targets: readonly string[]) {
    this.ledger = engine.ledger;
    this.#engine = engine;
    this.#targets = targets;
  }

  /**
   * @param targets the parameters; 1 is the new value
   * @param store holds its ledger
   */
  static async create(
    settings: LoopSettings,
    targets: readonly string[],
    clock: VirtualClock,
    store: SyncLedgerStore,
  ): Promise<EngineTuner> {
    let ids = 0;
    const engine = new Engine({
      ledger: openLedger(settings, store),
      settings,
      clock,
      newId() {
        ids += 1;
        return `simulate-${ids}`;
      },
      observer: {
        tasksRecorded() {},
        cycleCompleted() {},
        cycleFailed() {},
      },
    });
    await engine.configure(settings);
    return new EngineTuner(engine, targets);
  }

  async resolve(taskId: string, labels: Task['labels']): Promise<Dispatched> {
    const { parameters, deltaSequence } = await this.#engine.resolve({ taskId, labels });
    return { on: this.#targets.map((name) => parameters[name] === 1), sequence: deltaSequence };
  }

  async record(task: Task): Promise<void> {
    await this.#engine.recordTasks([task]);
  }

  async cycle(): Promise<void> {
    await this.#engine.runCycle();
  }

  gains(): Gains {
    return this.#engine.gains();
  }

  inForce(): readonly boolean[] {
    const { state } = this.ledger;
    return this.#targets.map((name) => {
      const tried = state.trials.find((trial) => isOnTrial(trial) && trial.plan.target === name);
      return (tried === undefined ? state.head.parameters[name] : tried.plan.oldValue) === 1;
    });
  }
}

/** Opens the ledger in a store. */
export function openLedger(
  { cycle, recording, ledger }: LoopSettings,
  store: SyncLedgerStore,
): Ledger {
  return Ledger.open({
    store,
    retention: { historyLimit: cycle.historyLimit, ...recording, ...ledger },
    newEpoch: () => 'simulate',
    defer: queueMicrotask,
  });
}
