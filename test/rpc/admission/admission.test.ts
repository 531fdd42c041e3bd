import { once } from 'node:events';
import { join } from 'node:path';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Health } from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { parseListenAddress } from '../../../src/net/address.ts';
import { Listeners } from '../../../src/net/listeners.ts';
import { createClient } from '../../../src/wire/client.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import {
  callHeaders,
  FLAG,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  RawConnection,
} from '../../support/clients/raw-http2.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { tempDir } from '../../support/sidecar/temp-dir.ts';
import { connect, expectRetryLater, failureOf } from '../wire.ts';

const RECORD_TASK = `/${LearningService.typeName}/RecordTask`;
const TASK = { task: { latencyMs: 1 } };

/** A call whose message never comes. */
async function startCall(address: string, service: { pendingCalls(): number }) {
  const before = service.pendingCalls();
  const connection = new RawConnection(address);
  onTestFinished(() => void connection.socket.destroy());
  const headers = headerBlock(callHeaders(RECORD_TASK));
  connection.write(PREFACE, frame(FRAME.settings, 0, 0));
  connection.write(frame(FRAME.headers, FLAG.endHeaders, 1, headers));
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(before + 1));
  return connection;
}

test('a call too many is refused, to be tried again; probes and operators are not', async () => {
  const { address, client, admin, service, refusals } = await createServiceFixture(
    'limits: { max_pending_calls: 1 }',
  );
  const pending = await startCall(address, service);
  const error = await failureOf(client.recordTask(TASK));
  expect(error.code).toBe(status.UNAVAILABLE);
  expect(readStatusDetails(error).reason).toBe('OVERLOADED');
  expectRetryLater(error);
  expect(refusals).toEqual(['OVERLOADED']);
  await admin.stopLearning({});
  await client.getStatus({});
  await client.listDeltas({});
  await client.getGains({});
  await connect(Health, address).check({});
  pending.socket.destroy();
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(0));
  await client.recordTask(TASK);
});

test.each([
  ['no message', []],
  ['half a message', [frame(FRAME.data, 0, 1, Buffer.from([0, 0, 0, 0, 9, 1]))]],
  ['a message, and no end', [frame(FRAME.data, 0, 1, Buffer.alloc(5))]],
])('a request that never comes whole is given up, and makes room: %s', async (_, parts) => {
  const { address, client, service, clock } = await createServiceFixture(
    'limits: { max_pending_calls: 1 }',
  );
  const pending = await startCall(address, service);
  pending.write(...parts);
  await clock.advance(9000);
  expect(service.pendingCalls()).toBe(1);
  await clock.advance(3000);
  await pending.untilEnded(1);
  expect(service.pendingCalls()).toBe(0);
  await client.recordTask(TASK);
});

test('probes that begin and do not go on are in nobody else’s way', async () => {
  const { address, client, admin, service, refusals } = await createServiceFixture();
  const block = headerBlock(callHeaders(`/${Health.typeName}/Check`));
  const one = new RawConnection(address);
  onTestFinished(() => void one.socket.destroy());
  const begin = (connection: RawConnection, count: number) => {
    const ids = Array.from({ length: count }, (_, i) => 2 * i + 1);
    const calls = ids.map((id) => frame(FRAME.headers, FLAG.endHeaders, id, block));
    connection.write(PREFACE, frame(FRAME.settings, 0, 0), ...calls);
  };
  begin(one, 200);
  await vi.waitFor(() => expect(refusals).toHaveLength(184));
  expect(service.pendingCalls()).toBe(16);
  for (let i = 0; i < 4; i += 1) {
    const other = new RawConnection(address);
    onTestFinished(() => void other.socket.destroy());
    begin(other, 16);
  }
  await vi.waitFor(() => expect(refusals).toHaveLength(200));
  expect(service.pendingCalls()).toBe(64);
  await connect(Health, address).check({});
  await admin.stopLearning({});
  await client.recordTask(TASK);
});

test('who watches the health takes no stream from clients', async () => {
  const { address, client } = await createServiceFixture('limits: { max_streams: 2 }');
  const probe = connect(Health, address);
  const failures: unknown[] = [];
  const watches = Array.from({ length: 10 }, () =>
    probe.watch({}).on('error', (e) => failures.push(e)),
  );
  await Promise.all(watches.slice(0, 8).map((watch) => once(watch, 'data')));
  await vi.waitFor(() => expect(failures).toMatchObject([{ code: 8 }, { code: 8 }]));
  await once(
    client.streamDeltas({}).on('error', () => {}),
    'data',
  );
});

test('a drain refuses new calls, and waits for those under way', async () => {
  const { address, client, service, engine } = await createServiceFixture();
  await client.getStatus({});
  const answer = client.recordTask(TASK);
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(1), { interval: 1 }).catch(() => {});
  const drained = service.drain();
  await drained;
  await answer;
  expect(engine.ledger.state.head.counters.tasksRecorded).toBe(1);
  const error = await failureOf(client.recordTask(TASK));
  expect(readStatusDetails(error).reason).toBe('DRAINING');
  expectRetryLater(error);
  await connect(Health, address).check({});
});

test('a drain does not wait for requests that never come', async () => {
  const { address, service, clock } = await createServiceFixture();
  const pending = await startCall(address, service);
  await service.drain();
  await clock.advance(12_000);
  await pending.untilEnded(1);
});

test('streams beyond the limit of a connection are refused, over a unix socket too', async () => {
  const { service } = await createServiceFixture('limits: { max_streams_per_client: 2 }');
  const listeners = new Listeners(service.server);
  const path = `unix:${join(tempDir(), 'socket')}`;
  await listeners.open(parseListenAddress(path));
  onTestFinished(() => void listeners.close());
  const open = () => {
    const own = { 'grpc.use_local_subchannel_pool': 1 };
    const client = createClient(LearningService, path, credentials.createInsecure(), own);
    onTestFinished(() => client.close());
    return client;
  };
  const [one, other] = [open(), open()];
  const first = [one, one, other].map((client) => client.streamDeltas({}));
  for (const stream of first) {
    stream.on('error', () => {});
    await once(stream, 'data');
  }
  const refused = one.streamDeltas({});
  refused.on('data', () => {});
  const [error] = (await once(refused, 'error')) as [ServiceError];
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  expect(readStatusDetails(error).reason).toBe('TOO_MANY_STREAMS');
  await once(
    other.streamDeltas({}).on('error', () => {}),
    'data',
  );
});
