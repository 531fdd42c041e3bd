import { Server } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { HTTP2_OPTIONS, STREAM_HANDLER } from '../../../src/rpc/grpc-js/internals.ts';

/** What to do when the installed version of grpc-js lacks one of its private members. */
const ADVICE: Readonly<Record<string, string>> = {
  [STREAM_HANDLER]:
    'find what grpc-js now calls for each HTTP/2 stream (Server._setupHandlers) and replace that in ' +
    'addGate; if there is no such place, ask the gate in the interceptor: see test/faults/overload',
  [HTTP2_OPTIONS]:
    'find what grpc-js now hands to http2.createServer (Server.createHttp2Server) and set the options ' +
    'there, or use an option of Server if it has one by now',
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
