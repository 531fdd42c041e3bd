import { status } from '@grpc/grpc-js';
import { encode, Malformed } from './service-definition.js';
import { statusOf } from './status.js';
/** The message of a request. Throws MALFORMED, and what `check` throws. */
export function accept(request, check) {
    if (request instanceof Malformed)
        throw request.error;
    check(request);
    return request;
}
/** Answers with what `run` returns or resolves to; what it throws ends the call. */
export function unaryHandler(environment, method, check, run) {
    const path = pathOf(method);
    return (call, callback) => {
        const end = startCall(environment, path, call);
        const fail = (error) => {
            const failure = statusOf(error, (cause) => environment.logError(cause, path));
            end(failure.code);
            callback(failure);
        };
        const succeed = (response) => {
            // Here and not by grpc-js, whose error for what cannot be encoded carries no details.
            const bytes = response instanceof Uint8Array ? response : encode(method.output, response);
            end(status.OK);
            callback(null, bytes);
        };
        try {
            const response = run(accept(call.request, check), call);
            if (response instanceof Promise)
                response.then(succeed).catch(fail);
            else
                succeed(response);
        }
        catch (error) {
            fail(error);
        }
    };
}
/**
 * Ends the stream when `run` resolves; what it throws ends the stream after what was written.
 * `run` must settle soon after the call's `cancelled`, and honour back-pressure.
 */
export function serverStreamHandler(environment, method, check, run) {
    const path = pathOf(method);
    return (call) => {
        settleStream(environment, path, call, async () => run(accept(call.request, check), call));
    };
}
/** As `serverStreamHandler`, with a stream of requests, each to be taken with `accept`. */
export function bidiHandler(environment, method, run) {
    const path = pathOf(method);
    return (call) => {
        settleStream(environment, path, call, async () => run(call));
    };
}
function settleStream(environment, path, call, run) {
    const end = startCall(environment, path, call);
    const succeed = () => {
        end(status.OK);
        call.end();
    };
    const fail = (error) => {
        // What breaks because the client has gone is no fault of ours.
        const logError = (cause) => call.cancelled || environment.logError(cause, path);
        const failure = statusOf(error, logError);
        end(failure.code);
        if (!call.cancelled)
            call.emit('error', failure);
    };
    run().then(succeed).catch(fail);
}
/** Answers the function to call once, when the call ends. */
function startCall(environment, path, call) {
    const startedMs = environment.monotonic();
    return (code) => {
        const seconds = (environment.monotonic() - startedMs) / 1000;
        environment.observe(path, call.cancelled ? status.CANCELLED : code, seconds);
    };
}
function pathOf(method) {
    return `/${method.parent.typeName}/${method.name}`;
}
//# sourceMappingURL=handlers.js.map