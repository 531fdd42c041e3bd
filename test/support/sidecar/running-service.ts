import { credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { Health } from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createListenPlan } from '../../../src/runtime/listen-plan.ts';
import { startRuntime } from '../../../src/runtime/runtime.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { createClient } from '../../../src/wire/client.ts';
import { configOf } from '../engine/engine-fixture.ts';

/** A running service in this process, and what it logs. */
export async function startService(
  yaml = '',
  store = createMemoryStore(),
  listen = ['127.0.0.1:0', '127.0.0.1:0'],
) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const config = configOf(yaml);
  const local = { listen, adminListen: 'plain:127.0.0.1:0' };
  const runtime = await startRuntime({
    listenPlan: createListenPlan(local, config, log),
    reflection: true,
    drainTimeout: 10,
    config,
    store,
    log,
  });
  const [address = ''] = runtime.addresses;
  const plain = credentials.createInsecure();
  const client = createClient(LearningService, address, plain);
  const admin = createClient(LearningAdminService, address, plain);
  const health = createClient(Health, address, plain);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await runtime.stop();
  };
  onTestFinished(async () => {
    for (const one of [client, admin, health]) one.close();
    await stop();
  });
  const get = (path: string, init?: RequestInit) => fetch(`${runtime.adminUrl}${path}`, init);
  return { runtime, client, admin, health, lines, stop, get };
}
