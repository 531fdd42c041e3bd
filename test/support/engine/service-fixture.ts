import { credentials } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { parseListenAddress } from '../../../src/net/address.ts';
import { Listeners } from '../../../src/net/listeners.ts';
import { createLearningServer, type LearningServer } from '../../../src/rpc/server.ts';
import { createClient, type ServiceClient } from '../../../src/wire/client.ts';
import { configOf, createEngineFixture, type EngineFixture } from './engine-fixture.ts';

export interface ServiceFixture extends EngineFixture {
  readonly service: LearningServer;
  readonly address: string;
  readonly client: ServiceClient<typeof LearningService>;
  readonly admin: ServiceClient<typeof LearningAdminService>;
  /** What handlers threw beside refusals. */
  readonly errors: unknown[];
  /** Reasons that callers were told. */
  readonly refusals: string[];
}

/** The whole service in this process, on a clock that stands still, until the test ends. */
export async function createServiceFixture(yaml = ''): Promise<ServiceFixture> {
  const fixture = await createEngineFixture(yaml);
  const errors: unknown[] = [];
  const refusals: string[] = [];
  const observer = { came() {}, tasks() {}, rejected() {}, idRepeats() {} };
  const service = createLearningServer({
    engine: fixture.engine,
    clock: fixture.clock,
    configError: () => '',
    reflection: true,
    openfeature: true,
    otlp: configOf(yaml).otlp.enabled
      ? { settings: () => configOf(yaml).otlp, observer, defer: setImmediate }
      : undefined,
    limits: () => configOf(yaml).limits,
    environment: {
      observe: () => {},
      refused: (reason) => void refusals.push(reason),
      logError: (error) => void errors.push(error),
      monotonic: () => 0,
    },
  });
  const listeners = new Listeners(service.server, { http1: service.http });
  const address = await listeners.open(parseListenAddress('127.0.0.1:0'));
  const plain = credentials.createInsecure();
  const client = createClient(LearningService, address, plain);
  const admin = createClient(LearningAdminService, address, plain);
  onTestFinished(() => {
    client.close();
    admin.close();
    void listeners.close();
    service.server.forceShutdown();
  });
  return { ...fixture, service, address, client, admin, errors, refusals };
}
