import { SetParameterRequestSchema } from '../src/gen/learning/v1/admin_service_pb.ts';
import { median } from '../src/trial/evidence/distributions.ts';
import { encode } from '../src/wire/encode.ts';
import { sendBatches } from './batches.ts';
import { compare, type Life, noise, type Row, ratioAtLeast, takeTurns } from './lives.ts';
import { METHODS, RawClient } from './raw-client.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, startSidecar, threeServers, withServers } from './servers.ts';
import { Subscribers } from './subscribers.ts';
import { batchSource } from './tasks.ts';

/** Deltas that one cycle applies, in one commit: delivering them is nearly all the work. */
const WAVE = 64;
const AUDIENCES = [200, 1000];
const NOTHING = Buffer.alloc(0);
const CONFIG = configOfWaves();

interface Figures {
  /** From the first delivery of a wave to its last. */
  readonly deliveriesPerSecond: number;
  /** The cycle and its commit included. */
  readonly cpuMicros: number;
  /** From calling RunCycle to the last delivery of what it applied. */
  readonly waveMs: number;
  /** From calling SetParameter to the last delivery of what it applied. */
  readonly singleMs: number;
}

/**
 * Deltas applied by RunCycle, one commit of many, delivered to every subscriber; against a
 * broadcaster that writes the same bytes, encoded beforehand, to every stream.
 */
export async function measureFanOut(scale: Scale): Promise<Row[]> {
  const wave = await withServers([() => startSidecar(CONFIG)], async ([sidecar]) =>
    sidecar === undefined ? [] : captureWave(sidecar),
  );
  const lives: Life<Figures>[][] = AUDIENCES.map(() => []);
  for (let i = 0; i < scale.lives.fanOut; i += 1) {
    for (const [at, life] of (await measureOneLife(scale, wave)).entries()) lives[at]?.push(life);
  }
  return AUDIENCES.flatMap((audience, at) => rowsOf(audience, lives[at] ?? []));
}

/** A life for each size of the audience. */
function measureOneLife(scale: Scale, wave: readonly Buffer[]): Promise<Life<Figures>[]> {
  return withServers(threeServers(CONFIG, wave), async (servers) => {
    for (const server of servers) await sendFirstTasks(server);
    const lives: Life<Figures>[] = [];
    for (const size of AUDIENCES) {
      const audiences: Audience[] = [];
      for (const server of servers) audiences.push(await Audience.open(server, size));
      for (const audience of audiences) await audience.run(1, 5);
      const sides = audiences.map((audience) => () => audience.run(scale.waves, scale.singles));
      lives.push(await takeTurns(scale.turns, sides));
      for (const audience of audiences) audience.close();
    }
    return lives;
  });
}

function rowsOf(audience: number, lives: readonly Life<Figures>[]): Row[] {
  const named = (figure: string, unit: string) => ({
    section: `Fan-out of applied deltas, ${WAVE} at once, against an encode-once broadcaster`,
    measure: `${audience} subscribers: ${figure}`,
    unit,
  });
  const throughput = {
    ...named('throughput', 'deliveries/s'),
    figureOf: ({ deliveriesPerSecond }: Figures) => deliveriesPerSecond,
    targetOf: ratioAtLeast(0.95),
  };
  const cpu = {
    ...named('server CPU', 'µs/delivery'),
    figureOf: ({ cpuMicros }: Figures) => cpuMicros,
  };
  return [
    compare(lives, throughput),
    noise(lives, throughput),
    compare(lives, cpu),
    noise(lives, cpu),
    compare(lives, {
      ...named(`RunCycle to last of ${WAVE}`, 'ms'),
      figureOf: ({ waveMs }) => waveMs,
    }),
    compare(lives, {
      ...named('SetParameter to last', 'ms'),
      figureOf: ({ singleMs }) => singleMs,
    }),
  ];
}

/** The subscribers of one server, and a client that makes it send. */
class Audience {
  readonly #server: BenchServer;
  readonly #subscribers: Subscribers;
  readonly #client: RawClient;
  #value = 0;

  private constructor(server: BenchServer, subscribers: Subscribers) {
    this.#server = server;
    this.#subscribers = subscribers;
    this.#client = new RawClient(server.tcp);
  }

  static async open(server: BenchServer, count: number): Promise<Audience> {
    return new Audience(server, await Subscribers.open(server.tcp, count));
  }

  async run(waves: number, singles: number): Promise<Figures> {
    const deliveries = waves * WAVE * this.#subscribers.count;
    const cpuBefore = this.#server.cpuMicros();
    let deliveringMs = 0;
    const wavesMs: number[] = [];
    for (let i = 0; i < waves; i += 1) {
      const { firstMs, lastMs } = await this.#deliver(METHODS.runCycle, NOTHING, WAVE);
      deliveringMs += lastMs - firstMs;
      wavesMs.push(lastMs);
    }
    const cpuMicros = (this.#server.cpuMicros() - cpuBefore) / deliveries;
    const singlesMs: number[] = [];
    for (let i = 0; i < singles; i += 1) {
      const { lastMs } = await this.#deliver(METHODS.setParameter, this.#override(), 1);
      singlesMs.push(lastMs);
    }
    return {
      deliveriesPerSecond: (deliveries / deliveringMs) * 1000,
      cpuMicros,
      waveMs: median(wavesMs),
      singleMs: median(singlesMs),
    };
  }

  /** Makes the server send; resolves with when the first and the last delivery came, after the call. */
  async #deliver(method: string, request: Buffer, each: number) {
    const startMs = performance.now();
    const received = this.#subscribers.receive(each);
    await this.#client.unary(method, request);
    const { firstMs, lastMs } = await received;
    return { firstMs: firstMs - startMs, lastMs: lastMs - startMs };
  }

  #override(): Buffer {
    this.#value -= 1;
    const fields = { target: parameter(0), value: numberValue(this.#value), reason: 'a benchmark' };
    return encode(SetParameterRequestSchema, fields);
  }

  close(): void {
    this.#subscribers.close();
    this.#client.close();
  }
}

/** A cycle proposes nothing without tasks. */
async function sendFirstTasks(server: BenchServer): Promise<void> {
  const client = new RawClient(server.tcp);
  await sendBatches(client, batchSource(), 1);
  client.close();
}

/** The messages of a sidecar's first wave, as sent. */
async function captureWave(sidecar: BenchServer): Promise<Buffer[]> {
  await sendFirstTasks(sidecar);
  const client = new RawClient(sidecar.tcp);
  const stream = client.serverStream(METHODS.streamDeltas, NOTHING);
  const messages: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on('data', (message: Buffer) => {
    // The first message is a snapshot: the stream is open.
    if (messages.push(message) === 1) void client.unary(METHODS.runCycle, NOTHING);
    if (messages.length === 1 + WAVE) resolve();
  });
  stream.on('error', () => {});
  await promise;
  stream.cancel();
  client.close();
  return messages.slice(1);
}

/** Rules that all fire at every cycle, each with a parameter of its own. */
function configOfWaves(): object {
  const names = Array.from({ length: WAVE }, (_, i) => parameter(i));
  return {
    cycle: { enabled: false },
    // Otherwise rules wait for tasks that began after the last wave.
    curation: {
      ...{ mode: 'apply', suppress_unchanged: false, cooldown_seconds: 0, max_deltas_per_hour: 0 },
    },
    parameters: Object.fromEntries(names.map((name) => [name, { initial: 0 }])),
    rules: names.map((name) => ({
      id: `rule_${name}`,
      when: 'window.count > 0.0',
      type: 'resource',
      operation: 'adjust',
      target: name,
      new_value: `parameters.${name} + 1.0`,
      reasoning: `"Observed %.1f%% success, because of ${name}".format([window.success_rate * 100.0])`,
      confidence: 0.9,
      impact: 'positive',
    })),
  };
}

function parameter(index: number): string {
  return `bench_parameter_${index}`;
}

function numberValue(value: number) {
  return { kind: { case: 'numberValue', value } } as const;
}
