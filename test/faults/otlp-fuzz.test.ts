import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { RawClient } from '../../bench/raw-client.ts';
import { ExportTraceServiceRequestSchema } from '../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { readFixture, splitAtSpans, traceRequests } from '../otlp/support.ts';
import { chooseSeed, type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { residentBytes, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const INPUTS = 40_000;
const LANES = 8;
/** Inputs after which memory is as it stays: code is compiled, and what is remembered is full. */
const WARM_UP = INPUTS / 2;
const MAX_GROWTH_BYTES = 24 * 2 ** 20;

const SIGNALS = ['trace', 'logs', 'metrics'] as const;
const SERVICES = { trace: 'TraceService', logs: 'LogsService', metrics: 'MetricsService' };
const PATHS = { trace: '/v1/traces', logs: '/v1/logs', metrics: '/v1/metrics' };

test(`${INPUTS} exports that are broken somewhere, over gRPC and HTTP`, async () => {
  const config = join(tempDir(), 'config.json');
  writeFileSync(
    config,
    JSON.stringify({ otlp: { enabled: true, tasks: 'agent != "" || id != ""' } }),
  );
  const sidecar = await startSidecar({ dataDir: tempDir(), config });
  const client = new RawClient(sidecar.address);
  onTestFinished(() => client.close());
  const random = seededRandom(chooseSeed('otlp-fuzz'));
  const requests = splitAtSpans(
    ['strands', 'join-strands'].map(readFixture).flatMap(traceRequests),
  );
  const whole = requests.map((one) => Buffer.from(toBinary(ExportTraceServiceRequestSchema, one)));
  const answers = { taken: 0, malformed: 0 };
  const memory: number[] = [];
  let made = 0;
  const lane = async () => {
    while (made < INPUTS) {
      made += 1;
      if (made === WARM_UP || made === INPUTS) memory.push(residentBytes(sidecar.pid));
      const bytes = broken(whole[random.between(0, whole.length - 1)] ?? Buffer.alloc(0), random);
      const signal = SIGNALS[random.next() < 0.8 ? 0 : random.between(1, 2)] ?? 'trace';
      const isTaken =
        made % 2 === 0
          ? await callBy(client, signal, bytes)
          : await post(sidecar.address, signal, bytes);
      answers[isTaken ? 'taken' : 'malformed'] += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const [before = 0, after = 0] = memory;
  console.log(
    `otlp-fuzz: ${made} broken exports, ${answers.malformed} refused, ${answers.taken} taken for what they are; memory ` +
      `${mebibytes(before)} MiB after ${WARM_UP}, ${mebibytes(after)} MiB in the end`,
  );
  expect(answers.malformed).toBeGreaterThan(INPUTS / 10);
  expect(after - before).toBeLessThan(MAX_GROWTH_BYTES);
  expect(sidecar.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  expect((await fetch(`${sidecar.adminUrl}/readyz`)).status).toBe(200);
});

/** Some bytes are others, missing, twice or cut off. */
function broken(bytes: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(bytes);
  for (let times = random.between(1, 4); times > 0; times -= 1) {
    const at = random.between(0, copy.length - 1);
    // Lengths and tags are near the beginning.
    const near = random.next() < 0.5 ? at % 64 : at;
    copy[near] = random.between(0, 255);
  }
  const at = random.between(0, copy.length - 1);
  switch (random.between(0, 3)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.min(at + 8, copy.length))]);
    case 2:
      return Buffer.concat([copy, copy.subarray(at)]);
    default:
      return copy;
  }
}

/** Whether it was taken. */
async function callBy(client: RawClient, signal: keyof typeof SERVICES, bytes: Buffer) {
  const path = `/opentelemetry.proto.collector.${signal}.v1.${SERVICES[signal]}/Export`;
  const code = await client.unary(path, bytes).then(
    () => status.OK,
    (error: { code: status }) => error.code,
  );
  expect([status.OK, status.INVALID_ARGUMENT]).toContain(code);
  return code === status.OK;
}

async function post(address: string, signal: keyof typeof PATHS, body: Buffer): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const response = await fetch(`http://${address}${PATHS[signal]}`, {
    method: 'POST',
    headers,
    body,
  });
  await response.arrayBuffer();
  expect([200, 400]).toContain(response.status);
  return response.status === 200;
}
