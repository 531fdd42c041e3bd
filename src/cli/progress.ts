import type { WriteStream } from 'node:tty';
import { printable } from '../domain/printable.ts';

/** How far something is. */
export interface ProgressState {
  readonly tasks: number;
  readonly tasksPerSecond: number;
  /** 0 to 1; `undefined`: nobody knows. */
  readonly share: number | undefined;
}

/** Tells a person how far something is. */
export interface Progress {
  update(state: ProgressState): void;
  /** Says something beside it. */
  note(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** Where progress is told: a terminal or anything else. */
export type ProgressSink = Pick<WriteStream, 'write'> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** A bar is redrawn, and a line written elsewhere, at most so often. */
const REDRAW_MS = 100;
const LINE_MS = 2000;

const MAX_BAR = 40;
const CLEAR_LINE = '\r\u001b[K';

/** A bar on a terminal; elsewhere a plain line now and then. */
export function createProgress(sink: ProgressSink, monotonic: () => number): Progress {
  const isTerminal = sink.isTTY === true;
  let nextMs = monotonic() + (isTerminal ? 0 : LINE_MS);
  let drawn = '';
  const clear = () => {
    if (drawn !== '') sink.write(CLEAR_LINE);
  };
  return {
    update(state) {
      if (monotonic() < nextMs) return;
      nextMs = monotonic() + (isTerminal ? REDRAW_MS : LINE_MS);
      if (!isTerminal) {
        sink.write(`${describe(state)}\n`);
        return;
      }
      // Some terminals do not know, and say 0.
      drawn = drawBar(state, sink.columns || 80);
      sink.write(`\r${drawn}\u001b[K`);
    },
    note(text) {
      clear();
      sink.write(`${printable(text)}\n${drawn}`);
    },
    end() {
      clear();
      drawn = '';
    },
  };
}

/** A count with its thousands apart. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function drawBar(state: ProgressState, columns: number): string {
  const text = describe(state);
  const width = Math.min(columns - text.length - 4, MAX_BAR);
  if (state.share === undefined || width < 5) return text.slice(0, columns - 1);
  const full = Math.round(width * state.share);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${text}`;
}

function describe({ tasks, tasksPerSecond, share }: ProgressState): string {
  const percent = share === undefined ? '' : `${Math.floor(share * 100)} %, `;
  return `${percent}${formatCount(tasks)} tasks recorded, ${formatCount(tasksPerSecond)} tasks/s`;
}
