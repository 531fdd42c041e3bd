import type { VirtualClock } from '../src/backtest/virtual-clock.ts';
import type { LoopSettings } from '../src/domain/settings.ts';
import type { Task } from '../src/domain/task.ts';
import { Engine } from '../src/engine/engine.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import type { SyncLedgerStore } from '../src/ledger/store.ts';
import { trialOn } from '../src/ledger/view.ts';
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

  inForce(): readonly boolean[] {
    const { state } = this.ledger;
    const plan = trialOn(state)?.plan;
    return this.#targets.map((name) =>
      plan?.target === name ? plan.oldValue === 1 : state.head.parameters[name] === 1,
    );
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
