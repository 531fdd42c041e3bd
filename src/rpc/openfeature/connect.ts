import {
  create,
  type DescMessage,
  fromBinary,
  fromJsonString,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { type StatusObject, status } from '@grpc/grpc-js';
import { malformed } from '../../domain/errors.ts';
import { StatusSchema } from '../../gen/google/rpc/status_pb.ts';
import { methodCodec, type TypedMethod } from '../../wire/codec.ts';
import { PUSHBACK, statusOf } from '../../wire/status.ts';
import type { MethodRule } from '../admission/rules.ts';
import { accept } from '../handlers.ts';
import type { HttpAnswer, HttpRequest, HttpRoute } from '../http/route.ts';

// The Connect protocol, version 1 (connectrpc.com/docs/protocol), as far as a server of flagd needs it: unary calls,
// and streams of responses, in protobuf's binary and JSON formats.

const UNARY = { 'application/proto': 'binary', 'application/json': 'json' } as const;
const STREAM = {
  'application/connect+proto': 'binary',
  'application/connect+json': 'json',
} as const;

/** Bits of the first byte of an envelope: the message is compressed; the message is the end of the stream. */
const COMPRESSED = 1;
const END = 2;

/** Length of the prefix of an envelope: the byte of those bits, and the message's length. */
const PREFIX_BYTES = 5;

/** The name of each code in Connect, and its HTTP status. */
const CODES: Readonly<Record<status, readonly [string, number]>> = {
  [status.OK]: ['ok', 200],
  [status.CANCELLED]: ['canceled', 499],
  [status.UNKNOWN]: ['unknown', 500],
  [status.INVALID_ARGUMENT]: ['invalid_argument', 400],
  [status.DEADLINE_EXCEEDED]: ['deadline_exceeded', 504],
  [status.NOT_FOUND]: ['not_found', 404],
  [status.ALREADY_EXISTS]: ['already_exists', 409],
  [status.PERMISSION_DENIED]: ['permission_denied', 403],
  [status.RESOURCE_EXHAUSTED]: ['resource_exhausted', 429],
  [status.FAILED_PRECONDITION]: ['failed_precondition', 400],
  [status.ABORTED]: ['aborted', 409],
  [status.OUT_OF_RANGE]: ['out_of_range', 400],
  [status.UNIMPLEMENTED]: ['unimplemented', 501],
  [status.INTERNAL]: ['internal', 500],
  [status.UNAVAILABLE]: ['unavailable', 503],
  [status.DATA_LOSS]: ['data_loss', 500],
  [status.UNAUTHENTICATED]: ['unauthenticated', 401],
};

/** The route of a unary method. */
export function connectUnary<I extends DescMessage, O extends DescMessage>(
  rule: MethodRule,
  method: TypedMethod<I, O>,
  run: (request: MessageShape<I>) => Promise<MessageInitShape<O>>,
): HttpRoute {
  const format = formatOf(method);
  return {
    rule,
    contentTypes: Object.keys(UNARY),
    async handle({ contentType, body }) {
      const isJson = contentType === 'application/json';
      const response = await run(format.decode(body, isJson));
      const headers = { 'content-type': contentType };
      return { status: 200, headers, body: format.encode(response, isJson) };
    },
    failure(error) {
      const headers = { 'content-type': 'application/json', [PUSHBACK]: '-1' };
      return { status: CODES[error.code][1], headers, body: JSON.stringify(errorOf(error)) };
    },
  };
}

/** The route of a method with a stream of responses. */
export function connectStream<I extends DescMessage, O extends DescMessage>(
  rule: MethodRule,
  method: TypedMethod<I, O>,
  run: (request: HttpRequest) => AsyncIterable<MessageInitShape<O>>,
): HttpRoute {
  const format = formatOf(method);
  return {
    rule,
    contentTypes: Object.keys(STREAM),
    handle(request) {
      const { contentType, body } = request;
      const isJson = contentType === 'application/connect+json';
      format.decode(messageIn(body), isJson);
      let failure: unknown;
      async function* parts() {
        try {
          for await (const message of run(request)) {
            yield envelope(0, format.encode(message, isJson));
          }
          yield envelope(END, Buffer.from('{}'));
        } catch (error) {
          failure = error;
          // The error is logged and counted once the stream has ended.
          yield endOf(statusOf(error, () => {}));
        }
      }
      const headers = { 'content-type': contentType };
      return { status: 200, headers, body: parts(), failure: () => failure };
    },
    failure(error, { contentType }): HttpAnswer {
      return { status: 200, headers: { 'content-type': contentType }, body: endOf(error) };
    },
  };
}

/** The messages of a method, in both formats. Decoding throws MALFORMED. */
function formatOf<I extends DescMessage, O extends DescMessage>(method: TypedMethod<I, O>) {
  const { input, output } = method;
  const codec = methodCodec(method);
  return {
    decode(bytes: Buffer, isJson: boolean): MessageShape<I> {
      if (isJson) return fromJson(input, bytes);
      return accept(codec.requestDeserialize(bytes), () => {});
    },
    encode(message: MessageInitShape<O>, isJson: boolean): Uint8Array {
      const whole = create(output, message);
      return isJson ? Buffer.from(toJsonString(output, whole)) : toBinary(output, whole);
    },
  };
}

function fromJson<I extends DescMessage>(input: I, bytes: Buffer): MessageShape<I> {
  try {
    return fromJsonString(input, bytes.toString(), { ignoreUnknownFields: true });
  } catch (error) {
    throw malformed(`the request is not a valid ${input.typeName}`, error);
  }
}

/** The one message of a request with an envelope. Throws MALFORMED. */
function messageIn(body: Buffer): Buffer {
  const message = body.subarray(PREFIX_BYTES);
  const isWhole = body.length >= PREFIX_BYTES && body.readUInt32BE(1) === message.length;
  if (!isWhole || (body[0] ?? 0) & COMPRESSED) {
    throw malformed('expected one message in an envelope, not compressed');
  }
  return message;
}

function envelope(flags: number, message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt8(flags);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The end of a stream that failed. */
function endOf(failure: StatusObject): Buffer {
  const metadata = { [PUSHBACK]: ['-1'] };
  return envelope(END, Buffer.from(JSON.stringify({ error: errorOf(failure), metadata })));
}

function errorOf({ code, details: message, metadata }: StatusObject) {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const packed = Buffer.isBuffer(bytes) ? fromBinary(StatusSchema, bytes).details : [];
  const details = packed.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1),
    // Connect's base64 has no padding.
    value: Buffer.from(value).toString('base64').replace(/=+$/, ''),
  }));
  return { code: CODES[code][0], message, details };
}
