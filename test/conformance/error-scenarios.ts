import { cpSync, renameSync, rmSync } from 'node:fs';
import { expect, onTestFinished, vi } from 'vitest';
import {
  callHeaders,
  FLAG,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  RawConnection,
} from '../support/clients/raw-http2.ts';
import { WAIT } from './agent.ts';
import { expectDetails, expectFailure, expectPlainFailure, failureOf } from './expect-failure.ts';
import { type Scenario, scenario } from './scenario.ts';
import type { World } from './world.ts';

async function invalidField(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const invalid = (command: Promise<unknown>) =>
    expectFailure(command, 'INVALID_ARGUMENT', 'INVALID_FIELD');
  const task = { taskId: 'x'.repeat(257), latencyMs: 'NaN' };
  const { violations = [] } = await invalid(agent.ask('RecordTask', { task }));
  const fields = new Set(violations.map(({ field }) => field));
  expect([...fields].sort()).toEqual(['task.latency_ms', 'task.task_id']);
  for (const { description } of violations) expect(description).toMatch(/\w/);
  const paged = await invalid(agent.ask('ListDeltas', { pageToken: 'none of mine' }));
  expect(paged.violations).toMatchObject([{ field: 'page_token' }]);
  const batches = [[{ taskId: 'good' }], [{ taskId: 'bad', latencyMs: -1 }]];
  const refused = await invalid(agent.tell('record_stream', { batches }));
  expect(refused.violations).toMatchObject([{ field: 'tasks[0].latency_ms' }]);
  expect(Number(refused.counts?.recordedCount)).toBe(1);
  await invalid(agent.tell('record_stream', { batches: [[]] }));
  await expect(agent.tell('record', { task })).rejects.toThrow(/INVALID_FIELD/);
}

async function malformed(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  // A field that is longer than the message; a text that is not UTF-8.
  for (const hex of ['0a05', '0a040a02c328']) {
    const method = '/learning.v1.LearningService/RecordTask';
    await expectFailure(agent.tell('call_raw', { method, hex }), 'INVALID_ARGUMENT', 'MALFORMED');
  }
}

async function notFound(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const deltaId = 'no-such-delta';
  for (const command of [
    () => agent.ask('GetDeltaStatus', { deltaId }),
    () => agent.ask('AckDelta', { deltaId }),
    () => agent.call('LearningAdminService', 'RevertDelta', { deltaId }),
  ]) {
    await expectFailure(command(), 'NOT_FOUND', 'DELTA_NOT_FOUND');
  }
}

async function noParameter(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const change = { target: 'no_such_parameter', value: 1 };
  const command = agent.call('LearningAdminService', 'SetParameter', change);
  await expectFailure(command, 'NOT_FOUND', 'PARAMETER_NOT_FOUND');
}

/** It has the epoch, and not what followed. */
async function ledgerPutBack(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  await first.end('SIGTERM');
  const copy = `${world.dataDir}.copy`;
  cpSync(world.dataDir, copy, { recursive: true });
  const second = await world.start();
  await world.change(2);
  await agent.inForce(2);
  await second.kill();
  rmSync(world.dataDir, { recursive: true });
  renameSync(copy, world.dataDir);
  await world.start();
  const back = await agent.change(
    ({ source, sequence }) => source === 'snapshot' && sequence === 1,
  );
  expect(back).toMatchObject({ outcome: 'SNAPSHOT_OUTCOME_INITIAL', parameters: { level: 1 } });
  await world.change(3);
  const next = await agent.change(({ parameters }) => parameters.level === 3);
  expect(next).toMatchObject({ source: 'delta', sequence: 2 });
}

async function epochChanged(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const { deltaId } = await world.delta(1);
  const acknowledge = (epoch: string) => agent.ask('AckDelta', { clientId: 'a', deltaId, epoch });
  await expectFailure(acknowledge('of-another-ledger'), 'FAILED_PRECONDITION', 'EPOCH_CHANGED');
  const { epoch } = await agent.ask<{ epoch: string }>('GetStatus');
  await acknowledge(epoch);
}

async function deltaState(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const { deltaId } = await world.delta(1);
  const decide = (method: string) => agent.call('LearningAdminService', method, { deltaId });
  await expectFailure(decide('ApproveDelta'), 'FAILED_PRECONDITION', 'DELTA_STATE');
  await expectFailure(decide('RejectDelta'), 'FAILED_PRECONDITION', 'DELTA_STATE');
  await decide('RevertDelta');
  await expectFailure(decide('RevertDelta'), 'FAILED_PRECONDITION', 'DELTA_STATE');
}

async function overloaded(world: World): Promise<void> {
  await world.start({ config: { limits: { max_pending_calls: 1 } } });
  const agent = await world.agent();
  // A method that no service config retries.
  const report = () => agent.ask('ReportMetrics', { metrics: {} });
  await report();
  // A call whose message does not come is under way until it is given up.
  const other = new RawConnection(world.sidecar.address);
  onTestFinished(() => void other.socket.destroy());
  const path = '/learning.v1.LearningService/ResolveParameters';
  other.write(PREFACE, frame(FRAME.settings, 0, 0));
  let streamId = -1;
  const failure = await vi.waitFor(() => {
    // Again, as it is refused itself where it comes while a report is under way.
    streamId += 2;
    other.write(frame(FRAME.headers, FLAG.endHeaders, streamId, headerBlock(callHeaders(path))));
    return failureOf(report());
  }, WAIT);
  expectDetails(failure, 'UNAVAILABLE', 'OVERLOADED');
  const recorded = agent.tell('record', { task: { taskId: 'patient' } });
  await expectFailure(report(), 'UNAVAILABLE', 'OVERLOADED');
  other.socket.destroy();
  await recorded;
}

/** Takes the sidecar a second or more to record. */
const LONG_UPLOAD = { batches: 3000, tasks: 30 };

async function draining(world: World): Promise<void> {
  const sidecar = await world.start();
  const agent = await world.agent();
  const batch = Array.from({ length: LONG_UPLOAD.tasks }, () => ({ latencyMs: 1 }));
  const batches = Array.from({ length: LONG_UPLOAD.batches }, () => batch);
  const refused = failureOf(agent.tell('record_stream', { batches }));
  await vi.waitFor(async () => {
    const { totalTasksRecorded } = await world.operator.client.getStatus({});
    expect(totalTasksRecorded).toBeGreaterThan(0n);
  }, WAIT);
  expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const failure = await refused;
  expectDetails(failure, 'UNAVAILABLE', 'DRAINING');
  const told = Number(failure.counts?.recordedCount ?? 0);
  await world.start();
  // All that it was told of is there; of what was under way, nobody was told.
  const { totalTasksRecorded } = await world.operator.client.getStatus({});
  expect(Number(totalTasksRecorded)).toBeGreaterThanOrEqual(told);
}

async function ledgerUnavailable(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  await agent.tell('record', { task: { taskId: 'before' } });
  renameSync(world.dataDir, `${world.dataDir}.away`);
  const report = () => agent.ask('ReportMetrics', { metrics: {} });
  const failure = await vi.waitFor(() => failureOf(report()), WAIT);
  expectDetails(failure, 'UNAVAILABLE', 'LEDGER_UNAVAILABLE');
  const recorded = agent.tell('record', { task: { taskId: 'patient' } });
  await expectFailure(report(), 'UNAVAILABLE', 'LEDGER_UNAVAILABLE');
  renameSync(`${world.dataDir}.away`, world.dataDir);
  await recorded;
}

async function tooManyStreams(world: World): Promise<void> {
  await world.start({ config: { limits: { max_streams: 1 } } });
  const agent = await world.agent();
  const stream = world.operator.client.streamDeltas({ clientId: 'first' });
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('data', resolve));
  const refused = agent.tell('record_stream', { batches: [[{ taskId: 'one' }]] });
  await expectFailure(refused, 'RESOURCE_EXHAUSTED', 'TOO_MANY_STREAMS');
  await agent.tell('follow');
  await agent.logged('RESOURCE_EXHAUSTED');
  stream.cancel();
  await agent.inForce(0);
}

async function tooLarge(world: World): Promise<void> {
  await world.start();
  const agent = await world.agent();
  const task = { agentId: 'x'.repeat(4.5 * 2 ** 20) };
  await expectPlainFailure(agent.ask('RecordTask', { task }), 'RESOURCE_EXHAUSTED');
  await agent.ask('GetStatus');
}

export const ERROR_SCENARIOS: readonly Scenario[] = [
  scenario('INVALID_FIELD', invalidField),
  scenario('MALFORMED', malformed),
  scenario('DELTA_NOT_FOUND', notFound),
  scenario('PARAMETER_NOT_FOUND', noParameter),
  scenario('ledger put back', ledgerPutBack),
  scenario('EPOCH_CHANGED', epochChanged),
  scenario('DELTA_STATE', deltaState),
  scenario('OVERLOADED', overloaded),
  scenario('DRAINING', draining),
  scenario('LEDGER_UNAVAILABLE', ledgerUnavailable),
  scenario('TOO_MANY_STREAMS', tooManyStreams),
  scenario('message over 4 MiB', tooLarge),
];
