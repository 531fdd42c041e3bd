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
import { retentionOf } from './domain/settings.ts';
import { Engine } from './engine/engine.ts';
import { valuesOutOfBounds } from './engine/parameters.ts';
import { Ledger } from './ledger/ledger.ts';
import type { LedgerStore } from './ledger/store.ts';
import { createEngineObserver, observeCommit } from './observe.ts';
import { createLearningServer, type LearningServer } from './rpc/learning-server.ts';
import { bind, parseListenAddress } from './rpc/listen.ts';
import { redirectGrpcLog } from './rpc/server.ts';

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
  redirectGrpcLog((line) => log.warn({ from: 'grpc-js' }, line));
  const service = createLearningServer({
    engine,
    clock: systemClock,
    configError: () => refusedConfig,
    environment: {
      observe: (method, code, seconds) => metrics.callEnded(method, status[code], seconds),
      logError: (error, method) =>
        log.error({ err: error, method }, 'a call failed for a reason of ours'),
      monotonic: () => systemClock.monotonic(),
    },
  });
  const metrics = metricsOf(engine, service, () => refusedConfig !== '');
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
  engine.ledger.onCommit((note) => observeCommit(note, log, metrics));

  const stop = async () => {
    ready = false;
    service.setServing(false);
    engine.stop();
    service.endStreams();
    await drain(service.server, log);
    engine.ledger.close();
    await closeHttp(admin);
  };
  try {
    await takeUp(engine, options.config, log);
    const addresses: string[] = [];
    for (const address of options.listen) addresses.push(await bind(service.server, address));
    const adminAddress = await listenHttp(admin, options.adminListen);
    engine.start();
    ready = true;
    service.setServing(true);
    return {
      addresses,
      adminAddress,
      async configure(config) {
        await takeUp(engine, config, log);
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

async function takeUp(engine: Engine, config: Config, log: Logger): Promise<void> {
  await engine.configure(config);
  for (const text of valuesOutOfBounds(engine.ledger.state, config)) {
    log.warn(`a live value is outside its bounds, and kept: ${text}`);
  }
}

function openEngine(options: RuntimeOptions, metrics: () => Metrics): Engine {
  const { config, store, log } = options;
  const ledger = Ledger.open({
    store,
    retention: retentionOf(config),
    newEpoch: randomUUID,
    defer: setImmediate,
    onAvailability: (failure) => {
      if (failure === undefined) log.info('the ledger can be written again');
      else log.error({ err: failure }, 'the ledger cannot be written');
    },
  });
  return new Engine({
    ledger,
    settings: config,
    clock: systemClock,
    newId: randomUUID,
    observer: createEngineObserver(log, metrics),
  });
}

function metricsOf(engine: Engine, service: LearningServer, configRefused: () => boolean): Metrics {
  const { ledger } = engine;
  return createMetrics({
    latestSequence: () => ledger.state.head.sequence,
    subscribers: () => service.subscribers().length,
    tasksInHistory: () => ledger.state.taskCount,
    ledgerBytes: () => ledger.sizeBytes(),
    configRefused,
    active: () => engine.active,
    onTrial: () => ledger.state.trial !== undefined,
    trialsPaused: () => ledger.state.head.trialsPaused,
  });
}

/** Calls in flight finish; what has not by the deadline is cut off. */
async function drain(server: Server, log: Logger): Promise<void> {
  const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const cutOff = Promise.withResolvers<void>();
  const deadline = setTimeout(() => {
    log.warn({ after_ms: DRAIN_MS }, 'calls are cut off: they did not finish in time');
    server.forceShutdown();
    // Not waited for: a connection whose client has frozen is never through.
    cutOff.resolve();
  }, DRAIN_MS);
  await Promise.race([finished, cutOff.promise]);
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
