import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Access } from '../access/access.ts';
import { createMetrics, type MetricSources, type Metrics } from '../admin/metrics/metrics.ts';
import type { Config } from '../config/config.ts';
import { retentionOf } from '../domain/settings.ts';
import { Engine } from '../engine/engine.ts';
import { valuesOutOfBounds } from '../engine/parameters.ts';
import { neverPasses } from '../engine/proposals/rule-status.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { LedgerStore } from '../ledger/store.ts';
import { trialOn } from '../ledger/view.ts';
import { redirectGrpcLog } from '../rpc/grpc-js/server.ts';
import type { HandlerEnvironment } from '../rpc/handlers.ts';
import { createLearningServer, type LearningServer } from '../rpc/server.ts';
import { createAdmin } from './admin.ts';
import { drain } from './drain.ts';
import { authorityOf, createEndpoints, type Endpoints } from './endpoints.ts';
import { learnedFigures } from './learned-figures.ts';
import { LedgerWatch } from './ledger-watch.ts';
import type { ListenPlan } from './listen-plan.ts';
import { createEngineObserver, observeCommit } from './observe.ts';
import { takeOtlp } from './otlp.ts';
import { createRefusalLog } from './refusal-log.ts';
import { systemClock } from './system-clock.ts';

/** What the service is started with. */
export interface RuntimeOptions {
  /** Where the service listens, and who may connect; closed with the runtime. */
  readonly listenPlan: ListenPlan;
  /** Whether clients may ask for the contract by gRPC reflection. */
  readonly reflection: boolean;
  /** Seconds that calls in flight may take to finish when the service stops. */
  readonly drainTimeout: number;
  readonly config: Config;
  /** Opened by the caller, closed with the runtime. */
  readonly store: LedgerStore;
  /** When the newest backup was made, in Unix milliseconds; `undefined` if there is none. */
  readonly newestBackupMs?: () => number | undefined;
  readonly log: Logger;
}

/** A running service. */
export interface Runtime {
  /** Addresses of the gRPC listeners, with the ports that the system chose. */
  readonly addresses: readonly string[];
  /** URL of the HTTP listener, without a path. */
  readonly adminUrl: string;
  /** Applies a config between two cycles. Rejects if it cannot be applied; the former one then stays. */
  configure(config: Config): Promise<void>;
  /** Sets why the newest config was refused, for GetStatus; empty if it was not. */
  refuseConfig(reason: string): void;
  /** Drains and stops: no new work, what is in flight finishes, the ledger is closed. */
  stop(): Promise<void>;
}

/** Builds every part, starts them in order, and resolves when the service serves. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { log, store, listenPlan } = options;
  const { access } = listenPlan;
  let { config } = options;
  let refusedConfig = '';
  let isReady = false;
  const metrics = createMetrics();
  const watch = new LedgerWatch(systemClock, log);
  const engine = await openEngine(options, watch, metrics).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const service = createService(options, engine, metrics, {
    configError: () => refusedConfig,
    otlp: () => config.otlp,
    limits: () => config.limits,
  });
  const { web, api } = createAdmin({
    ...{ engine, service, listenPlan, log },
    configError: () => refusedConfig || access.problem,
    hosts: () => config.admin.hosts,
    newestBackupMs: options.newestBackupMs ?? (() => undefined),
    probes: {
      notReady: () => (isReady ? failureIn(engine.ledger) : 'not serving'),
      metrics: () => metrics.page(),
    },
  });
  const endpoints = createEndpoints({
    ...{ listenPlan, service, web },
    maxConnections: () => config.limits.maxConnections,
  });
  metrics.addGauges({
    ...sourcesOf(options, engine, service, endpoints),
    configRefused: () => refusedConfig !== '',
  });
  followAccess(access, service, metrics);
  engine.ledger.onCommit((note) => observeCommit(note, log, metrics));
  const stop = async () => {
    isReady = false;
    service.setServing(false);
    engine.stop();
    api.close();
    watch.stop();
    await drain({ service, endpoints, log }, options.drainTimeout * 1000);
    access.stop();
    await engine.ledger.close();
  };
  try {
    await applyConfig(engine, options.config, log);
    const listening = await endpoints.open();
    engine.start();
    watch.start(engine.ledger, (isWritable) => service.setServing(isWritable));
    isReady = true;
    service.setServing(engine.ledger.failure === undefined);
    return {
      ...listening,
      async configure(newConfig) {
        await replaceConfig(engine, access, config, newConfig, log);
        config = newConfig;
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

/** The parts of a config that may change while the service runs. */
interface LiveSettings {
  configError(): string;
  otlp(): Config['otlp'];
  limits(): Config['limits'];
}

function createService(
  { log, listenPlan: { access }, reflection, config }: RuntimeOptions,
  engine: Engine,
  metrics: Metrics,
  { configError, otlp, limits }: LiveSettings,
): LearningServer {
  redirectGrpcLog((line) => log.warn({ from: 'grpc-js' }, line));
  const environment = environmentOf(log, metrics);
  return createLearningServer({
    engine,
    clock: systemClock,
    configError: () => configError() || access.problem,
    reflection,
    openfeature: config.openfeature.enabled,
    otlp: takeOtlp(engine.ledger, otlp, log, metrics),
    authority: authorityOf(access, environment),
    limits,
    environment,
  });
}

function followAccess(access: Access, service: LearningServer, metrics: Metrics): void {
  access.follow({
    onTokens: () => service.recheckCallers(),
    onRefusedConnection: (kind) => metrics.connectionRefused(kind),
  });
}

function failureIn({ failure }: Ledger): string | undefined {
  return failure && `the ledger cannot be written: ${failure}`;
}

/** What is read once: services are registered, and bounds set, before anything listens. */
const AT_START: readonly (readonly [key: string, valueIn: (config: Config) => unknown])[] = [
  ['openfeature.enabled', ({ openfeature }) => openfeature.enabled],
  ['otlp.enabled', ({ otlp }) => otlp.enabled],
  ['otlp.max_request_bytes', ({ otlp }) => otlp.maxRequestBytes],
];

/** Applies the whole of a config, or nothing. */
async function replaceConfig(
  engine: Engine,
  access: Access,
  former: Config,
  config: Config,
  log: Logger,
): Promise<void> {
  for (const [key, valueIn] of AT_START) {
    if (valueIn(config) !== valueIn(former)) {
      throw new Error(`${key} was changed: that takes a restart`);
    }
  }
  const takeAccess = access.prepare(config);
  await applyConfig(engine, config, log);
  takeAccess();
}

async function applyConfig(engine: Engine, config: Config, log: Logger): Promise<void> {
  await engine.configure(config);
  const { state } = engine.ledger;
  for (const text of valuesOutOfBounds(state, config)) {
    log.warn(`the config does not allow a live value, which is kept until it is set: ${text}`);
  }
  for (const rule of config.rules) {
    const never = neverPasses(state, rule, config, engine.clock.now());
    if (never !== undefined) log.warn({ rule: rule.id }, `rule ${rule.id}: ${never}`);
  }
}

/** What calls are reported to. */
function environmentOf(log: Logger, metrics: Metrics): HandlerEnvironment {
  const logRefusal = createRefusalLog(log, systemClock);
  return {
    observe: (method, code, seconds) => metrics.callEnded(method, status[code], seconds),
    refused(reason) {
      metrics.callRefused(reason);
      logRefusal(reason);
    },
    logError: (error, method) =>
      log.error({ err: error, method }, 'a call failed for a reason of ours'),
    monotonic: () => systemClock.monotonic(),
  };
}

async function openEngine(
  options: RuntimeOptions,
  watch: LedgerWatch,
  metrics: Metrics,
): Promise<Engine> {
  const { config, store, log } = options;
  const ledger = await Ledger.open({
    store,
    retention: retentionOf(config),
    newEpoch: randomUUID,
    defer: setImmediate,
    onAvailability: (failure) => watch.noteAvailability(failure),
  });
  return new Engine({
    ledger,
    settings: config,
    clock: systemClock,
    newId: randomUUID,
    observer: createEngineObserver(log, metrics, systemClock),
  });
}

function sourcesOf(
  { listenPlan: { access }, newestBackupMs = () => undefined }: RuntimeOptions,
  engine: Engine,
  service: LearningServer,
  endpoints: Endpoints,
): Omit<MetricSources, 'configRefused'> {
  const { ledger } = engine;
  return {
    latestSequence: () => ledger.state.head.sequence,
    subscribers: () => service.subscribers().length,
    pendingCalls: () => service.pendingCalls(),
    connections: () => endpoints.connections(),
    tasksInHistory: () => ledger.state.taskCount,
    ledgerBytes: () => ledger.sizeBytes(),
    newestBackupMs,
    ledgerWritable: () => ledger.failure === undefined,
    accessRefused: () => access.problem !== '',
    certificateEndMs: () => access.tls?.material.notAfterMs,
    active: () => engine.active,
    onTrial: () => trialOn(ledger.state) !== undefined,
    trialsPaused: () => ledger.state.head.trialsPaused,
    learned: learnedFigures(engine),
  };
}
