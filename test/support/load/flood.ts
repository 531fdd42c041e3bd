import { writeFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { setInterval as ticks } from 'node:timers/promises';
import { RecordTaskRequestSchema } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { encode } from '../../../src/wire/encode.ts';
import type { FloodJob, FloodResult } from './flood-process.ts';
import { percentile } from './percentile.ts';
import { taskOfId } from './task-book.ts';

// Calls RecordTask as fast as it is told, whatever becomes of the calls, over HTTP/2 without a gRPC
// library: those cost more than the server, and would be the bottleneck.

const TICK_MS = 5;
const job: FloodJob = JSON.parse(process.argv[2] ?? '{}');
const HEADERS = {
  ':method': 'POST',
  ':path': '/learning.v1.LearningService/RecordTask',
  'content-type': 'application/grpc',
  te: 'trailers',
};

interface Call {
  readonly stream: ClientHttp2Stream;
  readonly startMs: number;
  isOver: boolean;
}

const outcomes: Record<string, number> = {};
const acknowledged: number[] = [];
const latenciesMs: number[] = [];
const calls: Call[] = [];
let sent = 0;
let open = 0;
let withoutRetry = 0;
const sessions: ClientHttp2Session[] = Array.from({ length: job.connections }, () => {
  const session = connect(`http://${job.address.replace('127.0.0.1', 'localhost')}`);
  session.on('error', (error: NodeJS.ErrnoException) => note(`connection: ${error.code}`));
  session.on('goaway', (code) => note(`connection: GOAWAY ${code}`));
  return session;
});

function note(what: string): void {
  outcomes[what] = (outcomes[what] ?? 0) + 1;
}

function request(number: number): Buffer {
  const message = encode(RecordTaskRequestSchema, { task: taskOfId(`${job.prefix}-${number}`) });
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, 5);
  return framed;
}

function send(whenOver: () => void): void {
  const number = sent;
  sent += 1;
  open += 1;
  const session = sessions[number % sessions.length];
  if (session === undefined) throw new Error('no connections');
  const call: Call = {
    stream: session.request(HEADERS),
    startMs: performance.now(),
    isOver: false,
  };
  const end = (name: string) => {
    if (call.isOver) return;
    call.isOver = true;
    open -= 1;
    note(name);
    whenOver();
  };
  const finish = (headers: Record<string, unknown>) => {
    const code = headers['grpc-status'];
    if (code === undefined) return;
    if (String(code) === '0') {
      acknowledged.push(number);
      latenciesMs.push(performance.now() - call.startMs);
      return end('OK');
    }
    if (headers['grpc-retry-pushback-ms'] === undefined) withoutRetry += 1;
    else if (headers['grpc-status-details-bin'] === undefined) withoutRetry += 1;
    end(`code ${code}`);
  };
  const { stream } = call;
  stream.on('response', finish);
  stream.on('trailers', finish);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    end(stream.rstCode > 0 ? `reset ${stream.rstCode}` : (error.code ?? 'error'));
  });
  stream.on('close', () => end('closed'));
  stream.resume();
  stream.end(request(number));
  calls.push(call);
}

/** As clients with a deadline do. */
function giveUpOld(): void {
  const latestMs = performance.now() - job.deadlineMs;
  let old = 0;
  while ((calls[old]?.startMs ?? Number.POSITIVE_INFINITY) < latestMs) {
    const call = calls[old];
    old += 1;
    if (call === undefined || call.isOver) continue;
    note('gave up');
    call.isOver = true;
    open -= 1;
    call.stream.close(constants.NGHTTP2_CANCEL);
  }
  if (old > 0) calls.splice(0, old);
}

async function openLoop(): Promise<void> {
  const startMs = performance.now();
  const nothing = () => {};
  for await (const _ of ticks(TICK_MS)) {
    const elapsedMs = performance.now() - startMs;
    giveUpOld();
    if (elapsedMs > job.seconds * 1000) break;
    const due = Math.floor((elapsedMs / 1000) * job.ratePerSecond);
    while (sent < due) send(nothing);
  }
}

async function closedLoop(): Promise<void> {
  const endMs = performance.now() + job.seconds * 1000;
  const next = () => {
    if (performance.now() < endMs) send(next);
  };
  for (let i = 0; i < job.inFlight; i += 1) next();
  for await (const _ of ticks(TICK_MS)) {
    giveUpOld();
    if (performance.now() > endMs) break;
  }
}

const startMs = performance.now();
await (job.inFlight > 0 ? closedLoop() : openLoop());
const seconds = (performance.now() - startMs) / 1000;
for await (const _ of ticks(TICK_MS)) {
  giveUpOld();
  if (open === 0) break;
}
writeFileSync(job.acknowledgedFile, acknowledged.join('\n'));
const result: FloodResult = {
  sent,
  seconds,
  outcomes,
  withoutRetry,
  p50Ms: percentile(latenciesMs, 0.5),
  p99Ms: percentile(latenciesMs, 0.99),
};
console.log(JSON.stringify(result));
process.exit(0);
