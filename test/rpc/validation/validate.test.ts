import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { LearningError } from '../../../src/domain/errors.ts';
import {
  ListDeltasRequestSchema,
  RecordTasksRequestSchema,
  ResolveParametersRequestSchema,
  StreamDeltasRequestSchema,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createValidate } from '../../../src/rpc/validation/validate.ts';

const validate = createValidate();

function refusalFrom(run: () => void): LearningError {
  try {
    run();
  } catch (error) {
    if (error instanceof LearningError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a good message passes', () => {
  validate(ListDeltasRequestSchema, create(ListDeltasRequestSchema, { pageSize: 5000 }));
});

test('every field at fault is named, with what was expected', () => {
  const request = create(RecordTasksRequestSchema, {
    tasks: [{}, { latencyMs: Number.NaN, labels: { 'a "b"': 'v'.repeat(257) } }],
  });
  const error = refusalFrom(() => validate(RecordTasksRequestSchema, request));
  expect(error.reason).toBe('INVALID_FIELD');
  expect(error.violations).toEqual([
    { field: 'tasks[1].latency_ms', description: 'must be greater than or equal to 0' },
    { field: 'tasks[1].latency_ms', description: 'must be finite' },
    { field: 'tasks[1].labels["a \\"b\\""]', description: 'must be at most 256 bytes' },
  ]);
  expect(error.message).toContain('tasks[1].latency_ms: must be finite');
});

test('many faults are counted, the first told', () => {
  const keys = Array.from({ length: 100 }, (_, i) => [`k${i}`, 'v'.repeat(300)]);
  const request = create(ResolveParametersRequestSchema, { labels: Object.fromEntries(keys) });
  const error = refusalFrom(() => validate(ResolveParametersRequestSchema, request));
  expect(error.violations).toHaveLength(20);
  expect(error.message).toMatch(/^101 violations/);
});

test('a flood of faults is not listed', () => {
  const types = Array<2>(100_000)
    .fill(2)
    .map(() => 99);
  const request = create(StreamDeltasRequestSchema, { types: types as never[] });
  const error = refusalFrom(() => validate(StreamDeltasRequestSchema, request));
  expect(error.violations).toEqual([
    { field: 'types', description: 'must contain no more than 16 item(s)' },
  ]);
});
