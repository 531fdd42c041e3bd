import { once } from 'node:events';
import { credentials, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import {
  Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { createHealth } from '../../../src/rpc/services/health.ts';
import { OpenStreams } from '../../../src/rpc/streams/open-streams.ts';
import { createClient } from '../../../src/wire/client.ts';
import { addService } from '../../../src/wire/codec.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { callRaw, collect, connect, failureOf, STREAM_LIMITS, serve } from '../wire.ts';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;

async function start() {
  const openStreams = new OpenStreams(() => STREAM_LIMITS);
  const health = createHealth(['', 'learning.v1.LearningService'], openStreams);
  const address = await serve((server) => addService(server, Health, health.handlers));
  return { health, openStreams, address, client: connect(Health, address) };
}

test('Check tells whether all serve', async () => {
  const { health, client } = await start();
  expect(await client.check({})).toMatchObject({ status: NOT_SERVING });
  health.setServing(true);
  expect(await client.check({})).toMatchObject({ status: SERVING });
  const service = 'learning.v1.LearningService';
  expect(await client.check({ service })).toMatchObject({ status: SERVING });
});

test('Check knows no other service', async () => {
  const { address, client } = await start();
  expect((await failureOf(client.check({ service: 'x' }))).code).toBe(status.NOT_FOUND);
  const malformed = callRaw(address, Health.method.check, Uint8Array.of(0xff));
  expect((await failureOf(malformed)).code).toBe(status.INVALID_ARGUMENT);
});

test('Watch tells each change once', async () => {
  const { health, client } = await start();
  const watch = client.watch({});
  const seen: ServingStatus[] = [];
  const next = async () => {
    const [message]: HealthCheckResponse[] = await once(watch, 'data');
    if (message !== undefined) seen.push(message.status);
  };
  await next();
  health.setServing(false);
  health.setServing(true);
  await next();
  health.setServing(false);
  await next();
  expect(seen).toEqual([NOT_SERVING, SERVING, NOT_SERVING]);
  watch.on('error', () => undefined);
  watch.cancel();
});

test('Watch of an unknown service says so and stays open', async () => {
  const { health, openStreams, client } = await start();
  const watch = client.watch({ service: 'x' });
  expect(await once(watch, 'data')).toMatchObject([{ status: SERVICE_UNKNOWN }]);
  health.setServing(true);
  const failed = once(watch, 'error');
  openStreams.drain();
  expect(await failed).toMatchObject([{ code: status.UNAVAILABLE }]);
});

test('a drain ends every Watch, now and later', async () => {
  const { openStreams, client } = await start();
  const watch = client.watch({});
  await once(watch, 'data');
  const failed = once(watch, 'error');
  openStreams.drain();
  const [error] = await failed;
  expect(error.code).toBe(status.UNAVAILABLE);
  expect(readStatusDetails(error).reason).toBe('DRAINING');
  const late = await failureOf(collect(client.watch({})));
  expect(late.code).toBe(status.UNAVAILABLE);
  expect(await client.check({})).toMatchObject({ status: NOT_SERVING });
});

test('a client that has gone is forgotten', async () => {
  const { health, address, client } = await start();
  const gone = createClient(Health, address, credentials.createInsecure());
  onTestFinished(() => gone.close());
  const watch = gone.watch({});
  watch.on('error', () => undefined);
  await once(watch, 'data');
  watch.cancel();
  await client.check({});
  health.setServing(true);
  expect(await client.check({})).toMatchObject({ status: SERVING });
});
