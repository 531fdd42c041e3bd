import { toJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import type { Delta } from '../../../src/domain/delta.ts';
import { DeltaState } from '../../../src/gen/learning/v1/delta_pb.ts';
import { TaskStatus } from '../../../src/gen/learning/v1/task_pb.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { toProtoParameters } from '../../../src/wire/value.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { failureOf } from '../wire.ts';

const set = (value: number) => ({
  target: 'max_cpu_per_agent',
  value: toProtoParameters({ value }).value,
});

describe('RecordTask', () => {
  test('counts an id once, and says which was a duplicate', async () => {
    const { client, admin } = await createServiceFixture();
    const task = { taskId: 'a', latencyMs: 1 };
    expect(await client.recordTask({ task })).toMatchObject({ duplicate: false });
    await admin.setParameter(set(20));
    expect(await client.recordTask({ task: { ...task, latencyMs: 9 } })).toMatchObject({
      duplicate: true,
      deltaSequence: 1n,
    });
    expect(await client.getStatus({})).toMatchObject({ totalTasksRecorded: 1n });
  });

  test('the same id in flight many times is recorded once', async () => {
    const { client } = await createServiceFixture();
    const calls = Array.from({ length: 50 }, () => client.recordTask({ task: { taskId: 'a' } }));
    const fresh = (await Promise.all(calls)).filter(({ duplicate }) => !duplicate);
    expect(fresh).toHaveLength(1);
  });

  test('without a finish time, finishes when it is recorded', async () => {
    const { client, engine, clock } = await createServiceFixture();
    await client.recordTask({ task: { status: TaskStatus.TIMEOUT } });
    await client.recordTask({ task: { finishTime: { seconds: 12n, nanos: 500_000_000 } } });
    expect(engine.ledger.state.newestTasks(2)).toMatchObject([
      { finishTimeMs: clock.now(), status: 'timeout' },
      { finishTimeMs: 12_500, status: 'unspecified' },
    ]);
  });

  test('a latency that was not measured is none, and not 0', async () => {
    const { client, engine } = await createServiceFixture();
    await client.recordTask({ task: {} });
    await client.recordTask({ task: { latencyMs: 0 } });
    const tasks = engine.ledger.state.newestTasks(2);
    expect(tasks.map(({ latencyMs }) => latencyMs)).toEqual([undefined, 0]);
  });

  test('a request without a task is refused by name', async () => {
    const { client } = await createServiceFixture();
    const error = await failureOf(client.recordTask({}));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(readStatusDetails(error)).toMatchObject({
      reason: 'INVALID_FIELD',
      domain: 'learning.v1',
      violations: [{ field: 'task', description: 'value is required' }],
    });
  });
});

test('who reports is the client of metrics and tasks that name none', async () => {
  const { client, engine } = await createServiceFixture();
  const record = vi.spyOn(engine, 'recordTasks');
  const metrics = { subAgentCount: 1 };
  await client.recordTask({ task: { taskId: 'a' }, metrics, clientId: 'pod-1' });
  await client.recordTask({
    ...{ task: { taskId: 'b', clientId: 'own' }, clientId: 'pod-1' },
    metrics: { ...metrics, clientId: 'own' },
  });
  await client.recordTask({ task: { taskId: 'c' }, metrics });
  expect(
    record.mock.calls.map(([[task], reported]) => [task?.clientId, reported?.clientId]),
  ).toEqual([
    ['pod-1', 'pod-1'],
    ['own', 'own'],
    [undefined, undefined],
  ]);
  expect(await client.getStatus({})).toMatchObject({ metricsReporters: 3 });
  const error = await failureOf(client.recordTask({ task: {}, clientId: 'x'.repeat(257) }));
  expect(readStatusDetails(error)).toMatchObject({ violations: [{ field: 'client_id' }] });
});

describe('ReportMetrics', () => {
  test('the newest by observation stays; the age is told', async () => {
    const { client, clock } = await createServiceFixture();
    expect((await client.getStatus({})).metricsAgeSeconds).toBeUndefined();
    const seconds = BigInt(clock.now() / 1000);
    const at = (offset: bigint) => ({ seconds: seconds + offset, nanos: 0 });
    await client.reportMetrics({ metrics: { subAgentCount: 1, observeTime: at(-10n) } });
    await client.reportMetrics({ metrics: { subAgentCount: 2, observeTime: at(-20n) } });
    await clock.advance(5000);
    expect(await client.getStatus({})).toMatchObject({
      metrics: { subAgentCount: 1 },
      metricsAgeSeconds: 5,
    });
    // A clock that is ahead must not shut out what comes after it.
    await client.reportMetrics({ metrics: { subAgentCount: 3, observeTime: at(9999n) } });
    await client.reportMetrics({ metrics: { subAgentCount: 4 } });
    expect(await client.getStatus({})).toMatchObject({ metrics: { subAgentCount: 4 } });
  });

  test('several clients are told combined, however they report', async () => {
    const combine = '{ sub_agent_count: mean, cpu_percent: sum, values: { queue: max } }';
    const { client, clock } = await createServiceFixture(`metrics: { combine: ${combine} }`);
    const of = (clientId: string, subAgentCount: number, queue: number) => ({
      metrics: { clientId, subAgentCount, cpuPercent: 60_000, values: { queue } },
    });
    await client.reportMetrics(of('a', 1, 3));
    await client.recordTask({ task: {}, ...of('b', 2, 9) });
    const stream = client.recordTasks();
    stream.write({ tasks: [{}], ...of('c', 4, 1) });
    stream.end();
    for await (const _ of stream);
    expect(await client.getStatus({})).toMatchObject({
      // 7 / 3, rounded.
      metrics: { subAgentCount: 2, cpuPercent: 180_000, values: { queue: 9 }, clientId: '' },
      metricsReporters: 3,
    });
    await clock.advance(120_001);
    expect(await client.getStatus({})).toMatchObject({ metricsReporters: 0 });
  });
});

describe('GetStatus', () => {
  test('of a new ledger', async () => {
    const { client, engine, clock } = await createServiceFixture('version: v1');
    engine.start();
    const answer = await client.getStatus({});
    expect(answer).toMatchObject({
      active: true,
      cycleIntervalSeconds: 30,
      totalTasksRecorded: 0n,
      configVersion: 'v1',
      epoch: 'epoch-1',
      latestSequence: 0n,
      nextCycleTime: { seconds: BigInt(clock.now() / 1000 + 30) },
      rules: [
        { ruleId: 'coordination', confidence: 0.75, waiting: '' },
        { ruleId: 'fallback', confidence: 0.6 },
        { ruleId: 'cpu', confidence: 0.85 },
        { ruleId: 'coordination_back', confidence: 0.75 },
        { ruleId: 'fallback_back', confidence: 0.6 },
        { ruleId: 'cpu_back', confidence: 0.6 },
      ],
    });
    expect(answer.lastCycleTime).toBeUndefined();
    engine.stop();
  });

  test('says why a rule waits', async () => {
    const { client, engine } = await createServiceFixture();
    const usual = engine.ruleStatus.bind(engine);
    const waiting = 'It waits for tasks that began after the last change of its parameter';
    vi.spyOn(engine, 'ruleStatus').mockImplementation((rule) => ({ ...usual(rule), waiting }));
    const { rules } = await client.getStatus({});
    expect(rules[0]).toMatchObject({ ruleId: 'coordination', waiting });
  });

  test('says which rules rest, and until when', async () => {
    const { client, admin, clock } = await createServiceFixture();
    await admin.setParameter({ ...set(50), holdSeconds: 1000 });
    const { rules } = await client.getStatus({});
    const until = BigInt(clock.now() / 1000 + 1000);
    const resting = rules.filter(({ restingUntil }) => restingUntil?.seconds === until);
    expect(resting.map(({ ruleId }) => ruleId)).toEqual(['cpu', 'cpu_back']);
    expect(rules.filter(({ restingUntil }) => restingUntil === undefined)).toHaveLength(4);
  });
});

describe('GetDeltaStatus', () => {
  test('has exactly four types, and one delta where it is asked for', async () => {
    const { client, admin } = await createServiceFixture();
    const { delta } = await admin.setParameter(set(20));
    const answer = await client.getDeltaStatus({ deltaId: delta?.deltaId ?? '' });
    expect(answer.delta).toEqual(delta);
    expect(answer.byType).toEqual({ coordination: 0n, resource: 0n, metric: 0n, strategy: 0n });
    const error = await failureOf(client.getDeltaStatus({ deltaId: 'no' }));
    expect(error.code).toBe(status.NOT_FOUND);
    expect(readStatusDetails(error).reason).toBe('DELTA_NOT_FOUND');
  });
});

describe('ListDeltas', () => {
  test('pages through everything once, newest first, while more comes', async () => {
    const { client, admin } = await createServiceFixture();
    for (let i = 0; i < 7; i += 1) await admin.setParameter(set(20 + i));
    const seen: bigint[] = [];
    let pageToken = '';
    do {
      const page = await client.listDeltas({ pageSize: 3, pageToken });
      seen.push(...page.deltas.map(({ sequence }) => sequence));
      pageToken = page.nextPageToken;
      await admin.setParameter(set(60));
    } while (pageToken !== '');
    expect(seen).toEqual([7n, 6n, 5n, 4n, 3n, 2n, 1n]);
  });

  test('filters by state', async () => {
    const { client, admin } = await createServiceFixture();
    const { delta } = await admin.setParameter(set(20));
    await admin.revertDelta({ deltaId: delta?.deltaId ?? '' });
    const { deltas } = await client.listDeltas({ states: [DeltaState.REVERTED] });
    expect(deltas).toMatchObject([
      { deltaId: delta?.deltaId, effect: { summary: 'Reverted by an operator' } },
    ]);
    expect((await client.listDeltas({ states: [DeltaState.TRIAL] })).deltas).toEqual([]);
  });

  test('says what is proven, by state', async () => {
    const { client, admin, engine } = await createServiceFixture();
    for (const value of [20, 30, 40]) await admin.setParameter(set(value));
    const { state } = engine.ledger;
    const all = [...state.deltasNewestFirst()].map((delta, i): Delta => {
      return { ...delta, state: (['applied', 'provisional', 'confirmed'] as const)[i] ?? 'trial' };
    });
    vi.spyOn(state, 'deltasNewestFirst').mockImplementation(function* () {
      yield* all;
    });
    const listed = async (states: DeltaState[]) =>
      (await client.listDeltas({ states })).deltas.map((delta) => delta.state);
    const { APPLIED, PROVISIONAL, CONFIRMED } = DeltaState;
    expect(await listed([])).toEqual([APPLIED, PROVISIONAL, CONFIRMED]);
    for (const one of [APPLIED, PROVISIONAL, CONFIRMED]) expect(await listed([one])).toEqual([one]);
  });

  test('a token goes with its filters, and no other text is one', async () => {
    const { client, admin } = await createServiceFixture();
    for (let i = 0; i < 3; i += 1) await admin.setParameter(set(20 + i));
    const { nextPageToken } = await client.listDeltas({ pageSize: 1 });
    for (const request of [
      { pageToken: nextPageToken, states: [DeltaState.APPLIED] },
      { pageToken: 'garbage' },
      { pageToken: `${nextPageToken}A` },
      { pageSize: -1 },
    ]) {
      const error = await failureOf(client.listDeltas(request));
      expect(error.code).toBe(status.INVALID_ARGUMENT);
      const [violation] = readStatusDetails(error).violations;
      expect(violation?.field).toBe('pageSize' in request ? 'page_size' : 'page_token');
    }
    const cycles = await failureOf(client.listCycles({ pageToken: nextPageToken }));
    expect(cycles.code).toBe(status.INVALID_ARGUMENT);
  });
});

describe('RunCycle and ListCycles', () => {
  test('a cycle comes with its deltas, and is listed without', async () => {
    const { client, admin } = await createServiceFixture();
    const task = { status: TaskStatus.FAILURE };
    await Promise.all(Array.from({ length: 30 }, () => client.recordTask({ task })));
    const { cycle } = await admin.runCycle({});
    expect(cycle).toMatchObject({ number: 1n, tasksAnalyzed: 30n, deltasApplied: 1n });
    expect(cycle?.deltas).toMatchObject([{ ruleId: 'fallback', cycleNumber: 1n, sequence: 1n }]);
    for (let i = 0; i < 14; i += 1) await admin.runCycle({});
    const page = await client.listCycles({});
    expect(page.cycles.map(({ number }) => number)).toEqual(
      Array.from({ length: 10 }, (_, i) => BigInt(15 - i)),
    );
    const rest = await client.listCycles({ pageToken: page.nextPageToken });
    expect(rest.cycles.map(({ number }) => number)).toEqual([5n, 4n, 3n, 2n, 1n]);
    expect(rest.cycles[4]?.deltas).toEqual([]);
    expect(rest.nextPageToken).toBe('');
  });

  test('a cycle that cannot be stored is UNAVAILABLE', async () => {
    const { admin, store, failures } = await createServiceFixture();
    store.commit = () => {
      throw new Error('disk');
    };
    const error = await failureOf(admin.runCycle({}));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(readStatusDetails(error).reason).toBe('LEDGER_UNAVAILABLE');
    expect(failures).toHaveLength(1);
  });
});

describe('LearningAdminService', () => {
  test('starts and stops the timer', async () => {
    const { client, admin } = await createServiceFixture();
    expect(await admin.stopLearning({})).toMatchObject({ active: false });
    const stopped = await client.getStatus({});
    expect([stopped.active, stopped.nextCycleTime]).toEqual([false, undefined]);
    expect(await admin.startLearning({})).toMatchObject({ active: true });
    expect((await client.getStatus({})).nextCycleTime).toBeDefined();
  });

  test('trials are paused until they are resumed, and doing it twice is fine', async () => {
    const { admin } = await createServiceFixture();
    expect(await admin.pauseTrials({})).toMatchObject({ paused: true });
    expect(await admin.pauseTrials({})).toMatchObject({ paused: true });
    expect(await admin.resumeTrials({})).toMatchObject({ paused: false });
  });

  test.each([[null], [true], [-1.5], ['text'], [[1, ['x', null]]], [{ a: { b: [] } }]])(
    '%j comes back as it went',
    async (value) => {
      const { client, admin } = await createServiceFixture(
        'parameters: { any: { initial: null } }',
      );
      await admin.setParameter({ target: 'any', ...toProtoParameters({ value }) });
      const { any } = (await client.resolveParameters({})).parameters;
      expect(any && toJson(ValueSchema, any)).toEqual(value);
    },
  );

  test.each([
    ['no value', {}, 'value is required'],
    ['no kind', { kind: { case: undefined } }, 'expected null, a finite number'],
    ['NaN', { kind: { case: 'numberValue', value: NaN } }, 'expected null, a finite number'],
  ] as const)('SetParameter refuses %s', async (name, value, description) => {
    const { admin } = await createServiceFixture();
    const request = name === 'no value' ? {} : { value };
    const error = await failureOf(admin.setParameter({ target: 'max_cpu_per_agent', ...request }));
    const [violation] = readStatusDetails(error).violations;
    expect(violation).toMatchObject({
      field: 'value',
      description: expect.stringContaining(description),
    });
  });
});
