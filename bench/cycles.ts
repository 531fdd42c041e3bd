import { fromBinary } from '@bufbuild/protobuf';
import { RunCycleResponseSchema } from '../src/gen/learning/v1/admin_service_pb.ts';
import { ReportMetricsRequestSchema } from '../src/gen/learning/v1/learning_service_pb.ts';
import { median } from '../src/trial/evidence/distributions.ts';
import { encode } from '../src/wire/encode.ts';
import { sendBatches } from './batches.ts';
import { atMost, compare, type Life, type Row, takeTurns } from './lives.ts';
import { METHODS, RawClient } from './raw-client.ts';
import type { Scale } from './scale.ts';
import { threeServers, withServers } from './servers.ts';
import { BATCH_SIZE, batchSource } from './tasks.ts';

interface Figures {
  /** As reported in the response. */
  readonly cycleMs: number;
  readonly callMs: number;
}

const SECTION = 'RunCycle, the built-in rules';
const RETAINED = 10_000;
const NOTHING = Buffer.alloc(0);

const CASES = [
  { window: 30, tasks: BATCH_SIZE },
  { window: 30, tasks: RETAINED },
  { window: RETAINED, tasks: RETAINED },
];

/** Cycles at few and at many retained tasks, with the default window and with one of all. */
export async function measureCycles(scale: Scale): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { window, tasks } of CASES) {
    const lives: Life<Figures>[] = [];
    for (let i = 0; i < scale.lives.cycles; i += 1) {
      lives.push(await measureOneLife(scale, window, tasks));
    }
    const named = (figure: string) => ({
      section: SECTION,
      measure: `${tasks.toLocaleString('en-US')} tasks retained, window ${window}: ${figure}`,
      unit: 'ms',
    });
    const cycle: Row = {
      ...named('cycle, as it reports'),
      sidecar: median(lives.map(([own = []]) => median(own.map(({ cycleMs }) => cycleMs)))),
    };
    rows.push(tasks === RETAINED ? { ...cycle, target: atMost(5)(cycle) } : cycle);
    rows.push(compare(lives, { ...named('call, with its commit'), figureOf: (one) => one.callMs }));
  }
  return rows;
}

function measureOneLife(scale: Scale, window: number, tasks: number): Promise<Life<Figures>> {
  const config = {
    cycle: { history_limit: RETAINED, analysis_window: window, enabled: false },
    // Otherwise rules wait for tasks that began after the last cycle.
    curation: { suppress_unchanged: false },
  };
  return withServers(threeServers(config), async (servers) => {
    const clients = servers.map((server) => new RawClient(server.tcp));
    for (const client of clients) {
      await client.unary(METHODS.reportMetrics, METRICS);
      await sendBatches(client, batchSource(), tasks / BATCH_SIZE);
    }
    const sides = clients.map((client) => () => runCycle(client));
    // The first cycles change parameters, and compile.
    await takeTurns(20, sides);
    const life = await takeTurns(scale.cycles, sides);
    for (const client of clients) client.close();
    return life;
  });
}

async function runCycle(client: RawClient): Promise<Figures> {
  const startMs = performance.now();
  const response = await client.unary(METHODS.runCycle, NOTHING);
  const callMs = performance.now() - startMs;
  const { cycle } = fromBinary(RunCycleResponseSchema, response);
  // Below a second.
  return { callMs, cycleMs: (cycle?.duration?.nanos ?? 0) / 1e6 };
}

/** Every built-in rule fires. */
const METRICS = encode(ReportMetricsRequestSchema, {
  metrics: { subAgentCount: 12, cpuPercent: 90 },
});
