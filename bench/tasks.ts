import { readFileSync } from 'node:fs';
import { fromJsonString } from '@bufbuild/protobuf';
import {
  RecordTaskRequestSchema,
  RecordTasksRequestSchema,
} from '../src/gen/learning/v1/learning_service_pb.ts';
import { type Task, TaskSchema } from '../src/gen/learning/v1/task_pb.ts';
import { encode } from '../src/wire/encode.ts';

/** Makes requests that all differ. */
export type RequestSource = () => Buffer;

/** Tasks in a message of `batchSource`. */
export const BATCH_SIZE = 100;

const TRACE = 'test/data/mini-agi.ndjson';
/** Stands in an id where the number goes that makes it unique. */
const MARK = '#000000000';

/**
 * Requests of RecordTask with tasks of a real trace, each with an id of its own. They are encoded
 * once, and only the ids written into copies: a client that encodes would be what is measured.
 */
export function taskSource(): RequestSource {
  const templates = readTasks().map((task) =>
    templateOf(encode(RecordTaskRequestSchema, { task })),
  );
  let count = 0;
  return () => {
    const template = templates[count++ % templates.length];
    if (template === undefined) throw new Error(`${TRACE} is empty`);
    return template();
  };
}

/** As `taskSource`, requests of RecordTasks with 100 tasks each. */
export function batchSource(): RequestSource {
  const tasks = readTasks().slice(0, BATCH_SIZE);
  return templateOf(encode(RecordTasksRequestSchema, { tasks }));
}

function readTasks(): Task[] {
  const lines = readFileSync(TRACE, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const task = fromJsonString(TaskSchema, line);
    return { ...task, taskId: `${task.taskId}/${MARK}` };
  });
}

let newest = 0;

function templateOf(bytes: Buffer): RequestSource {
  const places: number[] = [];
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) places.push(at);
  return () => {
    const copy = Buffer.from(bytes);
    for (const place of places) {
      newest += 1;
      copy.write(String(newest).padStart(MARK.length, '0'), place, 'latin1');
    }
    return copy;
  };
}
