import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Server, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { createAdminServer } from './admin/http.ts';
import { createMetrics, type Metrics } from './admin/metrics.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/config.ts';
import { Engine } from './engine/engine.ts';
import { valuesOutOfBounds } from './engine/parameters.ts';
import { Health } from './gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from './gen/learning/v1/admin_service_pb.ts';
import { LearningService } from './gen/learning/v1/learning_service_pb.ts';
import { Ledger } from './ledger/ledger.ts';
import type { LedgerStore } from './ledger/store.ts';
import { createEngineObserver, observeCommit } from './observe.ts';
import { adminHandlers } from './rpc/admin-service.ts';
import { DeltaStreams } from './rpc/delta-stream.ts';
import { createHealth, type HealthService } from './rpc/health.ts';
import { learningHandlers } from './rpc/learning-service.ts';
import { bind, parseListenAddress } from './rpc/listen.ts';
import { OpenStreams } from './rpc/open-streams.ts';
import { addReflection } from './rpc/reflection.ts';
import { createGrpcServer, redirectGrpcLog } from './rpc/server.ts';
import { addService } from './rpc/service-definition.ts';
import { createValidate, warmUp } from './rpc/validate.ts';

/** What the service is started with. */
export interface RuntimeOptions {
  readonly listen: readonly string[];
  /** `host:port` of the HTTP listener. */
  readonly adminListen: string;
  readonly config: Config;
  /** Opened by the caller, closed with the runtime. */
  readonly store: LedgerStore;
  readonly log: Logger;
}

/** How long calls in flight may take to finish when the service stops. */
const DRAIN_MS = 10_000;

/** A service that serves. */
export interface Runtime {
  /** Addresses of the gRPC listeners, with the ports that the system chose. */
  readonly addresses: readonly string[];
  readonly adminAddress: string;
  /** Takes up a config between two cycles. */
  configure(config: Config): Promise<void>;
  /** Says why the newest config was refused; the old one stays. */
  refuseConfig(reason: string): void;
  /** Drains and stops: no new work, what is in flight finishes, the ledger is closed. */
  stop(): Promise<void>;
}

/** Builds every part, starts them in order, and answers when the service serves. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { log, store } = options;
  let refusedConfig = '';
  const engine = openEngine(options, () => metrics);
  const deltaStreams = new DeltaStreams(engine.ledger.state, systemClock);
  const metrics: Metrics = metricsOf(engine, deltaStreams, () => refusedConfig !== '');
  const openStreams = new OpenStreams();
  const health = createHealth(['', LearningService.typeName, LearningAdminService.typeName]);
  const configError = () => refusedConfig;
  const server = buildServer({
    engine,
    deltaStreams,
    openStreams,
    health,
    metrics,
    log,
    configError,
  });
  let ready = false;
  const admin = createAdminServer({
    notReady: () => {
      if (!ready) return 'not serving';
      return engine.ledger.failure === undefined ? undefined : 'the ledger cannot be written';
    },
    metrics: async () => ({
      contentType: metrics.registry.contentType,
      text: await metrics.registry.metrics(),
    }),
  });
  engine.ledger.onCommit((note) => {
    observeCommit(note, log, () => metrics);
    if (note.applied.length > 0) deltaStreams.pump();
  });

  const stop = async () => {
    ready = false;
    health.setServing(false);
    engine.stop();
    openStreams.drain();
    health.close();
    await drain(server, log);
    engine.ledger.close();
    await closeHttp(admin);
  };
  try {
    await engine.configure(options.config);
    for (const text of valuesOutOfBounds(engine.ledger.state, options.config)) {
      log.warn(`a live value is outside its bounds, and kept: ${text}`);
    }
    const addresses: string[] = [];
    for (const address of options.listen) addresses.push(await bind(server, address));
    const adminAddress = await listenHttp(admin, options.adminListen);
    engine.start();
    ready = true;
    health.setServing(true);
    return {
      addresses,
      adminAddress,
      async configure(config) {
        await engine.configure(config);
        refusedConfig = '';
      },
      refuseConfig(reason) {
        refusedConfig = reason;
      },
      stop,
    };
  } catch (error) {
    await stop().catch(() => store.close());
    throw error;
  }
}

function openEngine(options: RuntimeOptions, metrics: () => Metrics): Engine {
  const { config, store, log } = options;
  const ledger = Ledger.open({
    store,
    retention: {
      historyLimit: config.cycle.historyLimit,
      dedupWindow: config.recording.dedupWindow,
      ...config.ledger,
    },
    newEpoch: randomUUID,
    defer: setImmediate,
  });
  return new Engine({
    ledger,
    settings: config,
    clock: systemClock,
    newId: randomUUID,
    observer: createEngineObserver(log, metrics),
  });
}

function metricsOf(
  engine: Engine,
  deltaStreams: DeltaStreams,
  configRefused: () => boolean,
): Metrics {
  const { ledger } = engine;
  return createMetrics({
    latestSequence: () => ledger.state.head.sequence,
    subscribers: () => deltaStreams.subscribers().length,
    tasksInHistory: () => ledger.state.taskCount,
    ledgerBytes: () => ledger.sizeBytes(),
    configRefused,
    active: () => engine.active,
  });
}

interface ServerParts {
  readonly engine: Engine;
  readonly deltaStreams: DeltaStreams;
  readonly openStreams: OpenStreams;
  readonly health: HealthService;
  readonly metrics: Metrics;
  readonly log: Logger;
  configError(): string;
}

function buildServer(parts: ServerParts): Server {
  const { engine, deltaStreams, openStreams, health, metrics, log, configError } = parts;
  redirectGrpcLog((line) => log.warn({ from: 'grpc-js' }, line));
  const environment = {
    observe: (method: string, code: status, seconds: number) =>
      metrics.callEnded(method, status[code], seconds),
    logError: (error: unknown, method: string) =>
      log.error({ err: error, method }, 'a call failed for a reason of ours'),
    monotonic: () => systemClock.monotonic(),
  };
  const validate = createValidate();
  const services = [LearningService, LearningAdminService];
  warmUp(
    validate,
    services.flatMap(({ methods }) => methods.map(({ input }) => input)),
  );
  const server = createGrpcServer();
  const shared = { engine, environment, validate };
  addService(
    server,
    LearningService,
    learningHandlers({
      ...shared,
      clock: systemClock,
      deltaStreams,
      openStreams,
      subscribers: () => deltaStreams.subscribers(),
      configError,
    }),
  );
  addService(server, LearningAdminService, adminHandlers(shared));
  addService(server, Health, health.handlers);
  addReflection(server, [...services, Health]);
  return server;
}

/** Calls in flight finish; what has not by the deadline is cut off. */
async function drain(server: Server, log: Logger): Promise<void> {
  const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const deadline = setTimeout(() => {
    log.warn({ after_ms: DRAIN_MS }, 'calls are cut off: they did not finish in time');
    server.forceShutdown();
  }, DRAIN_MS);
  await finished;
  clearTimeout(deadline);
}

async function listenHttp(server: HttpServer, address: string): Promise<string> {
  const target = parseListenAddress(address);
  if (target.kind !== 'tcp') throw new Error(`cannot listen on "${address}": expected host:port`);
  server.listen(target.port, target.host);
  await once(server, 'listening');
  // Not a pipe: it listens on a host and a port.
  const { port } = server.address() as AddressInfo;
  return target.host.includes(':') ? `[${target.host}]:${port}` : `${target.host}:${port}`;
}

async function closeHttp(server: HttpServer): Promise<void> {
  if (!server.listening) return;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
