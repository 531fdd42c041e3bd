import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack, type ValueSchema } from '@bufbuild/protobuf/wkt';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LearningSidecar } from '../../src/client/public.ts';
import { ErrorInfoSchema } from '../../src/gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../src/gen/google/rpc/status_pb.ts';
import { serve } from '../rpc/wire.ts';
import { createOrchestrator, WAIT } from '../support/clients/orchestrator-client.ts';
import {
  createScriptedSidecar,
  type Failure,
  type Message,
  pushback,
} from '../support/clients/scripted-sidecar.ts';

const AWAY: Failure = { code: status.UNAVAILABLE, details: 'away' };

function snapshot(
  parameters: Record<string, MessageInitShape<typeof ValueSchema>> = {},
  deltaIds: Record<string, string> = {},
): Message {
  const event = { case: 'snapshot', value: { parameters, deltaIds } } as const;
  return { epoch: 'e', sequence: 1n, event };
}

const number = (value: number) => ({ kind: { case: 'numberValue' as const, value } });

/** Fails with each of these in turn, and then no more. */
function failing(...failures: readonly Failure[]) {
  const left = [...failures];
  return () => left.shift();
}

describe('tasks', () => {
  test('are repeated by gRPC five times, and then by a loop, with the same id', async () => {
    const failTask = failing(...Array(7).fill(AWAY));
    const { address, received } = await createScriptedSidecar({ failTask });
    const { sidecar, lines } = createOrchestrator(address);
    expect(await sidecar.record({ agentId: 'a' })).toEqual({ kind: 'recorded' });
    expect(received.tasks).toHaveLength(8);
    expect(new Set(received.tasks.map(({ task }) => task?.taskId)).size).toBe(1);
    expect(received.tasks.map(({ clientId }) => clientId)).toEqual(Array(8).fill('orchestrator'));
    expect(lines).toEqual(['tasks are not taken: trying again: UNAVAILABLE away']);
  });

  test('are repeated after as long as the sidecar asks for', async () => {
    const failTask = failing({ ...AWAY, metadata: pushback(1500) });
    const { address } = await createScriptedSidecar({ failTask });
    const { sidecar } = createOrchestrator(address);
    const startMs = performance.now();
    expect(await sidecar.record({})).toEqual({ kind: 'recorded' });
    expect(performance.now() - startMs).toBeGreaterThan(1400);
  });

  test.each(['UNKNOWN', 'INTERNAL', 'CANCELLED', 'UNAUTHENTICATED', 'DEADLINE_EXCEEDED'] as const)(
    'are repeated after %s of a connection, told once',
    async (name) => {
      const failure = { code: status[name], details: 'no' };
      const failTask = failing(failure, failure);
      const { address, received } = await createScriptedSidecar({ failTask });
      const { sidecar, lines } = createOrchestrator(address);
      expect(await sidecar.record({})).toEqual({ kind: 'recorded' });
      expect(received.tasks).toHaveLength(3);
      expect(lines).toEqual([`tasks are not taken: trying again: ${name} no`]);
    },
  );

  test('are refused by what the sidecar says itself, or does not know', async () => {
    const info = create(ErrorInfoSchema, { reason: 'INTERNAL', domain: 'learning.v1' });
    const details = [anyPack(ErrorInfoSchema, info)];
    const metadata = new Metadata();
    const bytes = toBinary(StatusSchema, create(StatusSchema, { details }));
    metadata.set('grpc-status-details-bin', Buffer.from(bytes));
    const failTask = failing({ code: status.INTERNAL, details: 'a fault', metadata });
    const { address } = await createScriptedSidecar({ failTask });
    const refused = await createOrchestrator(address).sidecar.record({});
    expect(refused).toMatchObject({ failure: { code: 'INTERNAL', reason: 'INTERNAL' } });
    const stranger = createOrchestrator(await serve(() => {}));
    const outcome = await stranger.sidecar.record({ taskId: 'one' });
    expect(outcome).toMatchObject({ kind: 'refused', failure: { code: 'UNIMPLEMENTED' } });
    expect(stranger.lines).toEqual([
      expect.stringMatching(/^task one was refused: UNIMPLEMENTED /),
    ]);
  });

  test('beyond maxPending are dropped, the newest, told once until one fits again', async () => {
    let isAway = true;
    const failTask = () => (isAway ? AWAY : undefined);
    const { address } = await createScriptedSidecar({ failTask });
    const { sidecar, lines } = createOrchestrator(address, { maxPending: 2 });
    const outcomes = [1, 2, 3, 4].map(() => sidecar.record({}));
    expect(await Promise.all(outcomes.slice(2))).toEqual(Array(2).fill({ kind: 'dropped' }));
    isAway = false;
    expect(await Promise.all(outcomes.slice(0, 2))).toEqual(Array(2).fill({ kind: 'recorded' }));
    const more = [1, 2, 3].map(() => sidecar.record({}));
    expect(await more[2]).toEqual({ kind: 'dropped' });
    expect(sidecar.dropped).toBe(3);
    const full = '2 tasks are pending: others are dropped';
    expect(lines).toEqual([full, full]);
    await Promise.all(more);
  });

  test('are waited for by close, and then dropped', async () => {
    const failTask = failing(AWAY, AWAY);
    const { address } = await createScriptedSidecar({ failTask });
    const { sidecar } = createOrchestrator(address);
    const outcome = sidecar.record({});
    await sidecar.close();
    expect(await outcome).toEqual({ kind: 'recorded' });
    const other = createOrchestrator('127.0.0.1:1');
    other.sidecar.follow();
    const pending = other.sidecar.record({ taskId: 'one' });
    await other.sidecar.close({ timeoutMs: 50 });
    expect(await pending).toEqual({ kind: 'dropped' });
    expect(await other.sidecar.record({})).toEqual({ kind: 'dropped' });
    expect(other.sidecar.dropped).toBe(2);
    expect((await other.sidecar.resolve()).isFallback).toBe(true);
    expect(await other.sidecar.reportMetrics({})).toBe(false);
    await expect(other.sidecar.service.getStatus({})).rejects.toThrow(/shut down/);
  });
});

describe('the stream', () => {
  test('is opened again without a place, 0.2 to 1 s later, told once by outage and code', async () => {
    const denied = { code: status.PERMISSION_DENIED, details: 'no' };
    const failStream = failing(AWAY, AWAY, AWAY, denied, denied);
    const messages = [snapshot()];
    const { address, received } = await createScriptedSidecar({ failStream, messages });
    const { sidecar, changes, lines } = createOrchestrator(address);
    sidecar.follow();
    await vi.waitFor(() => expect(changes).toHaveLength(1), WAIT);
    expect(received.streams.map(({ afterSequence }) => afterSequence)).toEqual(
      Array(6).fill(undefined),
    );
    const waits = received.streamTimesMs.slice(1).map((timeMs, i) => {
      return timeMs - (received.streamTimesMs[i] ?? 0);
    });
    for (const wait of waits) expect(wait).toBeGreaterThan(190);
    const said = 'no stream of settings: trying again: ';
    expect(lines).toEqual([`${said}UNAVAILABLE away`, `${said}PERMISSION_DENIED no`]);
  });

  test('holds what JSON cannot as null, wherever it is', async () => {
    const unkinded = { kind: { case: undefined } };
    const messages = [
      snapshot({
        a: number(Number.NaN),
        b: unkinded,
        c: { kind: { case: 'listValue', value: { values: [number(1), number(1 / 0)] } } },
        d: { kind: { case: 'structValue', value: { fields: { e: unkinded, f: number(2) } } } },
        g: { kind: { case: 'stringValue', value: 'text' } },
        h: { kind: { case: 'boolValue', value: false } },
      }),
    ];
    const { address } = await createScriptedSidecar({ messages });
    const { sidecar, lines, until } = createOrchestrator(address);
    sidecar.follow();
    await until(1n);
    const values = { a: null, b: null, c: [1, null], d: { e: null, f: 2 }, g: 'text', h: false };
    expect(sidecar.parameters).toEqual(values);
    expect(lines).toEqual([]);
  });

  test('starts over where a change cannot be taken', async () => {
    const messages = [snapshot({ a: number(1) })];
    const { address, received } = await createScriptedSidecar({ messages });
    const { sidecar, lines, until } = createOrchestrator(address, {
      onChange() {
        // It cannot be made a text, so that not even why can be said.
        if (received.streams.length < 3) throw Object.create(null);
      },
    });
    sidecar.follow();
    await until(1n);
    expect(lines).toEqual([
      expect.stringMatching(/^no stream of settings: trying again: UNKNOWN /),
    ]);
  });

  test.each<[string, (sidecar: LearningSidecar) => Promise<void>]>([
    ['that closes', (sidecar) => sidecar.close({ timeoutMs: 50 })],
    ['that does not end', () => new Promise(() => {})],
  ])('an onChange %s does not hold up the end', async (_, act) => {
    const { address } = await createScriptedSidecar({ messages: [snapshot()] });
    let isIn = false;
    const { sidecar } = createOrchestrator(address, {
      async onChange() {
        isIn = true;
        await act(sidecar);
      },
    });
    sidecar.follow();
    await vi.waitFor(() => expect(isIn).toBe(true), WAIT);
    await sidecar.close({ timeoutMs: 50 });
    await expect(sidecar.service.resolveParameters({})).rejects.toThrow(/shut down/);
  });
});

describe('acknowledgements', () => {
  const messages = [snapshot({ a: number(1), b: number(2) }, { a: 'd-a', b: 'd-b' })];

  test('are not repeated by the client', async () => {
    const failAcknowledgement = () => ({ code: status.INTERNAL });
    const script = { messages, failAcknowledgement };
    const { address, received } = await createScriptedSidecar(script);
    const { sidecar } = createOrchestrator(address);
    sidecar.follow();
    await vi.waitFor(() => expect(received.acknowledgements).toHaveLength(2), WAIT);
    // Long enough for the loop that tasks have.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(received.acknowledgements).toMatchObject([
      { clientId: 'orchestrator', epoch: 'e', deltaId: 'd-a' },
      { clientId: 'orchestrator', epoch: 'e', deltaId: 'd-b' },
    ]);
  });

  test('that refuse are', async () => {
    const failure = { code: status.INTERNAL, details: 'broken' };
    const failAcknowledgement = failing(...Array(5).fill(failure));
    const script = { messages, failAcknowledgement };
    const { address, received } = await createScriptedSidecar(script);
    const { sidecar } = createOrchestrator(address, {
      onChange() {
        throw new Error('no');
      },
    });
    sidecar.follow();
    await vi.waitFor(() => expect(received.acknowledgements).toHaveLength(7), WAIT);
    const error = { reason: 'NOT_PUT_IN_FORCE', message: 'no' };
    for (const one of received.acknowledgements) expect(one).toMatchObject({ error });
    expect(sidecar.parameters).toEqual({});
  });
});

test('settings: asked for once; else the last ones serve, and a refusal is told once', async () => {
  const failures = { resolve: failing({ ...AWAY, metadata: pushback(50) }) };
  const failResolve = () => failures.resolve();
  const { address, received } = await createScriptedSidecar({ failResolve });
  const { sidecar, lines } = createOrchestrator(address, { defaults: { level: 1 } });
  expect(await sidecar.resolve()).toMatchObject({ isFallback: true });
  expect(received.resolves).toBe(1);
  failures.resolve = () => ({ code: status.UNAUTHENTICATED, details: 'no' });
  for (let i = 0; i < 2; i += 1) {
    expect(await sidecar.resolve()).toMatchObject({ parameters: { level: 1 }, isFallback: true });
  }
  expect(lines).toEqual(['no settings: UNAUTHENTICATED no']);
  failures.resolve = () => AWAY;
  expect(await sidecar.resolve()).toMatchObject({ isFallback: true });
  expect(lines).toHaveLength(1);
});

test('metrics that cannot be sent are told; a sidecar that is away is not', async () => {
  const { sidecar, lines } = createOrchestrator('127.0.0.1:1');
  expect(await sidecar.reportMetrics({ subAgentCount: 1 })).toBe(false);
  expect(lines).toEqual([]);
  expect(await sidecar.reportMetrics({ subAgentCount: -1 })).toBe(false);
  expect(lines).toEqual([expect.stringMatching(/^no metrics: /)]);
});

test('without a log, lines go to console.warn', async () => {
  const { address } = await createScriptedSidecar({ messages: [snapshot({ a: number(1) })] });
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  onTestFinished(() => warn.mockRestore());
  const sidecar = new LearningSidecar({
    ...{ target: address, clientId: 'client' },
    onChange() {
      throw new Error('a bug\n  of two lines');
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1), WAIT);
  await sidecar.close({ timeoutMs: 0 });
  expect(warn.mock.calls).toEqual([['learning-sidecar: a refused: a bug of two lines']]);
});
