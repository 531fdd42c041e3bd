import { fromBinary } from '@bufbuild/protobuf';
import { RunCycleResponseSchema } from '../src/gen/learning/v1/admin_service_pb.ts';
import { ReportMetricsRequestSchema } from '../src/gen/learning/v1/learning_service_pb.ts';
import { encode } from '../src/wire/codec.ts';
import { sendBatches } from './batches.ts';
import { METHODS, RawClient } from './raw-client.ts';
import { atMost, compare, measureByTurns, type Row } from './row.ts';
import type { Scale } from './scale.ts';
import { withServers } from './servers.ts';
import { spreadOf } from './statistics.ts';
import { BATCH_SIZE, batchSource } from './tasks.ts';

interface Figures {
  /** As the cycle itself reports it. */
  readonly cycleMs: number;
  readonly callMs: number;
}

const SECTION = 'RunCycle, the built-in rules';
const RETAINED = 10_000;
const NOTHING = Buffer.alloc(0);

/** Cycles at few and at many retained tasks, with the default window and with one of all. */
export async function measureCycles(scale: Scale): Promise<Row[]> {
  return [
    ...(await measureWindow(scale, 30, [BATCH_SIZE, RETAINED])),
    ...(await measureWindow(scale, RETAINED, [RETAINED])),
  ];
}

function measureWindow(scale: Scale, window: number, sizes: readonly number[]): Promise<Row[]> {
  const config = { cycle: { history_limit: RETAINED, analysis_window: window, enabled: false } };
  const source = batchSource();
  return withServers(config, async (sidecar, empty) => {
    const [ours, theirs] = [new RawClient(sidecar.tcp), new RawClient(empty.tcp)];
    await ours.unary(METHODS.reportMetrics, METRICS);
    const rows: Row[] = [];
    let recorded = 0;
    for (const size of sizes) {
      await sendBatches(ours, source, (size - recorded) / BATCH_SIZE);
      recorded = size;
      // The first cycles change parameters, and compile.
      for (let i = 0; i < 20; i += 1) await runCycle(ours);
      const results = await measureByTurns(
        scale.cycles,
        () => runCycle(ours),
        () => runCycle(theirs),
      );
      const named = (figure: string) => ({
        section: SECTION,
        measure: `${size.toLocaleString('en-US')} tasks retained, window ${window}: ${figure}`,
        unit: 'ms',
      });
      const cycleMs = spreadOf(results.map((round) => round.sidecar.cycleMs)).median;
      const row: Row = { ...named('cycle, as it reports'), sidecar: cycleMs };
      rows.push(size === RETAINED ? { ...row, target: atMost(5)(row) } : row);
      rows.push(compare(named('call, with its commit'), results, (figures) => figures.callMs));
    }
    ours.close();
    theirs.close();
    return rows;
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
