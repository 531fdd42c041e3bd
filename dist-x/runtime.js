import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { createAdminServer } from './admin/http.js';
import { createMetrics } from './admin/metrics.js';
import { systemClock } from './clock.js';
import { Engine } from './engine/engine.js';
import { valuesOutOfBounds } from './engine/parameters.js';
import { LearningAdminService } from './gen/learning/v1/admin_service_pb.js';
import { LearningService } from './gen/learning/v1/learning_service_pb.js';
import { Health } from './gen/grpc/health/v1/health_pb.js';
import { Ledger } from './ledger/ledger.js';
import { createEngineObserver, observeCommit } from './observe.js';
import { adminHandlers } from './rpc/admin-service.js';
import { DeltaStreams } from './rpc/delta-stream.js';
import { createHealth } from './rpc/health.js';
import { learningHandlers } from './rpc/learning-service.js';
import { bind, parseListenAddress } from './rpc/listen.js';
import { OpenStreams } from './rpc/open-streams.js';
import { addReflection } from './rpc/reflection.js';
import { createGrpcServer, redirectGrpcLog } from './rpc/server.js';
import { addService } from './rpc/service-definition.js';
import { createValidate, warmUp } from './rpc/validate.js';
/** How long calls in flight may take to finish when the service stops. */
const DRAIN_MS = 10_000;
/** Builds every part, starts them in order, and answers when the service serves. */
export async function startRuntime(options) {
    const { log, store } = options;
    let refusedConfig = '';
    const engine = openEngine(options, () => metrics);
    const deltaStreams = new DeltaStreams(engine.ledger.state, systemClock);
    const metrics = metricsOf(engine, deltaStreams, () => refusedConfig !== '');
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
            if (!ready)
                return 'not serving';
            return engine.ledger.failure === undefined ? undefined : 'the ledger cannot be written';
        },
        metrics: async () => ({
            contentType: metrics.registry.contentType,
            text: await metrics.registry.metrics(),
        }),
    });
    engine.ledger.onCommit((note) => {
        observeCommit(note, log, () => metrics);
        if (note.applied.length > 0)
            deltaStreams.pump();
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
        const addresses = [];
        for (const address of options.listen)
            addresses.push(await bind(server, address));
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
    }
    catch (error) {
        await stop().catch(() => store.close());
        throw error;
    }
}
function openEngine(options, metrics) {
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
function metricsOf(engine, deltaStreams, configRefused) {
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
function buildServer(parts) {
    const { engine, deltaStreams, openStreams, health, metrics, log, configError } = parts;
    redirectGrpcLog((line) => log.warn({ from: 'grpc-js' }, line));
    const environment = {
        observe: (method, code, seconds) => metrics.callEnded(method, status[code], seconds),
        logError: (error, method) => log.error({ err: error, method }, 'a call failed for a reason of ours'),
        monotonic: () => systemClock.monotonic(),
    };
    const validate = createValidate();
    const services = [LearningService, LearningAdminService];
    void warmUp;(()=>0)(validate, services.flatMap(({ methods }) => methods.map(({ input }) => input)));
    const server = createGrpcServer();
    const shared = { engine, environment, validate };
    addService(server, LearningService, learningHandlers({
        ...shared,
        clock: systemClock,
        deltaStreams,
        openStreams,
        subscribers: () => deltaStreams.subscribers(),
        configError,
    }));
    addService(server, LearningAdminService, adminHandlers(shared));
    addService(server, Health, health.handlers);
    addReflection(server, [...services, Health]);
    return server;
}
/** Calls in flight finish; what has not by the deadline is cut off. */
async function drain(server, log) {
    const finished = new Promise((resolve) => server.tryShutdown(() => resolve()));
    const deadline = setTimeout(() => {
        log.warn({ after_ms: DRAIN_MS }, 'calls are cut off: they did not finish in time');
        server.forceShutdown();
    }, DRAIN_MS);
    await finished;
    clearTimeout(deadline);
}
async function listenHttp(server, address) {
    const target = parseListenAddress(address);
    if (target.kind !== 'tcp')
        throw new Error(`cannot listen on "${address}": expected host:port`);
    server.listen(target.port, target.host);
    await once(server, 'listening');
    // Not a pipe: it listens on a host and a port.
    const { port } = server.address();
    return target.host.includes(':') ? `[${target.host}]:${port}` : `${target.host}:${port}`;
}
async function closeHttp(server) {
    if (!server.listening)
        return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
}
//# sourceMappingURL=runtime.js.map