import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LearningError } from '../domain/errors.js';
import { findOverlongList, listLimits } from './list-limits.js';
/** Stands in a request's place where its bytes were not taken; the handler refuses it. */
export class Malformed {
    error;
    constructor(error) {
        this.error = error;
    }
}
/** Registers a service; every method must have its handler. */
export function addService(server, service, handlers) {
    // grpc-js knows handlers as an open record; ServiceHandlers is a closed one.
    server.addService(serviceCodec(service), handlers);
}
/** Translates a service's descriptor for grpc-js. */
export function serviceCodec(service) {
    const methods = service.methods.map((method) => [method.localName, methodCodec(method)]);
    // Its keys and types are the descriptor's, which fromEntries cannot express.
    return Object.fromEntries(methods);
}
/** Encodes a message, or its fields. Throws where a field cannot be encoded. */
export function encode(schema, message) {
    return asBuffer(toBinary(schema, create(schema, message)));
}
function methodCodec(method) {
    const { input, output, methodKind } = method;
    return {
        path: `/${method.parent.typeName}/${method.name}`,
        requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
        responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
        requestSerialize: (request) => encode(input, request),
        requestDeserialize: requestDecoder(input),
        responseSerialize: (response) => response instanceof Uint8Array ? asBuffer(response) : encode(output, response),
        responseDeserialize: (bytes) => fromBinary(output, bytes),
    };
}
// Fields of a newer contract are of no use here, and keeping them costs memory.
const READ_OPTIONS = { readUnknownFields: false };
function requestDecoder(input) {
    const limits = listLimits(input);
    return (bytes) => {
        try {
            const overlong = findOverlongList(limits, bytes);
            if (overlong !== undefined)
                return new Malformed(overlong);
            return fromBinary(input, bytes, READ_OPTIONS);
        }
        catch (cause) {
            const message = `the request is not a valid ${input.typeName}`;
            return new Malformed(new LearningError('MALFORMED', message, { cause }));
        }
    };
}
function asBuffer(bytes) {
    if (Buffer.isBuffer(bytes))
        return bytes;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
//# sourceMappingURL=service-definition.js.map