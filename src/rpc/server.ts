import type { DescMethod } from '@bufbuild/protobuf';
import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../domain/clock.ts';
import type { Engine } from '../engine/engine.ts';
import { Health } from '../gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../gen/learning/v1/learning_service_pb.ts';
import { addService } from '../wire/codec.ts';
import { Admission, type Authority } from './admission/admission.ts';
import { createGrpcServer } from './grpc-js/server.ts';
import type { HandlerEnvironment } from './handlers.ts';
import type { FindRoute } from './http/route.ts';
import { createHttpFront, type HttpFront } from './http/server.ts';
import { FLAG_SERVICES, serveFlags } from './openfeature/serve-flags.ts';
import { OTLP_SERVICES, type OtlpOptions, serveOtlp } from './otlp/serve-otlp.ts';
import { adminHandlers } from './services/admin.ts';
import { createHealth } from './services/health.ts';
import { learningHandlers } from './services/learning.ts';
import { addReflection, REFLECTION } from './services/reflection.ts';
import { DeltaStreams, type SubscriberInfo } from './streams/deltas.ts';
import { OpenStreams, type StreamLimits } from './streams/open-streams.ts';
import { createValidate, type Validate } from './validation/validate.ts';

export interface LearningServerOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly environment: HandlerEnvironment;
  /** Why the newest config was refused; empty if it was not. */
  configError(): string;
  /** How much is served at once. */
  limits(): CallLimits;
  /** Decides who may call; without one, everybody may. */
  readonly authority?: Authority | undefined;
  /** Whether to serve reflection. */
  readonly reflection: boolean;
  /** Whether OpenFeature's clients may read parameters. */
  readonly openfeature: boolean;
  /** How spans are taken in; left out if they are not. */
  readonly otlp?: OtlpOptions | undefined;
}

/** How much is served at once. */
export interface CallLimits extends StreamLimits {
  /** Maximum number of clients' unary calls under way. */
  readonly maxPendingCalls: number;
}

/** All services on one gRPC server, and what is served over HTTP/1.1. Neither listens yet. */
export interface LearningServer {
  readonly server: Server;
  readonly http: HttpFront;
  /** The rules of the proto, for requests that come another way. */
  readonly validate: Validate;
  /** Sets the status of the health service. Not serving before the first call. */
  setServing(serving: boolean): void;
  /** The open StreamDeltas streams. */
  subscribers(): readonly SubscriberInfo[];
  /** Unary calls under way. */
  pendingCalls(): number;
  /** Bytes of large requests under way. */
  requestBytes(): number;
  /** Ends streams with UNAVAILABLE and refuses new calls. Resolves when no unary call is under way. */
  drain(): Promise<void>;
  /** To be called when tokens have changed: ends the streams of callers that may not call any more. */
  recheckCallers(): void;
}

/**
 * Limits of the Watch streams of the health service. They are separate, since Watch needs no token and strangers must
 * not use up the streams of clients. A channel has one Watch stream for each service that it calls.
 */
const HEALTH_STREAMS: StreamLimits = { maxStreams: 1024, maxStreamsPerClient: 8 };

/** Methods of the clients' service that operators call. */
const INSPECTING = new Set<DescMethod>([
  LearningService.method.getStatus,
  LearningService.method.getDeltaStatus,
  LearningService.method.listDeltas,
  LearningService.method.listCycles,
  LearningService.method.getGains,
]);

export function createLearningServer(options: LearningServerOptions): LearningServer {
  const { engine, environment, configError, limits } = options;
  const flagServices = options.openfeature ? FLAG_SERVICES : [];
  const otlpServices = options.otlp === undefined ? [] : OTLP_SERVICES;
  const services = [LearningService, LearningAdminService, ...flagServices, ...otlpServices];
  const deltaStreams = new DeltaStreams(engine.ledger.state, engine.clock);
  const openStreams = new OpenStreams(limits);
  const healthStreams = new OpenStreams(() => HEALTH_STREAMS);
  const health = createHealth(['', ...services.map(({ typeName }) => typeName)], healthStreams);
  const validate = createValidate();
  engine.ledger.onCommit(({ applied }) => {
    if (applied.length > 0) deltaStreams.pump();
  });
  const subscribers = () => deltaStreams.subscribers();
  engine.followedBy(subscribers);
  const admission = createAdmission(options);
  const server = createGrpcServer(admission, limits().maxStreamsPerClient);
  const shared = { engine, environment, validate };
  addService(
    server,
    LearningService,
    learningHandlers({ ...shared, deltaStreams, openStreams, subscribers, configError }),
  );
  addService(server, LearningAdminService, adminHandlers(shared));
  addService(server, Health, health.handlers);
  if (options.reflection) addReflection(server, [...services, Health], openStreams);
  const routes: FindRoute[] = [];
  if (options.openfeature) {
    routes.push(...serveFlags(server, { ...options, openStreams, admission }));
  }
  if (options.otlp !== undefined) {
    routes.push(serveOtlp(server, { ...options.otlp, engine, environment, admission }));
  }
  const http = createHttpFront({ admission, environment, routes });
  return {
    server,
    http,
    validate,
    setServing: (serving) => health.setServing(serving),
    subscribers,
    pendingCalls: () => admission.pending,
    requestBytes: () => admission.connections.requestBytes,
    drain() {
      openStreams.drain();
      healthStreams.drain();
      return admission.drain();
    },
    recheckCallers: () => admission.recheck(),
  };
}

function createAdmission({
  clock,
  environment,
  limits,
  authority,
  reflection,
  openfeature,
  otlp,
}: LearningServerOptions): Admission {
  return new Admission({
    clock,
    authority,
    maxPendingCalls: () => limits().maxPendingCalls,
    onRefused(path, code, reason) {
      environment.observe(path, code, 0);
      environment.refused(reason);
    },
    clients: [
      ...LearningService.methods.filter(
        (one) => !INSPECTING.has(one) && one !== LearningService.method.recordTasks,
      ),
      ...(openfeature ? FLAG_SERVICES.flatMap(({ methods }) => methods) : []),
    ],
    operators: [...LearningAdminService.methods, ...INSPECTING],
    ...(otlp === undefined
      ? {}
      : {
          exports: {
            methods: OTLP_SERVICES.flatMap(({ methods }) => methods),
            maxBytes: otlp.settings().maxRequestBytes,
          },
        }),
    probes: Health.methods,
    streams: [
      LearningService.method.recordTasks,
      ...(reflection ? REFLECTION.flatMap(({ methods }) => methods) : []),
    ],
  });
}
