import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { create, fromJson } from '@bufbuild/protobuf';
import { RecordTaskRequestSchema } from '../gen/learning/v1/learning_service_pb.ts';
import { type Task, TaskSchema } from '../gen/learning/v1/task_pb.ts';
import { checkRecordTask } from '../rpc/validation/task-check.ts';
import { explainTaskFault } from './task-fault.ts';

/** The file and number of a line in a trace. */
export interface Place {
  readonly file: string;
  /** The line's number, from 1. */
  readonly line: number;
}

/** The content of a line: a task within the contract's bounds, or what is wrong with it. */
export type TraceLine = {
  readonly place: Place;
  /** Bytes of the file up to the end of the line. */
  readonly bytesThrough: number;
} & ({ readonly task: Task; readonly fault?: never } | { readonly fault: string });

/** Names standard input. */
export const STDIN = '-';

/** Maximum length of a line in bytes: more than the largest valid task takes with every character escaped. */
const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

/** Size of a trace in bytes; `undefined` if it is no regular file. Throws if it cannot be read. */
export function sizeOfTrace(file: string): number | undefined {
  if (file === STDIN) return undefined;
  try {
    const stats = statSync(file);
    if (!stats.isDirectory()) return stats.isFile() ? stats.size : undefined;
  } catch (error) {
    throw unreadable(file, error);
  }
  throw new Error(`cannot read ${file}: it is a directory`);
}

/**
 * Reads NDJSON, one task in proto3 JSON per line, in bounded memory; yields the lines of each chunk
 * together. Skips blank lines. Throws if the file cannot be read.
 */
export async function* readTrace(file: string): AsyncGenerator<TraceLine[]> {
  const name = file === STDIN ? 'standard input' : file;
  const input = file === STDIN ? process.stdin : createReadStream(file);
  try {
    yield* parseLines(input, name);
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** A file and line as editors and terminals link to them: `file:line`. */
export function formatPlace({ file, line }: Place): string {
  return `${file}:${line}`;
}

async function* parseLines(input: Readable, file: string): AsyncGenerator<TraceLine[]> {
  let rest: Buffer = Buffer.alloc(0);
  /** Bytes of the current line that were dropped because it is too long. */
  let dropped = 0;
  let line = 0;
  let bytesThrough = 0;
  const take = (bytes: Buffer, ending: number): TraceLine[] => {
    line += 1;
    bytesThrough += dropped + bytes.length + ending;
    const content = parseLine(dropped + bytes.length > MAX_LINE_BYTES ? undefined : bytes);
    dropped = 0;
    return content === undefined ? [] : [{ place: { file, line }, bytesThrough, ...content }];
  };
  for await (const chunk of input) {
    const data: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: TraceLine[] = [];
    let from = 0;
    for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, from)) {
      lines.push(...take(data.subarray(from, at), 1));
      from = at + 1;
    }
    rest = data.subarray(from);
    if (rest.length > MAX_LINE_BYTES) {
      dropped += rest.length;
      rest = Buffer.alloc(0);
    }
    yield lines;
  }
  if (rest.length + dropped > 0) yield take(rest, 0);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns `undefined` for a blank line */
function parseLine(
  bytes: Buffer | undefined,
): { task: Task; fault?: never } | { fault: string } | undefined {
  if (bytes === undefined) return { fault: `expected a line of at most ${MAX_LINE_BYTES} bytes` };
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { fault: 'expected valid UTF-8' };
  }
  if (text.trim() === '') return undefined;
  try {
    const task = fromJson(TaskSchema, JSON.parse(text));
    checkRecordTask(create(RecordTaskRequestSchema, { task }));
    return { task };
  } catch (error) {
    return { fault: explainTaskFault(error) };
  }
}

/** An error of the system with the name of the file; any other error as it is. */
function unreadable(name: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  return new Error(`cannot read ${name}: ${error.message}`, { cause: error });
}
