import { once } from 'node:events';
import { request } from 'node:http';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import {
  EventStreamRequestSchema,
  EventStreamResponseSchema,
  Service as FlagsV1,
} from '../../../src/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../../src/gen/flagd/sync/v1/sync_pb.ts';
import { createClient } from '../../../src/wire/client.ts';
import { configOf } from '../../support/engine/engine-fixture.ts';
import { createServiceFixture, type ServiceFixture } from '../../support/engine/service-fixture.ts';
import { TrialFixture, trialYaml } from '../../support/trials/trial-fixture.ts';
import { connect } from '../wire.ts';

/** Events, as they come. */
interface Reader {
  /** The next one. */
  next(): Promise<{ readonly type: string; readonly data?: unknown }>;
  /** What the stream ended with. */
  ended(): Promise<{ readonly code: status; readonly pushback: string }>;
}

/** What has been sent, one after the other. */
function queueOf<T>() {
  const items: T[] = [];
  let wake = () => {};
  return {
    push(item: T) {
      items.push(item);
      wake();
    },
    async next(): Promise<T> {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) return item;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function grpcReader<T>(stream: ClientReadableStream<T>) {
  const { push, next } = queueOf<T>();
  stream.on('data', push);
  const failed = once(stream, 'error').then(([error]: ServiceError[]) => ({
    code: error?.code ?? status.OK,
    pushback: error?.metadata.get('grpc-retry-pushback-ms').join() ?? '',
  }));
  onTestFinished(() => {
    stream.on('error', () => {});
    stream.cancel();
  });
  return { next, ended: () => failed };
}

function grpcEvents(service: typeof FlagsV1 | typeof FlagsV2) {
  return async (address: string): Promise<Reader> => {
    const client = createClient(service, address, credentials.createInsecure());
    onTestFinished(() => client.close());
    return grpcReader(client.eventStream({}));
  };
}

/** As connect-go reads it: envelopes, the last of which says how the stream ended. */
async function connectEvents(address: string): Promise<Reader> {
  const { push, next } = queueOf<{ type: string; data?: unknown }>();
  const ended = Promise.withResolvers<{ code: status; pushback: string }>();
  const message = Buffer.from(toBinary(EventStreamRequestSchema, create(EventStreamRequestSchema)));
  const post = request(`http://${address}/${FlagsV2.typeName}/EventStream`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+proto', 'connect-protocol-version': '1' },
  });
  onTestFinished(() => void post.destroy());
  post.on('error', () => {});
  post.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  const [response] = await once(post, 'response');
  expect(response.headers['content-type']).toBe('application/connect+proto');
  let bytes = Buffer.alloc(0);
  response.on('error', () => {});
  response.on('data', (part: Buffer) => {
    bytes = Buffer.concat([bytes, part]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const body = bytes.subarray(5, 5 + bytes.readUInt32BE(1));
      if (bytes[0] === 0) push(fromBinary(EventStreamResponseSchema, body));
      else {
        const { error, metadata } = JSON.parse(body.toString());
        const [pushback] = metadata['grpc-retry-pushback-ms'];
        ended.resolve({
          code: error.code === 'unavailable' ? status.UNAVAILABLE : status.UNKNOWN,
          pushback,
        });
      }
      bytes = bytes.subarray(5 + body.length);
    }
  });
  return { next, ended: () => ended.promise };
}

const EVENTS = [
  ['v1 over gRPC', grpcEvents(FlagsV1)],
  ['v2 over gRPC', grpcEvents(FlagsV2)],
  ['v2 over Connect', connectEvents],
] as const;

test.for(EVENTS)(
  '%s: ready, changes of what is in force, alive, and UNAVAILABLE',
  async ([, open]) => {
    const fixture = await createServiceFixture(trialYaml());
    const trials = new TrialFixture(fixture);
    const reader = await open(fixture.address);
    expect(await reader.next()).toMatchObject({ type: 'provider_ready' });
    await trials.setLevel(1);
    expect(await reader.next()).toMatchObject({
      type: 'configuration_change',
      data: { flags: { level: { type: 'update' } } },
    });
    await fixture.clock.advance(20_000);
    expect(await reader.next()).toMatchObject({ type: 'keep_alive' });
    await fixture.clock.advance(20_000);
    expect(await reader.next()).toMatchObject({ type: 'keep_alive' });
    const yaml = 'parameters: { level: { initial: 0 }, fresh: { initial: 5 } }\nrules: []';
    await fixture.engine.configure(configOf(yaml));
    expect(await reader.next()).toMatchObject({
      data: { flags: { fresh: { type: 'update' }, other: { type: 'delete' } } },
    });
    void fixture.service.drain();
    expect(await reader.ended()).toEqual({ code: status.UNAVAILABLE, pushback: '-1' });
  },
);

test.for(EVENTS)(
  '%s: switches of blocks are told, and assignments of tasks are not',
  async ([, open]) => {
    const { trials, fixture } = await tried(trialYaml({ assignment: 'switchback' }));
    const reader = await open(fixture.address);
    await reader.next();
    await trials.begin();
    expect(await reader.next()).toMatchObject({ data: { flags: { level: { type: 'update' } } } });

    const byTask = await tried(trialYaml());
    const other = await open(byTask.fixture.address);
    await other.next();
    await byTask.trials.begin();
    await byTask.fixture.engine.resolve({ taskId: 'a', labels: {} });
    await byTask.trials.setLevel(2, 'other');
    expect(await other.next()).toMatchObject({ data: { flags: { other: { type: 'update' } } } });
  },
);

async function tried(yaml: string) {
  const fixture = await createServiceFixture(yaml);
  const trials = new TrialFixture(fixture);
  await trials.news();
  return { fixture, trials };
}

const VALUES = `
parameters:
  text: { initial: a }
  whole: { initial: 3 }
  one: { initial: 1, type: number }
  isOn: { initial: true }
  object: { initial: { a: [1] } }
  list: { initial: [1] }
  none: { initial: null }
rules: []
`;

function syncClient({ address }: ServiceFixture) {
  return connect(FlagSyncService, address);
}

test('sync sends each parameter that flagd has a type for, and sends it again when it changes', async () => {
  const fixture = await createServiceFixture(VALUES);
  const client = syncClient(fixture);
  const { flagConfiguration } = await client.fetchAllFlags({});
  const flag = (value: unknown) => ({
    state: 'ENABLED',
    variants: { baseline: value },
    defaultVariant: 'baseline',
  });
  const metadata = { delta_sequence: 0, epoch: 'epoch-1', version: '0', flagSetId: 'learning' };
  expect(JSON.parse(flagConfiguration)).toEqual({
    flags: {
      text: flag('a'),
      whole: flag(3),
      one: flag(1),
      isOn: flag(true),
      object: flag({ a: [1] }),
    },
    metadata,
  });
  // As floats and integers that every language tells apart.
  expect(flagConfiguration).toContain('"baseline":1.0}');
  expect(flagConfiguration).toContain('"baseline":3}');
  expect(await client.getMetadata({})).toMatchObject({ metadata: {} });

  const reader = grpcReader(client.syncFlags({ providerId: 'x', selector: 'ignored' }));
  expect((await reader.next()).flagConfiguration).toBe(flagConfiguration);
  const trials = new TrialFixture(fixture);
  await trials.setLevel(4, 'whole');
  const changed = JSON.parse((await reader.next()).flagConfiguration);
  expect(changed.flags.whole).toEqual(flag(4));
  expect(changed.metadata).toMatchObject({ delta_sequence: 1, version: '1' });
  void fixture.service.drain();
  expect(await reader.ended()).toEqual({ code: status.UNAVAILABLE, pushback: '-1' });
});

test('a trial by tasks changes nothing that sync sends', async () => {
  const { fixture, trials } = await tried(trialYaml());
  const before = await syncClient(fixture).fetchAllFlags({});
  await trials.begin();
  expect(await syncClient(fixture).fetchAllFlags({})).toEqual(before);
});

test('streams of flags count among the streams of a connection', async () => {
  const fixture = await createServiceFixture('limits: { max_streams_per_client: 1 }');
  const client = connect(FlagsV2, fixture.address);
  await grpcReader(client.eventStream({})).next();
  const refused = grpcReader(client.eventStream({}));
  expect(await refused.ended()).toEqual({ code: status.RESOURCE_EXHAUSTED, pushback: '-1' });
});
