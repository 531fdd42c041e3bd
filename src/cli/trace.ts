import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { create, fromJson } from '@bufbuild/protobuf';
import { RecordTaskRequestSchema } from '../gen/learning/v1/learning_service_pb.ts';
import { type Task, TaskSchema } from '../gen/learning/v1/task_pb.ts';
import { checkRecordTask } from '../rpc/task-check.ts';
import { explainTaskFault } from './task-fault.ts';

/** A line of a trace. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What a line holds: a task within the contract's bounds, or what is wrong with it. */
export type TraceLine = { readonly place: Place } & (
  | { readonly task: Task; readonly fault?: never }
  | { readonly fault: string }
);

/** Lines that became available together. */
export interface TraceChunk {
  readonly lines: readonly TraceLine[];
  /** Bytes of the file read so far. */
  readonly bytesRead: number;
}

/** Names standard input. */
export const STDIN = '-';

/** Above the largest task that the contract allows, every character of it escaped. */
const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

/** Size of a trace in bytes; `undefined` where that cannot be told. Throws for people. */
export function sizeOfTrace(file: string): number | undefined {
  if (file === STDIN) return undefined;
  const stats = statOf(file);
  if (stats.isDirectory()) throw new Error(`cannot read ${file}: it is a directory`);
  return stats.isFile() ? stats.size : undefined;
}

/**
 * Reads NDJSON, one task in proto3 JSON per line, in bounded memory. Blank lines are passed over.
 * Throws for people where the file cannot be read.
 */
export async function* readTrace(file: string): AsyncGenerator<TraceChunk> {
  const name = file === STDIN ? 'standard input' : file;
  const input = file === STDIN ? process.stdin : createReadStream(file);
  try {
    yield* parseChunks(input, name);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new Error(`cannot read ${name}: ${error.message}`, { cause: error });
  }
}

/** A place as people and editors know it. */
export function formatPlace({ file, line }: Place): string {
  return `${file}:${line}`;
}

async function* parseChunks(input: Readable, file: string): AsyncGenerator<TraceChunk> {
  const splitter = createLineSplitter();
  let line = 0;
  let bytesRead = 0;
  const parse = (texts: (Buffer | undefined)[]): TraceLine[] =>
    texts.flatMap((bytes) => {
      line += 1;
      return parseLine(bytes, { file, line });
    });
  for await (const chunk of input) {
    const bytes: Buffer = chunk;
    bytesRead += bytes.length;
    yield { lines: parse(splitter.push(bytes)), bytesRead };
  }
  yield { lines: parse(splitter.end()), bytesRead };
}

/** Cuts bytes into lines; one that is too long is let go, and `undefined` stands for it. */
function createLineSplitter() {
  let rest: Buffer = Buffer.alloc(0);
  let isOverlong = false;
  const take = (bytes: Buffer): Buffer | undefined => {
    const line = isOverlong || bytes.length > MAX_LINE_BYTES ? undefined : bytes;
    isOverlong = false;
    return line;
  };
  return {
    push(chunk: Buffer): (Buffer | undefined)[] {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const lines: (Buffer | undefined)[] = [];
      let from = 0;
      for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, from)) {
        lines.push(take(data.subarray(from, at)));
        from = at + 1;
      }
      rest = data.subarray(from);
      if (rest.length > MAX_LINE_BYTES) {
        isOverlong = true;
        rest = rest.subarray(0, 0);
      }
      return lines;
    },
    end(): (Buffer | undefined)[] {
      return rest.length > 0 || isOverlong ? [take(rest)] : [];
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Nothing for a blank line. */
function parseLine(bytes: Buffer | undefined, place: Place): TraceLine | [] {
  if (bytes === undefined) {
    return { place, fault: `expected a line of at most ${MAX_LINE_BYTES} bytes` };
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { place, fault: 'expected valid UTF-8' };
  }
  if (text.trim() === '') return [];
  try {
    const task = fromJson(TaskSchema, JSON.parse(text));
    checkRecordTask(create(RecordTaskRequestSchema, { task }));
    return { place, task };
  } catch (error) {
    return { place, fault: explainTaskFault(error) };
  }
}

function statOf(file: string) {
  try {
    return statSync(file);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new Error(`cannot read ${file}: ${error.message}`, { cause: error });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
