import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { createValidator } from '@bufbuild/protovalidate';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clip } from '../../../src/domain/clip.ts';
import { LearningError } from '../../../src/domain/errors.ts';
import {
  type RecordTaskRequest,
  RecordTaskRequestSchema,
  type RecordTasksRequest,
  RecordTasksRequestSchema,
  type ReportMetricsRequest,
  ReportMetricsRequestSchema,
  ResolveParametersRequestSchema,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import {
  CoordinationMetricsSchema,
  TaskSchema,
  type TaskStatus,
} from '../../../src/gen/learning/v1/task_pb.ts';
import {
  checkRecordTask,
  checkRecordTasks,
  checkReportMetrics,
  checkResolveParameters,
} from '../../../src/rpc/validation/task-check.ts';
import { MAX_VIOLATIONS } from '../../../src/wire/violations.ts';

const validator = createValidator();

/** What protovalidate says, and our one rule beside it, as `path: description`. */
function expected<S extends DescMessage>(schema: S, message: MessageShape<S>, times: Times) {
  const violations = validator.validate(schema, message).violations ?? [];
  const texts = new Set(
    violations.map(({ field, message }) => `${clip(pathToString(field), 256)}: ${message}`),
  );
  for (const [path, time] of times) {
    if (time === undefined || (time.nanos >= 0 && time.nanos <= 999_999_999)) continue;
    texts.add(`${path}: nanos must be 0 to 999999999`);
    // protovalidate calls a time at either end out of range where only its nanos are.
    if (time.seconds >= MIN && time.seconds <= MAX) texts.delete(`${path}: ${EXPECTED_TIME}`);
  }
  return texts;
}

const MIN = -62_135_596_800n;
const MAX = 253_402_300_799n;
const EXPECTED_TIME =
  'must be greater than or equal to 0001-01-01T00:00:00Z' +
  ' and less than or equal to 9999-12-31T23:59:59.999999999Z';

type Times = readonly (readonly [path: string, time: Timestamp | undefined])[];

function found(check: () => void): { told: Set<string>; message: string } {
  try {
    check();
  } catch (error) {
    if (!(error instanceof LearningError)) throw error;
    const told = error.violations.map(({ field, description }) => `${field}: ${description}`);
    return { told: new Set(told), message: error.message };
  }
  return { told: new Set(), message: '' };
}

/** Both agree: on the violations or, where they are too many to tell, on those told. */
function agree(check: () => void, wanted: Set<string>): void {
  const { told, message } = found(check);
  if (/^\d+ violations/.test(message)) {
    expect(told.size).toBeGreaterThan(0);
    expect([...wanted]).toEqual(expect.arrayContaining([...told]));
    expect(wanted.size + 1).toBeGreaterThanOrEqual(MAX_VIOLATIONS);
  } else {
    expect(told).toEqual(wanted);
  }
}

/** Text about `maxBytes` long, of all sorts of characters, as UTF-16 with and without sense. */
const text = (maxBytes: number) => {
  const around = fc.constantFrom(0, 1, 2, 3, 4).map((off) => maxBytes - 2 + off);
  const unit = fc.constantFrom('a', 'é', '界', '😀', '\ud800', '"', '\\', '\n');
  const repeated = fc.tuple(unit, around).map(([character, bytes]) => {
    const count = bytes / Buffer.byteLength(character);
    return character.repeat(Math.floor(count)) + 'a'.repeat(bytes % Buffer.byteLength(character));
  });
  return fc.oneof(
    fc.string({ unit: 'binary', maxLength: maxBytes / 2 }),
    fc.constantFrom('', '__proto__', 'constructor', 'x'.repeat(2000)),
    repeated,
  );
};

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, -1, -5e-324, 100_000, 100_000.01),
);

const record = <T>(value: fc.Arbitrary<T>) => {
  const small = fc.array(fc.tuple(text(64), value), { maxLength: 3 });
  const full = fc
    .tuple(fc.constantFrom(63, 64, 65, 66), value)
    .map(([size, same]) => Array.from({ length: size }, (_, i) => [`k${i}`, same] as const));
  return fc.oneof({ weight: 4, arbitrary: small }, full).map((entries) => {
    const map: Record<string, T> = {};
    for (const [key, value] of entries) {
      Object.defineProperty(map, key, { value, enumerable: true, configurable: true });
    }
    return map;
  });
};

const time = fc
  .record({
    seconds: fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(0n, MIN, MIN - 1n, MIN + 1n, MAX, MAX + 1n, MAX - 1n),
    ),
    nanos: fc.oneof(
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.constantFrom(-1, 999_999_999, 1_000_000_000, 2 ** 31 - 1, -(2 ** 31)),
    ),
  })
  .map((fields) => create(TimestampSchema, fields));

const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const task = fc
  .record(
    {
      taskId: text(256),
      agentId: text(256),
      // The wire holds any int32.
      status: fc.oneof(fc.integer(), fc.integer({ min: -1, max: 5 })).map((n) => n as TaskStatus),
      latencyMs: number,
      finishTime: time,
      labels: record(text(256)),
      measurements: record(number),
      clientId: text(256),
    },
    { requiredKeys: [] },
  )
  .map((fields) => create(TaskSchema, fields));

const metrics = fc
  .record(
    { cpuPercent: number, values: record(number), observeTime: time, clientId: text(256) },
    { requiredKeys: [] },
  )
  .map((fields) => create(CoordinationMetricsSchema, fields));

const tasks = fc.array(task, { maxLength: 4 });

describe('the rules by hand and those of the proto agree', () => {
  test('on RecordTask', () => {
    fc.assert(
      fc.property(sometimes(task), sometimes(metrics), text(256), (task, metrics, clientId) => {
        const request = create(RecordTaskRequestSchema, {
          ...(task && { task }),
          ...(metrics && { metrics }),
          clientId,
        });
        agree(
          () => checkRecordTask(request),
          expected(RecordTaskRequestSchema, request, [
            ['task.finish_time', request.task?.finishTime],
            ['metrics.observe_time', request.metrics?.observeTime],
          ]),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('on RecordTasks', () => {
    fc.assert(
      fc.property(tasks, sometimes(metrics), text(256), (tasks, metrics, clientId) => {
        const fields = { tasks, clientId, ...(metrics && { metrics }) };
        const request = create(RecordTasksRequestSchema, fields);
        const times: Times = [
          ...tasks.map((task, i) => [`tasks[${i}].finish_time`, task.finishTime] as const),
          ['metrics.observe_time', request.metrics?.observeTime],
        ];
        const wanted = expected(RecordTasksRequestSchema, request, times);
        agree(() => checkRecordTasks(request), wanted);
      }),
      { numRuns: 500 },
    );
  });

  test('on ReportMetrics', () => {
    fc.assert(
      fc.property(sometimes(metrics), (metrics) => {
        const request = create(ReportMetricsRequestSchema, { ...(metrics && { metrics }) });
        agree(
          () => checkReportMetrics(request),
          expected(ReportMetricsRequestSchema, request, [
            ['metrics.observe_time', request.metrics?.observeTime],
          ]),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test('on ResolveParameters', () => {
    const fields = fc.record({ taskId: text(256), labels: record(text(256)), clientId: text(256) });
    fc.assert(
      fc.property(fields, (fields) => {
        const request = create(ResolveParametersRequestSchema, fields);
        const wanted = expected(ResolveParametersRequestSchema, request, []);
        agree(() => checkResolveParameters(request), wanted);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([0, 1, 1000, 1001])('on a batch of %i', (size) => {
    const request = create(RecordTasksRequestSchema, {
      tasks: Array.from({ length: size }, () => ({})),
    });
    agree(() => checkRecordTasks(request), expected(RecordTasksRequestSchema, request, []));
  });
});

test('what is refused is named from the root of the request', () => {
  const bad = { latencyMs: -1, labels: { 'a"b': 'x'.repeat(257) } };
  const single: RecordTaskRequest = create(RecordTaskRequestSchema, { task: bad });
  const batch: RecordTasksRequest = create(RecordTasksRequestSchema, {
    tasks: [{}, bad],
    metrics: { cpuPercent: -1 },
  });
  const report: ReportMetricsRequest = create(ReportMetricsRequestSchema, {});
  expect(found(() => checkRecordTask(single)).told).toEqual(
    new Set([
      'task.latency_ms: must be greater than or equal to 0',
      'task.labels["a\\"b"]: must be at most 256 bytes',
    ]),
  );
  expect(found(() => checkRecordTasks(batch)).told).toEqual(
    new Set([
      'tasks[1].latency_ms: must be greater than or equal to 0',
      'tasks[1].labels["a\\"b"]: must be at most 256 bytes',
      'metrics.cpu_percent: must be greater than or equal to 0 and less than or equal to 100000',
    ]),
  );
  expect(found(() => checkReportMetrics(report)).told).toEqual(
    new Set(['metrics: value is required']),
  );
});
