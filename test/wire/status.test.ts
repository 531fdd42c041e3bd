import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { type ErrorReason, invalidFields, LearningError } from '../../src/domain/errors.ts';
import { readStatusDetails } from '../../src/wire/error-details.ts';
import { CODE_OF_REASON, createStatus, statusOf, type WireReason } from '../../src/wire/status.ts';
import { expectRetryLater } from '../rpc/wire.ts';

const ignore = () => undefined;

/** Bytes in trailers, as HTTP/2 counts them but for names. */
function headerBytes({ details, metadata }: ReturnType<typeof createStatus>): number {
  const headers = metadata.toHttp2Headers();
  const values = Object.values(headers).flat().map(String);
  return encodeURI(details).length + values.join('').length;
}

test.each<[ErrorReason, keyof typeof status]>([
  ['INVALID_FIELD', 'INVALID_ARGUMENT'],
  ['MALFORMED', 'INVALID_ARGUMENT'],
  ['DELTA_NOT_FOUND', 'NOT_FOUND'],
  ['PARAMETER_NOT_FOUND', 'NOT_FOUND'],
  ['SEQUENCE_AHEAD', 'OUT_OF_RANGE'],
  ['EPOCH_CHANGED', 'FAILED_PRECONDITION'],
  ['DELTA_STATE', 'FAILED_PRECONDITION'],
  ['OVERLOADED', 'UNAVAILABLE'],
  ['DRAINING', 'UNAVAILABLE'],
  ['LEDGER_UNAVAILABLE', 'UNAVAILABLE'],
  ['TOO_MANY_STREAMS', 'RESOURCE_EXHAUSTED'],
])('%s is %s', (reason, code) => {
  const result = statusOf(new LearningError(reason, 'why'), ignore);
  expect(result).toMatchObject({ code: status[code], details: 'why' });
  const isRetried = code === 'UNAVAILABLE';
  expect(readStatusDetails(result)).toMatchObject({
    reason,
    domain: 'learning.v1',
    violations: [],
  });
  if (isRetried) return expectRetryLater(result);
  expect(readStatusDetails(result).retryDelayMs).toBeUndefined();
  expect(result.metadata.get('grpc-retry-pushback-ms')).toEqual([]);
});

test('clients refused together are told to come back one by one', () => {
  const delays = Array.from({ length: 100 }, () => {
    return readStatusDetails(createStatus('OVERLOADED', '')).retryDelayMs ?? Number.NaN;
  }).sort((a, b) => a - b);
  const gaps = delays.slice(1).map((delay, i) => delay - (delays[i] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(0);
  expect(Math.max(...gaps)).toBeLessThan(30);
});

test('what is not a refusal is logged and hidden', () => {
  const logged: unknown[] = [];
  const error = new Error('the password is hunter2');
  const result = statusOf(error, (cause) => logged.push(cause));
  expect(result.code).toBe(status.INTERNAL);
  expect(result.details).not.toContain('hunter2');
  expect(readStatusDetails(result).reason).toBe('INTERNAL');
  expect(logged).toEqual([error]);
});

test('violations are told', () => {
  const violations = [{ field: 'task.labels["k"]', description: 'must be at most 256 bytes' }];
  const told = readStatusDetails(statusOf(invalidFields(violations), ignore)).violations;
  expect(told).toMatchObject(violations);
});

test.each([
  ['many long violations', 'x'.repeat(1000), 10_000],
  ['many violations of many bytes', '界'.repeat(1000), 10_000],
  ['lone surrogates', '\ud800'.repeat(1000), 100],
  ['control characters', '\n'.repeat(1000), 100],
])('headers stay small and valid: %s', (_, text, count) => {
  const violation = { field: text, description: text };
  const result = statusOf(invalidFields(Array<typeof violation>(count).fill(violation)), ignore);
  expect(headerBytes(result)).toBeLessThan(7 * 1024);
  expect(readStatusDetails(result).violations.length).toBeGreaterThan(0);
});

test('at most 20 violations are told', () => {
  const violations = Array.from({ length: 30 }, (_, i) => ({ field: `f${i}`, description: 'x' }));
  expect(readStatusDetails(statusOf(invalidFields(violations), ignore)).violations).toHaveLength(
    20,
  );
});

test('every code is an error', () => {
  const reasons = Object.keys(CODE_OF_REASON) as WireReason[];
  for (const reason of reasons) expect(createStatus(reason, '').code).not.toBe(status.OK);
});

test('details of others that cannot be read are none', () => {
  const { metadata } = createStatus('MALFORMED', '');
  metadata.set('grpc-status-details-bin', Buffer.from([0xff]));
  expect(readStatusDetails({ metadata })).toMatchObject({ reason: '', violations: [] });
  metadata.remove('grpc-status-details-bin');
  expect(readStatusDetails({ metadata })).toMatchObject({ reason: '', violations: [] });
});
