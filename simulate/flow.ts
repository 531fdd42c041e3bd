import { EventQueue } from '../src/rehearse/event-queue.ts';
import type { Arm } from '../src/trial/arm.ts';
import type { Draw } from './noise.ts';

/** The result of a task. */
export interface Performed extends Pick<Draw, 'latencyMs' | 'status' | 'labels'> {
  /** Milliseconds from dispatch to report, by default the latency; `Infinity`: never. */
  readonly reportMs?: number;
  /** Milliseconds until its slot is free, by default the latency. */
  readonly slotMs?: number;
  readonly measurements?: Readonly<Record<string, number>>;
  /** The report has no latency. */
  readonly isUntimed?: boolean;
}

/**
 * The result of the i-th task with an arm's value. Labels do not depend on the arm: they are read with
 * `old` before the arm is known. Called in order of i.
 */
export type Perform = (i: number, arm: Arm) => Performed;

/** A trial method: it assigns arms, and takes reports. */
export interface Method {
  readonly isOver: boolean;
  /** Until then it only waits for reports, and no task is run; `undefined`: it takes tasks. */
  readonly restsUntilMs: number | undefined;
  /** The arm of a task that is dispatched now. */
  dispatch(taskId: string, labels: Draw['labels'], nowMs: number): Arm;
  /** Called before each event. */
  look(nowMs: number): void;
  report(taskId: string, performed: Performed, nowMs: number): void;
}

/** The tasks of an orchestrator. */
export interface Flow {
  readonly perform: Perform;
  /** Number of the first task. */
  readonly from: number;
  /** Tasks in flight. */
  readonly inFlight?: number;
}

const IN_FLIGHT = 8;

/** A method that takes more tasks is stuck. */
const MAX_TASKS = 20_000;

/** Runs tasks in virtual time until the method is over; answers the number dispatched. */
export function runFlow({ perform, from, inFlight = IN_FLIGHT }: Flow, method: Method): number {
  const events = new EventQueue<() => void>();
  let nowMs = 0;
  let free = inFlight;
  let begun = 0;
  const dispatch = () => {
    const i = from + begun;
    begun += 1;
    const taskId = `${i}`;
    const arm = method.dispatch(taskId, perform(i, 'old').labels, nowMs);
    const performed = perform(i, arm);
    const { latencyMs, reportMs = latencyMs, slotMs = latencyMs } = performed;
    const report = () => method.report(taskId, performed, nowMs);
    events.add(nowMs + slotMs, () => {
      free += 1;
      if (reportMs === slotMs) report();
    });
    if (reportMs !== slotMs && Number.isFinite(reportMs)) events.add(nowMs + reportMs, report);
  };
  let wakeMs: number | undefined;
  while (!method.isOver && begun < MAX_TASKS) {
    const { restsUntilMs } = method;
    if (restsUntilMs === undefined) for (; free > 0; free -= 1) dispatch();
    else if (restsUntilMs !== wakeMs) {
      wakeMs = restsUntilMs;
      events.add(wakeMs, () => {});
    }
    const next = events.shift();
    if (next === undefined) break;
    nowMs = next.atMs;
    method.look(nowMs);
    if (!method.isOver) next.event();
  }
  return begun;
}
