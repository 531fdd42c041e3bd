import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../src/gen/grpc/health/v1/health_pb.ts';
import { readStatusDetails } from '../../src/wire/error-details.ts';
import { connect } from '../rpc/wire.ts';
import { adminClient, type LearningClient, learningClient } from '../support/clients/clients.ts';
import { Follower } from '../support/clients/follower.ts';
import { startSubscriber } from '../support/clients/subscriber-process.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const LANES = 32;

test('SIGTERM: what is in flight finishes, streams end with UNAVAILABLE, exit code 0', async () => {
  const dataDir = tempDir();
  const sidecar = await startSidecar({ dataDir });
  const client = learningClient(sidecar.address);
  const follower = new Follower({ clientId: 'follower' });
  const followed = follower.open(client);
  const health = watchHealth(sidecar.address);
  const batches = recordBatches(client);
  const singles = Array.from({ length: LANES }, (_, lane) =>
    recordUntilRefused(learningClient(sidecar.address), lane),
  );
  await vi.waitFor(
    async () => {
      expect((await client.getStatus({})).totalTasksRecorded).toBeGreaterThan(1000n);
    },
    { timeout: 20_000 },
  );
  expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });

  expect(describe(await followed)).toEqual({ code: 'UNAVAILABLE', reason: 'DRAINING' });
  const { counted, error } = await batches;
  expect(describe(error)).toEqual({ code: 'UNAVAILABLE', reason: 'DRAINING' });
  expect(await health).toEqual([Serving.SERVING, Serving.NOT_SERVING, 'UNAVAILABLE']);
  const lanes = await Promise.all(singles);
  expect(new Set(lanes.map(({ code }) => code))).toEqual(new Set([status.UNAVAILABLE]));
  const recorded = lanes.reduce((sum, lane) => sum + lane.recorded, 0);

  const again = await startSidecar({ dataDir });
  const { totalTasksRecorded, epoch } = await learningClient(again.address).getStatus({});
  expect(epoch).toBe(follower.epoch);
  console.log(`drain: ${recorded} single tasks and ${counted} in batches, all answered`);
  expect(Number(totalTasksRecorded)).toBe(recorded + counted);
});

/** Records until refused: every task but the last was answered. */
async function recordUntilRefused(client: LearningClient, lane: number) {
  for (let recorded = 0; ; recorded += 1) {
    try {
      await client.recordTask({ task: taskOfId(`lane-${lane}-${recorded}`) });
    } catch (error) {
      return { recorded, code: (error as ServiceError).code }; // Nothing else is thrown by a call.
    }
  }
}

/** A batch for each answer, until the stream is ended. */
function recordBatches(client: LearningClient): Promise<{ counted: number; error: ServiceError }> {
  const stream = client.recordTasks();
  let counted = 0;
  const send = () => {
    const ids = Array.from({ length: 20 }, (_, i) => `batch-${counted}-${i}`);
    stream.write({ tasks: ids.map(taskOfId) });
  };
  stream.on('data', ({ recordedCount }) => {
    if (Number(recordedCount) === counted) return;
    counted = Number(recordedCount);
    send();
  });
  send();
  return new Promise((resolve) => {
    stream.once('error', (error: ServiceError) => resolve({ counted, error }));
  });
}

async function watchHealth(address: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  const stream = connect(Health, address).watch({});
  try {
    for await (const response of stream) seen.push(response.status);
  } catch (error) {
    seen.push(describe(error as ServiceError).code); // A stream fails with nothing else.
  }
  return seen;
}

function describe(error: ServiceError): { code: string | undefined; reason: string } {
  return { code: status[error.code], reason: readStatusDetails(error).reason };
}

test('SIGTERM: a client that reads nothing cannot hold it up for long', async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const subscriber = await startSubscriber(sidecar.address, 'frozen');
  subscriber.freeze();
  const admin = adminClient(sidecar.address);
  for (let i = 0; i < 100; i += 1) {
    await admin.setParameter({
      target: 'primary_coordination_strategy',
      value: { kind: { case: 'stringValue', value: `${i} ${'x'.repeat(3700)}` } },
    });
  }
  const startMs = performance.now();
  expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const seconds = (performance.now() - startMs) / 1000;
  console.log(`drain: a frozen client held it up for ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(15);
});

/** Sends signals as soon as `main.ts` has begun, and says so. */
const SIGNALS_AT_ONCE = `
  const timer = setInterval(() => {
    if (process.listenerCount('SIGUSR1') === 0) return;
    clearInterval(timer);
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.kill(process.pid, signal);
    console.error('signalled');
  }, 1).unref();`;

test('SIGHUP, SIGUSR1 and SIGUSR2 before it serves: it goes on, and opens no debugger', async () => {
  const preload = `--import=data:text/javascript,${encodeURIComponent(SIGNALS_AT_ONCE)}`;
  const sidecar = await startSidecar({ dataDir: tempDir(), env: { NODE_OPTIONS: preload } });
  await learningClient(sidecar.address).getStatus({});
  expect(sidecar.errorLines).toEqual(['signalled']);
});

test('SIGHUP: a valid config is taken up, an invalid one refused and told of', async () => {
  const config = join(tempDir(), 'config.yaml');
  const write = (text: string) => writeFileSync(config, text);
  write('version: "one"\n');
  const sidecar = await startSidecar({ dataDir: tempDir(), config });
  const client = learningClient(sidecar.address);
  const reload = async (text: string, logged: string) => {
    const seen = sidecar.lines.length;
    write(text);
    sidecar.process.kill('SIGHUP');
    await vi.waitFor(() => expect(sidecar.lines.slice(seen).join('\n')).toContain(logged));
    return client.getStatus({});
  };
  const refused = async () => {
    const text = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
    return /^learning_config_refused (\d)$/m.exec(text)?.[1];
  };
  expect((await client.getStatus({})).configVersion).toBe('one');
  expect(await refused()).toBe('0');

  const two = await reload('version: "two"\ncycle: { interval_seconds: 7 }\n', 'read again');
  expect(two).toMatchObject({ configVersion: 'two', cycleIntervalSeconds: 7, configError: '' });

  const broken = await reload('version: "three"\nrules: [{ id: x, when: 1.0 }]\n', 'refused');
  expect(broken).toMatchObject({ configVersion: 'two', cycleIntervalSeconds: 7 });
  expect(broken.configError).toMatch(/config\.yaml:2/);
  expect(await refused()).toBe('1');

  const four = await reload('version: "four"\n', 'read again');
  expect(four).toMatchObject({ configVersion: 'four', cycleIntervalSeconds: 30, configError: '' });
  expect(await refused()).toBe('0');
});
