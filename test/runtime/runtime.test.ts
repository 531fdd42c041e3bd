import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HealthCheckResponse_ServingStatus } from '../../src/gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../src/gen/learning/v1/admin_service_pb.ts';
import { DeltaOperation } from '../../src/gen/learning/v1/delta_pb.ts';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { createListenPlan } from '../../src/runtime/listen-plan.ts';
import { createLog } from '../../src/runtime/log.ts';
import { startRuntime } from '../../src/runtime/runtime.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import { startService } from '../support/sidecar/running-service.ts';

const FAILED = { task: { status: TaskStatus.FAILURE } };

describe('a running service', () => {
  test('serves on every listener, says that it is healthy, and shows metrics', async () => {
    const { runtime, client, admin, health, get } = await startService();
    expect(runtime.addresses).toHaveLength(2);
    for (const service of ['', LearningService.typeName, LearningAdminService.typeName]) {
      expect(await health.check({ service })).toMatchObject({
        status: HealthCheckResponse_ServingStatus.SERVING,
      });
    }
    await Promise.all(Array.from({ length: 30 }, () => client.recordTask(FAILED)));
    await admin.runCycle({});
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200]);
    const text = await (await get('/metrics')).text();
    expect(text).toContain('learning_tasks_recorded_total 30');
    expect(text).toContain('learning_deltas_applied_total{type="strategy"} 1');
    expect(text).toContain('learning_latest_sequence 1');
    expect(text).toMatch(/learning_rpc_duration_seconds_count\{method=".*RunCycle",code="OK"\} 1/);
    for (const path of ['/nothing', '//', '/%', '/healthz/']) {
      expect((await get(path)).status).toBe(404);
    }
    expect((await get('/healthz?verbose')).status).toBe(200);
    expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
  });

  test('logs a line for a cycle and one for an applied delta, and none for a task', async () => {
    const { client, admin, lines } = await startService();
    await Promise.all(Array.from({ length: 30 }, () => client.recordTask(FAILED)));
    await admin.runCycle({});
    const told = lines.filter(({ level }) => Number(level) >= 30).map(({ msg }) => msg);
    expect(told).toEqual([
      'fallback_strategy_threshold adjust 0.8 -> 0.75 (score=75)',
      'cycle completed',
    ]);
    expect(lines.find(({ msg }) => msg === 'cycle completed')).toMatchObject({
      cycle: 1,
      tasks: 30,
      proposed: 1,
      applied: 1,
    });
  });

  test('names the rules that can never pass, when it starts and for each config', async () => {
    const yaml = (confidence: number) => `
parameters: { level: { initial: 1 } }
rules:
  - { id: shy, when: 'true', type: metric, operation: adjust, target: level,
      new_value: '2.0', reasoning: '"x"', confidence: ${confidence}, impact: positive }
`;
    const { runtime, client, admin, lines } = await startService(yaml(0.4));
    const never =
      'it can never pass: at best its score 61 is below reflection.min_score 65, by 4: ' +
      'confidence 0.4 gives 16 of 40, reasoning of quality 0.5 15 of 30, positive impact 20 of 20, ' +
      'low risk 10 of 10; a confidence of 0.5 or a reasoning with "observed" or "%" would do; ' +
      'and confidence 0.4 is below reflection.min_confidence 0.5, by 0.1';
    const warned = () => lines.filter(({ level }) => level === 40).map(({ msg }) => msg);
    expect(warned()).toEqual([`rule shy: ${never}`]);
    expect((await client.getStatus({})).rules[0]).toMatchObject({ waiting: never });

    await Promise.all(Array.from({ length: 30 }, () => client.recordTask(FAILED)));
    const { cycle } = await admin.runCycle({});
    const why = never.slice(never.indexOf('score'), never.indexOf('; a confidence'));
    expect(cycle?.deltas[0]?.effect?.summary).toBe(`Rejected: ${why}`);
    expect(lines.find(({ msg }) => msg === 'cycle completed')).toMatchObject({
      proposed: 1,
      applied: 0,
      rejected: [`shy: level adjust 1 -> 2: Rejected: ${why}`],
    });

    await runtime.configure(configOf(yaml(0.5)));
    expect(warned()).toHaveLength(1);
    expect((await client.getStatus({})).rules[0]).toMatchObject({
      waiting: `its newest proposal: Rejected: ${why}`,
    });
    await runtime.configure(configOf(yaml(0.3)));
    expect(warned()).toHaveLength(2);
  });

  test('logs a rule that cannot be evaluated, and counts it', async () => {
    const yaml = `
cycle: { min_tasks: 1 }
parameters: { max_cpu_per_agent: {} }
rules:
  - { id: broken, when: 'window.measurements.cost > 1.0', type: metric, operation: adjust,
      target: max_cpu_per_agent, new_value: '20.0', reasoning: '"x"', confidence: 0.9,
      impact: positive }
`;
    const { client, admin, lines, get } = await startService(yaml);
    await client.recordTask(FAILED);
    await admin.runCycle({});
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, rule: 'broken' }));
    expect(await (await get('/metrics')).text()).toContain(
      'learning_rule_faults_total{rule_id="broken"} 1',
    );
  });

  test('takes up a config, or says why not', async () => {
    const { runtime, client, get } = await startService('version: one');
    runtime.refuseConfig('line 3: no');
    expect(await client.getStatus({})).toMatchObject({
      configVersion: 'one',
      configError: 'line 3: no',
    });
    expect(await (await get('/metrics')).text()).toContain('learning_config_refused 1');
    await runtime.configure(configOf('version: two\ncycle: { interval_seconds: 7 }'));
    expect(await client.getStatus({})).toMatchObject({
      configVersion: 'two',
      configError: '',
      cycleIntervalSeconds: 7,
    });
  });

  test('drains: streams end with UNAVAILABLE, and nothing listens afterwards', async () => {
    const { client, stop, get } = await startService();
    const stream = client.streamDeltas({});
    const ended = new Promise((resolve) => stream.on('error', resolve));
    await new Promise((resolve) => stream.once('data', resolve));
    await stop();
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    await expect(client.getStatus({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(get('/healthz')).rejects.toThrow();
  });

  test('is as it was after a restart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'runtime-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const first = await startService('', openSqliteStore(directory));
    const task = { taskId: 'a', status: TaskStatus.FAILURE };
    await Promise.all(Array.from({ length: 29 }, () => first.client.recordTask(FAILED)));
    await first.client.recordTask({ task });
    await first.admin.runCycle({});
    const before = await first.client.getStatus({});
    const deltas = await first.client.listDeltas({});
    await first.stop();
    const second = await startService('', openSqliteStore(directory));
    const after = await second.client.getStatus({});
    const { nextCycleTime: _, ...kept } = before;
    expect(after).toMatchObject(kept);
    expect(await second.client.listDeltas({})).toEqual(deltas);
    expect(await second.client.recordTask({ task })).toMatchObject({ duplicate: true });
  });

  test.each([
    ['initial: 20, max: 50', 'expected at most 50, got 90'],
    ['initial: half, min: null, max: null, max_step: null', 'expected a string, got 90'],
  ])('warns of a live value that is not allowed by { %s }, and keeps it', async (spec, why) => {
    const store = createMemoryStore();
    const first = await startService('', store);
    const value = { kind: { case: 'numberValue', value: 90 } } as const;
    await first.admin.setParameter({ target: 'max_cpu_per_agent', value });
    await first.stop();
    const yaml = `rules: []\nparameters: { max_cpu_per_agent: { ${spec} } }`;
    const second = await startService(yaml, store);
    const said = 'the config does not allow a live value, which is kept until it is set';
    expect(second.lines.map(({ msg }) => msg)).toContain(`${said}: max_cpu_per_agent: ${why}`);
    const { parameters } = await second.client.resolveParameters({});
    expect(parameters.max_cpu_per_agent?.kind.value).toBe(90);
  });

  test('what left the config is gone for calls and streams, and said once', async () => {
    const { runtime, client, lines } = await startService('');
    const names = async () => Object.keys((await client.resolveParameters({})).parameters);
    const [first] = await names();
    const stream = client.streamDeltas({ clientId: 'c' })[Symbol.asyncIterator]();
    await stream.next();
    const newer = configOf(`rules: []\nparameters: { ${first}: {} }`);
    await runtime.configure(newer);
    await runtime.configure(newer);
    expect(await names()).toEqual([first]);
    const { value: told } = await stream.next();
    expect(told?.event.value).toMatchObject({ operation: DeltaOperation.REMOVE });
    const said = lines.filter(({ msg }) => String(msg).startsWith('parameters are gone'));
    expect(said).toMatchObject([
      { level: 40, msg: expect.stringContaining('the config has them') },
    ]);
    expect(said[0]?.parameters).not.toContain(first);
  });
});

test('a start that fails gives back what it took', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'runtime-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const { runtime } = await startService();
  const taken = new URL(runtime.adminUrl).host;
  const config = configOf('');
  const log = pino({ level: 'silent' });
  const failing = startRuntime({
    listenPlan: createListenPlan({ listen: ['127.0.0.1:0'], adminListen: taken }, config, log),
    reflection: true,
    drainTimeout: 10,
    config,
    store: openSqliteStore(directory),
    log,
  });
  await expect(failing).rejects.toThrow(/EADDRINUSE/);
  openSqliteStore(directory).close();
});

test('the log goes to a file as well, and a file that cannot be had is done without', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'learning.log');
  const { logger, useFile } = await createLog({ level: 'fatal', file });
  const messagesIn = (path: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).msg);
  logger.fatal('to both');
  expect(messagesIn(file)).toEqual(['to both']);

  renameSync(file, `${file}.1`);
  logger.fatal('to the file that was moved aside');
  useFile(file);
  logger.fatal('to the new one');
  useFile(`${file}.other`);
  logger.fatal('to another');
  useFile(undefined);
  logger.fatal('to none');
  useFile(join(directory, 'no', 'such'));
  logger.fatal('still to none');
  useFile(file);
  logger.fatal('again');
  expect(messagesIn(`${file}.1`)).toEqual(['to both', 'to the file that was moved aside']);
  expect(messagesIn(`${file}.other`)).toEqual(['to another']);
  expect(messagesIn(file)).toEqual(['to the new one', 'again']);
});

test('a log file that is a pipe is done without: its reader could stall the service', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  // Both ends: it has a reader.
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(fd));
  const { logger } = await createLog({ level: 'fatal', file: fifo });
  logger.fatal('to standard output alone');
  expect(() => readSync(fd, Buffer.alloc(100))).toThrow(/EAGAIN/);
});
