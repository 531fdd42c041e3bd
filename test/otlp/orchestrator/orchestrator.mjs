// An orchestrator that knows nothing of the sidecar but an address: it reads a parameter with an OpenFeature SDK, and
// reports outcomes with the spans of an OpenTelemetry SDK. Tasks take no time; their latency is in their spans.
// Usage: node orchestrator.mjs ADDRESS, then a job a line on standard input, as JSON; each is answered by a line.
import { createInterface } from 'node:readline';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { EventHook, SpanEventHook } from '@openfeature/open-telemetry-hooks';
import { OpenFeature } from '@openfeature/server-sdk';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

const [address] = process.argv.slice(2);
const url = `http://${address}`;

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: url }));

/** Providers of one kind, which send to the sidecar. */
function createTelemetry(sampled) {
  const sampler = sampled < 1 ? new TraceIdRatioBasedSampler(sampled) : new AlwaysOnSampler();
  const spans = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }));
  const records = new BatchLogRecordProcessor(new OTLPLogExporter({ url: `${url}/v1/logs` }));
  return {
    tracer: new BasicTracerProvider({ sampler, spanProcessors: [spans] }).getTracer('orchestrator'),
    loggers: new LoggerProvider({ processors: [records] }),
    flush: () => Promise.all([spans.forceFlush(), records.forceFlush()]),
  };
}

/** A linear congruence: runs of a seed are the same. */
function randomOf(seed) {
  let state = seed + 1;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  for (let i = 0; i < 10; i += 1) next();
  return next;
}

/** As caches do it that keep a value whatever the task: what was given is not what is used. */
const stale = {
  after(_hookContext, details) {
    details.variant = 'baseline';
    details.value = 0;
  },
};

/**
 * Runs tasks.
 *
 * @param job `tasks`, `from` the number of the first, `factor` of the latency with the new value, `seed`, `sampled` share
 * of traces, `hook` that tells of evaluations, `isStale`
 */
async function run({ tasks, from, factor, seed, sampled = 1, hook = 'event', isStale = false }) {
  const { tracer, loggers, flush } = createTelemetry(sampled);
  logs.disable();
  logs.setGlobalLoggerProvider(loggers);
  const client = OpenFeature.getClient();
  const telemetry = hook === 'event' ? new EventHook() : new SpanEventHook();
  client.addHooks(telemetry, ...(isStale ? [stale] : []));
  const random = randomOf(seed + from);
  for (let i = 0; i < tasks; i += 1) {
    const latencyMs = 100 * Math.exp(0.3 * (random() + random() + random() - 1.5));
    const endMs = Date.now();
    const taskId = `task-${seed}-${from + i}`;
    // Its start is not known before the value that it runs with.
    const level = await new Promise((resolve, reject) => {
      const span = tracer.startSpan('task', { startTime: endMs - latencyMs });
      context.with(trace.setSpan(context.active(), span), async () => {
        try {
          const value = await client.getNumberValue('level', 0, { targetingKey: taskId });
          if (random() < 0.02) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end(endMs + latencyMs * ((value === 1 ? factor : 1) - 1));
          resolve(value);
        } catch (error) {
          reject(error);
        }
      });
    });
    if (level !== 0 && level !== 1) throw new Error(`the level is ${level}`);
  }
  client.clearHooks();
  await flush();
}

for await (const line of createInterface(process.stdin)) {
  await run(JSON.parse(line));
  console.log('done');
}
