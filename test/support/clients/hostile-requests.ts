import type { MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import type {
  RecordTaskRequest,
  RecordTaskRequestSchema,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import type {
  CoordinationMetrics,
  Task,
  TaskStatus,
} from '../../../src/gen/learning/v1/task_pb.ts';

type Fields = MessageInitShape<typeof RecordTaskRequestSchema>;

const MAX_ID_BYTES = 256;
const MAX_ENTRIES = 64;
const MAX_KEY_BYTES = 64;
const MAX_LABEL_BYTES = 256;
const MAX_CPU_PERCENT = 100_000;
/** The years 1 to 9999. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const MAX_NANOS = 999_999_999;

/** Mostly fine, now and then anything; so that a request is often wrong in one place only. */
function mostly<T>(fine: fc.Arbitrary<T>, anything: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 12, arbitrary: fine }, { weight: 1, arbitrary: anything });
}

const hostileNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, -0, -5e-324, Number.MAX_VALUE, 100_000.1),
);
const number = mostly(fc.double({ min: 0, max: 1e5, noNaN: true }), hostileNumber);

function text(maxBytes: number): fc.Arbitrary<string> {
  const long = fc
    .tuple(fc.constantFrom('a', 'ü', '𝄞'), fc.integer({ min: maxBytes / 4 - 1, max: maxBytes + 2 }))
    .map(([unit, count]) => unit.repeat(count));
  const odd = fc.constantFrom('__proto__', 'constructor', '"]', '\0', ' ', '');
  return mostly(fc.string({ maxLength: 12 }), fc.oneof(long, odd, fc.string({ unit: 'binary' })));
}

/** Well-formed: what else a string of JavaScript can hold has no UTF-8. */
function wellFormed(strings: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return strings.map((value) => value.toWellFormed());
}

function entries<T>(values: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  const key = wellFormed(text(MAX_KEY_BYTES));
  const few = fc.dictionary(key, values, { maxKeys: 4 });
  const many = fc
    .tuple(fc.integer({ min: MAX_ENTRIES - 1, max: 3000 }), values)
    .map(([count, value]) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value])),
    );
  return mostly(few, many);
}

// Not only the known numbers: the wire takes any.
const taskStatus = mostly(fc.nat({ max: 4 }), fc.integer()).map((value) => value as TaskStatus);

const timestamp = fc.record({
  seconds: mostly(
    fc.bigInt({ min: 0n, max: 2_000_000_000n }),
    fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(FIRST_SECOND - 1n, FIRST_SECOND, LAST_SECOND, LAST_SECOND + 1n),
    ),
  ),
  nanos: mostly(fc.nat({ max: MAX_NANOS }), fc.integer()),
});

const task = fc.record(
  {
    taskId: wellFormed(text(MAX_ID_BYTES)),
    agentId: wellFormed(text(MAX_ID_BYTES)),
    status: taskStatus,
    latencyMs: number,
    finishTime: timestamp,
    labels: entries(wellFormed(text(MAX_LABEL_BYTES))),
    measurements: entries(number),
    deltaSequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  },
  { requiredKeys: [] },
);

const metrics = fc.record(
  {
    subAgentCount: fc.nat({ max: 2 ** 32 - 1 }),
    cpuPercent: number,
    values: entries(number),
    observeTime: timestamp,
  },
  { requiredKeys: [] },
);

/** Requests from harmless to absurd. */
export const requests: fc.Arbitrary<Fields> = fc
  .tuple(mostly(fc.option(task, { nil: {}, freq: 20 }), fc.constant(undefined)), fc.option(metrics))
  .map(([one, two]) => ({
    ...(one === undefined ? {} : { task: one }),
    ...(two === null ? {} : { metrics: two }),
  }));

/** The fields at fault by the contract's bounds, sorted, without the keys of maps. */
export function faultyFields({ task: one, metrics: two }: RecordTaskRequest): string[] {
  const ofTask = one === undefined ? ['task'] : faultsOfTask(one);
  return [...ofTask, ...(two === undefined ? [] : faultsOfMetrics(two))].sort();
}

function faultsOfTask(of: Task): string[] {
  return where({
    'task.task_id': bytes(of.taskId) > MAX_ID_BYTES,
    'task.agent_id': bytes(of.agentId) > MAX_ID_BYTES,
    'task.status': !(of.status >= 0 && of.status <= 4),
    'task.latency_ms': of.latencyMs !== undefined && !isIn(of.latencyMs, Number.MAX_VALUE),
    'task.finish_time': isOutside(of.finishTime),
    'task.labels': isBad(of.labels, (value) => bytes(value) > MAX_LABEL_BYTES),
    'task.measurements': isBad(of.measurements, (value) => !Number.isFinite(value)),
  });
}

function faultsOfMetrics(of: CoordinationMetrics): string[] {
  return where({
    'metrics.cpu_percent': !isIn(of.cpuPercent, MAX_CPU_PERCENT),
    'metrics.observe_time': isOutside(of.observeTime),
    'metrics.values': isBad(of.values, (value) => !Number.isFinite(value)),
  });
}

function where(faults: Record<string, boolean>): string[] {
  return Object.keys(faults).filter((name) => faults[name]);
}

function isIn(value: number, max: number): boolean {
  return value >= 0 && value <= max;
}

function isOutside(time: { seconds: bigint; nanos: number } | undefined): boolean {
  if (time === undefined) return false;
  const { seconds, nanos } = time;
  return seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos > MAX_NANOS;
}

function isBad<T>(map: Record<string, T>, isBadValue: (value: T) => boolean): boolean {
  const all = Object.entries(map);
  if (all.length > MAX_ENTRIES) return true;
  return all.some(([key, value]) => bytes(key) > MAX_KEY_BYTES || isBadValue(value));
}

function bytes(value: string): number {
  return Buffer.byteLength(value);
}
