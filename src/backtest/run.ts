import type { Delta } from '../domain/delta.ts';
import { type LoopSettings, retentionOf } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Parameters } from '../domain/value.ts';
import { Engine } from '../engine/engine.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { LedgerState } from '../ledger/state.ts';
import { createMemoryStore } from '../store/memory.ts';
import { blockTimeUpMs } from '../trial/block.ts';
import { pairDueMs, pairWaitMs, runningBlock, type Trial, timeUpMs } from '../trial/trial.ts';
import { RuleLog, type RuleTally } from './rule-log.ts';
import { type ReplayedTrial, TrialLog } from './trials.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

/** The result of a run. */
export interface BacktestSummary {
  readonly tasks: number;
  readonly duplicates: number;
  /** Unix times in milliseconds. */
  readonly firstTaskMs: number;
  readonly lastTaskMs: number;
  readonly cycles: number;
  /** In the order of the config. */
  readonly rules: readonly RuleTally[];
  /** Oldest first. */
  readonly trials: readonly ReplayedTrial[];
  readonly parameters: Parameters;
}

/** The maximum of cycles: some minutes. With more, a time in the trace is most likely in the wrong unit. */
const MAX_CYCLES = 20_000_000;

/**
 * Runs the loop over tasks in virtual time: the clock starts with the first task, the first cycle comes one interval
 * later, the last one sees the last task. Rejects if that takes more than `MAX_CYCLES` cycles. Trials are replayed in
 * blocks, as far as the trace allows: see `TrialLog`.
 *
 * @param tasks at least one, in order of `finishTimeMs`
 * @param onDeltas called with each cycle's proposals, as they are after the cycle
 */
export async function runBacktest(
  settings: LoopSettings,
  tasks: readonly Task[],
  onDeltas: (deltas: readonly Delta[]) => Promise<void>,
): Promise<BacktestSummary> {
  const firstTaskMs = tasks[0]?.finishTimeMs ?? 0;
  const lastTaskMs = tasks.at(-1)?.finishTimeMs ?? 0;
  const intervalMs = settings.cycle.intervalSeconds * 1000;
  checkCycles(firstTaskMs, lastTaskMs, settings.cycle.intervalSeconds);
  const trials = new TrialLog(tasks, settings.trial.seed);
  const replay = await Replay.start(settings, firstTaskMs, trials);
  let next = 0;
  for (let beat = 1; next < tasks.length; beat += 1) {
    // The interval is multiplied, not added up: fractions of milliseconds must not gather.
    const cycleMs = firstTaskMs + beat * intervalMs;
    const from = next;
    while (next < tasks.length && (tasks[next]?.finishTimeMs ?? 0) <= cycleMs) next += 1;
    await replay.record(tasks.slice(from, next));
    const deltas = await replay.runCycle(cycleMs);
    if (deltas.length > 0) await onDeltas(deltas);
  }
  const { head, trials: goingOn } = replay.state;
  return {
    tasks: tasks.length,
    duplicates: tasks.length - head.counters.tasksRecorded,
    firstTaskMs,
    lastTaskMs,
    cycles: head.counters.cycles,
    rules: replay.rules.tallies(),
    trials: trials.trials(goingOn),
    parameters: head.parameters,
  };
}

function checkCycles(firstTaskMs: number, lastTaskMs: number, intervalSeconds: number): void {
  if ((lastTaskMs - firstTaskMs) / (intervalSeconds * 1000) <= MAX_CYCLES) return;
  const [first, last] = [firstTaskMs, lastTaskMs].map((ms) => new Date(ms).toISOString());
  throw new Error(
    `the tasks finished from ${first} to ${last}: more than ${MAX_CYCLES} cycles of ` +
      `${intervalSeconds} s; is a finishTime wrong?`,
  );
}

/** An engine in virtual time. */
class Replay {
  readonly rules: RuleLog;
  readonly #trials: TrialLog;
  readonly #clock: VirtualClock;
  readonly #settings: LoopSettings;
  readonly #ledger: Ledger;
  readonly #engine: Engine;

  private constructor(settings: LoopSettings, startMs: number, trials: TrialLog) {
    this.rules = new RuleLog(settings.rules);
    let ids = 0;
    this.#trials = trials;
    this.#clock = createVirtualClock(startMs);
    this.#settings = replayable({ ...settings, rules: this.rules.observed });
    this.#ledger = Ledger.open({
      store: createMemoryStore(),
      retention: retentionOf(settings),
      newEpoch: () => 'backtest',
      defer: queueMicrotask,
    });
    this.#ledger.onCommit(({ events }) => {
      for (const event of events) this.#observe(event);
    });
    this.#engine = new Engine({
      ledger: this.#ledger,
      settings: this.#settings,
      clock: this.#clock,
      // Ids are numbered, so that two runs can be compared.
      newId: () => `backtest-${++ids}`,
      observer: { tasksRecorded() {}, cycleCompleted() {}, cycleFailed() {} },
    });
  }

  static async start(settings: LoopSettings, startMs: number, trials: TrialLog): Promise<Replay> {
    const replay = new Replay(settings, startMs, trials);
    await replay.#engine.configure(replay.#settings);
    return replay;
  }

  get state(): LedgerState {
    return this.#ledger.state;
  }

  /** Records the tasks since the last cycle: one at a time while a trial is running. */
  async record(tasks: readonly Task[]): Promise<void> {
    if (tasks.length > 0 && this.state.trials.length === 0) return this.#recordTogether(tasks);
    for (const task of tasks) {
      await this.#goTo(task.finishTimeMs);
      await this.#recordTogether([task]);
    }
  }

  /** Runs a cycle; returns its proposals, as they are after the cycle. */
  async runCycle(ms: number): Promise<readonly Delta[]> {
    await this.#goTo(ms);
    const { deltas, faults } = await this.#engine.runCycle();
    this.rules.take(deltas, faults);
    return deltas;
  }

  async #recordTogether(tasks: readonly Task[]): Promise<void> {
    const readable = this.#trials.readable(tasks, this.state.head.sequence);
    await this.#engine.recordTasks(readable);
  }

  /** Advances the clock; timeouts of trials expire at the same times as in a service. */
  async #goTo(ms: number): Promise<void> {
    for (;;) {
      const dueMs = Math.min(
        ...this.state.trials.map((trial) => nextDueMs(trial, this.#clock.now())),
      );
      if (dueMs > ms) break;
      this.#clock.set(dueMs);
      await this.#engine.expire();
    }
    this.#clock.set(ms);
  }

  #observe(event: LedgerEvent): void {
    if (event.kind === 'delta_expired') this.rules.expired(this.state.delta(event.deltaId));
    if (event.kind !== 'trial_advanced') return;
    for (const { step } of event.receipts) {
      this.#trials.take(event.deltaId, step);
      if (step.step === 'start') this.rules.tried(step.plan.ruleId);
    }
  }
}

/** The settings without what needs data that traces lack: which tasks asked for values, and acknowledgements. */
function replayable(settings: LoopSettings): LoopSettings {
  return {
    ...settings,
    curation: { ...settings.curation, ackTimeoutSeconds: 0 },
    trial: { ...settings.trial, assignment: 'switchback' },
  };
}

/**
 * The next time at which a switchback trial changes without a report: a timeout of its block or of the trial, or
 * the counting of a pair of blocks.
 */
function nextDueMs(trial: Trial, nowMs: number): number {
  const block = runningBlock(trial);
  const { plan, suspendedMs = Infinity } = trial;
  const dueMs = [
    timeUpMs(trial),
    block === undefined ? Infinity : blockTimeUpMs(block, plan),
    pairDueMs(trial) ?? Infinity,
    suspendedMs + pairWaitMs(trial),
  ];
  // Times are rounded up: they may have fractions, whose sums may be slightly too small.
  return Math.min(...dueMs.map((ms) => Math.ceil(ms) + 1).filter((ms) => ms > nowMs));
}
