import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import {
  DECODER,
  DECODER_LIMIT,
  HTTP2_OPTIONS,
  MESSAGE_LIMIT,
  STREAM_HANDLER,
} from '../../../src/rpc/grpc-js/internals.ts';

/** What to do when the installed version of grpc-js lacks one of its private members. */
const ADVICE: Readonly<Record<string, string>> = {
  [STREAM_HANDLER]:
    'find what grpc-js now calls for each HTTP/2 stream (Server._setupHandlers) and replace that in ' +
    'addGate; if there is no such place, ask the gate in the interceptor: see test/faults/overload',
  [HTTP2_OPTIONS]:
    'find what grpc-js now hands to http2.createServer (Server.createHttp2Server) and set the options ' +
    'there, or use an option of Server if it has one by now',
  [MESSAGE_LIMIT]:
    'find where grpc-js bounds what a message is unpacked to (BaseServerInterceptingCall) and set it in ' +
    'allowMessages; without a place, raise grpc.max_receive_message_length, and refuse in AdmittedCall',
  [DECODER_LIMIT]:
    'as for the other: find where grpc-js bounds a message that arrives (StreamDecoder)',
};

test('grpc-js calls its stream handler with interceptors, stream and headers', () => {
  const handler: unknown = Reflect.get(new Server(), STREAM_HANDLER);
  expect(handler, ADVICE[STREAM_HANDLER]).toBeInstanceOf(Function);
  expect(handler, ADVICE[STREAM_HANDLER]).toHaveLength(3);
});

test('grpc-js keeps the options of its HTTP/2 servers', () => {
  const server = new Server({ 'grpc.max_concurrent_streams': 7 });
  expect(Reflect.get(server, HTTP2_OPTIONS), ADVICE[HTTP2_OPTIONS]).toMatchObject({
    settings: { maxConcurrentStreams: 7 },
  });
});

test('grpc-js keeps the largest message with each call', async () => {
  const seen = Promise.withResolvers<object>();
  const interceptor: ServerInterceptor = (_, call) => {
    seen.resolve(call);
    return new ServerInterceptingCall(call);
  };
  const server = new Server({
    interceptors: [interceptor],
    'grpc.max_receive_message_length': 7,
  });
  const asIs = (bytes: Buffer) => bytes;
  const kind = { requestStream: false, responseStream: false };
  const codec = {
    ...{ requestSerialize: asIs, requestDeserialize: asIs },
    ...{ responseSerialize: asIs, responseDeserialize: asIs },
  };
  server.addService(
    { get: { path: '/a.B/Get', ...kind, ...codec } },
    {
      get: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.of()),
    },
  );
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, one) => resolve(one));
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  client.makeUnaryRequest('/a.B/Get', asIs, asIs, Buffer.of(), () => {});
  const call = await seen.promise;
  expect(Reflect.get(call, MESSAGE_LIMIT), ADVICE[MESSAGE_LIMIT]).toBe(7);
  expect(Reflect.get(Reflect.get(call, DECODER), DECODER_LIMIT), ADVICE[DECODER_LIMIT]).toBe(7);
});
