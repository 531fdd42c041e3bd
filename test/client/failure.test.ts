import { create, toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { failureOf, mayPass, readFailure, retryDelayMs } from '../../src/client/failure.ts';
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

test('a sidecar is called again after as long as it asks for, at most a minute', () => {
  const asked = (seconds: bigint) => {
    const value = toBinary(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { seconds } }));
    return failureOf(failure(value)).retryDelayMs;
  };
  expect(retryDelayMs(asked(59n))).toBe(59_000);
  expect(retryDelayMs(asked(3_000_000n))).toBe(60_000);
});

test('without that, after 0.2 to 1 s, at random', () => {
  const delays = Array.from({ length: 1000 }, () => retryDelayMs());
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(200);
  expect(Math.max(...delays)).toBeLessThan(1000);
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(700);
});

test('details that are not what they say are none', () => {
  const read = readFailure(failure(Uint8Array.of(0xff, 0xff, 0xff)));
  expect(read).toMatchObject({ code: 'UNAVAILABLE', retryDelayMs: undefined });
  expect(read && mayPass(read)).toBe(true);
});
