import { Client, Metadata } from '@grpc/grpc-js';
import { serviceCodec } from './service-definition.js';
/** A client of one service. It connects at the first call. */
export function createClient(service, address, credentials, options) {
    const channel = new Client(address, credentials, options);
    const codecs = serviceCodec(service);
    const methods = Object.entries(codecs).map(([name, codec]) => [name, caller(channel, codec)]);
    // Its keys and types are the descriptor's, which fromEntries cannot express.
    return {
        ...Object.fromEntries(methods),
        close: () => channel.close(),
    };
}
function caller(channel, codec) {
    if (!codec.responseStream) {
        return (request, options) => callUnary(channel, codec, request, options);
    }
    const { path, requestSerialize, responseDeserialize } = codec;
    if (codec.requestStream) {
        return (options = {}) => {
            const [metadata, callOptions] = callArguments(options);
            const call = channel.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, callOptions);
            return cancelledBy(options.signal, call);
        };
    }
    return (request, options = {}) => {
        const [metadata, callOptions] = callArguments(options);
        const call = channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, callOptions);
        return cancelledBy(options.signal, call);
    };
}
function callUnary(channel, codec, request, options = {}) {
    const { path, requestSerialize, responseDeserialize } = codec;
    const [metadata, callOptions] = callArguments(options);
    return new Promise((resolve, reject) => {
        const call = channel.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, callOptions, (error, response) => (error === null ? resolve(response) : reject(error)));
        cancelledBy(options.signal, call);
    });
}
function callArguments(options) {
    const { metadata = new Metadata(), deadlineMs } = options;
    return [metadata, deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }];
}
function cancelledBy(signal, call) {
    if (signal === undefined)
        return call;
    const cancel = () => call.cancel();
    if (signal.aborted)
        cancel();
    signal.addEventListener('abort', cancel, { once: true });
    call.once('status', () => signal.removeEventListener('abort', cancel));
    return call;
}
//# sourceMappingURL=client.js.map