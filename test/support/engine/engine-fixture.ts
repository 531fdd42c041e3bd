import type { Config } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { retentionOf } from '../../../src/domain/settings.ts';
import type { Task } from '../../../src/domain/task.ts';
import { Engine, type EngineObserver } from '../../../src/engine/engine.ts';
import type { CycleReport } from '../../../src/engine/proposals/run-cycle.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import type { SyncLedgerStore } from '../../../src/ledger/store.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { ManualClock, START_MS } from './manual-clock.ts';

export interface EngineFixture {
  readonly engine: Engine;
  readonly clock: ManualClock;
  readonly store: SyncLedgerStore;
  readonly reports: CycleReport[];
  readonly failures: unknown[];
  /** What the engine tells; may be changed. */
  readonly observer: EngineObserver;
}

/** A config from YAML text, over the defaults. */
export function configOf(yaml: string): Config {
  return parseConfig(yaml, 'test.yaml', 'yaml').config;
}

/** What an engine is given where that is not the usual. */
interface FixtureOptions {
  readonly store?: SyncLedgerStore;
  readonly clock?: ManualClock;
  readonly newEpoch?: () => string;
}

/** An engine over a memory store and a clock that stands still; not started. */
export async function createEngineFixture(
  yaml = '',
  {
    store = createMemoryStore(),
    clock = new ManualClock(),
    newEpoch = () => 'epoch-1',
  }: FixtureOptions = {},
): Promise<EngineFixture> {
  const config = configOf(yaml);
  const reports: CycleReport[] = [];
  const failures: unknown[] = [];
  let ids = 0;
  const observer: EngineObserver = {
    tasksRecorded: () => {},
    cycleCompleted: (report) => void reports.push(report),
    cycleFailed: (error) => void failures.push(error),
  };
  const ledger = Ledger.open({
    store,
    retention: retentionOf(config),
    newEpoch,
    defer: setImmediate,
  });
  const newId = () => `id-${ledger.state.head.position}-${++ids}`;
  const engine = new Engine({ ledger, settings: config, clock, newId, observer });
  await engine.configure(config);
  return { engine, clock, store, reports, failures, observer };
}

/** A successful task of 50 ms that ended when the clock began, but for what is said otherwise. */
export function taskOf(fields: Partial<Task> = {}): Task {
  return {
    taskId: '',
    agentId: 'agent',
    status: 'success',
    latencyMs: 50,
    finishTimeMs: START_MS,
    labels: {},
    measurements: {},
    deltaSequence: 0,
    ...fields,
  };
}

/** Records a window of tasks that were dispatched with the values now in force: rules have news. */
export async function recordWindow(engine: Engine, fields: Partial<Task> = {}): Promise<void> {
  const deltaSequence = engine.ledger.state.head.sequence;
  const news = { deltaSequence, finishTimeMs: engine.clock.wallNow(), ...fields };
  await engine.recordTasks(tasksOf(engine.settings.cycle.analysisWindow, news));
}

export function tasksOf(count: number, fields: Partial<Task> = {}): Task[] {
  return Array.from({ length: count }, () => taskOf(fields));
}
