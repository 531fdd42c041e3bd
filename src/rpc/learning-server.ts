import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../domain/clock.ts';
import type { Engine } from '../engine/engine.ts';
import { Health } from '../gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../gen/learning/v1/learning_service_pb.ts';
import { adminHandlers } from './admin-service.ts';
import { DeltaStreams, type SubscriberInfo } from './delta-stream.ts';
import type { HandlerEnvironment } from './handlers.ts';
import { createHealth } from './health.ts';
import { learningHandlers } from './learning-service.ts';
import { OpenStreams } from './open-streams.ts';
import { addReflection } from './reflection.ts';
import { createGrpcServer } from './server.ts';
import { addService } from './service-definition.ts';
import { createValidate, warmUp } from './validate.ts';

export interface LearningServerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly environment: HandlerEnvironment;
  /** Why the newest config was refused; empty where it was not. */
  configError(): string;
}

/** All services on one gRPC server, which listens nowhere yet. */
export interface LearningServer {
  readonly server: Server;
  /** What the health service says. Not serving before the first call. */
  setServing(serving: boolean): void;
  /** The open StreamDeltas streams. */
  subscribers(): readonly SubscriberInfo[];
  /** Ends the streams with UNAVAILABLE, and takes no more. Unary calls go on. */
  endStreams(): void;
}

export function createLearningServer(options: LearningServerOptions): LearningServer {
  const { engine, clock, environment, configError } = options;
  const services = [LearningService, LearningAdminService];
  const deltaStreams = new DeltaStreams(engine.ledger.state, clock);
  const openStreams = new OpenStreams();
  const health = createHealth(['', ...services.map(({ typeName }) => typeName)], openStreams);
  const validate = createValidate();
  warmUp(
    validate,
    services.flatMap(({ methods }) => methods.map(({ input }) => input)),
  );
  engine.ledger.onCommit(({ applied }) => {
    if (applied.length > 0) deltaStreams.pump();
  });
  const subscribers = () => deltaStreams.subscribers();
  engine.followedBy(subscribers);
  const server = createGrpcServer();
  const shared = { engine, environment, validate };
  addService(
    server,
    LearningService,
    learningHandlers({ ...shared, deltaStreams, openStreams, subscribers, configError }),
  );
  addService(server, LearningAdminService, adminHandlers(shared));
  addService(server, Health, health.handlers);
  addReflection(server, [...services, Health], openStreams);
  return {
    server,
    setServing: (serving) => health.setServing(serving),
    subscribers,
    endStreams: () => openStreams.drain(),
  };
}
