import type { WriteStream } from 'node:tty';
import { printable } from '../domain/printable.ts';

/** The progress of an upload. */
export interface ProgressState {
  readonly tasks: number;
  readonly tasksPerSecond: number;
  /** 0 to 1; `undefined` if unknown. */
  readonly share: number | undefined;
}

/** Shows progress to people. */
export interface Progress {
  update(state: ProgressState): void;
  /** Prints a line of text apart from the progress. */
  note(text: string): void;
  /** Removes the progress from a terminal. */
  end(): void;
}

/** The output of progress: a terminal or any other stream. */
export type ProgressSink = Pick<WriteStream, 'write'> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** Minimum intervals between redraws on a terminal, and between lines on any other stream. */
const REDRAW_MS = 100;
const LINE_MS = 2000;

const CLEAR_LINE = '\r\u001b[K';

/** Shows progress by a line that is redrawn on a terminal, and by periodic lines on any other stream. */
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
      // Some terminals report 0 columns.
      drawn = describe(state).slice(0, (sink.columns || 80) - 1);
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

/** A rounded count with thousands separators. */
export function formatCount(count: number): string {
  // + 0 turns -0 into 0.
  return (Math.round(count) + 0).toLocaleString('en-US');
}

/** A count with its noun: `1 task`, `18,420 tasks`. */
export function countOf(count: number | bigint, noun: string): string {
  const text = formatCount(Number(count));
  return `${text} ${noun}${text === '1' ? '' : 's'}`;
}

function describe({ tasks, tasksPerSecond, share }: ProgressState): string {
  const percent = share === undefined ? '' : `${Math.floor(share * 100)} %, `;
  return `${percent}${formatCount(tasks)} tasks recorded, ${formatCount(tasksPerSecond)} tasks/s`;
}
