import { METHODS, RawClient } from './raw-client.ts';
import { compare, measureByTurns, type Round, type Row, ratioAtMost } from './row.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, withServers } from './servers.ts';
import { quantile } from './statistics.ts';
import { type RequestSource, taskSource } from './tasks.ts';

interface Figures {
  readonly callsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly cpuMicros: number;
}

const TRANSPORTS = { tcp: 'TCP', unix: 'unix socket' } as const;
const WARM_UP_ROUNDS = 3;

/** RecordTask, durable, against a handler that answers at once. */
export async function measureUnary(scale: Scale): Promise<Row[]> {
  const results = new Map<string, Round<Figures>[]>();
  // Processes differ, by what the compiler makes of them.
  for (let i = 0; i < scale.lives; i += 1) await measureOneLife(scale, results);
  return [...results].flatMap(([measure, rounds]) => rowsOf(measure, rounds));
}

function measureOneLife(scale: Scale, results: Map<string, Round<Figures>[]>): Promise<void> {
  const source = taskSource();
  return withServers({}, async (sidecar, empty) => {
    for (const transport of ['tcp', 'unix'] as const) {
      const ours = new Load(sidecar, transport, source);
      const theirs = new Load(empty, transport, source);
      for (const inFlight of [64, 1]) {
        const { rounds, roundMs } = scale;
        await ours.run(WARM_UP_ROUNDS * roundMs, inFlight);
        await theirs.run(WARM_UP_ROUNDS * roundMs, inFlight);
        const own = await measureByTurns(
          Math.ceil(rounds / scale.lives),
          () => ours.run(roundMs, inFlight),
          () => theirs.run(roundMs, inFlight),
        );
        const measure = `${TRANSPORTS[transport]}, ${inFlight} in flight`;
        results.set(measure, [...(results.get(measure) ?? []), ...own]);
      }
      ours.close();
      theirs.close();
    }
  });
}

/** Calls on one connection, each caller's next when its last is answered. */
class Load {
  readonly #server: BenchServer;
  readonly #client: RawClient;
  readonly #source: RequestSource;

  constructor(server: BenchServer, transport: keyof typeof TRANSPORTS, source: RequestSource) {
    this.#server = server;
    this.#client = new RawClient(server[transport]);
    this.#source = source;
  }

  async run(ms: number, inFlight: number): Promise<Figures> {
    const cpuBefore = this.#server.cpuMicros();
    const startMs = performance.now();
    const latenciesMs: number[] = [];
    const caller = async () => {
      for (let now = startMs; now < startMs + ms; ) {
        await this.#client.unary(METHODS.recordTask, this.#source());
        const then = now;
        now = performance.now();
        latenciesMs.push(now - then);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, caller));
    const seconds = (performance.now() - startMs) / 1000;
    const cpuMicros = (this.#server.cpuMicros() - cpuBefore) / latenciesMs.length;
    latenciesMs.sort((a, b) => a - b);
    return {
      callsPerSecond: latenciesMs.length / seconds,
      p50Micros: quantile(latenciesMs, 0.5) * 1000,
      p99Micros: quantile(latenciesMs, 0.99) * 1000,
      cpuMicros,
    };
  }

  close(): void {
    this.#client.close();
  }
}

function rowsOf(measure: string, results: readonly Round<Figures>[]): Row[] {
  const section = 'RecordTask, durable';
  const target = measure.includes('64') ? ratioAtMost(1.5) : undefined;
  const named = (figure: string, unit: string) => ({
    section,
    measure: `${measure}: ${figure}`,
    unit,
  });
  return [
    compare(named('throughput', 'calls/s'), results, (figures) => figures.callsPerSecond),
    compare(named('p50', 'µs'), results, (figures) => figures.p50Micros),
    compare(named('p99', 'µs'), results, (figures) => figures.p99Micros),
    compare(named('server CPU', 'µs/call'), results, (figures) => figures.cpuMicros, target),
  ];
}
