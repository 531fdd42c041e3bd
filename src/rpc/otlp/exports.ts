import type { DescMessage, DescMethod } from '@bufbuild/protobuf';
import type { OtlpSettings } from '../../domain/otlp.ts';
import { runInSlices, type Sliced } from '../../domain/slices.ts';
import type { Task } from '../../domain/task.ts';
import type { Engine } from '../../engine/engine.ts';
import { reportMetrics } from '../../engine/record.ts';
import {
  ExportLogsServiceResponseSchema,
  LogsService,
} from '../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts';
import {
  ExportMetricsServiceResponseSchema,
  MetricsService,
} from '../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.ts';
import {
  ExportTraceServiceResponseSchema,
  TraceService,
} from '../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { Intake, type IntakeObserver, type Taken } from '../../otlp/intake.ts';
import { describeRejections } from '../../otlp/rejections.ts';
import { takeMetrics } from '../../otlp/to-metrics.ts';
import { encode } from '../../wire/encode.ts';

/** Tasks of one decision: as many as a message of RecordTasks may have. */
const MAX_BATCH = 1000;

/** What takes in OTLP. */
export interface OtlpParts {
  readonly engine: Engine;
  readonly settings: () => OtlpSettings;
  readonly observer: IntakeObserver;
  readonly defer: (run: () => void) => void;
}

/** One method of OTLP: from the bytes of a request to those of its response. Resolves after the commit. */
export interface OtlpExport {
  readonly method: DescMethod;
  /** Of OTLP over HTTP. */
  readonly path: string;
  run(bytes: Uint8Array): Promise<Buffer>;
}

/** The methods of OTLP, for gRPC and HTTP alike. */
export function otlpExports({ engine, settings, observer, defer }: OtlpParts): OtlpExport[] {
  const { clock, ledger } = engine;
  const monotonic = () => clock.monotonic();
  const intake = new Intake({
    ...{ settings, monotonic, observer },
    // A parameter that a trial adds is in no other place.
    isParameter: (name) =>
      Object.hasOwn(ledger.state.head.parameters, name) ||
      ledger.state.trials.some(({ plan }) => plan.target === name),
    sequenceOf: (taskId) => engine.sequenceOf(taskId),
    wallNow: () => clock.wallNow(),
  });
  const sliced = async <R>(work: Sliced<R>) => runInSlices(work, monotonic, defer);
  const record = async <S extends DescMessage>(schema: S, work: Sliced<Taken>) => {
    const { tasks, rejected } = await sliced(work);
    await recordAll(engine, tasks);
    return { schema, count: rejected.length, message: describeRejections(rejected) };
  };
  return [
    {
      method: TraceService.method.export,
      path: '/v1/traces',
      async run(bytes) {
        const { schema, count, message } = await record(
          ExportTraceServiceResponseSchema,
          intake.takeSpans(bytes),
        );
        return encode(schema, {
          partialSuccess: told(count, { rejectedSpans: BigInt(count), errorMessage: message }),
        });
      },
    },
    {
      method: LogsService.method.export,
      path: '/v1/logs',
      async run(bytes) {
        const { schema, message } = await record(
          ExportLogsServiceResponseSchema,
          intake.takeLogs(bytes),
        );
        // The spans were rejected, not the records.
        return encode(schema, {
          partialSuccess: told(message.length, { errorMessage: message }),
        });
      },
    },
    {
      method: MetricsService.method.export,
      path: '/v1/metrics',
      async run(bytes) {
        const { reports, count, rejected } = await sliced(
          takeMetrics(bytes, settings(), clock.wallNow()),
        );
        observer.came('metrics', count);
        await Promise.all(reports.map((report) => engine.decide(reportMetrics(report))));
        const errorMessage = 'otlp.metrics gives no number within bounds';
        return encode(ExportMetricsServiceResponseSchema, {
          partialSuccess: told(rejected, { rejectedDataPoints: BigInt(rejected), errorMessage }),
        });
      },
    },
  ];
}

/** All in one commit, or in few. */
async function recordAll(engine: Engine, tasks: readonly Task[]): Promise<void> {
  const batches: Promise<unknown>[] = [];
  for (let from = 0; from < tasks.length; from += MAX_BATCH) {
    batches.push(engine.recordTasks(tasks.slice(from, from + MAX_BATCH)));
  }
  await Promise.all(batches);
}

/** A response says nothing where all was taken. */
function told<T>(count: number, partialSuccess: T): T | undefined {
  return count === 0 ? undefined : partialSuccess;
}
