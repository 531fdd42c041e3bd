import { once } from 'node:events';
import { type ClientHttp2Stream, connect, constants } from 'node:http2';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { Admission } from '../../../src/rpc/admission/admission.ts';
import { createGrpcServer } from '../../../src/rpc/grpc-js/server.ts';
import { systemClock } from '../../../src/runtime/system-clock.ts';
import { serviceCodec } from '../../../src/wire/codec.ts';
import { grpcMessage } from '../../support/clients/raw-http2.ts';

const METHOD = LearningService.method.ackDelta;
const MIB = 2 ** 20;

/** One method behind the gate, whose handler keeps its callers waiting for `answerAll`. */
async function serve() {
  const admission = new Admission({
    ...{ clock: systemClock, authority: undefined, maxPendingCalls: () => 100 },
    ...{ onRefused: () => {}, clients: [METHOD], operators: [], probes: [], streams: [] },
  });
  const server = createGrpcServer(admission, 10);
  const codec = serviceCodec(LearningService).ackDelta;
  const callers: sendUnaryData<unknown>[] = [];
  server.addService(
    { [METHOD.localName]: codec },
    {
      [METHOD.localName]: (_: unknown, callback: sendUnaryData<unknown>) => callers.push(callback),
    },
  );
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer((socket) => injector.injectConnection(socket)).listen(0);
  await once(listener, 'listening');
  const address = listener.address();
  const client = connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  client.on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    listener.close();
  });
  return {
    ...{ admission, callers },
    call(headers = {}): ClientHttp2Stream {
      const stream = client.request(
        {
          ...{ ':method': 'POST', ':path': codec.path, te: 'trailers' },
          ...{ 'content-type': 'application/grpc', ...headers },
        },
        { endStream: false },
      );
      return stream.on('error', () => {}).resume();
    },
  };
}

test('a call that a drain refuses before its request has ended reaches no handler', async () => {
  const { admission, callers, call } = await serve();
  const stream = call();
  const response = once(stream, 'response');
  stream.write(grpcMessage(Buffer.alloc(0)));
  await vi.waitFor(() => expect(admission.pending).toBe(1));
  await admission.drain();
  const [headers] = await response;
  expect(headers['grpc-status']).toBe('14');
  await once(stream, 'close');
  expect(callers).toEqual([]);
});

test('what is decoded after its call was reset takes from no budget', async () => {
  const { admission, callers, call } = await serve();
  const bytes = gzipSync(
    Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0xc0, 0x01]), Buffer.alloc(3 * MIB, 97)]),
  );
  const reset = async () => {
    const stream = call({ 'grpc-encoding': 'gzip' });
    const closed = once(stream, 'close');
    stream.write(grpcMessage(bytes, 1), () =>
      setImmediate(() => stream.close(constants.NGHTTP2_CANCEL)),
    );
    await closed;
  };
  await Promise.all(Array.from({ length: 8 }, reset));
  // Decoded after them.
  call({ 'grpc-encoding': 'gzip' }).end(grpcMessage(bytes, 1));
  await vi.waitFor(() => expect(callers).toHaveLength(1));
  callers[0]?.(null, Buffer.alloc(0));
  await vi.waitFor(() => expect(admission.connections.requestBytes).toBe(0));
});

test('answers that come after their calls were cancelled take from no budget', async () => {
  const { admission, callers, call } = await serve();
  const streams = Array.from({ length: 10 }, () => call());
  for (const stream of streams) stream.end(grpcMessage(Buffer.alloc(0)));
  await vi.waitFor(() => expect(callers).toHaveLength(10));
  for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
  await vi.waitFor(() => expect(admission.pending).toBe(0));
  for (const answer of callers.splice(0)) answer(null, Buffer.alloc(MIB));
  const next = call();
  const trailers = once(next, 'trailers');
  next.end(grpcMessage(Buffer.alloc(0)));
  await vi.waitFor(() => expect(callers).toHaveLength(1));
  callers[0]?.(null, Buffer.alloc(MIB));
  expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0' });
});
