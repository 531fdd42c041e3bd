import type { DescService } from '@bufbuild/protobuf';
import { file_buf_validate_validate } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import { invalidFields, type LearningError } from '../../domain/errors.ts';
import { file_google_rpc_error_details } from '../../gen/google/rpc/error_details_pb.ts';
import { ServerReflection as V1 } from '../../gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as V1Alpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { addService, BIG_REQUEST_BYTES, decodedBytes, Malformed } from '../../wire/codec.ts';
import { refusalStatus } from '../../wire/status.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import { type Answer, createDescriptorIndex, type Question } from './descriptor-index.ts';

/** Both versions of the reflection service. */
export const REFLECTION = [V1, V1Alpha];

/** Serves reflection, v1 and v1alpha, of the given services and of the reflection services. */
export function addReflection(
  server: Server,
  services: readonly DescService[],
  openStreams: OpenStreams,
): void {
  // Served besides, since no service imports them: the error details, by which clients show errors, and the real
  // validation rules, for which generated code imports an empty file.
  const others = [file_google_rpc_error_details, file_buf_validate_validate];
  const answer = createDescriptorIndex([...services, ...REFLECTION], others);
  for (const version of REFLECTION) {
    addService(server, version, {
      serverReflectionInfo: (call) => answerEach(call, answer, openStreams),
    });
  }
}

/** A request of either version. */
interface Request {
  readonly host: string;
  readonly messageRequest: Question;
}

/** The fields of a response of either version. */
interface Response<R> {
  validHost: string;
  originalRequest: R;
  messageResponse: Answer;
}

/** The refusal of a long request: names are much shorter. */
const TOO_LONG = invalidFields([
  { field: 'message_request', description: `expected at most ${BIG_REQUEST_BYTES} bytes` },
]);

/** Answers each request in turn, and pauses while the client does not read. */
function answerEach<R extends Request>(
  call: ServerDuplexStream<R | Malformed, Response<R>>,
  answer: (question: Question) => Answer,
  openStreams: OpenStreams,
): void {
  if (!openStreams.admit(call)) return;
  const refuse = (error: LearningError) => {
    call.off('data', answerOne);
    call.emit('error', refusalStatus(error));
  };
  const answerOne = (request: R | Malformed) => {
    if (request instanceof Malformed) return refuse(request.error);
    // Large requests are refused, since an answer repeats its request.
    if (decodedBytes(request) > 0) return refuse(TOO_LONG);
    const messageResponse = answer(request.messageRequest);
    const response = { validHost: request.host, originalRequest: request, messageResponse };
    if (!call.write(response)) call.pause();
  };
  call.on('data', answerOne);
  call.on('drain', () => call.resume());
  call.on('end', () => call.end());
}
