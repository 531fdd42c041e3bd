import { create, fromJsonString } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { watch } from '../../src/cli/watch.ts';
import { describeMessage } from '../../src/cli/watch-lines.ts';
import { readStream, type StreamEvent } from '../../src/cli/watch-stream.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { DeltaType } from '../../src/gen/learning/v1/delta_pb.ts';
import {
  SnapshotOutcome,
  StreamDeltasResponseSchema,
} from '../../src/gen/learning/v1/learning_service_pb.ts';
import { adminClient, type LearningClient, learningClient } from '../support/clients/clients.ts';
import { tasksOf } from '../support/engine/engine-fixture.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';
import { type Child, runScript } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { expectFailure } from './command-line.ts';

function startWatch(...args: readonly string[]): Child {
  const child = runScript('src/main.ts', ['watch', ...args]);
  onTestFinished(async () => void (await child.end('SIGKILL')));
  return child;
}

function setThreshold(address: string, value: number) {
  return adminClient(address).setParameter({
    target: 'fallback_strategy_threshold',
    value: { kind: { case: 'numberValue', value } },
    reason: 'a test',
  });
}

/** Reads on until told otherwise; `next` answers events one after the other. */
function reader(
  client: LearningClient,
  afterSequence?: bigint,
  types: readonly DeltaType[] = [],
): { next(): Promise<StreamEvent> } {
  const ended = new AbortController();
  const { signal } = ended;
  const events = readStream(client, { clientId: 'reader', types, afterSequence, signal });
  onTestFinished(() => ended.abort());
  return {
    async next() {
      const { value } = await events.next();
      if (value === undefined) throw new Error('the reading ended');
      return value;
    },
  };
}

test('deltas of rules, overrides and reverts, each in one line', async () => {
  const { engine, address, admin } = await createServiceFixture('curation: { mode: apply }');
  const child = startWatch('--target', address, '--client-id', 'me');
  const says = (pattern: RegExp) => child.find((line) => pattern.exec(line)?.[0]);
  await says(
    /^ledger of epoch epoch-1; values at #0: fallback_strategy_threshold=0\.8, max_cpu_per_agent=100, primary_coordination_strategy="sequential"$/,
  );
  await engine.recordTasks(tasksOf(30, { status: 'failure' }));
  await engine.runCycle();
  await says(
    /^\d{4}-\S+Z #1 fallback_strategy_threshold adjust 0\.8 -> 0\.75 \(score=75\) by fallback: Success rate 0\.0% below target$/,
  );
  const { delta } = await setThreshold(address, 0.9);
  await says(/ #2 .* modify 0\.75 -> 0\.9 \(override\) Set by an operator: a test$/);
  await admin.revertDelta({ deltaId: delta?.deltaId ?? '' });
  await says(/ #3 .* modify 0\.9 -> 0\.75 \(revert of \S+\) Reverted by an operator$/);
  expect(engine.ledger.state.head.sequence).toBe(3);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it well', async (signal) => {
  const { address } = await createServiceFixture();
  const child = startWatch('--target', address);
  await child.find(() => true);
  expect(await child.end(signal)).toEqual({ code: 0, signal: null });
  expect(child.errorLines).toEqual([]);
});

test('a reader of its output that goes away ends it without a word', async () => {
  const { address } = await createServiceFixture();
  const child = startWatch('--target', address);
  await child.find(() => true);
  child.process.stdout?.destroy();
  await setThreshold(address, 0.9);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.errorLines).toEqual([]);
});

test('--json --from-start --types: messages as they came', async () => {
  const { address, engine } = await createServiceFixture();
  await setThreshold(address, 0.9);
  await engine.decide(
    setParameter({
      target: 'max_cpu_per_agent',
      value: 50,
      reason: '',
      holdSeconds: 0,
    }),
  );
  const child = startWatch('--target', address, '--json', '--from-start', '--types', 'resource');
  const line = await child.find((text) => text);
  const message = fromJsonString(StreamDeltasResponseSchema, line);
  expect(message.sequence).toBe(2n);
  expect(message.event.case === 'delta' && message.event.value.target).toBe('max_cpu_per_agent');
});

test('without --json, what happened to the stream goes to standard error', async () => {
  const first = await startSidecar({ dataDir: ':memory:' });
  const target = first.address;
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(console, 'error').mockReturnValue();
  const ended = new AbortController();
  const rest = { clientId: 'me', types: ['strategy'], fromStart: false, json: false } as const;
  const watching = watch({ target, ...rest }, ended.signal);
  const says = async (spy: { mock: { calls: unknown[][] } }, pattern: RegExp) =>
    vi.waitFor(() => expect(spy.mock.calls.map(String).join('\n')).toMatch(pattern), 10_000);
  await says(out, /^ledger of epoch/m);
  await first.kill();
  await says(err, /^the connection broke \(.+\): trying again$/m);
  await startSidecar({ dataDir: ':memory:', listen: target });
  await says(err, /^connected again, going on after #0$/m);
  await says(out, /^the ledger is another one, of epoch/m);
  ended.abort();
  await watching;
  out.mockRestore();
  err.mockRestore();
});

test('a sidecar that is not there is named', async () => {
  const says = 'cannot reach a sidecar at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1';
  await expectFailure(['watch', '--target', '127.0.0.1:1'], { code: 1, says });
});

test('after kill -9 it goes on where it was, and says so', async () => {
  const dataDir = tempDir();
  const first = await startSidecar({ dataDir });
  const listen = first.address;
  await setThreshold(listen, 0.7);
  const { next } = reader(learningClient(listen), 0n);
  expect(await next()).toMatchObject({ message: { sequence: 1n } });
  await first.kill();
  expect(await next()).toMatchObject({ kind: 'lost', failure: { code: 14 } });
  const resumed = next();
  await startSidecar({ dataDir, listen });
  expect(await resumed).toEqual({ kind: 'resumed', sequence: 1n });
  await setThreshold(listen, 0.6);
  expect(await next()).toMatchObject({ kind: 'message', message: { sequence: 2n } });
});

test('a ledger that another has taken the place of is told by a snapshot', async () => {
  const first = await startSidecar({ dataDir: ':memory:' });
  await setThreshold(first.address, 0.7);
  const { next } = reader(learningClient(first.address), 0n);
  await next();
  await first.end('SIGTERM');
  expect(await next()).toMatchObject({
    kind: 'lost',
    failure: { details: 'the sidecar is shutting down' },
  });
  await startSidecar({ dataDir: ':memory:', listen: first.address });
  expect(await next()).toMatchObject({ kind: 'resumed' });
  const { RESET_EPOCH } = SnapshotOutcome;
  expect(await next()).toMatchObject({
    message: { sequence: 0n, event: { case: 'snapshot', value: { outcome: RESET_EPOCH } } },
  });
});

test('a place beyond the ledger: it starts over with the values', async () => {
  const { client, address } = await createServiceFixture();
  await setThreshold(address, 0.7);
  const { next } = reader(client, 9n);
  expect(await next()).toMatchObject({ kind: 'lost', failure: { code: status.OUT_OF_RANGE } });
  expect(await next()).toEqual({ kind: 'resumed', sequence: undefined });
  expect(await next()).toMatchObject({
    message: { sequence: 1n, event: { value: { outcome: SnapshotOutcome.INITIAL } } },
  });
});

test('what trying again would not help against is thrown', async () => {
  const { client } = await createServiceFixture();
  const { next } = reader(client, 0n, [DeltaType.UNSPECIFIED]);
  await expect(next()).rejects.toThrow(/INVALID_ARGUMENT/);
});

test('it ends while it waits to try again', async () => {
  const sidecar = await startSidecar({ dataDir: ':memory:' });
  const child = startWatch('--target', sidecar.address);
  await child.find(() => true);
  await sidecar.kill();
  await vi.waitFor(() => expect(child.errorLines[0]).toMatch(/^the connection broke/));
  expect(await child.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

test.each([
  [SnapshotOutcome.INITIAL, 'ledger of epoch e; values at #7: a=1, b="x"'],
  [SnapshotOutcome.RESET_EPOCH, 'the ledger is another one, of epoch e; values at #7: a=1, b="x"'],
  [
    SnapshotOutcome.RESET_COMPACTED,
    'the deltas asked for are no longer retained; values at #7: a=1, b="x"',
  ],
  [SnapshotOutcome.RESET_SLOW, 'this reader fell too far behind; values at #7: a=1, b="x"'],
])('snapshot outcome %i is told', (outcome, line) => {
  const parameters = {
    b: { kind: { case: 'stringValue', value: 'x' } },
    a: { kind: { case: 'numberValue', value: 1 } },
  } as const;
  const message = create(StreamDeltasResponseSchema, {
    epoch: 'e',
    sequence: 7n,
    event: { case: 'snapshot', value: { outcome, parameters } },
  });
  expect(describeMessage(message)).toBe(line);
});

test('a switch of a trial, a parameter taken away, an approval, a heartbeat', () => {
  const told = (delta: object) =>
    describeMessage(
      create(StreamDeltasResponseSchema, {
        sequence: 1n,
        event: { case: 'delta', value: { target: 't', ruleId: 'r', cycleNumber: 1n, ...delta } },
      }),
    );
  const value = (text: string) => ({ kind: { case: 'stringValue', value: text } }) as const;
  const ofTrial = { trialDeltaId: 'd', cycleNumber: 0n, reasoning: 'why' };
  expect(told({ ...ofTrial, operation: 3, oldValue: value('x') })).toBe(
    '- #1 t remove "x" -> nothing (switch, trial of d) why',
  );
  for (const same of [{}, { oldValue: value('x'), newValue: value('x') }]) {
    expect(told({ ...ofTrial, operation: 4, ...same })).toBeUndefined();
  }
  expect(told({ effect: { summary: 'Approved by an operator' }, reasoning: 'why' })).toMatch(
    /by r: why\. Approved by an operator$/,
  );
  const heartbeat = { event: { case: 'heartbeat', value: {} } } as const;
  expect(describeMessage(create(StreamDeltasResponseSchema, heartbeat))).toBeUndefined();
});
