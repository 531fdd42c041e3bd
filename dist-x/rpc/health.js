import { status } from '@grpc/grpc-js';
import { LearningError } from '../domain/errors.js';
import { HealthCheckResponse_ServingStatus as ServingStatus, } from '../gen/grpc/health/v1/health_pb.js';
import { Malformed, } from './service-definition.js';
import { createStatus } from './status.js';
/** @param services Full names; "" stands for the server as a whole. */
export function createHealth(services) {
    const known = new Set(services);
    const watchers = new Set();
    let current = ServingStatus.NOT_SERVING;
    let closed = false;
    const watch = (call) => {
        const { request } = call;
        if (request instanceof Malformed)
            return refuse(call, request.error);
        if (closed)
            return refuse(call, DRAINING);
        const isKnown = known.has(request.service);
        const watcher = createWatcher(call, isKnown ? () => current : () => UNKNOWN);
        watchers.add(watcher);
        for (const event of ['cancelled', 'close'])
            call.once(event, () => watchers.delete(watcher));
        watcher.update();
    };
    return {
        handlers: {
            check({ request }, callback) {
                if (request instanceof Malformed)
                    return callback(statusFor(request.error));
                if (known.has(request.service))
                    return callback(null, { status: current });
                callback({ code: status.NOT_FOUND, details: 'unknown service' });
            },
            watch,
        },
        setServing(serving) {
            current = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
            for (const watcher of watchers)
                watcher.update();
        },
        close() {
            closed = true;
            for (const watcher of watchers)
                refuse(watcher.call, DRAINING);
            watchers.clear();
        },
    };
}
const UNKNOWN = ServingStatus.SERVICE_UNKNOWN;
const DRAINING = new LearningError('DRAINING', 'the sidecar is shutting down');
function createWatcher(call, statusNow) {
    let sent;
    let full = false;
    const update = () => {
        if (full || sent === statusNow())
            return;
        sent = statusNow();
        full = !call.write({ status: sent });
    };
    call.on('drain', () => {
        full = false;
        update();
    });
    return { call, update };
}
function statusFor(error) {
    return createStatus(error.reason, error.message);
}
function refuse(call, error) {
    call.emit('error', statusFor(error));
}
//# sourceMappingURL=health.js.map