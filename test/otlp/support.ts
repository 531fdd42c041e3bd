import { readFileSync } from 'node:fs';
import { create, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import type { Config } from '../../src/config/config.ts';
import { runAtOnce } from '../../src/domain/slices.ts';
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from '../../src/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts';
import {
  type ExportMetricsServiceRequest,
  ExportMetricsServiceRequestSchema,
} from '../../src/gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.ts';
import {
  type ExportTraceServiceRequest,
  ExportTraceServiceRequestSchema,
} from '../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import {
  type KeyValue,
  KeyValueSchema,
} from '../../src/gen/opentelemetry/proto/common/v1/common_pb.ts';
import {
  type Span,
  SpanSchema,
  type Status_StatusCode,
} from '../../src/gen/opentelemetry/proto/trace/v1/trace_pb.ts';
import { Intake, type IntakeObserver, type Taken } from '../../src/otlp/intake.ts';
import { fromYaml } from '../config/support.ts';

/** One run of a fixture, as far as tests look at it. */
export interface FixtureRun {
  readonly ids?: readonly string[];
  readonly run?: string;
  readonly outcome?: string;
  readonly agent?: string;
  readonly task_span: string | null;
  readonly by_status: string | null;
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
}

export interface Fixture {
  readonly runs: readonly FixtureRun[];
  readonly requests: readonly { readonly signal: string; readonly request: JsonValue }[];
}

export function readFixture(name: string): Fixture {
  return JSON.parse(readFileSync(`test/otlp/fixtures/${name}.json`, 'utf8'));
}

export function traceRequests({ requests }: Fixture): ExportTraceServiceRequest[] {
  return requests
    .filter(({ signal }) => signal === 'traces')
    .map(({ request }) => fromJson(ExportTraceServiceRequestSchema, request));
}

export function metricRequests({ requests }: Fixture): ExportMetricsServiceRequest[] {
  return requests.map(({ request }) => fromJson(ExportMetricsServiceRequestSchema, request));
}

export function traceBytes(request: ExportTraceServiceRequest): Uint8Array {
  return toBinary(ExportTraceServiceRequestSchema, request);
}

/** One request for each span, in the order in which they stand. */
export function splitAtSpans(requests: readonly ExportTraceServiceRequest[]) {
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap((resourceGroup) =>
      resourceGroup.scopeSpans.flatMap((scopeGroup) =>
        scopeGroup.spans.map((span) =>
          create(ExportTraceServiceRequestSchema, {
            resourceSpans: [{ ...resourceGroup, scopeSpans: [{ ...scopeGroup, spans: [span] }] }],
          }),
        ),
      ),
    ),
  );
}

/** What an intake was told and has told. */
export interface Watched {
  readonly intake: Intake;
  readonly rejected: string[];
  readonly repeats: { count: number };
  time: { wallMs: number; monotonicMs: number };
}

const SILENT: IntakeObserver = { came() {}, tasks() {}, rejected() {}, idRepeats() {} };

/** An intake under a config, where every flag but `nope` is a parameter. */
export function createIntake(otlp: Record<string, unknown> = {}): Watched {
  const config: Config = fromYaml(JSON.stringify({ otlp: { enabled: true, ...otlp } }));
  const rejected: string[] = [];
  const repeats = { count: 0 };
  const time = { wallMs: 4e12, monotonicMs: 0 };
  const intake = new Intake({
    settings: () => config.otlp,
    isParameter: (name) => name !== 'nope',
    sequenceOf: (taskId) => (taskId === 'asked' ? 7 : undefined),
    wallNow: () => time.wallMs,
    monotonic: () => time.monotonicMs,
    observer: {
      ...SILENT,
      rejected: (reason) => void rejected.push(reason),
      idRepeats() {
        repeats.count += 1;
      },
    },
  });
  return { intake, rejected, repeats, time };
}

export function takeSpans({ intake }: Watched, request: ExportTraceServiceRequest): Taken {
  return runAtOnce(intake.takeSpans(traceBytes(request)));
}

export function takeLogs({ intake }: Watched, request: ExportLogsServiceRequest): Taken {
  return runAtOnce(intake.takeLogs(toBinary(ExportLogsServiceRequestSchema, request)));
}

export type AttributeValues = Readonly<Record<string, string | number | boolean>>;

function attributesOf(values: AttributeValues): KeyValue[] {
  return Object.entries(values).map(([key, value]) =>
    create(KeyValueSchema, {
      key,
      value: {
        value:
          typeof value === 'string'
            ? { case: 'stringValue', value }
            : typeof value === 'boolean'
              ? { case: 'boolValue', value }
              : Number.isInteger(value)
                ? { case: 'intValue', value: BigInt(value) }
                : { case: 'doubleValue', value },
      },
    }),
  );
}

/** What is said of a span; ids are small numbers, and times milliseconds since `EPOCH_MS`. */
export interface SpanText {
  readonly id: number;
  readonly parent?: number;
  readonly trace?: number;
  readonly name?: string;
  readonly attributes?: AttributeValues;
  readonly events?: readonly { readonly name: string; readonly attributes: AttributeValues }[];
  readonly status?: Status_StatusCode;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly scope?: string;
}

export const EPOCH_MS = 1_790_000_000_000;

function idBytes(id: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(id, length - 4);
  return bytes;
}

export function spanOf(text: SpanText): Span {
  const { id, parent, trace = 1, name = 'task', attributes = {}, events = [], status = 0 } = text;
  const { startMs = 0, endMs = 100 } = text;
  const nanos = (ms: number) => BigInt(Math.round((EPOCH_MS + ms) * 1e6));
  return create(SpanSchema, {
    traceId: idBytes(trace, 16),
    spanId: idBytes(id, 8),
    parentSpanId: parent === undefined ? new Uint8Array() : idBytes(parent, 8),
    name,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(endMs),
    attributes: attributesOf(attributes),
    events: events.map((event) => ({
      name: event.name,
      attributes: attributesOf(event.attributes),
    })),
    status: { code: status },
  });
}

/** One request with a group for each scope. */
export function requestOf(...texts: readonly SpanText[]): ExportTraceServiceRequest {
  const scopes = Map.groupBy(texts, ({ scope = 'test' }) => scope);
  return create(ExportTraceServiceRequestSchema, {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': 'orchestrator' }) },
        scopeSpans: [...scopes].map(([name, spans]) => ({
          scope: { name },
          spans: spans.map(spanOf),
        })),
      },
    ],
  });
}

/** An event of an evaluation, as hooks write it. */
export function evaluationEvent(id: string, variant = 'new', others: AttributeValues = {}) {
  return {
    name: 'feature_flag.evaluation',
    attributes: {
      'feature_flag.key': 'knob',
      'feature_flag.context.id': id,
      'feature_flag.result.variant': variant,
      'feature_flag.result.reason': 'split',
      ...others,
    },
  };
}

/** A request of one log record about an evaluation within a span. */
export function evaluationLog(
  span: number,
  id: string,
  variant = 'new',
  others: AttributeValues = {},
): ExportLogsServiceRequest {
  return create(ExportLogsServiceRequestSchema, {
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              {
                traceId: idBytes(1, 16),
                spanId: idBytes(span, 8),
                eventName: 'feature_flag.evaluation',
                attributes: attributesOf(evaluationEvent(id, variant, others).attributes),
              },
            ],
          },
        ],
      },
    ],
  });
}
