import { once } from 'node:events';
import { create, toBinary } from '@bufbuild/protobuf';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { LearningError } from '../../src/domain/errors.ts';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { accept, bidiHandler, serverStreamHandler, unaryHandler } from '../../src/rpc/handlers.ts';
import { checkRecordTask, checkRecordTasks } from '../../src/rpc/validation/task-check.ts';
import {
  addService,
  type Decoded,
  type Encodable,
  type ServiceHandlers,
} from '../../src/wire/codec.ts';
import { readStatusDetails } from '../../src/wire/error-details.ts';
import {
  callRaw,
  collect,
  connect,
  createRecorder,
  expectRetryLater,
  failureOf,
  serve,
} from './wire.ts';

type Handlers = ServiceHandlers<typeof LearningService>;

const { recordTask, recordTasks, streamDeltas } = LearningService.method;

/** Serves the handlers given; a call of another one fails the test. */
async function start(handlers: Partial<Handlers>) {
  const address = await serve((server) =>
    addService(server, LearningService, handlers as Handlers),
  );
  return { address, client: connect(LearningService, address) };
}

const anything = () => undefined;

type RecordTasksCall = ServerDuplexStream<
  Decoded<typeof recordTasks.input>,
  Encodable<typeof recordTasks.output>
>;

/** Answers each batch with the count of tasks so far. */
async function countTasks(call: RecordTasksCall): Promise<void> {
  let recordedCount = 0n;
  for await (const request of call.iterator({ destroyOnReturn: false })) {
    const { tasks } = accept(request, checkRecordTasks);
    recordedCount += BigInt(tasks.length);
    call.write({ recordedCount });
  }
}

test('a unary handler answers, at once or later', async () => {
  const recorder = createRecorder();
  const { client } = await start({
    recordTask: unaryHandler(recorder, recordTask, checkRecordTask, ({ task }) =>
      task?.taskId === 'now' ? { duplicate: true } : Promise.resolve({ deltaSequence: 7n }),
    ),
  });
  expect(await client.recordTask({ task: { taskId: 'now' } })).toMatchObject({ duplicate: true });
  expect(await client.recordTask({ task: {} })).toMatchObject({ deltaSequence: 7n });
  const path = '/learning.v1.LearningService/RecordTask';
  const call = { method: path, code: 'OK', seconds: 0.25 };
  expect(recorder.observed).toEqual([call, call]);
});

test('a refusal tells its reason; the clock and the code are observed', async () => {
  const recorder = createRecorder();
  const { client } = await start({
    recordTask: unaryHandler(recorder, recordTask, anything, async () => {
      throw new LearningError('LEDGER_UNAVAILABLE', 'the disk is full');
    }),
  });
  const error = await failureOf(client.recordTask({}));
  expect(error).toMatchObject({ code: status.UNAVAILABLE, details: 'the disk is full' });
  expect(readStatusDetails(error)).toMatchObject({
    reason: 'LEDGER_UNAVAILABLE',
    domain: 'learning.v1',
    violations: [],
  });
  expectRetryLater(error);
  expect(recorder.observed).toMatchObject([{ code: 'UNAVAILABLE' }]);
});

test.each([
  [
    'thrown',
    () => {
      throw new Error('secret');
    },
  ],
  [
    'rejected',
    async () => {
      throw new Error('secret');
    },
  ],
  ['not encodable', () => ({ deltaSequence: -1n })],
])('a fault of ours (%s) is logged and opaque', async (_, run) => {
  const recorder = createRecorder();
  const { client } = await start({ recordTask: unaryHandler(recorder, recordTask, anything, run) });
  const error = await failureOf(client.recordTask({}));
  expect(error.code).toBe(status.INTERNAL);
  expect(error.message).not.toContain('secret');
  expect(readStatusDetails(error).reason).toBe('INTERNAL');
  expect(recorder.errors).toHaveLength(1);
  expect(recorder.observed).toMatchObject([{ code: 'INTERNAL' }]);
});

test.each([
  ['an early end', [0x0a, 0x05, 0x61]],
  ['a field number of 0', [0x00, 0x01]],
  ['invalid UTF-8', [0x0a, 0x04, 0x0a, 0x02, 0xc3, 0x28]],
  ['invalid UTF-8 in a map key', [0x0a, 0x06, 0x32, 0x04, 0x0a, 0x02, 0xff, 0xfe]],
])('bytes that are no request (%s) are MALFORMED', async (_, bytes) => {
  const { address } = await start({
    recordTask: unaryHandler(createRecorder(), recordTask, anything, () => ({})),
  });
  const error = await failureOf(callRaw(address, recordTask, Uint8Array.from(bytes)));
  expect(error.code).toBe(status.INVALID_ARGUMENT);
  expect(readStatusDetails(error).reason).toBe('MALFORMED');
});

test('a server stream sends what is written, encoded or not, and ends', async () => {
  const recorder = createRecorder();
  const { client } = await start({
    streamDeltas: serverStreamHandler(recorder, streamDeltas, anything, async (request, call) => {
      const bytes = toBinary(streamDeltas.output, create(streamDeltas.output, { sequence: 1n }));
      call.write(bytes);
      call.write({ sequence: 2n, epoch: request.epoch });
    }),
  });
  const received = await collect(client.streamDeltas({ epoch: 'e' }));
  expect(received).toMatchObject([{ sequence: 1n }, { sequence: 2n, epoch: 'e' }]);
  expect(recorder.observed).toMatchObject([{ code: 'OK' }]);
});

test('a refused stream ends with its status', async () => {
  const { client } = await start({
    streamDeltas: serverStreamHandler(createRecorder(), streamDeltas, anything, async () => {
      throw new LearningError('SEQUENCE_AHEAD', 'the ledger is at 3');
    }),
  });
  const error = await failureOf(collect(client.streamDeltas({})));
  expect(error.code).toBe(status.OUT_OF_RANGE);
});

test('what breaks because the client has gone is not logged', async () => {
  const recorder = createRecorder();
  const { client } = await start({
    streamDeltas: serverStreamHandler(recorder, streamDeltas, anything, async (_, call) => {
      call.write({});
      await once(call, 'cancelled');
      throw new Error('the client has gone');
    }),
  });
  const call = client.streamDeltas({});
  call.on('error', () => undefined);
  await once(call, 'data');
  call.cancel();
  await expect.poll(() => recorder.observed).toMatchObject([{ code: 'CANCELLED' }]);
  expect(recorder.errors).toEqual([]);
});

test('a bad batch ends the stream after the counts of those before it', async () => {
  const recorder = createRecorder();
  const { client } = await start({
    recordTasks: bidiHandler(recorder, recordTasks, countTasks),
  });
  const call = client.recordTasks();
  const counts: bigint[] = [];
  call.on('data', ({ recordedCount }) => counts.push(recordedCount));
  const failed = once(call, 'error');
  call.write({ tasks: [{}, {}] });
  call.write({ tasks: [{}] });
  call.write({ tasks: [{}, { latencyMs: -1 }] });
  const [error] = await failed;
  expect(counts).toEqual([2n, 3n]);
  expect(error.code).toBe(status.INVALID_ARGUMENT);
  const [violation] = readStatusDetails(error).violations;
  expect(violation?.field).toBe('tasks[1].latency_ms');
  await expect.poll(() => recorder.observed).toMatchObject([{ code: 'INVALID_ARGUMENT' }]);
});

test('a bidi stream ends when the client does', async () => {
  const recorder = createRecorder();
  const { client } = await start({
    recordTasks: bidiHandler(recorder, recordTasks, countTasks),
  });
  const whole = client.recordTasks();
  whole.write({ tasks: [{}] });
  whole.end();
  expect(await collect(whole)).toHaveLength(1);
  expect(recorder.observed).toMatchObject([{ code: 'OK' }]);
});

test('a batch far over the limit is refused undecoded', async () => {
  const { address } = await start({
    recordTask: unaryHandler(createRecorder(), recordTask, anything, () => ({})),
    recordTasks: bidiHandler(createRecorder(), recordTasks, countTasks),
  });
  const flood = Buffer.alloc(4_000_000).fill(Buffer.from([0x0a, 0x00]));
  const error = await failureOf(callRaw(address, recordTasks, flood));
  expect(error.code).toBe(status.INVALID_ARGUMENT);
  expect(readStatusDetails(error).violations).toMatchObject([{ field: 'tasks' }]);
});

test('a message over 4 MiB is refused by the transport', async () => {
  const { address } = await start({
    recordTask: unaryHandler(createRecorder(), recordTask, anything, () => ({})),
  });
  const error = await failureOf(callRaw(address, recordTask, new Uint8Array(4 * 1024 * 1024 + 1)));
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
});
