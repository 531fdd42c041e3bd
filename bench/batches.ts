import { once } from 'node:events';
import { METHODS, RawClient } from './raw-client.ts';
import { compare, measureByTurns, type Round, type Row, ratioAtLeast } from './row.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, withServers } from './servers.ts';
import { BATCH_SIZE, batchSource, type RequestSource } from './tasks.ts';

interface Figures {
  readonly tasksPerSecond: number;
  readonly cpuMicros: number;
}

const SECTION = `RecordTasks, durable, ${BATCH_SIZE} tasks a message, one stream`;

/** RecordTasks against a handler that decodes, and answers each message at once. */
export async function measureBatches(scale: Scale): Promise<Row[]> {
  const results: Round<Figures>[] = [];
  // How well the compiler does with a decoder differs from process to process, up to twofold.
  for (let i = 0; i < scale.lives; i += 1) results.push(...(await measureOneLife(scale)));
  const named = (measure: string, unit: string) => ({ section: SECTION, measure, unit });
  return [
    compare(
      named('throughput', 'tasks/s'),
      results,
      (figures) => figures.tasksPerSecond,
      ratioAtLeast(0.5),
    ),
    compare(named('server CPU', 'µs/task'), results, (figures) => figures.cpuMicros),
  ];
}

function measureOneLife({ rounds, lives, batches }: Scale): Promise<Round<Figures>[]> {
  const source = batchSource();
  return withServers({}, async (sidecar, empty) => {
    const run = (server: BenchServer) => runStream(server, source, batches);
    await run(sidecar);
    await run(empty);
    return measureByTurns(
      Math.ceil(rounds / lives),
      () => run(sidecar),
      () => run(empty),
    );
  });
}

async function runStream(
  server: BenchServer,
  source: RequestSource,
  batches: number,
): Promise<Figures> {
  const client = new RawClient(server.tcp);
  const cpuBefore = server.cpuMicros();
  const startMs = performance.now();
  await sendBatches(client, source, batches);
  const seconds = (performance.now() - startMs) / 1000;
  const tasks = batches * BATCH_SIZE;
  client.close();
  return {
    tasksPerSecond: tasks / seconds,
    cpuMicros: (server.cpuMicros() - cpuBefore) / tasks,
  };
}

/** Sends batches on one stream, as fast as they are taken; answers when the stream has ended. */
export async function sendBatches(
  client: RawClient,
  source: RequestSource,
  batches: number,
): Promise<void> {
  const stream = client.duplex(METHODS.recordTasks);
  stream.resume();
  const ended = once(stream, 'end');
  for (let i = 0; i < batches; i += 1) {
    if (!stream.write(source())) await Promise.race([once(stream, 'drain'), ended]);
  }
  stream.end();
  await ended;
}
