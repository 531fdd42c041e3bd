import { readdirSync, readFileSync } from 'node:fs';
import { fromJson } from '@bufbuild/protobuf';
import { type Task, TaskSchema } from '../../../src/gen/learning/v1/task_pb.ts';

const FOLDER = new URL('../../data/', import.meta.url);

/** The real traces of test/data by their names. */
export function realTraces(): { readonly name: string; readonly tasks: readonly Task[] }[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.ndjson'));
  return names.map((name) => {
    const lines = readFileSync(new URL(name, FOLDER), 'utf8').trim().split('\n');
    return { name, tasks: lines.map((line) => fromJson(TaskSchema, JSON.parse(line))) };
  });
}
