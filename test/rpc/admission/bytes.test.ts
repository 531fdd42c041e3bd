import { connect as connectHttp2 } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Health } from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import {
  callHeaders,
  FLAG,
  FRAME,
  frame,
  grpcMessage,
  headerBlock,
  PREFACE,
  RawConnection,
} from '../../support/clients/raw-http2.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { callRaw, connect, failureOf } from '../wire.ts';

const RECORD_TASK = `/${LearningService.typeName}/RecordTask`;
const RECORD_TASKS = `/${LearningService.typeName}/RecordTasks`;
const CHECK = `/${Health.typeName}/Check`;
const MIB = 2 ** 20;
const BIG = 4 * MIB;

/** A connection on which calls begin and do not end. */
function open(address: string) {
  const connection = new RawConnection(address);
  onTestFinished(() => void connection.socket.destroy());
  connection.write(PREFACE, frame(FRAME.settings, 0, 0));
  let id = -1;
  return {
    connection,
    begin(path: string, headers: Record<string, string> = {}): number {
      id += 2;
      const block = headerBlock(callHeaders(path, headers));
      connection.write(frame(FRAME.headers, FLAG.endHeaders, id, block));
      return id;
    },
    /** In frames of 16 KiB, as far as the window of a stream goes. */
    send(stream: number, bytes: Uint8Array): void {
      for (let at = 0; at < bytes.length; at += 16_384) {
        connection.write(frame(FRAME.data, 0, stream, bytes.subarray(at, at + 16_384)));
      }
    },
  };
}

test('a probe takes no more than the name of a service', async () => {
  const { address } = await createServiceFixture();
  const { connection, begin, send } = open(address);
  send(begin(CHECK), grpcMessage(Buffer.alloc(300), 0, BIG));
  await connection.untilEnded(1);
  const error = await failureOf(callRaw(address, Health.method.check, Buffer.alloc(300)));
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
});

test('what is refused is not waited for', async () => {
  const { address, refusals } = await createServiceFixture('limits: { max_pending_calls: 1 }');
  const { connection, begin } = open(address);
  begin(RECORD_TASK);
  begin(RECORD_TASK);
  await connection.untilEnded(1);
  expect(refusals).toEqual(['OVERLOADED']);
});

test('what one connection sends and does not end is bounded, and given back', async () => {
  const { address, service, client, refusals } = await createServiceFixture();
  const session = connectHttp2(`http://${address}`);
  onTestFinished(() => session.destroy());
  for (let i = 0; i < 24; i += 1) {
    const path = i % 2 === 0 ? RECORD_TASK : RECORD_TASKS;
    const stream = session.request(Object.fromEntries(callHeaders(path)), { endStream: false });
    stream.on('error', () => {}).resume();
    stream.write(grpcMessage(Buffer.alloc(3 * MIB), 0, BIG));
  }
  await vi.waitFor(() => expect(refusals.length).toBeGreaterThan(10), { timeout: 10_000 });
  expect(service.requestBytes()).toBeGreaterThan(16 * MIB);
  expect(service.requestBytes()).toBeLessThan(33 * MIB);
  await client.recordTask({ task: { latencyMs: 1 } });
  session.destroy();
  await vi.waitFor(() => expect(service.requestBytes()).toBe(0));
});

test('what was compressed counts as what it becomes', async () => {
  const { address, service } = await createServiceFixture();
  const { begin, send } = open(address);
  send(begin(RECORD_TASK, { 'grpc-encoding': 'gzip' }), grpcMessage(gzipSync(unknown(MIB)), 1));
  await vi.waitFor(() => expect(service.requestBytes()).toBeGreaterThan(MIB - 20_000));
});

/** A field that the contract does not know. */
function unknown(length: number): Buffer {
  return Buffer.concat([Buffer.from([0xfa, 0x7f, 0x80, 0x80, 0x40]), Buffer.alloc(length)]);
}

test('messages of a stream give back what they took', async () => {
  const { address, service, client } = await createServiceFixture();
  const stream = client.recordTasks();
  stream.on('error', () => {});
  const tasks = Array.from({ length: 1000 }, (_, i) => ({
    taskId: `${i}-${'x'.repeat(50)}`,
    latencyMs: 1,
  }));
  for (let i = 0; i < 20; i += 1) stream.write({ tasks });
  stream.end();
  for await (const _ of stream);
  await vi.waitFor(() => expect(service.requestBytes()).toBe(0));
  await connect(Health, address).check({});
});
