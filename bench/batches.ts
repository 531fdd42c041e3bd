import { once } from 'node:events';
import { compare, type Life, noise, type Row, ratioAtLeast, takeTurns } from './lives.ts';
import { METHODS, RawClient } from './raw-client.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, threeServers, withServers } from './servers.ts';
import { BATCH_SIZE, batchSource, type RequestSource } from './tasks.ts';

interface Figures {
  readonly tasksPerSecond: number;
  readonly cpuMicros: number;
}

const SECTION = `RecordTasks, durable, ${BATCH_SIZE} tasks a message, one stream`;
const WARM_UP_TURNS = 2;

/** RecordTasks against a handler that decodes, and answers each message at once. */
export async function measureBatches(scale: Scale): Promise<Row[]> {
  const lives: Life<Figures>[] = [];
  for (let i = 0; i < scale.lives.batches; i += 1) lives.push(await measureOneLife(scale));
  const throughput = {
    ...{ section: SECTION, measure: 'throughput', unit: 'tasks/s' },
    figureOf: ({ tasksPerSecond }: Figures) => tasksPerSecond,
    targetOf: ratioAtLeast(0.75),
  };
  const cpu = {
    ...{ section: SECTION, measure: 'server CPU', unit: 'µs/task' },
    figureOf: ({ cpuMicros }: Figures) => cpuMicros,
  };
  return [
    compare(lives, throughput),
    noise(lives, throughput),
    compare(lives, cpu),
    noise(lives, cpu),
  ];
}

function measureOneLife({ turns, batches }: Scale): Promise<Life<Figures>> {
  const source = batchSource();
  return withServers(threeServers(), async (servers) => {
    const sides = servers.map((server) => () => runStream(server, source, batches));
    await takeTurns(WARM_UP_TURNS, sides);
    return takeTurns(turns, sides);
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

/** Sends batches on one stream, as fast as back-pressure allows; resolves when it has ended. */
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
