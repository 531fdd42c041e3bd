import { ServerReflection as V1 } from '../gen/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as V1Alpha } from '../gen/grpc/reflection/v1alpha/reflection_pb.js';
import { createDescriptorIndex } from './descriptor-index.js';
import { addService, Malformed } from './service-definition.js';
import { createStatus } from './status.js';
/** Serves reflection, v1 and v1alpha, of the given services and of itself. */
export function addReflection(server, services) {
    const index = createDescriptorIndex([...services, V1, V1Alpha]);
    addService(server, V1, {
        serverReflectionInfo: (call) => answerEach(call, index.answer),
    });
    addService(server, V1Alpha, {
        serverReflectionInfo: (call) => answerEach(call, index.answer),
    });
}
/** Answers each request in turn; a slow reader is not asked for more until it has read. */
function answerEach(call, answer) {
    const answerOne = (request) => {
        if (request instanceof Malformed) {
            call.off('data', answerOne);
            call.emit('error', createStatus(request.error.reason, request.error.message));
            return;
        }
        const messageResponse = answer(request.messageRequest);
        const response = { validHost: request.host, originalRequest: request, messageResponse };
        if (!call.write(response))
            call.pause();
    };
    call.on('data', answerOne);
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
}
//# sourceMappingURL=reflection.js.map