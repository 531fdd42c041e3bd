import { once } from 'node:events';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import { DeltaState, DeltaType } from '../../../src/gen/learning/v1/delta_pb.ts';
import {
  SnapshotOutcome,
  type StreamDeltasRequestSchema,
  type StreamDeltasResponse,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { toProtoParameters } from '../../../src/wire/value.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { expectRetryLater } from '../wire.ts';

type Request = MessageInitShape<typeof StreamDeltasRequestSchema>;

/** Takes messages one by one. */
function reader(stream: ClientReadableStream<StreamDeltasResponse>) {
  const iterator = stream[Symbol.asyncIterator]();
  return async (): Promise<StreamDeltasResponse> => {
    const next = await iterator.next();
    if (next.done) throw new Error('the stream has ended');
    return next.value;
  };
}

const set = (value: number) => ({
  target: 'max_cpu_per_agent',
  value: toProtoParameters({ value }).value,
});

describe('StreamDeltas', () => {
  test('a snapshot equals ResolveParameters, and changes follow as they are made', async () => {
    const { client, admin } = await createServiceFixture();
    await admin.setParameter(set(20));
    const next = reader(client.streamDeltas({ clientId: 'a' }));
    const first = await next();
    const resolved = await client.resolveParameters({});
    expect(first).toMatchObject({
      epoch: 'epoch-1',
      sequence: 1n,
      event: {
        case: 'snapshot',
        value: { outcome: SnapshotOutcome.INITIAL, parameters: resolved.parameters },
      },
    });
    expect(resolved).toMatchObject({ epoch: 'epoch-1', deltaSequence: 1n, trialDeltaId: '' });
    const { delta } = await admin.setParameter(set(30));
    expect(await next()).toMatchObject({ sequence: 2n, event: { case: 'delta', value: delta } });
    await admin.revertDelta({ deltaId: delta?.deltaId ?? '' });
    const { event } = await next();
    expect(event.value).toMatchObject({ sequence: 3n, revertsDeltaId: delta?.deltaId });
  });

  test('a snapshot names the delta of each value that one has set, as long as it is retained', async () => {
    const { client, admin, engine } = await createServiceFixture('ledger: { retain_deltas: 1 }');
    const idsOf = async () => {
      const { event } = await reader(client.streamDeltas({}))();
      return event.case === 'snapshot' ? event.value.deltaIds : undefined;
    };
    expect(await idsOf()).toEqual({});
    const { delta: first } = await admin.setParameter(set(20));
    expect(await idsOf()).toEqual({ max_cpu_per_agent: first?.deltaId });
    const { delta: revert } = await admin.revertDelta({ deltaId: first?.deltaId ?? '' });
    expect(await idsOf()).toEqual({ max_cpu_per_agent: revert?.deltaId });
    const value = { kind: { case: 'numberValue', value: 0.7 } } as const;
    const other = { target: 'fallback_strategy_threshold', value };
    const { delta } = await admin.setParameter(other);
    expect(engine.ledger.state.delta(revert?.deltaId ?? '')).toBeUndefined();
    expect(await idsOf()).toEqual({ fallback_strategy_threshold: delta?.deltaId });
    await client.ackDelta({ clientId: 'a', deltaId: delta?.deltaId ?? '' });
  });

  test('a delta is streamed as it was put in force, also when it was reverted since', async () => {
    const { client, admin } = await createServiceFixture();
    const { delta } = await admin.setParameter(set(30));
    await admin.revertDelta({ deltaId: delta?.deltaId ?? '' });
    const next = reader(client.streamDeltas({ afterSequence: 0n }));
    expect((await next()).event).toEqual({ case: 'delta', value: delta });
    expect((await next()).sequence).toBe(2n);
  });

  test.each([
    ['provisional', DeltaState.PROVISIONAL],
    ['confirmed', DeltaState.CONFIRMED],
  ] as const)('one that is %s is streamed as applied', async (now, told) => {
    const { client, admin, engine } = await createServiceFixture();
    const { delta } = await admin.setParameter(set(30));
    const { state } = engine.ledger;
    const inForce = state.appliedAt(1);
    if (inForce === undefined || delta === undefined) throw new Error('expected a delta');
    vi.spyOn(state, 'appliedAt').mockReturnValue({ ...inForce, state: now });
    vi.spyOn(state, 'delta').mockReturnValue({ ...inForce, state: now });
    const next = reader(client.streamDeltas({ afterSequence: 0n }));
    expect((await next()).event).toEqual({ case: 'delta', value: delta });
    expect(delta.state).toBe(DeltaState.APPLIED);
    const answer = await client.getDeltaStatus({ deltaId: delta.deltaId });
    expect(answer.delta?.state).toBe(told);
  });

  test('beats when there is nothing to say, with how far it has read', async () => {
    const { client, admin, clock, engine } = await createServiceFixture();
    const types = [DeltaType.COORDINATION];
    const next = reader(client.streamDeltas({ types, afterSequence: 0n }));
    await client.getStatus({});
    await admin.setParameter(set(30));
    await engine.runCycle();
    await clock.advance(14_000);
    await clock.advance(1000);
    expect(await next()).toMatchObject({
      epoch: 'epoch-1',
      sequence: 1n,
      event: { case: 'heartbeat', value: { lastCycleTime: { nanos: 0 } } },
    });
  });

  test('is listed while it is open, twice where it is open twice', async () => {
    const { client, admin } = await createServiceFixture();
    const streams = ['a', 'a', 'b'].map((clientId) => client.streamDeltas({ clientId }));
    const nexts = streams.map(reader);
    for (const next of nexts) await next();
    const { delta } = await admin.setParameter(set(30));
    for (const next of nexts) await next();
    await client.ackDelta({ clientId: 'a', deltaId: delta?.deltaId ?? '' });
    const { subscribers } = await client.getStatus({});
    expect(subscribers).toMatchObject([
      { clientId: 'b', sentSequence: 1n, ackedSequence: 0n },
      { clientId: 'a', sentSequence: 1n, ackedSequence: 1n },
      { clientId: 'a', sentSequence: 1n, ackedSequence: 1n },
    ]);
    streams[0]?.on('error', () => {});
    streams[0]?.cancel();
    while ((await client.getStatus({})).subscribers.length > 2);
  });

  test('ends with UNAVAILABLE and DRAINING when the server drains, as later ones do', async () => {
    const { client, service } = await createServiceFixture();
    const stream = client.streamDeltas({});
    const next = reader(stream);
    await next();
    const failed = once(stream, 'error');
    void service.drain();
    await expect(next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    const [error] = (await failed) as [ServiceError];
    expect(readStatusDetails(error)).toMatchObject({ reason: 'DRAINING' });
    expectRetryLater(error);
    await expect(reader(client.streamDeltas({}))()).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
  });

  test.each<[string, Request, status, string]>([
    ['a place beyond', { afterSequence: 1n }, status.OUT_OF_RANGE, 'SEQUENCE_AHEAD'],
    ['an unknown type', { types: [77 as DeltaType] }, status.INVALID_ARGUMENT, 'INVALID_FIELD'],
    ['a long id', { clientId: 'x'.repeat(257) }, status.INVALID_ARGUMENT, 'INVALID_FIELD'],
  ])('refuses %s', async (_name, request, code, reason) => {
    const { client } = await createServiceFixture();
    const error = await reader(client.streamDeltas(request))().catch((e: ServiceError) => e);
    expect(error).toMatchObject({ code });
    expect(readStatusDetails(error as ServiceError)).toMatchObject({ reason });
  });

  test('one connection may open 1024 of them', async () => {
    const { client } = await createServiceFixture();
    const streams = Array.from({ length: 1025 }, () => client.streamDeltas({}));
    const ends = streams.map((stream) => {
      const next = reader(stream);
      return next().then(
        () => 'open',
        (error: ServiceError) => `${error.code} ${readStatusDetails(error).reason}`,
      );
    });
    const outcomes = await Promise.all(ends);
    expect(outcomes.filter((one) => one === 'open')).toHaveLength(1024);
    expect(outcomes.at(-1)).toBe(`${status.RESOURCE_EXHAUSTED} TOO_MANY_STREAMS`);
    for (const stream of streams) stream.on('error', () => {}).cancel();
  }, 90_000);
});
