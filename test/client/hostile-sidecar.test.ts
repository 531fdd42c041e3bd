import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ValueSchema } from '@bufbuild/protobuf/wkt';
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  type Change,
  LearningSidecar,
  type LearningSidecarOptions,
  type TaskReport,
} from '../../src/client/public.ts';
import {
  LearningService,
  type StreamDeltasResponseSchema,
} from '../../src/gen/learning/v1/learning_service_pb.ts';
import { serviceCodec } from '../../src/wire/codec.ts';
import { serve } from '../rpc/wire.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';

type Message = MessageInitShape<typeof StreamDeltasResponseSchema>;
type Done = (error: Partial<ServiceError> | null, answer?: object) => void;

const WAIT = { timeout: 10_000, interval: 20 };

/** A sidecar that says this on each stream, and answers calls for tasks so, one by one. */
async function createTeller(message: Message, failures: Partial<ServiceError>[] = []) {
  const { streamDeltas, resolveParameters, recordTask, ackDelta } = serviceCodec(LearningService);
  const count = { streams: 0 };
  const address = await serve((server) =>
    server.addService(
      { streamDeltas, resolveParameters, recordTask, ackDelta },
      {
        streamDeltas(call: { write(message: Message): void }) {
          count.streams += 1;
          call.write(message);
        },
        resolveParameters: (_: unknown, done: Done) => done(null, {}),
        ackDelta: (_: unknown, done: Done) => done(null, {}),
        recordTask: (_: unknown, done: Done) => {
          const failure = failures.shift();
          if (failure) done(failure);
          else done(null, {});
        },
      },
    ),
  );
  return { address, count };
}

function createClient(target: string, options: Partial<LearningSidecarOptions> = {}) {
  const problems: string[] = [];
  const onProblem = (what: string) => void problems.push(what);
  const sidecar = new LearningSidecar({ target, clientId: 'client', onProblem, ...options });
  onTestFinished(() => sidecar.close({ timeoutMs: 0 }));
  return { sidecar, problems };
}

const snapshot = (
  parameters: Record<string, MessageInitShape<typeof ValueSchema>> = {},
): Message => ({
  epoch: 'e',
  sequence: 1n,
  event: { case: 'snapshot', value: { parameters } },
});

test.each<[string, object]>([
  ['a label that is a number', { labels: { n: 3 } }],
  ['a number in quotes', { latencyMs: '5' }],
  ['the name of a status', { status: 'SUCCESS' }],
  ['a sequence below 0', { deltaSequence: -1n }],
])('a task that is no message is refused, and holds up no other: %s', async (_, fields) => {
  const { address } = await createServiceFixture();
  const { sidecar, problems } = createClient(address);
  // What a caller without types may pass.
  const report = fields as TaskReport;
  const refused = Array.from({ length: 20 }, () => sidecar.record(report));
  for (const outcome of await Promise.all(refused)) {
    expect(outcome).toMatchObject({ kind: 'refused', failure: { code: 'INVALID_ARGUMENT' } });
  }
  expect(problems).toEqual(Array(20).fill('a task was refused'));
  expect(await sidecar.record({ taskId: 'good' })).toEqual({ kind: 'recorded' });
});

test('what JSON cannot hold is null, wherever it is', async () => {
  const number = (value: number) => ({ kind: { case: 'numberValue' as const, value } });
  const unkinded = { kind: { case: undefined } };
  const { address } = await createTeller(
    snapshot({
      a: number(Number.NaN),
      b: unkinded,
      c: { kind: { case: 'listValue', value: { values: [number(1), number(1 / 0)] } } },
      d: { kind: { case: 'structValue', value: { fields: { e: unkinded, f: number(2) } } } },
      g: { kind: { case: 'stringValue', value: 'text' } },
      h: { kind: { case: 'boolValue', value: false } },
    }),
  );
  const { sidecar, problems } = createClient(address);
  sidecar.follow();
  await vi.waitFor(() => expect(sidecar.sequence).toBe(1n), WAIT);
  const values = { a: null, b: null, c: [1, null], d: { e: null, f: 2 }, g: 'text', h: false };
  expect(sidecar.parameters).toEqual(values);
  expect(problems).toEqual([]);
});

test('what cannot be taken is reported, and it starts over from a snapshot', async () => {
  const value = { deltaId: 'd', target: 't' };
  const { address, count } = await createTeller({
    epoch: 'e',
    sequence: 1n,
    event: { case: 'delta', value },
  });
  const { sidecar, problems } = createClient(address, {
    onChange({ source }) {
      // It cannot be made a text, so that not even why can be said.
      if (source === 'delta' && count.streams < 3) throw Object.create(null);
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(sidecar.sequence).toBe(1n), WAIT);
  const problem = 'what the sidecar said could not be taken: starting over';
  expect(problems).toEqual([problem, problem]);
});

test.each<[string, (sidecar: LearningSidecar) => Promise<void>]>([
  ['that closes', (sidecar) => sidecar.close({ timeoutMs: 50 })],
  ['that does not end', () => new Promise(() => {})],
])('an onChange %s does not hold up the end', async (_, act) => {
  const { address } = await createTeller(snapshot());
  let isIn = false;
  const { sidecar } = createClient(address, {
    async onChange({ source }: Change) {
      if (source === 'defaults') return;
      isIn = true;
      await act(sidecar);
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(isIn).toBe(true), WAIT);
  await sidecar.close({ timeoutMs: 50 });
  await expect(sidecar.service.resolveParameters({})).rejects.toThrow(/shut down/);
});

test('a task waits while a token is exchanged', async () => {
  const failures = [{ code: status.UNAUTHENTICATED }, { code: status.UNAUTHENTICATED }];
  const { address } = await createTeller(snapshot(), failures);
  const { sidecar } = createClient(address);
  expect(await sidecar.record({ taskId: 'one' })).toEqual({ kind: 'recorded' });
  expect(failures).toEqual([]);
});

test('callbacks that reject end nothing', async () => {
  const told: string[] = [];
  const { sidecar } = createClient('127.0.0.1:1', {
    async onDisconnected() {
      told.push('disconnected');
      throw new Error('the log is away');
    },
    async onProblem(what) {
      told.push(what);
      throw new Error('the log is away');
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(told).toEqual(['disconnected', 'onDisconnected failed']), WAIT);
});

test.each(['', 'localhost', 'http://127.0.0.1:50051', 'unix:', '127.0.0.1:99999', '[::1]'])(
  'a target that is none is told at once: "%s"',
  (target) => {
    for (const tls of [false, true]) {
      expect(() => createClient(target, { tls })).toThrow(
        expect.objectContaining({
          name: 'AccessError',
          message: expect.stringContaining(`cannot connect to "${target}": expected`),
        }),
      );
    }
  },
);
