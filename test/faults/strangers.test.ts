import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { connect as connectClient } from '../rpc/wire.ts';
import { learningClient } from '../support/clients/clients.ts';
import {
  callHeaders,
  FLAG,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  RawConnection,
} from '../support/clients/raw-http2.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { bearer, callers, startConfigured } from '../support/sidecar/secure-sidecar.ts';
import { residentBytes, type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

// What anyone who reaches a port can do, with no token.

const CALLS = 500;
const BODY_BYTES = 4_000_000;
const MAX_GROWTH_BYTES = 192 * 2 ** 20;
const HTTP_CONNECTIONS = 60;
const PIPELINED = 20_000;
const CANCELS = 4000;
const WAIT_MS = 50;
const TOKEN = 'a-token-of-a-client-that-is-long-enough';
/** Fewer than Node's own bounds let through. */
const MOST_CANCELS = 20_000;

test(`${CALLS} probes of ${BODY_BYTES} bytes that do not end take no memory`, async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const before = residentBytes(sidecar.pid);
  const session = connectHttp2(`http://${sidecar.address}`).on('error', () => {});
  onTestFinished(() => session.destroy());
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUInt32BE(BODY_BYTES, 1);
  const headers = Object.fromEntries(callHeaders(`/${Health.typeName}/Check`));
  const ended = Array.from({ length: CALLS }, () => {
    const stream = session.request(headers, { endStream: false }).on('error', () => {});
    stream.resume().write(body);
    return new Promise((resolve) => stream.once('close', resolve));
  });
  await Promise.all(ended);
  const growth = residentBytes(sidecar.pid) - before;
  console.log(`strangers: ${CALLS} probes with ${BODY_BYTES} bytes each: ${mebibytes(growth)} MiB`);
  expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
});

test('HTTP requests sent in a row and never read hold nobody up', async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const { hostname, port } = new URL(sidecar.adminUrl);
  const closed = Array.from({ length: HTTP_CONNECTIONS }, () => {
    const socket = connect(Number(port), hostname).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(PIPELINED));
    return new Promise((resolve) => socket.once('close', resolve));
  });
  const slowestMs = await slowestProbe(sidecar, Promise.all(closed));
  console.log(
    `strangers: ${HTTP_CONNECTIONS} x ${PIPELINED} HTTP requests: the slowest probe took ${slowestMs.toFixed(0)} ms`,
  );
  expect(slowestMs).toBeLessThan(1000);
});

/** Of those until `over`, and some more. */
async function slowestProbe({ address }: Sidecar, over: Promise<unknown>): Promise<number> {
  const health = connectClient(Health, address);
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  let slowestMs = 0;
  for (let left = 10; left > 0; left -= isOver ? 1 : 0) {
    const startMs = performance.now();
    await health.check({}, { deadlineMs: 20_000 });
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  return slowestMs;
}

test(`${CANCELS} calls cancelled at once leave the rest of the connection alone`, async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const connection = new RawConnection(sidecar.address);
  onTestFinished(() => void connection.socket.destroy());
  const block = headerBlock(callHeaders(`/${LearningService.typeName}/RecordTask`));
  const begin = (id: number) => frame(FRAME.headers, FLAG.endHeaders, id, block);
  const cancel = Buffer.from([0, 0, 0, 8]);
  connection.write(PREFACE, frame(FRAME.settings, 0, 0));
  for (let i = 0; i < CANCELS; i += 1) {
    connection.write(begin(2 * i + 1), frame(FRAME.reset, 0, 2 * i + 1, cancel));
  }
  const last = 2 * CANCELS + 1;
  connection.write(begin(last), frame(FRAME.data, FLAG.endStream, last, Buffer.alloc(5)));
  await connection.untilEnded(1);
  expect(connection.socket.destroyed).toBe(false);
  await once(
    learningClient(sidecar.address)
      .streamDeltas({})
      .on('error', () => {}),
    'data',
  );
});

test('one that begins and cancels calls without a token loses its connection, and nobody waits', async () => {
  const directory = tempDir();
  writeFileSync(join(directory, 'tokens'), `${TOKEN}\n`);
  const tokens = { client_file: join(directory, 'tokens') };
  const { sidecar } = await startConfigured(directory, { tokens });
  const connection = new RawConnection(sidecar.address);
  onTestFinished(() => void connection.socket.destroy());
  const block = headerBlock(callHeaders(`/${LearningService.typeName}/RecordTask`));
  const cancel = Buffer.from([0, 0, 0, 8]);
  connection.write(PREFACE, frame(FRAME.settings, 0, 0));
  const flood = async () => {
    let id = 1;
    while (!connection.socket.destroyed && id < 2 * MOST_CANCELS) {
      for (let i = 0; i < 100; i += 1, id += 2) {
        connection.write(frame(FRAME.headers, FLAG.endHeaders, id, block));
        connection.write(frame(FRAME.reset, 0, id, cancel));
      }
      await new Promise(setImmediate);
    }
    await connection.closed;
  };
  const slowestMs = await slowestProbe(sidecar, flood());
  const [alone, more] = await sidecar.find(() => refusedIn(sidecar.lines));
  console.log(
    `strangers: a connection without a token was closed after ${alone + more} cancelled calls; ` +
      `the slowest probe took ${slowestMs.toFixed(0)} ms`,
  );
  expect(alone + more).toBeLessThan(1100);
  expect(slowestMs).toBeLessThan(5000);
  const { client } = callers(sidecar.address, credentials.createInsecure());
  expect((await client.recordTask({ task: { taskId: 'a' } }, bearer(TOKEN))).duplicate).toBe(false);
});

/** Refused calls: those logged one by one, and those that are only counted; `undefined`: not counted yet. */
function refusedIn(lines: readonly string[]): readonly [number, number] | undefined {
  const counted = lines.find((line) => line.includes('than are logged one by one'));
  if (counted === undefined) return undefined;
  const alone = lines.filter((line) => line.includes('"a call was refused')).length;
  // What our own log says.
  return [alone, (JSON.parse(counted) as { count: number }).count];
}
