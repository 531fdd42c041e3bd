import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { create, fromJson } from '@bufbuild/protobuf';
import { RecordTaskRequestSchema } from '../gen/learning/v1/learning_service_pb.ts';
import { type Task, TaskSchema } from '../gen/learning/v1/task_pb.ts';
import { checkRecordTask } from '../rpc/validation/task-check.ts';
import { explainTaskFault } from './task-fault.ts';

/** A line of a trace. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What a line holds: a task within the contract's bounds, or what is wrong with it. */
export type TraceLine = {
  readonly place: Place;
  /** Bytes of the file up to its end. */
  readonly bytesThrough: number;
} & ({ readonly task: Task; readonly fault?: never } | { readonly fault: string });

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
 * Reads NDJSON, one task in proto3 JSON per line, in bounded memory; answers the lines that became
 * available together. Blank lines are passed over. Throws for people where the file cannot be read.
 */
export async function* readTrace(file: string): AsyncGenerator<TraceLine[]> {
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

async function* parseChunks(input: Readable, file: string): AsyncGenerator<TraceLine[]> {
  const splitter = createLineSplitter();
  let line = 0;
  const parse = (cuts: Cut[]): TraceLine[] =>
    cuts.flatMap(({ bytes, bytesThrough }) => {
      line += 1;
      const content = parseLine(bytes);
      return content === undefined ? [] : { place: { file, line }, bytesThrough, ...content };
    });
  for await (const chunk of input) yield parse(splitter.push(chunk));
  yield parse(splitter.end());
}

interface Cut {
  /** `undefined`: it was too long. */
  readonly bytes: Buffer | undefined;
  readonly bytesThrough: number;
}

/** Cuts bytes into lines; of one that is too long, no more than the bound is held. */
function createLineSplitter() {
  let rest: Buffer = Buffer.alloc(0);
  let isOverlong = false;
  let bytesBefore = 0;
  const take = (bytes: Buffer, ending: number): Cut => {
    bytesBefore += bytes.length + ending;
    const isTooLong = isOverlong || bytes.length > MAX_LINE_BYTES;
    isOverlong = false;
    return { bytes: isTooLong ? undefined : bytes, bytesThrough: bytesBefore };
  };
  return {
    push(chunk: Buffer): Cut[] {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const cuts: Cut[] = [];
      let from = 0;
      for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, from)) {
        cuts.push(take(data.subarray(from, at), 1));
        from = at + 1;
      }
      rest = data.subarray(from);
      if (rest.length > MAX_LINE_BYTES) {
        isOverlong = true;
        bytesBefore += rest.length;
        rest = Buffer.alloc(0);
      }
      return cuts;
    },
    end(): Cut[] {
      return rest.length > 0 || isOverlong ? [take(rest, 0)] : [];
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** `undefined` for a blank line. */
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
