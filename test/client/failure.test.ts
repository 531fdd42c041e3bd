import { create, toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { mayPass, readFailure, retryDelayMs } from '../../src/client/failure.ts';
import { RetryInfoSchema } from '../../src/gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../src/gen/google/rpc/status_pb.ts';

/** A failure with bytes that are said to tell when to come back. */
function failure(value: Uint8Array): ServiceError {
  const metadata = new Metadata();
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }];
  const bytes = toBinary(StatusSchema, create(StatusSchema, { details }));
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return Object.assign(new Error('away'), { code: status.UNAVAILABLE, details: 'away', metadata });
}

test('no sidecar is left alone for more than a minute', () => {
  const asking = (seconds: bigint) =>
    failure(toBinary(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { seconds } })));
  expect(retryDelayMs(asking(59n))).toBe(59_000);
  expect(retryDelayMs(asking(3_000_000n))).toBe(60_000);
});

test('details that are not what they say are none', () => {
  const error = failure(Uint8Array.of(0xff, 0xff, 0xff));
  expect(readFailure(error)).toMatchObject({ code: 'UNAVAILABLE', retryDelayMs: undefined });
  expect([retryDelayMs(error), mayPass(error)]).toEqual([0, true]);
});
