import { create, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { DELTA_STATES } from '../../src/domain/delta.ts';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { TaskSchema } from '../../src/gen/learning/v1/task_pb.ts';
import { fromProtoStates, fromProtoTask } from '../../src/wire/from-proto.ts';

test.each([
  [{}, undefined],
  [{ latencyMs: 0 }, 0],
  [{ latencyMs: 2.5 }, 2.5],
])('a latency that was not measured is not one of 0: %j', (fields, latencyMs) => {
  const sent = toBinary(TaskSchema, create(TaskSchema, fields));
  expect(fromProtoTask(fromBinary(TaskSchema, sent), 0).latencyMs).toBe(latencyMs);
  expect(fromProtoTask(fromJson(TaskSchema, fields), 0).latencyMs).toBe(latencyMs);
});

test('each state of the contract but the first has one of ours', () => {
  const numbers = Object.values(DeltaState).filter((value) => typeof value === 'number');
  const states = numbers.flatMap((state) => fromProtoStates([state as DeltaState]));
  expect(states.sort()).toEqual([...DELTA_STATES].sort());
  expect(fromProtoStates([DeltaState.PROVISIONAL])).toEqual(['provisional']);
  expect(fromProtoStates([DeltaState.CONFIRMED])).toEqual(['confirmed']);
});
