import { SetParameterRequestSchema } from '../src/gen/learning/v1/admin_service_pb.ts';
import { encode } from '../src/wire/codec.ts';
import { sendBatches } from './batches.ts';
import { METHODS, RawClient } from './raw-client.ts';
import { compare, measureByTurns, type Row, ratioAtLeast } from './row.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, startEmptyServer, startSidecar } from './servers.ts';
import { spreadOf } from './statistics.ts';
import { Subscribers } from './subscribers.ts';
import { batchSource } from './tasks.ts';

/** Deltas that one cycle applies, in one commit: what is then delivered is nearly all the work. */
const WAVE = 64;
const AUDIENCES = [200, 1000];
const NOTHING = Buffer.alloc(0);

interface Figures {
  /** While deliveries arrive: from the first of a wave to its last. */
  readonly deliveriesPerSecond: number;
  /** Of all that the server did, the cycle and its commit included. */
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
  const sidecar = await startSidecar(configOfWaves());
  try {
    const empty = await startEmptyServer(await captureWave(sidecar));
    try {
      const rows: Row[] = [];
      for (const audience of AUDIENCES)
        rows.push(...(await measure(scale, sidecar, empty, audience)));
      return rows;
    } finally {
      await empty.stop();
    }
  } finally {
    await sidecar.stop();
  }
}

async function measure(
  scale: Scale,
  sidecar: BenchServer,
  empty: BenchServer,
  audience: number,
): Promise<Row[]> {
  const ours = await Audience.open(sidecar, audience);
  const theirs = await Audience.open(empty, audience);
  await ours.run(1, 5);
  await theirs.run(1, 5);
  const { rounds, waves, singles } = scale;
  const results = await measureByTurns(
    rounds,
    () => ours.run(waves, singles),
    () => theirs.run(waves, singles),
  );
  ours.close();
  theirs.close();
  const named = (figure: string, unit: string) => ({
    section: `Fan-out of applied deltas, ${WAVE} at once, against an encode-once broadcaster`,
    measure: `${audience} subscribers: ${figure}`,
    unit,
  });
  return [
    compare(
      named('throughput', 'deliveries/s'),
      results,
      (figures) => figures.deliveriesPerSecond,
      ratioAtLeast(0.9),
    ),
    compare(named('server CPU', 'µs/delivery'), results, (figures) => figures.cpuMicros),
    compare(named(`RunCycle to last of ${WAVE}`, 'ms'), results, (figures) => figures.waveMs),
    compare(named('SetParameter to last', 'ms'), results, (figures) => figures.singleMs),
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
      waveMs: spreadOf(wavesMs).median,
      singleMs: spreadOf(singlesMs).median,
    };
  }

  /** Makes the server send; answers when the deliveries came, after the call. */
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

/** What a first wave of the sidecar is on the wire. */
async function captureWave(sidecar: BenchServer): Promise<Buffer[]> {
  const client = new RawClient(sidecar.tcp);
  // A cycle proposes nothing without tasks.
  await sendBatches(client, batchSource(), 1);
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

/** So many rules that each fire at every cycle, each with a parameter of its own. */
function configOfWaves(): object {
  const names = Array.from({ length: WAVE }, (_, i) => parameter(i));
  return {
    cycle: { enabled: false },
    curation: { mode: 'apply', cooldown_seconds: 0, max_deltas_per_hour: 0 },
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
