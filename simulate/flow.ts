import type { Arm } from '../src/trial/arm.ts';
import { EventQueue } from './event-queue.ts';
import type { Draw } from './noise.ts';

/** What a task comes to. */
export interface Performed extends Pick<Draw, 'latencyMs' | 'status' | 'labels'> {
  /** Milliseconds from dispatch to report: by itself the latency; `Infinity`: it never comes. */
  readonly reportMs?: number;
  /** Milliseconds until another task takes its place: by itself the latency. */
  readonly slotMs?: number;
  readonly measurements?: Readonly<Record<string, number>>;
  /** The report has no latency. */
  readonly isUntimed?: boolean;
}

/**
 * What the i-th task comes to with an arm's value. Its labels are the same with either. Called for
 * each in order; for the labels alone, with the old one.
 */
export type Perform = (i: number, arm: Arm) => Performed;

/** A method to be played: it gives tasks their arms, and takes in what is reported. */
export interface Method {
  /** It has come to an end. */
  readonly isOver: boolean;
  /** Until then it only waits for what is out: no task is played meanwhile; `undefined`: it takes some. */
  readonly restsUntilMs: number | undefined;
  /** The arm of a task that is about to run. */
  dispatch(taskId: string, labels: Draw['labels'], nowMs: number): Arm;
  /** Time has come to this. */
  look(nowMs: number): void;
  report(taskId: string, performed: Performed, nowMs: number): void;
}

/** Tasks of an orchestrator. */
export interface Flow {
  readonly perform: Perform;
  /** Number of the first task. */
  readonly from: number;
  /** Tasks that run at a time. */
  readonly inFlight?: number;
}

const IN_FLIGHT = 8;

/** What has taken so many tasks is stuck. */
const MAX_TASKS = 20_000;

/** Has tasks run, in virtual time, until a method is over; answers how many were dispatched. */
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
