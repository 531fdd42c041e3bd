import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  Arm,
  DeltaRefusal,
  LearningSidecar,
  SnapshotOutcome,
  type TaskReport,
  TaskStatus,
} from '../../src/client/public.ts';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { createOrchestrator, WAIT } from '../support/clients/orchestrator-client.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';
import { startConfigured } from '../support/sidecar/secure-sidecar.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const THRESHOLD = 'fallback_strategy_threshold';

async function set(address: string, target: string, value: number): Promise<string> {
  const kind = { case: 'numberValue', value } as const;
  const { delta } = await adminClient(address).setParameter({ target, value: { kind } });
  return delta?.deltaId ?? '';
}

function acknowledged(address: string, sequence: bigint) {
  return vi.waitFor(async () => {
    const { subscribers } = await learningClient(address).getStatus({});
    expect(subscribers).toMatchObject([{ clientId: 'orchestrator', ackedSequence: sequence }]);
  }, WAIT);
}

describe('follow', () => {
  test('takes the values and each delta, and acknowledges them', async () => {
    const { address } = await createServiceFixture();
    const defaults = { [THRESHOLD]: 0.8, max_cpu_per_agent: 90 };
    const early = await set(address, THRESHOLD, 0.7);
    const { sidecar, changes, until } = createOrchestrator(address, { defaults });
    expect(sidecar.parameters).toBe(defaults);
    sidecar.follow();
    sidecar.follow();
    await until(1n);
    // Of the snapshot, which names the delta.
    await acknowledged(address, 1n);
    const deltaId = await set(address, THRESHOLD, 0.85);
    await until(2n);
    const values = { primary_coordination_strategy: 'sequential', max_cpu_per_agent: 100 };
    expect(changes).toMatchObject([
      {
        ...{ source: 'snapshot', outcome: SnapshotOutcome.INITIAL, epoch: 'epoch-1' },
        ...{ sequence: 1n, parameters: { ...values, [THRESHOLD]: 0.7 } },
      },
      { source: 'delta', sequence: 2n, delta: { deltaId, target: THRESHOLD } },
    ]);
    expect(changes.map(({ changed }) => changed)).toEqual([
      { [THRESHOLD]: early, max_cpu_per_agent: '', primary_coordination_strategy: '' },
      { [THRESHOLD]: deltaId },
    ]);
    expect(sidecar.parameters).toEqual({ ...values, [THRESHOLD]: 0.85 });
    await acknowledged(address, 2n);
  });

  test('refuses what the orchestrator throws at, and keeps the former value', async () => {
    const { address, client } = await createServiceFixture();
    const { sidecar, lines, until } = createOrchestrator(address, {
      onChange({ parameters: { [THRESHOLD]: threshold } }) {
        if (threshold === 0.9) throw new DeltaRefusal('TOO_HIGH', 'at most 0.8');
        if (threshold === 0.95) throw new Error('x'.repeat(5000));
      },
    });
    sidecar.follow();
    for (const [value, sequence, summary] of [
      [0.9, 2n, /Refused by client "orchestrator".*TOO_HIGH: at most 0.8/],
      [0.95, 4n, /NOT_PUT_IN_FORCE: x{900,}…/],
    ] as const) {
      const deltaId = await set(address, THRESHOLD, value);
      await until(sequence);
      const { delta: refused } = await client.getDeltaStatus({ deltaId });
      const effect = { summary: expect.stringMatching(summary) };
      expect(refused).toMatchObject({ state: DeltaState.REVERTED, effect });
      expect(sidecar.parameters[THRESHOLD]).toBe(0.8);
    }
    const said = `${THRESHOLD} refused: `;
    expect(lines).toEqual([`${said}at most 0.8`, expect.stringMatching(`^${said}x{900,}…$`)]);
  });

  test('refuses a part of a snapshot, and takes the rest', async () => {
    const { address, client } = await createServiceFixture();
    const [refused, taken] = [
      await set(address, THRESHOLD, 0.9),
      await set(address, 'max_cpu_per_agent', 50),
    ];
    const { sidecar, changes, until } = createOrchestrator(address, {
      defaults: { [THRESHOLD]: 0.8 },
      onChange({ source }) {
        if (source === 'snapshot') throw new DeltaRefusal('TOO_HIGH', '', [THRESHOLD]);
      },
    });
    sidecar.follow();
    await until(3n);
    expect(changes[0]?.changed).toMatchObject({ [THRESHOLD]: refused, max_cpu_per_agent: taken });
    expect(sidecar.parameters).toMatchObject({ [THRESHOLD]: 0.8, max_cpu_per_agent: 50 });
    const states = [refused, taken].map(async (deltaId) => {
      const { delta } = await client.getDeltaStatus({ deltaId });
      return delta?.state;
    });
    expect(await Promise.all(states)).toEqual([DeltaState.REVERTED, DeltaState.APPLIED]);
    // The revert leaves the value as it is here.
    expect(changes[1]).toMatchObject({ source: 'delta', changed: {} });
    await acknowledged(address, 3n);
  });

  test('logs that a revert cannot be refused', async () => {
    const { address, admin } = await createServiceFixture();
    const { sidecar, lines, until } = createOrchestrator(address, {
      onChange({ delta }) {
        if (delta?.revertsDeltaId) throw new Error('no reverts');
      },
    });
    sidecar.follow();
    await until(0n);
    const deltaId = await set(address, THRESHOLD, 0.9);
    await until(1n);
    await admin.revertDelta({ deltaId });
    await vi.waitFor(() => expect(lines).toHaveLength(2), WAIT);
    expect(lines[1]).toMatch(/^the refusal of \S+ was not taken: FAILED_PRECONDITION DELTA_STATE /);
    expect(sidecar.parameters[THRESHOLD]).toBe(0.9);
  });

  test('over kill -9 and a start, one snapshot makes up for what was missed', async () => {
    const dataDir = tempDir();
    const first = await startSidecar({ dataDir });
    const { address } = first;
    const { sidecar, changes, lines, until } = createOrchestrator(address);
    sidecar.follow();
    await vi.waitFor(() => expect(changes).toHaveLength(1), WAIT);
    await set(address, THRESHOLD, 0.9);
    await until(1n);
    await first.kill();
    await vi.waitFor(() => expect(lines).toHaveLength(1), WAIT);
    const outcome = sidecar.record({ taskId: 'meanwhile' });
    const away = await startSidecar({ dataDir });
    await set(away.address, THRESHOLD, 0.85);
    const deltaId = await set(away.address, THRESHOLD, 0.7);
    await away.kill();
    await startSidecar({ dataDir, listen: address });
    expect(await outcome).toEqual({ kind: 'recorded' });
    await until(3n);
    const told = changes.map(({ source, sequence }) => `${source} ${sequence}`);
    expect(told).toEqual(['snapshot 0', 'delta 1', 'snapshot 3']);
    expect(changes[2]?.changed).toEqual({ [THRESHOLD]: deltaId });
    expect(lines).toEqual([expect.stringMatching(/^no stream of settings: .*: UNAVAILABLE /)]);
    await acknowledged(address, 3n);
  });

  test('two of one name both follow, and both acknowledge', async () => {
    const { address, client } = await createServiceFixture();
    const both = [createOrchestrator(address), createOrchestrator(address)];
    for (const { sidecar } of both) sidecar.follow();
    await vi.waitFor(async () => {
      expect((await client.getStatus({})).subscribers).toHaveLength(2);
    }, WAIT);
    await set(address, 'max_cpu_per_agent', 50);
    for (const { sidecar, lines } of both) {
      await vi.waitFor(() => expect(sidecar.parameters.max_cpu_per_agent).toBe(50), WAIT);
      expect((await sidecar.record({ taskId: 'of both' })).kind).toMatch(/recorded|duplicate/);
      expect(lines).toEqual([]);
    }
  });
});

test('values for a task, and the newest known where there is no answer', async () => {
  const server = await startSidecar({ dataDir: ':memory:' });
  const { address } = server;
  const { sidecar, until } = createOrchestrator(address, { defaults: { a: 1 } });
  expect(await sidecar.resolve({ taskId: 't' })).toMatchObject({
    ...{ parameters: { max_cpu_per_agent: 100 }, isFallback: false, arm: Arm.UNSPECIFIED },
  });
  sidecar.follow();
  await set(address, THRESHOLD, 0.9);
  await until(1n);
  server.process.kill('SIGSTOP');
  const startMs = performance.now();
  const { parameters, deltaSequence, isFallback } = await sidecar.resolve({ taskId: 't' });
  expect(performance.now() - startMs).toBeLessThan(2000);
  expect([parameters[THRESHOLD], deltaSequence, isFallback]).toEqual([0.9, 1n, true]);
  await server.kill();
  expect(await sidecar.reportMetrics({ subAgentCount: 1 })).toBe(false);
});

describe('record', () => {
  test('tasks once; those that are wrong are told', async () => {
    const { address, engine } = await createServiceFixture();
    const { sidecar, lines } = createOrchestrator(address);
    const task = { taskId: 'one', status: TaskStatus.SUCCESS, latencyMs: 5 };
    expect(await sidecar.record(task)).toEqual({ kind: 'recorded' });
    expect(await sidecar.record(task)).toEqual({ kind: 'duplicate' });
    expect(await sidecar.record({ latencyMs: 0 })).toEqual({ kind: 'recorded' });
    expect(await sidecar.record({})).toEqual({ kind: 'recorded' });
    const tasks = engine.ledger.state.newestTasks(3);
    expect(tasks.map(({ latencyMs }) => latencyMs)).toEqual([5, 0, undefined]);
    expect(new Set(tasks.map(({ taskId }) => taskId)).size).toBe(3);
    const refused = await sidecar.record({ taskId: 'bad', latencyMs: -1 });
    expect(refused).toMatchObject({
      failure: { code: 'INVALID_ARGUMENT', violations: [{ field: 'task.latency_ms' }] },
    });
    expect(lines).toEqual([expect.stringMatching(/^task bad was refused: .*INVALID_FIELD/)]);
    expect(sidecar.dropped).toBe(0);
    expect((await sidecar.admin.stopLearning({})).active).toBe(false);
  });

  test.each<[string, object]>([
    ['a label that is a number', { labels: { n: 3 } }],
    ['a number in quotes', { latencyMs: '5' }],
    ['the name of a status', { status: 'SUCCESS' }],
    ['a sequence below 0', { deltaSequence: -1n }],
  ])('refuses what is no message, and it holds up no other: %s', async (_, fields) => {
    const { address } = await createServiceFixture();
    const { sidecar, lines } = createOrchestrator(address);
    // What a caller without types may pass.
    const report = fields as TaskReport;
    const refused = Array.from({ length: 20 }, () => sidecar.record(report));
    for (const outcome of await Promise.all(refused)) {
      expect(outcome).toMatchObject({ kind: 'refused', failure: { code: 'INVALID_ARGUMENT' } });
    }
    expect(lines).toHaveLength(20);
    expect(await sidecar.record({ taskId: 'good' })).toEqual({ kind: 'recorded' });
  });

  test('what is changed after the call is not sent', async () => {
    const { address, engine } = await createServiceFixture();
    const { sidecar } = createOrchestrator(address);
    const labels: Record<string, string> = { kind: 'draft' };
    const outcome = sidecar.record({ taskId: 'one', labels });
    labels.kind = 'other';
    await outcome;
    expect(engine.ledger.state.newestTasks(1)).toMatchObject([{ labels: { kind: 'draft' } }]);
  });

  test('waits for a sidecar that is not there yet', async () => {
    const gone = await startSidecar({ dataDir: ':memory:' });
    const { address } = gone;
    await gone.kill();
    const { sidecar, lines } = createOrchestrator(address);
    const outcomes = Promise.all(Array.from({ length: 100 }, () => sidecar.record({})));
    await startSidecar({ dataDir: ':memory:', listen: address });
    expect(await outcomes).toEqual(Array(100).fill({ kind: 'recorded' }));
    expect(lines).toEqual([]);
  });
});

test('metrics are of the client, unless they name another', async () => {
  const { address, client } = await createServiceFixture();
  const { sidecar } = createOrchestrator(address);
  expect(await sidecar.reportMetrics({ subAgentCount: 3 })).toBe(true);
  expect((await client.getStatus({})).metrics?.subAgentCount).toBe(3);
  expect(await sidecar.reportMetrics({ subAgentCount: 4, clientId: 'another' })).toBe(true);
  // Each counts: it has named itself.
  expect(await client.getStatus({})).toMatchObject({
    metrics: { subAgentCount: 7 },
    metricsReporters: 2,
  });
});

test('a token that is exchanged is taken up, by tasks and by the stream', async () => {
  const directory = tempDir();
  const write = (name: string, token: string) => {
    const file = join(directory, name);
    writeFileSync(file, token, { mode: 0o600 });
    return file;
  };
  const tokens = { client_file: write('clients', 'the-token-of-clients') };
  const { sidecar: server } = await startConfigured(directory, { tokens });
  const tokenFile = write('token', 'a-token-nobody-knows');
  const { sidecar, changes, lines } = createOrchestrator(server.address, { tokenFile });
  sidecar.follow();
  const outcomes = [sidecar.record({}), sidecar.record({})];
  await vi.waitFor(() => expect(lines).toHaveLength(2), WAIT);
  for (const line of lines) expect(line).toMatch(/UNAUTHENTICATED NO_TOKEN/);
  write('token', 'the-token-of-clients');
  await vi.waitFor(() => expect(changes).toHaveLength(1), WAIT);
  expect(await Promise.all(outcomes)).toEqual(Array(2).fill({ kind: 'recorded' }));
  expect(lines).toHaveLength(2);
});

test('200 clients, one after the other, leave nothing behind', async () => {
  const { address } = await createServiceFixture();
  const open = () => process.getActiveResourcesInfo().sort();
  const once = async () => {
    const { sidecar, changes } = createOrchestrator(address);
    sidecar.follow();
    await sidecar.record({});
    await vi.waitFor(() => expect(changes).toHaveLength(1), { ...WAIT, interval: 1 });
    await sidecar.close();
  };
  await once();
  const before = open().length;
  for (let i = 0; i < 200; i += 1) await once();
  await vi.waitFor(() => expect(open().length).toBeLessThanOrEqual(before + 2), WAIT);
});

describe('the constructor', () => {
  test('names files that cannot be read', () => {
    const create = (options: object) => createOrchestrator('127.0.0.1:1', options);
    expect(() => create({ tlsCa: '/none' })).toThrow(/^tlsCa: cannot read/);
    expect(() => create({ tokenFile: '/none' })).toThrow(/^tokenFile: cannot read/);
    expect(() => create({ tlsKey: '/none' })).toThrow(/tlsCertificate and tlsKey/);
  });

  test.each(['', 'localhost', 'http://127.0.0.1:50051', 'unix:', '127.0.0.1:99999', '[::1]'])(
    'refuses a target that is none: "%s"',
    (target) => {
      for (const tls of [false, true]) {
        expect(() => createOrchestrator(target, { tls })).toThrow(
          expect.objectContaining({
            name: 'AccessError',
            message: expect.stringContaining(`cannot connect to "${target}": expected`),
          }),
        );
      }
    },
  );

  test.each([
    ['half a character', 'a\ud800'],
    ['of 258 bytes', 'ä'.repeat(129)],
  ])('refuses a client id with which the stream would be refused for ever: %s', (_, clientId) => {
    expect(() => new LearningSidecar({ target: '127.0.0.1:1', clientId })).toThrow(
      new TypeError('clientId: expected a text of at most 256 bytes'),
    );
  });
});
