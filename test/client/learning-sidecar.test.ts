import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  Arm,
  type CallFailure,
  type Change,
  DeltaRefusal,
  LearningSidecar,
  type LearningSidecarOptions,
  SnapshotOutcome,
  TaskStatus,
} from '../../src/client/public.ts';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';
import { startConfigured } from '../support/sidecar/secure-sidecar.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const WAIT = { timeout: 20_000, interval: 20 };

/** A client until the test ends, and what it was told. */
function createClient(target: string, options: Partial<LearningSidecarOptions> = {}) {
  const changes: Change[] = [];
  const lost: (CallFailure | undefined)[] = [];
  const problems: string[] = [];
  const sidecar = new LearningSidecar({
    target,
    clientId: 'orchestrator',
    onDisconnected: (failure) => void lost.push(failure),
    onProblem: (what) => void problems.push(what),
    ...options,
    onChange: async (change) => {
      await options.onChange?.(change);
      changes.push(change);
    },
  });
  onTestFinished(() => sidecar.close({ timeoutMs: 0 }));
  const until = (sequence: bigint) =>
    vi.waitFor(() => expect(sidecar.sequence).toBe(sequence), WAIT);
  return { sidecar, changes, lost, problems, until };
}

function setThreshold(address: string, value: number) {
  return adminClient(address).setParameter({
    target: 'fallback_strategy_threshold',
    value: { kind: { case: 'numberValue', value } },
  });
}

test('it begins with the defaults, takes the values, and acknowledges each delta', async () => {
  const { address, client } = await createServiceFixture();
  const defaults = { fallback_strategy_threshold: 0.5 };
  const { sidecar, changes, until } = createClient(address, { defaults });
  expect(sidecar.parameters).toBe(defaults);
  sidecar.follow();
  sidecar.follow();
  await vi.waitFor(() => expect(changes).toHaveLength(2));
  await setThreshold(address, 0.9);
  await setThreshold(address, 0.85);
  await until(2n);
  expect(changes).toMatchObject([
    { source: 'defaults', parameters: defaults, epoch: '', sequence: 0n },
    { source: 'snapshot', outcome: SnapshotOutcome.INITIAL, epoch: 'epoch-1', sequence: 0n },
    { source: 'delta', sequence: 1n, parameters: { fallback_strategy_threshold: 0.9 } },
    { source: 'delta', sequence: 2n, delta: { target: 'fallback_strategy_threshold' } },
  ]);
  expect(sidecar.parameters).toEqual({
    fallback_strategy_threshold: 0.85,
    max_cpu_per_agent: 100,
    primary_coordination_strategy: 'sequential',
  });
  await vi.waitFor(async () => {
    const { subscribers } = await client.getStatus({});
    expect(subscribers).toMatchObject([{ clientId: 'orchestrator', ackedSequence: 2n }]);
  });
});

test('what the orchestrator throws at refuses the delta; a revert and a snapshot are taken', async () => {
  const { address, client } = await createServiceFixture();
  const { sidecar, changes, problems, until } = createClient(address, {
    onChange({ source, parameters, delta }) {
      if (source === 'snapshot') throw new Error('no snapshots');
      if (delta?.revertsDeltaId) throw new Error('no reverts');
      const reason = 'TOO_HIGH';
      const { fallback_strategy_threshold: threshold } = parameters;
      if (threshold === 0.9) throw new DeltaRefusal(reason, 'at most 0.8');
      if (threshold === 0.95) throw new Error('x'.repeat(5000));
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(problems).toEqual(['a snapshot could not be put in force']));
  for (const [value, summary] of [
    [0.9, /Refused by client "orchestrator".*TOO_HIGH: at most 0.8/],
    [0.95, /NOT_PUT_IN_FORCE: x{900,}…/],
  ] as const) {
    const { delta } = await setThreshold(address, value);
    await until((delta?.sequence ?? 0n) + 1n);
    const { delta: refused } = await client.getDeltaStatus({ deltaId: delta?.deltaId ?? '' });
    expect(refused).toMatchObject({
      state: DeltaState.REVERTED,
      effect: { summary: expect.stringMatching(summary) },
    });
    expect(sidecar.parameters.fallback_strategy_threshold).toBe(0.8);
  }
  expect(problems.slice(1)).toEqual(Array(2).fill('a revert could not be put in force'));
  expect(changes.map(({ source }) => source)).toEqual(['defaults']);
});

test('values for a task, and the newest known where there is no answer', async () => {
  const server = await startSidecar({ dataDir: ':memory:' });
  const { address } = server;
  const { sidecar, until } = createClient(address, { defaults: { a: 1 } });
  expect(await sidecar.resolve({ taskId: 't' })).toMatchObject({
    parameters: { max_cpu_per_agent: 100 },
    isFallback: false,
    arm: Arm.UNSPECIFIED,
  });
  sidecar.follow();
  await setThreshold(address, 0.9);
  await until(1n);
  server.process.kill('SIGSTOP');
  const { parameters, deltaSequence, isFallback } = await sidecar.resolve({ taskId: 't' });
  expect([parameters.fallback_strategy_threshold, deltaSequence, isFallback]).toEqual([
    0.9,
    1n,
    true,
  ]);
  await server.kill();
  expect(await sidecar.reportMetrics({ subAgentCount: 1 })).toBe(false);
});

test('tasks are recorded once, those that are wrong are told', async () => {
  const { address, client, engine } = await createServiceFixture();
  const { sidecar, problems } = createClient(address);
  const task = { taskId: 'one', status: TaskStatus.SUCCESS, latencyMs: 5 };
  expect(await sidecar.record(task)).toEqual({ kind: 'recorded' });
  expect(await sidecar.record(task)).toEqual({ kind: 'duplicate' });
  expect(await sidecar.record({ latencyMs: 0 })).toEqual({ kind: 'recorded' });
  expect(await sidecar.record({})).toEqual({ kind: 'recorded' });
  const tasks = engine.ledger.state.newestTasks(3);
  expect(tasks.map(({ latencyMs }) => latencyMs)).toEqual([5, 0, undefined]);
  const refused = await sidecar.record({ taskId: 'bad', latencyMs: -1 });
  expect(refused).toMatchObject({
    failure: { code: 'INVALID_ARGUMENT', violations: [{ field: 'task.latency_ms' }] },
  });
  expect(problems).toEqual(['bad was refused']);
  expect(await sidecar.reportMetrics({ subAgentCount: 3 })).toBe(true);
  expect((await client.getStatus({})).metrics?.subAgentCount).toBe(3);
  expect(await sidecar.reportMetrics({ subAgentCount: 4, clientId: 'another' })).toBe(true);
  // Each counts: it has named itself.
  expect(await client.getStatus({})).toMatchObject({
    metrics: { subAgentCount: 7 },
    metricsReporters: 2,
  });
  expect(sidecar.dropped).toBe(0);
  expect(engine.ledger.state.head.counters.tasksRecorded).toBe(3);
  expect((await sidecar.admin.stopLearning({})).active).toBe(false);
});

test('callbacks that throw end nothing', async () => {
  const first = await startSidecar({ dataDir: ':memory:' });
  const fail = () => {
    throw new Error('a bug of the orchestrator');
  };
  const { sidecar, changes } = createClient(first.address, {
    onDisconnected: fail,
    onProblem: fail,
  });
  sidecar.follow();
  await vi.waitFor(() => expect(changes).toHaveLength(2), WAIT);
  await first.kill();
  await startSidecar({ dataDir: ':memory:', listen: first.address });
  await vi.waitFor(() => expect(changes).toHaveLength(3), WAIT);
  expect(changes[2]?.outcome).toBe(SnapshotOutcome.RESET_EPOCH);
});

test('over kill -9 and a start, each delta once; tasks and acknowledgements are made up for', async () => {
  const dataDir = tempDir();
  const first = await startSidecar({ dataDir });
  const { address } = first;
  const { sidecar, changes, lost, until } = createClient(address);
  sidecar.follow();
  await vi.waitFor(() => expect(changes).toHaveLength(2), WAIT);
  await setThreshold(address, 0.9);
  await until(1n);
  await first.kill();
  await vi.waitFor(() => expect(lost).toHaveLength(1), WAIT);
  const outcome = sidecar.record({ taskId: 'meanwhile' });
  const away = await startSidecar({ dataDir });
  await setThreshold(away.address, 0.85);
  await away.kill();
  await startSidecar({ dataDir, listen: address });
  expect(await outcome).toEqual({ kind: 'recorded' });
  await setThreshold(address, 0.8);
  await until(3n);
  const told = changes.map(({ source, sequence }) => `${source} ${sequence}`);
  expect(told).toEqual(['defaults 0', 'snapshot 0', 'delta 1', 'delta 2', 'delta 3']);
  expect(lost).toHaveLength(1);
  await vi.waitFor(async () => {
    const { subscribers } = await learningClient(address).getStatus({});
    expect(subscribers[0]?.ackedSequence).toBe(3n);
  }, WAIT);
});

test('a token that is exchanged is taken up; without one, it goes on trying', async () => {
  const directory = tempDir();
  const write = (name: string, token: string) => {
    const file = join(directory, name);
    writeFileSync(file, token, { mode: 0o600 });
    return file;
  };
  const tokens = { client_file: write('clients', 'the-token-of-clients') };
  const { sidecar: server } = await startConfigured(directory, { tokens });
  const tokenFile = write('token', 'a-token-nobody-knows');
  const { sidecar, changes, lost } = createClient(server.address, { tokenFile });
  sidecar.follow();
  await vi.waitFor(() => expect(lost).toHaveLength(1), WAIT);
  expect(lost[0]).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'NO_TOKEN' });
  write('token', 'the-token-of-clients');
  await vi.waitFor(() => expect(changes).toHaveLength(2), WAIT);
});

test('closing ends the streams, and drops what is left', async () => {
  const { sidecar, lost } = createClient('127.0.0.1:1');
  sidecar.follow();
  await vi.waitFor(() => expect(lost).toHaveLength(1), WAIT);
  const outcome = sidecar.record({ taskId: 'one' });
  await sidecar.close({ timeoutMs: 0 });
  expect(await outcome).toEqual({ kind: 'dropped' });
  expect(sidecar.dropped).toBe(1);
  expect((await sidecar.resolve()).isFallback).toBe(true);
});

test('files that cannot be read are named', () => {
  expect(() => createClient('127.0.0.1:1', { tlsCa: '/none' })).toThrow(/^tlsCa: cannot read/);
  expect(() => createClient('127.0.0.1:1', { tlsKey: '/none' })).toThrow(
    /tlsCertificate and tlsKey/,
  );
});
