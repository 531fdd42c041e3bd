import { toJson } from '@bufbuild/protobuf';
import { beforeEach, expect, test } from 'vitest';
import { LearningAdminService } from '../../src/gen/learning/v1/admin_service_pb.ts';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { TaskSchema } from '../../src/gen/learning/v1/task_pb.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { DEADLINE_EXIT, documentedCalls, grpcurl, runLine } from '../support/clients/grpcurl.ts';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { realTraces } from '../support/engine/traces.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const BATCH = 100;
const DOCUMENTED_ADDRESS = '127.0.0.1:50051';
const LEARNING = 'learning.v1.LearningService';
const ADMIN = 'learning.v1.LearningAdminService';

const REFUSAL = 'it was not asked for';

/** Parts of calls, and what docs/grpcurl.md says their answers show. */
const SHOWN: readonly (readonly [call: string, ...texts: string[]])[] = [
  [`${LEARNING}/GetDeltaStatus; done`, '"overallScore"', REFUSAL],
  ['"DELTA_STATE_REJECTED"', REFUSAL],
  ['"DELTA_STATE_PROPOSED"', '"deltaId"'],
  ['GetStatus', '"rules"', '"confidence"', '"latestSequence"'],
  ['RunCycle', '"cycleId"'],
  ['ListCycles', '"cycleId"'],
  ['GetGains', '"needed"'],
  ['SetParameter', 'DELTA_STATE_APPLIED'],
  ['RevertDelta', '"revertsDeltaId"'],
  ['RejectDelta', 'DELTA_STATE_REJECTED', 'not now'],
];

let address: string;

/** A sidecar that has something to approve after each cycle. */
beforeEach(async () => {
  const config = writeReferenceConfig(tempDir(), {
    cycle: { min_tasks: 1 },
    curation: { mode: 'recommend' },
  });
  ({ address } = await startSidecar({ dataDir: tempDir(), config }));
  const client = learningClient(address);
  await client.reportMetrics({ metrics: { subAgentCount: 9, cpuPercent: 90 } });
  await client.recordTask({ task: { ...taskOfId('task-1'), latencyMs: 500 } });
});

async function call(method: string, request: unknown = {}): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await grpcurl([
    ...['-plaintext', '-d', JSON.stringify(request), address],
    method,
  ]);
  expect({ method, code, stderr }).toEqual({ method, code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** A new proposal, waiting for a decision. */
async function proposed(): Promise<string> {
  const { deltas } = await learningClient(address).listDeltas({ states: [DeltaState.PROPOSED] });
  if (deltas[0] !== undefined) return deltas[0].deltaId;
  const { cycle } = await adminClient(address).runCycle({});
  return cycle?.deltas[0]?.deltaId ?? '';
}

/** A new delta in force. */
async function applied(): Promise<string> {
  const target = 'max_cpu_per_agent';
  const value = { kind: { case: 'numberValue', value: 77 } } as const;
  const { delta } = await adminClient(address).setParameter({ target, value });
  return delta?.deltaId ?? '';
}

test('list and describe', async () => {
  const list = await grpcurl(['-plaintext', address, 'list']);
  const services = list.stdout.trim().split('\n');
  expect(services).toEqual(expect.arrayContaining([LEARNING, ADMIN, 'grpc.health.v1.Health']));
  for (const service of [LearningService, LearningAdminService]) {
    const { stdout } = await grpcurl(['-plaintext', address, 'describe', service.typeName]);
    for (const { name } of service.methods) expect(stdout).toContain(`rpc ${name} (`);
  }
  const message = await grpcurl(['-plaintext', address, 'describe', 'learning.v1.Task']);
  for (const { name } of TaskSchema.fields) expect(message.stdout).toContain(` ${name} = `);
});

test('every call of both services', async () => {
  const learning: Record<string, unknown> = {
    RecordTask: { task: { task_id: 'task-2', status: 'TASK_STATUS_SUCCESS', latency_ms: 12.5 } },
    RecordTasks: { tasks: [{ task_id: 'task-3' }] },
    ReportMetrics: { metrics: { sub_agent_count: 9, cpu_percent: 90 } },
    ResolveParameters: {},
    AckDelta: { client_id: 'me', delta_id: await applied() },
    GetStatus: {},
    GetDeltaStatus: {},
    ListDeltas: { page_size: 5 },
    ListCycles: { page_size: 5 },
    GetGains: {},
  };
  const admin: Record<string, unknown> = {
    StopLearning: {},
    StartLearning: {},
    RunCycle: {},
    ApproveDelta: { delta_id: await proposed(), reason: 'right' },
    RevertDelta: { delta_id: await applied(), reason: 'wrong' },
    SetParameter: { target: 'max_cpu_per_agent', value: 40, reason: 'night', hold_seconds: 60 },
    PauseTrials: {},
    ResumeTrials: {},
  };
  for (const [name, request] of Object.entries(learning))
    await call(`${LEARNING}/${name}`, request);
  for (const [name, request] of Object.entries(admin)) await call(`${ADMIN}/${name}`, request);
  await call(`${ADMIN}/RejectDelta`, { delta_id: await proposed(), reason: 'not now' });

  const stream = await grpcurl([
    ...['-plaintext', '-max-time', '1', '-d', '{"client_id": "me"}', address],
    `${LEARNING}/StreamDeltas`,
  ]);
  expect(stream.code).toBe(DEADLINE_EXIT);
  expect(stream.stdout).toContain('SNAPSHOT_OUTCOME_INITIAL');

  const called = [...Object.keys(learning), 'StreamDeltas'].sort();
  expect(called).toEqual(LearningService.methods.map(({ name }) => name).sort());
  const calledOfAdmin = [...Object.keys(admin), 'RejectDelta'].sort();
  expect(calledOfAdmin).toEqual(LearningAdminService.methods.map(({ name }) => name).sort());
});

test('-d @ streams a real trace into RecordTasks', async () => {
  const [trace] = realTraces();
  const tasks = trace?.tasks ?? [];
  const batches = Array.from({ length: Math.ceil(tasks.length / BATCH) }, (_, i) =>
    tasks.slice(i * BATCH, (i + 1) * BATCH),
  );
  const input = batches
    .map((batch) => JSON.stringify({ tasks: batch.map((task) => toJson(TaskSchema, task)) }))
    .join('\n');
  const { code, stdout, stderr } = await grpcurl(
    ['-plaintext', '-d', '@', address, `${LEARNING}/RecordTasks`],
    input,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const counts = [...stdout.matchAll(/"recordedCount": "(\d+)"/g)].map(([, count]) =>
    Number(count),
  );
  expect(counts.at(-1)).toBe(tasks.length);
  const { totalTasksRecorded } = await learningClient(address).getStatus({});
  expect(Number(totalTasksRecorded)).toBe(tasks.length + 1);
  console.log(
    `grpcurl: ${trace?.name}, ${tasks.length} tasks, counted in ${counts.length} answers`,
  );
});

test('an error shows its details', async () => {
  const { code, stderr } = await grpcurl([
    ...['-plaintext', '-d', '{"task": {"latency_ms": -1}}', address],
    `${LEARNING}/RecordTask`,
  ]);
  expect(code).toBe(64 + 3);
  for (const text of [
    'Code: InvalidArgument',
    'google.rpc.ErrorInfo',
    '"reason": "INVALID_FIELD"',
    '"domain": "learning.v1"',
    'google.rpc.BadRequest',
    '"field": "task.latency_ms"',
  ]) {
    expect(stderr).toContain(text);
  }
});

/** Runs a line of docs/grpcurl.md as it stands except for the address, and returns what it prints. */
async function runAsPrinted(line: string, at: string): Promise<string> {
  expect(line).toContain(DOCUMENTED_ADDRESS);
  const { code, stdout, stderr } = await runLine(
    line.replaceAll(DOCUMENTED_ADDRESS, at),
    tempDir(),
  );
  const isOpenEnded = line.includes('-max-time');
  const answer = { line, code, stderr: isOpenEnded ? '' : stderr };
  expect(answer).toEqual({ line, code: isOpenEnded ? DEADLINE_EXIT : 0, stderr: '' });
  return stdout;
}

test('the calls in docs/grpcurl.md are true', async () => {
  await adminClient(address).rejectDelta({ deltaId: await proposed(), reason: REFUSAL });
  const lines = documentedCalls();
  for (const { name, parent } of [...LearningService.methods, ...LearningAdminService.methods]) {
    const shown = lines.some((line) => line.includes(`${parent.typeName}/${name}`));
    expect(shown, `docs/grpcurl.md shows ${name}`).toBe(true);
  }
  for (const line of lines) {
    if (line.includes('DELTA_STATE_PROPOSED')) await proposed();
    if (/DELTA_STATE_APPLIED|StreamDeltas/.test(line)) await applied();
    const stdout = await runAsPrinted(line, address);
    expect(stdout.trim(), line).not.toBe('');
    for (const [part, ...texts] of SHOWN) {
      for (const text of line.includes(part) ? texts : []) expect(stdout, line).toContain(text);
    }
  }
  console.log(`grpcurl: ${lines.length} calls of docs/grpcurl.md run`);
});

test('they run one after the other where nothing is known yet', async () => {
  const fresh = await startSidecar({ dataDir: tempDir() });
  for (const line of documentedCalls()) {
    const stdout = await runAsPrinted(line, fresh.address);
    if (line.includes('RevertDelta')) expect(stdout).toContain('"revertsDeltaId"');
  }
});
