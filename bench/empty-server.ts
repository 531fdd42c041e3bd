import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Service as FlagsV2 } from '../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { LearningAdminService } from '../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../src/gen/learning/v1/learning_service_pb.ts';
import { TraceService } from '../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { Malformed, type ServiceHandlers, serviceCodec } from '../src/wire/codec.ts';
import { Broadcaster } from './broadcaster.ts';

// The limit that the sidecar is measured against: grpc-js and the sidecar's codec, with handlers
// that answer at once. Methods that have none here answer UNIMPLEMENTED.

const { values } = parseArgs({
  options: { listen: { type: 'string', multiple: true }, wave: { type: 'string' } },
});
const texts = JSON.parse(values.wave === undefined ? '[]' : readFileSync(values.wave, 'utf8'));
const wave = (texts as string[]).map((text) => Buffer.from(text, 'base64'));
const broadcaster = new Broadcaster();

const learning: Partial<ServiceHandlers<typeof LearningService>> = {
  recordTask(call, callback) {
    if (call.request instanceof Malformed) throw call.request.error;
    callback(null, { duplicate: false, deltaSequence: 1n });
  },
  resolveParameters(call, callback) {
    if (call.request instanceof Malformed) throw call.request.error;
    callback(null, {});
  },
  reportMetrics(_, callback) {
    callback(null, {});
  },
  recordTasks(call) {
    let recordedCount = 0n;
    call.on('data', (request) => {
      if (request instanceof Malformed) throw request.error;
      recordedCount += BigInt(request.tasks.length);
      if (!call.write({ recordedCount, deltaSequence: 1n })) call.pause();
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
  },
  streamDeltas(call) {
    // A snapshot's place: it says that the stream is open.
    call.write({ sequence: 0n });
    broadcaster.add(call);
  },
};

const admin: Partial<ServiceHandlers<typeof LearningAdminService>> = {
  runCycle(_, callback) {
    broadcaster.send(wave);
    callback(null, {});
  },
  setParameter(_, callback) {
    broadcaster.send(wave.slice(0, 1));
    callback(null, {});
  },
};

const flags: Partial<ServiceHandlers<typeof FlagsV2>> = {
  resolveInt(call, callback) {
    if (call.request instanceof Malformed) throw call.request.error;
    callback(null, { value: 0n, reason: 'TARGETING_MATCH', variant: 'baseline' });
  },
};

const traces: Partial<ServiceHandlers<typeof TraceService>> = {
  export(call, callback) {
    if (call.request instanceof Malformed) throw call.request.error;
    callback(null, {});
  },
};

const server = new Server();
server.addService(serviceCodec(LearningService), { ...learning });
server.addService(serviceCodec(LearningAdminService), { ...admin });
server.addService(serviceCodec(FlagsV2), { ...flags });
server.addService(serviceCodec(TraceService), { ...traces });
const listen: string[] = [];
for (const address of values.listen ?? []) listen.push(await bind(address));
console.log(JSON.stringify({ listen, msg: `serving on ${listen.join(', ')}` }));

/** As grpc-js does it by itself. */
function bind(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) reject(error);
      else resolve(address.replace(/:0$/, `:${port}`));
    });
  });
}
