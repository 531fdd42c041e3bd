import { Service as FlagsV1 } from '../../../src/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../../src/gen/flagd/sync/v1/sync_pb.ts';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import type { SeededRandom } from '../engine/seed.ts';
import {
  callHeaders,
  FLAG,
  FRAME,
  frame,
  grpcMessage,
  headerBlock,
  PREFACE,
  RawConnection,
} from './raw-http2.ts';

/** A connection that the server neither answers nor drops is dropped here after so long. */
const GIVE_UP_MS = 500;

/** Calls that one connection makes, where they leave it in order. */
const CALLS = 50;

const SETTINGS = frame(FRAME.settings, 0, 0);
const PATHS = [
  ...[LearningService, LearningAdminService, FlagsV1, FlagsV2, FlagSyncService].flatMap(
    ({ typeName, methods }) => methods.map(({ name }) => `/${typeName}/${name}`),
  ),
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
];

/** Sends malformed inputs over one connection of its own; answers how many. */
export type Attack = (address: string, random: SeededRandom) => Promise<number>;

/** Opened and dropped: before a word, within one, or after the first. */
export const dropped: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  const words = random.between(0, PREFACE.length);
  connection.write(random.next() < 0.5 ? PREFACE.subarray(0, words) : Buffer.alloc(0));
  await new Promise((resolve) => connection.socket.once('connect', resolve).once('close', resolve));
  if (random.next() < 0.5) connection.socket.resetAndDestroy();
  else connection.socket.destroy();
  await connection.closed;
  return 1;
};

/** Bytes of no meaning, some of them after the right beginning. */
export const randomBytes: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  const beginning = random.next() < 0.5 ? [] : [PREFACE, SETTINGS];
  await sendAndEnd(connection, [...beginning, bytesOf(random, random.between(1, 400))]);
  return 1;
};

/** A frame that is not as HTTP/2 has it, after the right beginning, among right ones. */
export const brokenFrame: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  const [path = ''] = PATHS;
  const right = frame(FRAME.headers, FLAG.endHeaders, 1, headerBlock(callHeaders(path)));
  const before = random.next() < 0.5 ? [right] : [];
  await sendAndEnd(connection, [PREFACE, SETTINGS, ...before, oneBrokenFrame(random)]);
  return 1;
};

function oneBrokenFrame(random: SeededRandom): Buffer {
  const payload = bytesOf(random, random.between(0, 64));
  const type = random.between(0, 12);
  const streamId = random.next() < 0.7 ? random.between(0, 7) : random.between(0, 2 ** 32 - 1);
  const length = random.next() < 0.8 ? payload.length : random.between(0, 2 ** 24 - 1);
  return frame(type, random.between(0, 255), streamId, payload, length);
}

/** Well-formed calls of any method with messages of no meaning. Each has to be answered. */
export const randomMessages: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  connection.write(PREFACE, SETTINGS);
  for (let i = 0; i < CALLS; i += 1) {
    const streamId = 2 * i + 1;
    const path = PATHS[random.between(0, PATHS.length - 1)] ?? '';
    const message = grpcMessage(
      messageOf(random),
      random.next() < 0.1 ? random.between(1, 255) : 0,
    );
    connection.write(
      frame(FRAME.headers, FLAG.endHeaders, streamId, headerBlock(callHeaders(path))),
      frame(FRAME.data, FLAG.endStream, streamId, message),
    );
  }
  await settle(connection, CALLS);
  return CALLS;
};

/** Often a field's number and type are right, and the rest is not. */
function messageOf(random: SeededRandom): Buffer {
  const field = Buffer.from([(random.between(1, 8) << 3) | random.between(0, 7)]);
  const rest = bytesOf(random, random.between(0, 60));
  return random.next() < 0.5 ? rest : Buffer.concat([field, Buffer.from([rest.length]), rest]);
}

/** Calls whose headers are wrong, or odd. */
export const badHeaders: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  connection.write(PREFACE, SETTINGS);
  for (let i = 0; i < CALLS; i += 1) {
    const streamId = 2 * i + 1;
    const block = headerBlock(oneBadHeader(random));
    connection.write(
      frame(FRAME.headers, FLAG.endHeaders, streamId, block),
      frame(FRAME.data, FLAG.endStream, streamId, grpcMessage(messageOf(random))),
    );
  }
  await settle(connection, CALLS);
  return CALLS;
};

function oneBadHeader(random: SeededRandom): readonly (readonly [string, string])[] {
  const path = PATHS[random.between(0, PATHS.length - 1)] ?? '';
  const noise = bytesOf(random, random.between(0, 30)).toString('latin1');
  const clean = noise.replaceAll(/[^\x20-\x7e]/g, '~');
  const cases: readonly Readonly<Record<string, string | undefined>>[] = [
    { ':path': `/${clean}` },
    { ':path': `${path}\xff\xfe` },
    { ':path': '' },
    { ':path': undefined },
    { ':method': 'GET' },
    { ':method': undefined },
    { ':scheme': clean },
    { ':authority': undefined },
    { 'content-type': clean },
    { 'content-type': undefined },
    { 'content-type': 'application/grpc+json' },
    { 'content-type': 'application/grpc-web' },
    { 'grpc-timeout': clean },
    { 'grpc-timeout': '99999999H' },
    { 'grpc-timeout': '0n' },
    { 'grpc-encoding': 'gzip' },
    { 'grpc-encoding': clean },
    { 'grpc-accept-encoding': clean },
    { 'x-bin': clean },
    { 'grpc-trace-bin': '====' },
    { [clean === '' ? 'x' : clean]: 'odd name' },
    { __proto__: 'x', constructor: 'y', toString: 'z' },
    { authorization: noise },
    { te: undefined },
    { connection: 'close' },
    { 'x-long': 'x'.repeat(random.between(1, 20_000)) },
    Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, clean])),
    { host: clean, ':authority': clean },
  ];
  return callHeaders(path, cases[random.between(0, cases.length - 1)]);
}

/** Paths of what is served over HTTP/1.1. */
const HTTP_PATHS = [
  '/ofrep/v1/evaluate/flags',
  '/ofrep/v1/evaluate/flags/max_cpu_per_agent',
  ...[FlagsV1, FlagsV2].flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `/${typeName}/${name}`),
  ),
];

const HTTP_TYPES = [
  'application/json',
  'application/proto',
  'application/connect+proto',
  'application/connect+json',
];

/** A request of HTTP/1.1 of which some part is wrong, or odd. */
export const brokenHttp: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  await sendAndEnd(connection, [oneBrokenRequest(random)]);
  return 1;
};

function oneBrokenRequest(random: SeededRandom): Buffer {
  const pick = <T>(all: readonly T[]) => all[random.between(0, all.length - 1)];
  const noise = bytesOf(random, random.between(0, 60));
  const word = noise.toString('latin1').replaceAll(/[^\x21-\x7e]/g, '~');
  const path = random.next() < 0.9 ? pick(HTTP_PATHS) : `/${word}`;
  const method = random.next() < 0.9 ? 'POST' : word;
  const bodies = [
    noise,
    Buffer.from('{"context":{"targetingKey":'),
    Buffer.from(`{"context":${'['.repeat(random.between(1, 5000))}`),
    Buffer.from(`{"context":{"targetingKey":"${word.replaceAll(/["\\]/g, '')}"}}`),
    Buffer.from(
      `{"flagKey":${random.next() < 0.5 ? '1e400' : '"max_cpu_per_agent"'},"context":{"a":NaN}}`,
    ),
    // An envelope that says another length, or that its message is compressed.
    Buffer.concat([Buffer.from([random.between(0, 255), 0, 0, 0, random.between(0, 255)]), noise]),
    messageOf(random),
  ];
  const body = pick(bodies) ?? noise;
  const lengths = [
    body.length,
    body.length,
    body.length + random.between(1, 99),
    word,
    -1,
    2 ** 40,
  ];
  const framing = pick([
    `Content-Length: ${pick(lengths)}`,
    'Transfer-Encoding: chunked',
    `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked`,
    `Content-Length: 1\r\nContent-Length: ${body.length}`,
  ]);
  const head = [
    `${method} ${path} HTTP/${pick(['1.1', '1.1', '1.1', '1.0', '9.9', word])}`,
    `Host: ${random.next() < 0.9 ? 'localhost' : word}`,
    `Content-Type: ${random.next() < 0.9 ? pick(HTTP_TYPES) : word}`,
    ...(random.next() < 0.2 ? [`Content-Encoding: ${pick(['gzip', 'br', word])}`] : []),
    ...(random.next() < 0.1
      ? [`${word}: ${word}`, 'X-Long: ' + 'x'.repeat(random.between(1, 20_000))]
      : []),
    ...(random.next() < 0.1 ? ['Expect: 100-continue', 'Connection: Upgrade', 'Upgrade: h2c'] : []),
    framing,
  ];
  const chunk = Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n'),
  ]);
  const isChunked = framing?.includes('chunked') === true && random.next() < 0.7;
  const request = Buffer.concat([
    Buffer.from(`${head.join('\r\n')}\r\n\r\n`),
    isChunked
      ? Buffer.concat([chunk, Buffer.from(random.next() < 0.5 ? '0\r\n\r\n' : word)])
      : body,
  ]);
  // Some ask twice, or break off.
  if (random.next() < 0.1) return Buffer.concat([request, request]);
  return random.next() < 0.2 ? request.subarray(0, random.between(1, request.length)) : request;
}

/** Calls that end in the middle: without a message, within one, with two, or never. */
export const halfClosed: Attack = async (address, random) => {
  const connection = new RawConnection(address);
  connection.write(PREFACE, SETTINGS);
  for (let i = 0; i < CALLS; i += 1) {
    const streamId = 2 * i + 1;
    const path = PATHS[random.between(0, PATHS.length - 1)] ?? '';
    connection.write(
      frame(FRAME.headers, FLAG.endHeaders, streamId, headerBlock(callHeaders(path))),
      ...oneHalf(random, streamId),
    );
  }
  connection.write(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await sendAndEnd(connection, []);
  return CALLS;
};

function oneHalf(random: SeededRandom, streamId: number): readonly Buffer[] {
  const whole = grpcMessage(messageOf(random));
  const part = whole.subarray(0, random.between(0, whole.length - 1));
  switch (random.between(0, 5)) {
    case 0:
      return [frame(FRAME.data, FLAG.endStream, streamId)];
    case 1:
      return [frame(FRAME.data, FLAG.endStream, streamId, part)];
    case 2:
      return [frame(FRAME.data, 0, streamId, part)];
    case 3:
      return [frame(FRAME.data, FLAG.endStream, streamId, Buffer.concat([whole, whole]))];
    case 4:
      return [
        frame(FRAME.data, 0, streamId, part),
        frame(FRAME.reset, 0, streamId, Buffer.alloc(4)),
      ];
    default:
      return [frame(FRAME.data, 0, streamId, grpcMessage(part, 0, random.between(0, 2 ** 32 - 1)))];
  }
}

/** Sends a byte at a time, as slowly as it is asked to. Answers what asks for the next. */
export function slowLoris(address: string, random: SeededRandom): { step(): void; end(): void } {
  const connection = new RawConnection(address);
  const [path = ''] = PATHS;
  const call = [
    PREFACE,
    SETTINGS,
    frame(FRAME.headers, FLAG.endHeaders, 1, headerBlock(callHeaders(path))),
    frame(FRAME.data, 0, 1, grpcMessage(bytesOf(random, 200), 0, 200)),
  ];
  const bytes = Buffer.concat(call);
  // Some begin at once, others stay within the first words.
  let sent = random.next() < 0.5 ? 0 : bytes.length - 200;
  connection.write(bytes.subarray(0, sent));
  return {
    step() {
      connection.write(bytes.subarray(sent, sent + 1));
      sent += 1;
    },
    end: () => connection.socket.destroy(),
  };
}

function bytesOf(random: SeededRandom, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.between(0, 255)));
}

/** Ends its side, so that the server has read all when it ends the other. */
async function sendAndEnd(connection: RawConnection, parts: readonly Uint8Array[]): Promise<void> {
  connection.write(...parts);
  connection.socket.end();
  const timer = setTimeout(() => connection.socket.destroy(), GIVE_UP_MS);
  await connection.closed;
  clearTimeout(timer);
}

/** Until each call is answered. Streams of deltas are not, and are dropped. */
async function settle(connection: RawConnection, count: number): Promise<void> {
  const timer = setTimeout(() => connection.socket.destroy(), GIVE_UP_MS);
  await connection.untilEnded(count);
  clearTimeout(timer);
  connection.socket.destroy();
  await connection.closed;
}
