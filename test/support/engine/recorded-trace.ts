import type { Task } from '../../../src/domain/task.ts';
import type { Parameters } from '../../../src/domain/value.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { baseline } from '../../../src/engine/resolve.ts';
import { createEngineFixture, taskOf } from './engine-fixture.ts';
import { ManualClock } from './manual-clock.ts';

/** How the work goes. */
export interface RecordedWork {
  readonly yaml: string;
  readonly count: number;
  /** What a task comes to with these values; its finish time is said here. */
  readonly run: (i: number, parameters: Parameters) => Partial<Task>;
  /** Tasks that run at a time. */
  readonly inFlight?: number;
}

/** When the first task of every recorded trace finishes, and the sidecar's timer starts. */
export const RECORDED_FROM_MS = Date.UTC(2026, 0, 1);

/** Milliseconds from one finish to the next, unless `run` says otherwise; never at a cycle. */
export const RECORDED_BEAT_MS = 2101;

/**
 * Tasks of an orchestrator beside a sidecar of its own that tells it the values in force, with
 * cycles every 30 s: at the moments at which a backtest of them runs its own.
 */
export async function recordTrace({
  yaml,
  count,
  run,
  inFlight = 3,
}: RecordedWork): Promise<{ readonly tasks: readonly Task[]; readonly engine: Engine }> {
  const clock = new ManualClock(RECORDED_FROM_MS);
  const { engine } = await createEngineFixture(yaml, { clock });
  engine.start();
  const running: Task[] = [];
  const tasks: Task[] = [];
  for (let i = 0; i < count; i += 1) {
    const { parameters, deltaSequence } = baseline(engine.ledger.state);
    const finishTimeMs = RECORDED_FROM_MS + i * RECORDED_BEAT_MS;
    running.push(taskOf({ taskId: `t${i}`, deltaSequence, finishTimeMs, ...run(i, parameters) }));
    if (running.length < inFlight && i + 1 < count) continue;
    const [first = taskOf()] = running.splice(0, 1);
    await clock.advance(first.finishTimeMs - clock.now());
    await engine.recordTasks([first]);
    tasks.push(first);
  }
  const intervalMs = engine.settings.cycle.intervalSeconds * 1000;
  await clock.advance(intervalMs - ((clock.now() - RECORDED_FROM_MS) % intervalMs));
  engine.stop();
  return { tasks, engine };
}
