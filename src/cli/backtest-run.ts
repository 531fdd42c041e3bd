import type { Delta } from '../domain/delta.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Parameters } from '../domain/value.ts';
import { Engine } from '../engine/engine.ts';
import { Ledger } from '../ledger/ledger.ts';
import { createMemoryStore } from '../store/memory.ts';
import { RuleLog, type RuleTally } from './rule-log.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

/** What a run came to. */
export interface BacktestSummary {
  readonly tasks: number;
  readonly duplicates: number;
  /** Unix times in milliseconds. */
  readonly firstTaskMs: number;
  readonly lastTaskMs: number;
  readonly cycles: number;
  /** In the order of the config. */
  readonly rules: readonly RuleTally[];
  readonly parameters: Parameters;
}

/** Takes some minutes. More is not history but a time in the wrong unit. */
const MAX_CYCLES = 20_000_000;

/**
 * Runs the loop over tasks in virtual time: the clock starts with the first task, the first cycle
 * comes one interval later, the last one sees the last task. Rejects where that is too many cycles.
 *
 * @param tasks at least one, in order of `finishTimeMs`
 * @param onDeltas told of each cycle's proposals, as they stood after it
 */
export async function runBacktest(
  settings: LoopSettings,
  tasks: readonly Task[],
  onDeltas: (deltas: readonly Delta[]) => Promise<void>,
): Promise<BacktestSummary> {
  const firstTaskMs = tasks[0]?.finishTimeMs ?? 0;
  const lastTaskMs = tasks.at(-1)?.finishTimeMs ?? 0;
  const intervalMs = settings.cycle.intervalSeconds * 1000;
  if ((lastTaskMs - firstTaskMs) / intervalMs > MAX_CYCLES) {
    const [first, last] = [firstTaskMs, lastTaskMs].map((ms) => new Date(ms).toISOString());
    throw new Error(
      `the tasks finished from ${first} to ${last}: more than ${MAX_CYCLES} cycles of ` +
        `${settings.cycle.intervalSeconds} s; is a finishTime wrong?`,
    );
  }
  const clock = createVirtualClock(firstTaskMs);
  const rules = new RuleLog(settings.rules);
  const engine = createEngine({ ...settings, rules: rules.observed }, clock, rules);
  await engine.configure(engine.settings);
  let recorded = 0;
  let next = 0;
  for (let beat = 1; next < tasks.length; beat += 1) {
    // Multiplied, not added up: fractions of milliseconds must not gather.
    const cycleMs = firstTaskMs + beat * intervalMs;
    const from = next;
    while (next < tasks.length && (tasks[next]?.finishTimeMs ?? 0) <= cycleMs) next += 1;
    if (next > from) recorded += await record(engine, tasks.slice(from, next));
    clock.set(cycleMs);
    const { deltas, faults } = await engine.runCycle();
    rules.take(deltas, faults);
    if (deltas.length > 0) await onDeltas(deltas);
  }
  const { head } = engine.ledger.state;
  return {
    tasks: tasks.length,
    duplicates: tasks.length - recorded,
    firstTaskMs,
    lastTaskMs,
    cycles: head.counters.cycles,
    rules: rules.tallies(),
    parameters: head.parameters,
  };
}

async function record(engine: Engine, tasks: readonly Task[]): Promise<number> {
  const { recorded } = await engine.recordTasks(tasks);
  return recorded;
}

function createEngine(settings: LoopSettings, clock: VirtualClock, rules: RuleLog): Engine {
  const ledger = Ledger.open({
    store: createMemoryStore(),
    retention: {
      historyLimit: settings.cycle.historyLimit,
      dedupWindow: settings.recording.dedupWindow,
      ...settings.ledger,
    },
    newEpoch: () => 'backtest',
    defer: queueMicrotask,
  });
  ledger.onCommit(({ events }) => {
    for (const event of events) {
      if (event.kind === 'delta_expired') rules.expired(ledger.state.delta(event.deltaId));
    }
  });
  let ids = 0;
  return new Engine({
    ledger,
    settings,
    clock,
    // The same run has the same ids, so that two can be compared.
    newId() {
      ids += 1;
      return `backtest-${ids}`;
    },
    observer: {
      cycleCompleted() {},
      cycleFailed() {},
    },
  });
}
