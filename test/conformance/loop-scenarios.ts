import { expect, vi } from 'vitest';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { type Counts, type Resolution, WAIT } from './agent.ts';
import { type Scenario, scenario } from './scenario.ts';
import { acknowledged, type World } from './world.ts';

async function connect(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  expect(await agent.call('Health', 'Check')).toEqual({ status: 'SERVING' });
  const status = await agent.ask<{ epoch: string }>('GetStatus');
  expect(status.epoch).toMatch(/\w/);
  await expect(agent.tell('no-such-command')).rejects.toThrow(/AGENT|no-such-command/);
  expect(await agent.end()).toEqual({ code: 0, signal: null });
}

async function record(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const task = { taskId: 'one', agentId: 'a', status: 'TASK_STATUS_SUCCESS', latencyMs: 12.5 };
  expect(await agent.ask('RecordTask', { task })).toEqual({});
  expect(await agent.ask('RecordTask', { task })).toEqual({ duplicate: true });
  const two = { task: { ...task, taskId: 'two', labels: { kind: 'draft' } } };
  expect(await agent.tell('record', two)).toEqual({ outcome: 'recorded' });
  expect(await agent.tell('record', two)).toEqual({ outcome: 'duplicate' });
  const batch = (from: number) =>
    Array.from({ length: 100 }, (_, i) => ({ ...task, taskId: `batch-${from + i}` }));
  const batches = [batch(0), batch(100), batch(150)];
  const { recordedCount, duplicateCount } = await agent.tell<Counts>('record_stream', { batches });
  expect([Number(recordedCount), Number(duplicateCount)]).toEqual([250, 50]);
  await agent.ask('ReportMetrics', { metrics: { subAgentCount: 3, cpuPercent: 40 } });
  const { totalTasksRecorded, metrics } = await world.operator.client.getStatus({});
  expect(totalTasksRecorded).toBe(252n);
  expect(metrics).toMatchObject({ subAgentCount: 3, cpuPercent: 40 });
}

async function stream(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent({ defaults: { level: -1, text: '' } });
  await vi.waitFor(
    async () => expect(await agent.tell('parameters')).toEqual({ level: -1, text: '' }),
    WAIT,
  );
  await agent.tell('follow');
  const snapshot = await agent.inForce(0);
  expect(snapshot).toMatchObject({
    ...{ source: 'snapshot', outcome: 'SNAPSHOT_OUTCOME_INITIAL', sequence: 0, delta_id: null },
    parameters: { level: 0, text: '', max_cpu_per_agent: 100 },
    changed: { level: '', max_cpu_per_agent: '' },
  });
  expect(snapshot.changed).not.toHaveProperty('text');
  const first = await world.delta(1);
  await world.change(2.5);
  await world.text('näher');
  await agent.inForce(3);
  const deltas = agent.values.slice(1);
  expect(deltas.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  const { deltaId } = first;
  expect(deltas[0]).toMatchObject({ source: 'delta', outcome: null, delta_id: deltaId });
  expect(deltas[0]?.changed).toEqual({ level: deltaId });
  expect(deltas.map(({ parameters }) => parameters.level)).toEqual([1, 2.5, 2.5]);
  await vi.waitFor(
    async () => expect(await agent.tell('parameters')).toMatchObject({ level: 2.5, text: 'näher' }),
    WAIT,
  );
  expect(await agent.tell('resolve', { task_id: 't' })).toMatchObject({
    parameters: { level: 2.5, text: 'näher' },
    delta_sequence: 3,
    arm: 'ARM_UNSPECIFIED',
    fallback: false,
  });
}

/** What the scenario reads of a delta, in proto3 JSON. */
interface ListedDelta {
  readonly ruleId: string;
  readonly state: string;
  readonly newValue: unknown;
  readonly trialDeltaId?: string;
}

async function learn(world: World): Promise<void> {
  await world.start();
  const agent = await world.follower();
  await agent.ask('ReportMetrics', { metrics: { subAgentCount: 12, cpuPercent: 90 } });
  const tasks = Array.from({ length: 40 }, (_, i) => ({
    taskId: `t-${i}`,
    status: 'TASK_STATUS_FAILURE',
    latencyMs: 500,
  }));
  await agent.tell('record_stream', { batches: [tasks] });
  const { cycle } = await agent.call<{ cycle: Record<string, unknown> }>(
    'LearningAdminService',
    'RunCycle',
  );
  expect([Number(cycle.deltasProposed), Number(cycle.deltasApplied)]).toEqual([3, 3]);
  // It follows the deltas and does not ask: each of the three is in force, and its first block has begun.
  const { parameters } = await agent.inForce(6);
  const now = await agent.ask<{ parameters: object }>('ResolveParameters');
  expect(parameters).toEqual(now.parameters);
  const { byType } = await agent.ask<{ byType: object }>('GetDeltaStatus');
  expect(Object.keys(byType).sort()).toEqual(['coordination', 'metric', 'resource', 'strategy']);
  const { deltas } = await agent.ask<{ deltas: ListedDelta[] }>('ListDeltas');
  const learnt = deltas.filter(({ trialDeltaId = '' }) => trialDeltaId === '');
  expect(learnt.map(({ ruleId, state, newValue }) => [ruleId, state, newValue])).toEqual([
    ['cpu', 'DELTA_STATE_PROVISIONAL', 90],
    ['fallback', 'DELTA_STATE_PROVISIONAL', 0.75],
    ['coordination', 'DELTA_STATE_PROVISIONAL', 'adaptive'],
  ]);
  const { cycles } = await agent.ask<{ cycles: object[] }>('ListCycles');
  expect(cycles).toHaveLength(1);
}

async function acknowledge(world: World): Promise<void> {
  await world.start();
  const agent = await world.follower({ clientId: 'acknowledger' });
  const { deltaId } = await world.delta(1);
  const last = await world.change(2);
  await acknowledged(world, 'acknowledger', last);
  await agent.ask('AckDelta', { clientId: 'acknowledger', deltaId });
  await agent.end();
  // One that was not there has them by a snapshot, and acknowledges that.
  const late = await world.follower({ clientId: 'late' });
  await acknowledged(world, 'late', last);
  expect(late.values[0]?.changed.level).toMatch(/\w/);
}

async function refuse(world: World): Promise<void> {
  await world.start();
  const agent = await world.follower({ clientId: 'refuser' });
  await world.change(1);
  await agent.inForce(1);
  await agent.tell('refuse_next', { reason: 'UNSUPPORTED_VALUE', message: 'not with us' });
  const refused = await world.delta(7);
  const revert = await agent.inForce(3);
  expect(revert).toMatchObject({ source: 'delta', parameters: { level: 1 } });
  expect(agent.values.map(({ sequence }) => sequence)).toEqual([0, 1, 3]);
  // It never left the former value.
  expect(revert.changed).toEqual({});
  const { deltaId } = refused;
  const { delta } = await world.operator.client.getDeltaStatus({ deltaId });
  expect(delta?.state).toBe(DeltaState.REVERTED);
  expect(delta?.effect?.summary).toMatch(/refuser.*UNSUPPORTED_VALUE: not with us/);
  await world.change(2);
  await acknowledged(world, 'refuser', 4);
  await vi.waitFor(
    async () => expect(await agent.tell('parameters')).toMatchObject({ level: 2 }),
    WAIT,
  );
}

async function refuseOfSnapshot(world: World): Promise<void> {
  await world.start();
  const level = await world.delta(7);
  const text = await world.text('fine');
  const agent = await world.agent({ clientId: 'refuser', defaults: { level: 0, text: '' } });
  const refusal = { reason: 'UNSUPPORTED_VALUE', message: 'not with us', parameters: ['level'] };
  await agent.tell('refuse_next', refusal);
  await agent.tell('follow');
  expect((await agent.inForce(2)).changed).toMatchObject({
    level: level.deltaId,
    text: text.deltaId,
  });
  expect(await agent.inForce(3)).toMatchObject({ source: 'delta', parameters: { level: 0 } });
  const { deltaId } = level;
  const { delta } = await world.operator.client.getDeltaStatus({ deltaId });
  expect(delta?.state).toBe(DeltaState.REVERTED);
  expect(delta?.effect?.summary).toMatch(/refuser.*UNSUPPORTED_VALUE: not with us/);
  await vi.waitFor(
    async () => expect(await agent.tell('parameters')).toMatchObject({ level: 0, text: 'fine' }),
    WAIT,
  );
  await acknowledged(world, 'refuser', 3);
}

async function arms(world: World): Promise<void> {
  await world.start({ config: { curation: { mode: 'trial' }, trial: { assignment: 'task' } } });
  const agent = await world.follower();
  const tasks = Array.from({ length: 40 }, (_, i) => ({ taskId: `t-${i}`, latencyMs: 500 }));
  await agent.tell('record_stream', { batches: [tasks] });
  await agent.call('LearningAdminService', 'RunCycle');
  const seen = new Map<string, unknown>();
  for (let i = 0; i < 40; i += 1) {
    const ask = { task_id: `arm-${i}`, labels: { kind: 'draft' } };
    const { arm, parameters } = await agent.tell<Resolution>('resolve', ask);
    const value = parameters.fallback_strategy_threshold;
    expect(seen.get(arm) ?? value).toBe(value);
    seen.set(arm, value);
  }
  expect(Object.fromEntries(seen)).toEqual({ ARM_OLD: 0.8, ARM_NEW: 0.75 });
}

/** Every other unary method, which other scenarios have no need of. */
async function methods(world: World): Promise<void> {
  await world.start({ config: { curation: { mode: 'recommend' } } });
  const agent = await world.agent();
  const admin = (method: string, request = {}) =>
    agent.call('LearningAdminService', method, request);
  expect(await admin('StartLearning')).toEqual({ active: true });
  expect(await admin('StopLearning')).toEqual({});
  expect(await admin('PauseTrials')).toEqual({ paused: true });
  expect(await admin('ResumeTrials')).toEqual({});
  await agent.ask('ReportMetrics', { metrics: { cpuPercent: 90 } });
  const tasks = Array.from({ length: 40 }, () => ({ latencyMs: 500 }));
  await agent.tell('record_stream', { batches: [tasks] });
  await admin('RunCycle');
  const { deltas } = await agent.ask<{ deltas: { deltaId: string }[] }>('ListDeltas', {
    pageSize: 10,
    states: ['DELTA_STATE_PROPOSED'],
  });
  const [one, other] = deltas.map(({ deltaId }) => ({ deltaId, reason: 'a test' }));
  expect(await admin('ApproveDelta', one)).toMatchObject({
    delta: { state: 'DELTA_STATE_APPLIED' },
  });
  expect(await admin('RejectDelta', other)).toMatchObject({
    delta: { state: 'DELTA_STATE_REJECTED' },
  });
  expect(await admin('RevertDelta', one)).toMatchObject({
    delta: { revertsDeltaId: one?.deltaId },
  });
  const change = { target: 'text', value: 'by hand', holdSeconds: 60 };
  expect(await admin('SetParameter', change)).toMatchObject({ delta: { newValue: 'by hand' } });
  expect(await agent.ask('ResolveParameters')).toMatchObject({ parameters: { text: 'by hand' } });
  expect(await agent.ask('GetStatus')).toMatchObject({ totalTasksRecorded: '40' });
}

export const LOOP_SCENARIOS: readonly Scenario[] = [
  scenario('connect', connect),
  scenario('record', record),
  scenario('learn', learn),
  scenario('stream', stream),
  scenario('acknowledge', acknowledge),
  scenario('refuse', refuse),
  scenario('refuse a part of a snapshot', refuseOfSnapshot),
  scenario('arms of a trial', arms),
  scenario('every method', methods),
];
