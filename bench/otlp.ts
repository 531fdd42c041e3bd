import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ExportTraceServiceRequestSchema,
  TraceService,
} from '../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import type { KeyValueSchema } from '../src/gen/opentelemetry/proto/common/v1/common_pb.ts';
import type { SpanSchema } from '../src/gen/opentelemetry/proto/trace/v1/trace_pb.ts';
import { encode, methodPath } from '../src/wire/encode.ts';
import { compare, type Life, noise, type Row, ratioAtLeast, takeTurns } from './lives.ts';
import { RawClient } from './raw-client.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, threeServers, withServers } from './servers.ts';
import type { RequestSource } from './tasks.ts';

interface Figures {
  readonly spansPerSecond: number;
  readonly cpuMicros: number;
}

const SECTION = 'OTLP, durable';
const EXPORT = methodPath(TraceService.method.export);

/** As exporters send them by default. */
const SPANS = 512;
/** Of one task: its own span, an agent, a model's call and a tool's. */
const SPANS_OF_TASK = 4;
/** Of a prompt. */
const TEXT = 'x'.repeat(1000);
const IN_FLIGHT = 4;
/** Stands in a trace's id where the number goes that makes it unique; the six bytes before it count tasks. */
const MARK = '#000000000';

/** Exports of spans, each task of four, against a sink that decodes them and answers. */
export async function measureOtlp(scale: Scale): Promise<Row[]> {
  const lives: Life<Figures>[] = [];
  const source = exportSource();
  for (let i = 0; i < scale.lives.batches; i += 1) {
    lives.push(
      await withServers(threeServers({ otlp: { enabled: true } }), async (servers) => {
        const clients = servers.map((server) => new RawClient(server.tcp));
        const sides = servers.flatMap((server, at) => {
          const client = clients[at];
          return client ? [() => exportFor(scale.turnMs, { server, client, source })] : [];
        });
        await takeTurns(2, sides);
        const life = await takeTurns(scale.turns, sides);
        for (const client of clients) client.close();
        return life;
      }),
    );
  }
  const named = (measure: string, unit: string) => ({ section: SECTION, measure, unit });
  const throughput = {
    ...named('throughput', 'spans/s'),
    figureOf: ({ spansPerSecond }: Figures) => spansPerSecond,
    targetOf: ratioAtLeast(0.5),
  };
  return [
    compare(lives, throughput),
    noise(lives, throughput),
    compare(lives, {
      ...named('server CPU', 'µs/span'),
      figureOf: ({ cpuMicros }: Figures) => cpuMicros,
    }),
  ];
}

interface Exporter {
  readonly server: BenchServer;
  readonly client: RawClient;
  readonly source: RequestSource;
}

async function exportFor(ms: number, { server, client, source }: Exporter): Promise<Figures> {
  const cpuBefore = server.cpuMicros();
  const startMs = performance.now();
  let spans = 0;
  const exporter = async () => {
    while (performance.now() < startMs + ms) {
      await client.unary(EXPORT, source());
      spans += SPANS;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, exporter));
  return {
    spansPerSecond: spans / ((performance.now() - startMs) / 1000),
    cpuMicros: (server.cpuMicros() - cpuBefore) / spans,
  };
}

/** Requests whose traces all differ; encoded once, and only the ids written into copies. */
function exportSource(): RequestSource {
  const spans = Array.from({ length: SPANS / SPANS_OF_TASK }, (_, task) => spansOf(task)).flat();
  const bytes = encode(
    ExportTraceServiceRequestSchema,
    create(ExportTraceServiceRequestSchema, {
      resourceSpans: [
        {
          resource: { attributes: [text('service.name', 'bench')] },
          scopeSpans: [{ scope: { name: 'bench' }, spans }],
        },
      ],
    }),
  );
  const places: number[] = [];
  for (let at = bytes.indexOf(MARK); at !== -1; at = bytes.indexOf(MARK, at + 1)) places.push(at);
  let requests = 0;
  return () => {
    const copy = Buffer.from(bytes);
    requests += 1;
    const number = String(requests).padStart(MARK.length, '0');
    for (const place of places) copy.write(number, place, 'latin1');
    return copy;
  };
}

function spansOf(task: number): MessageInitShape<typeof SpanSchema>[] {
  const traceId = Buffer.concat([Buffer.alloc(6), Buffer.from(MARK)]);
  traceId.writeUInt32BE(task + 1, 0);
  const idOf = (id: number) => Buffer.from([0, 0, 0, 0, 0, 0, 0, id]);
  const at = (ms: number) => BigInt(1_790_000_000_000 + ms) * 1_000_000n;
  const span = (id: number, parent: number, endMs: number, attributes: KeyValue[]) => ({
    ...{ traceId, spanId: idOf(id), name: 'span', attributes },
    parentSpanId: parent === 0 ? new Uint8Array() : idOf(parent),
    ...{ startTimeUnixNano: at(0), endTimeUnixNano: at(endMs) },
  });
  const operation = (name: string) => text('gen_ai.operation.name', name);
  return [
    span(4, 2, 40, [operation('execute_tool'), text('gen_ai.tool.call.result', TEXT)]),
    span(3, 2, 60, [
      operation('chat'),
      text('gen_ai.request.model', 'small'),
      text('gen_ai.input.messages', TEXT),
      whole('gen_ai.usage.input_tokens', 50),
      whole('gen_ai.usage.output_tokens', 7),
    ]),
    span(2, 1, 80, [operation('invoke_agent'), text('gen_ai.agent.name', 'researcher')]),
    span(1, 0, 100, [text('learning.task_id', `${task}/${MARK}`)]),
  ];
}

type KeyValue = MessageInitShape<typeof KeyValueSchema>;

function text(key: string, value: string): KeyValue {
  return { key, value: { value: { case: 'stringValue', value } } };
}

function whole(key: string, value: number): KeyValue {
  return { key, value: { value: { case: 'intValue', value: BigInt(value) } } };
}
