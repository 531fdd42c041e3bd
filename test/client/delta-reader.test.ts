import type { MessageInitShape } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ReaderEvent, readDeltas } from '../../src/client/delta-reader.ts';
import {
  LearningService,
  type StreamDeltasRequest,
  type StreamDeltasResponseSchema,
} from '../../src/gen/learning/v1/learning_service_pb.ts';
import { serviceCodec } from '../../src/wire/codec.ts';
import { connect, serve } from '../rpc/wire.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

type Message = MessageInitShape<typeof StreamDeltasResponseSchema>;

/** A sidecar that says what it is told to, stream by stream; then the streams break at once. */
async function createTeller(...streams: (readonly (Message | 'break')[])[]) {
  const asked: (bigint | undefined)[] = [];
  const { streamDeltas, resolveParameters } = serviceCodec(LearningService);
  const address = await serve((server) =>
    server.addService(
      { streamDeltas, resolveParameters },
      {
        streamDeltas(call: { request: StreamDeltasRequest } & NodeJS.EventEmitter & Writer) {
          asked.push(call.request.afterSequence);
          for (const message of streams.shift() ?? (['break'] as const)) {
            if (message === 'break') call.emit('error', { code: status.INTERNAL });
            else call.write(message);
          }
        },
        resolveParameters: (_: unknown, done: (error: null, answer: object) => void) =>
          done(null, {}),
      },
    ),
  );
  const clock = new ManualClock();
  const events: ReaderEvent[] = [];
  const over = new AbortController();
  const reading = (async () => {
    const options = { clientId: 'reader', types: [], place: undefined, signal: over.signal };
    const environment = { clock, random: () => 0.5 };
    const client = connect(LearningService, address);
    for await (const event of readDeltas(client, { ...options, environment })) events.push(event);
  })();
  onTestFinished(async () => {
    over.abort();
    await reading;
  });
  /** Resolves when this has been told; `#n` stands for a message of a delta. */
  const told = (expected: readonly string[]) =>
    vi.waitFor(() => expect(events.map(describe)).toEqual(expected), { timeout: 10_000 });
  return { asked, clock, told };
}

interface Writer {
  write(message: Message): boolean;
}

function describe(event: ReaderEvent): string {
  if (event.kind !== 'message') return event.kind;
  return `${event.message.event.case} ${event.message.sequence}`;
}

const snapshot = (sequence: bigint, epoch = 'e'): Message => ({
  epoch,
  sequence,
  event: { case: 'snapshot', value: {} },
});
const delta = (sequence: bigint, epoch = 'e'): Message => ({
  epoch,
  sequence,
  event: { case: 'delta', value: { sequence } },
});
const heartbeat = (sequence: bigint): Message => ({
  epoch: 'e',
  sequence,
  event: { case: 'heartbeat', value: {} },
});

test('what is known is not told again', async () => {
  const { told } = await createTeller([snapshot(4n), delta(4n), delta(5n), delta(3n), delta(6n)]);
  await told(['snapshot 4', 'delta 5', 'delta 6']);
});

test.each([
  ['a number that is left out', [snapshot(1n), delta(2n), delta(4n)]],
  ['another epoch', [snapshot(1n), delta(2n), delta(3n, 'other')]],
])('%s: it starts over', async (_, messages) => {
  const { asked, clock, told } = await createTeller(messages, [snapshot(9n)]);
  await told(['snapshot 1', 'delta 2', 'gap']);
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  await clock.advance(100);
  await told(['snapshot 1', 'delta 2', 'gap', 'snapshot 9']);
  expect(asked).toEqual([undefined, undefined]);
});

test('heartbeats say where to go on; attempts are ever further apart, up to a second', async () => {
  const { asked, clock, told } = await createTeller([snapshot(1n), heartbeat(7n), 'break']);
  const story = ['snapshot 1', 'heartbeat 7', 'lost'];
  for (const delayMs of [100, 200, 400, 500, 500]) {
    await told(story);
    const before = asked.length;
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await clock.advance(delayMs - 1);
    expect(asked).toHaveLength(before);
    await clock.advance(1);
    story.push('resumed', 'lost');
  }
  await told(story);
  expect(asked).toEqual([undefined, 7n, 7n, 7n, 7n, 7n]);
});
