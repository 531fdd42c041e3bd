import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  answersTo,
  changeOf,
  DeltaRefusal,
  refusalOf,
  withFormer,
} from '../../src/client/change.ts';
import {
  SnapshotOutcome,
  StreamDeltasResponseSchema,
} from '../../src/gen/learning/v1/learning_service_pb.ts';
import { toProtoParameters } from '../../src/wire/value.ts';

type Event = MessageInitShape<typeof StreamDeltasResponseSchema>['event'];

function received(event: Event) {
  return create(StreamDeltasResponseSchema, { epoch: 'e', sequence: 4n, ...(event && { event }) });
}

function snapshot(parameters: Parameters<typeof toProtoParameters>[0], deltaIds = {}) {
  const outcome = SnapshotOutcome.INITIAL;
  const value = { parameters: toProtoParameters(parameters), deltaIds, outcome };
  return received({ case: 'snapshot', value });
}

function delta(target: string, newValue?: number) {
  const set = newValue === undefined ? {} : toProtoParameters({ newValue });
  return received({ case: 'delta', value: { deltaId: 'd', target, ...set } });
}

test('a snapshot replaces what was known, and names what differs with its delta', () => {
  const live = { same: [1, { a: 2 }], other: 1, initial: 1, gone: 1, unknown: 'x' };
  const sent = { same: [1, { a: 2 }], other: 2, initial: 0, unknown: 'y', new: true };
  const change = changeOf(live, snapshot(sent, { same: 's', other: 'o', new: 'n' }));
  expect(change).toEqual({
    ...{ source: 'snapshot', epoch: 'e', sequence: 4n, outcome: 1, delta: undefined },
    parameters: sent,
    changed: { other: 'o', initial: '', gone: '', unknown: '', new: 'n' },
  });
});

test('a delta sets its target, or takes it away', () => {
  const live = { a: 1, b: 2 };
  expect(changeOf(live, delta('a', 3))).toMatchObject({
    ...{ source: 'delta', sequence: 4n, outcome: undefined, delta: { deltaId: 'd' } },
    ...{ parameters: { a: 3, b: 2 }, changed: { a: 'd' } },
  });
  expect(changeOf(live, delta('a'))).toMatchObject({ parameters: { b: 2 }, changed: { a: 'd' } });
  expect(Object.keys(changeOf(live, delta('__proto__', 3))?.changed ?? {})).toEqual(['__proto__']);
  expect(changeOf(live, received({ case: 'heartbeat', value: {} }))).toBeUndefined();
});

test('a switch that leaves the value as it is changes nothing, and is answered', () => {
  const change = changeOf({ a: 1 }, delta('a', 1));
  if (change === undefined) throw new Error('expected a change');
  expect(change.changed).toEqual({});
  expect(answersTo(change)).toEqual([{ epoch: 'e', deltaId: 'd' }]);
  const refusal = refusalOf(new Error('no'), change);
  const error = { reason: 'NOT_PUT_IN_FORCE', message: 'no' };
  expect(answersTo(change, refusal)).toEqual([{ epoch: 'e', deltaId: 'd', error }]);
});

test('of a snapshot, deltas that are known are acknowledged, but those that are refused', () => {
  const change = changeOf({}, snapshot({ a: 1, b: 2, c: 3 }, { a: 'd-a', b: 'd-b' }));
  if (change === undefined) throw new Error('expected a change');
  const part = refusalOf(new DeltaRefusal('TOO_HIGH', 'no', ['b', 'c', 'd']), change);
  const error = { reason: 'TOO_HIGH', message: 'no' };
  expect(answersTo(change, part)).toEqual([
    { epoch: 'e', deltaId: 'd-a' },
    { epoch: 'e', deltaId: 'd-b', error },
  ]);
  expect(refusalOf(new DeltaRefusal('TOO_HIGH', 'no'), change).names).toEqual(['a', 'b', 'c']);
  expect(answersTo(change, refusalOf(new DeltaRefusal('', '', []), change))).toHaveLength(2);
});

test('a refusal fits the contract', () => {
  const change = changeOf({}, delta('a', 1));
  if (change === undefined) throw new Error('expected a change');
  const { error } = refusalOf(new DeltaRefusal('r'.repeat(999), 'm'.repeat(9999)), change);
  expect([error.reason.length, error.message.length]).toEqual([254, 1022]);
  expect(refusalOf('a text', change).error.message).toBe('a text');
});

test('what is refused keeps its former value, or none', () => {
  const former = { a: 1, gone: 2 };
  expect(withFormer({ a: 5, b: 6, c: 7 }, former, ['a', 'b', 'gone'])).toEqual({
    ...{ a: 1, c: 7, gone: 2 },
  });
  expect(withFormer({ a: 5 }, former, [])).toEqual({ a: 5 });
});
