import { quantileOf } from '../src/trial/evidence/distributions.ts';
import { compare, type Life, noise, type Row, ratioAtMost, takeTurns } from './lives.ts';
import { METHODS, RawClient } from './raw-client.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, threeServers, withServers } from './servers.ts';
import { type RequestSource, taskSource } from './tasks.ts';

interface Figures {
  readonly callsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly cpuMicros: number;
}

const SECTION = 'RecordTask, durable';

/** A server's first 30,000 calls cost up to twice as much as later ones, until V8 has optimized their code. */
const LOADS = [
  { name: 'TCP, 64 in flight', transport: 'tcp', inFlight: 64, warmUpTurns: 40 },
  { name: 'TCP, 1 in flight', transport: 'tcp', inFlight: 1, warmUpTurns: 2 },
  { name: 'unix socket, 64 in flight', transport: 'unix', inFlight: 64, warmUpTurns: 2 },
  { name: 'unix socket, 1 in flight', transport: 'unix', inFlight: 1, warmUpTurns: 2 },
] as const;

type Load = (typeof LOADS)[number];

/** RecordTask, durable, against a handler that answers at once. */
export async function measureUnary(scale: Scale): Promise<Row[]> {
  const lives: Life<Figures>[][] = LOADS.map(() => []);
  for (let i = 0; i < scale.lives.unary; i += 1) {
    for (const [at, life] of (await measureOneLife(scale)).entries()) lives[at]?.push(life);
  }
  return LOADS.flatMap((load, at) => rowsOf(load, lives[at] ?? []));
}

/** A life for each load. */
function measureOneLife({ turns, turnMs }: Scale): Promise<Life<Figures>[]> {
  const source = taskSource();
  return withServers(threeServers(), async (servers) => {
    const lives: Life<Figures>[] = [];
    for (const { transport, inFlight, warmUpTurns } of LOADS) {
      const clients = servers.map((server) => new RawClient(server[transport]));
      const sides = servers.flatMap((server, at) => {
        const client = clients[at];
        return client ? [() => callFor(turnMs, { server, client, source, inFlight })] : [];
      });
      await takeTurns(warmUpTurns, sides);
      lives.push(await takeTurns(turns, sides));
      for (const client of clients) client.close();
    }
    return lives;
  });
}

interface Caller {
  readonly server: BenchServer;
  readonly client: RawClient;
  readonly source: RequestSource;
  readonly inFlight: number;
}

/** Calls on one connection; each caller makes its next call when the last one is answered. */
async function callFor(ms: number, { server, client, source, inFlight }: Caller): Promise<Figures> {
  const cpuBefore = server.cpuMicros();
  const startMs = performance.now();
  const latenciesMs: number[] = [];
  const caller = async () => {
    for (let now = startMs; now < startMs + ms; ) {
      await client.unary(METHODS.recordTask, source());
      const then = now;
      now = performance.now();
      latenciesMs.push(now - then);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const seconds = (performance.now() - startMs) / 1000;
  return {
    callsPerSecond: latenciesMs.length / seconds,
    p50Micros: quantileOf(latenciesMs, 0.5) * 1000,
    p99Micros: quantileOf(latenciesMs, 0.99) * 1000,
    cpuMicros: (server.cpuMicros() - cpuBefore) / latenciesMs.length,
  };
}

function rowsOf({ name, inFlight }: Load, lives: readonly Life<Figures>[]): Row[] {
  const named = (figure: string, unit: string) => ({
    section: SECTION,
    measure: `${name}: ${figure}`,
    unit,
  });
  const cpu = {
    ...named('server CPU', 'µs/call'),
    figureOf: ({ cpuMicros }: Figures) => cpuMicros,
    ...(inFlight === 64 && { targetOf: ratioAtMost(1.1) }),
  };
  return [
    compare(lives, { ...named('throughput', 'calls/s'), figureOf: (one) => one.callsPerSecond }),
    compare(lives, { ...named('p50', 'µs'), figureOf: ({ p50Micros }) => p50Micros }),
    compare(lives, { ...named('p99', 'µs'), figureOf: ({ p99Micros }) => p99Micros }),
    compare(lives, cpu),
    noise(lives, cpu),
  ];
}
