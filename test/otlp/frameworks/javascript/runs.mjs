// As ../python/runs.py, of the AI SDK: node runs.mjs --endpoint URL
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { generateText, stepCountIs, tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { z } from 'zod';

const TIMEOUT_MS = 200;
const RUNS = {
  'a tool is called': ['moss', 'SUCCESS'],
  'the tool raises, and the model answers': ['stone', 'SUCCESS'],
  'the model raises': ['sand', 'FAILURE'],
  'a timeout': ['slow', 'TIMEOUT'],
};
const NAME = 'AI SDK';

const { values } = parseArgs({ options: { endpoint: { type: 'string' } } });

let seen = new Set();
const traces = {
  onStart: (span) => void seen.add(span.spanContext().traceId),
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'ai-sdk' }),
  spanProcessors: [traces, new BatchSpanProcessor(new OTLPTraceExporter({ url: values.endpoint }))],
});
trace.setGlobalTracerProvider(provider);
const tracer = provider.getTracer('orchestrator');

const usage = {
  inputTokens: { total: 50, noCache: 50, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 7, text: 7, reasoning: 0 },
};

function createModel(prompt) {
  let calls = 0;
  return new MockLanguageModelV3({
    modelId: 'fake-small',
    async doGenerate({ abortSignal }) {
      calls += 1;
      if (prompt === 'sand') throw new Error('rate limit');
      if (prompt === 'slow') {
        await new Promise((_, reject) => {
          abortSignal?.addEventListener('abort', () => reject(abortSignal.reason));
        });
      }
      const input = JSON.stringify({ query: prompt });
      const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'search', input };
      return calls === 1
        ? { content: [call], finishReason: { unified: 'tool-calls' }, usage, warnings: [] }
        : {
            ...{ content: [{ type: 'text', text: 'Moss grows.' }], usage, warnings: [] },
            finishReason: { unified: 'stop' },
          };
    },
  });
}

const search = tool({
  description: 'Search pages.',
  inputSchema: z.object({ query: z.string() }),
  async execute({ query }) {
    if (query === 'stone') throw new Error('search index is gone');
    return 'three pages found';
  },
});

const run = (prompt) =>
  generateText({
    model: createModel(prompt),
    prompt,
    tools: { search },
    stopWhen: stepCountIs(5),
    maxRetries: 0,
    abortSignal: AbortSignal.timeout(TIMEOUT_MS),
    experimental_telemetry: { isEnabled: true, functionId: 'researcher' },
  });

function withinSpan(prompt, taskId) {
  const attributes = { 'learning.task_id': taskId };
  return tracer.startActiveSpan('task', { attributes }, async (span) => {
    try {
      return await run(prompt);
    } catch (error) {
      span.setAttribute('error.type', error.name);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

// A timeout by itself keeps no process alive.
const keptAlive = setInterval(() => {}, 1000);
const runs = [];
for (const [name, [prompt, expected]] of Object.entries(RUNS)) {
  for (const way of ['plain', 'own span']) {
    seen = new Set();
    const taskId = `${NAME}/${name}`;
    const outcome = await (way === 'plain' ? run(prompt) : withinSpan(prompt, taskId)).then(
      () => 'SUCCESS',
      (error) => (/Timeout|Abort/.test(error.name) ? 'TIMEOUT' : 'FAILURE'),
    );
    if (outcome !== expected) throw new Error(`${taskId}: expected ${expected}, found ${outcome}`);
    runs.push({ run: name, way, outcome, traces: [...seen], task_id: way === 'plain' ? null : taskId });
  }
}
clearInterval(keptAlive);
await provider.forceFlush();
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
const result = { framework: NAME, versions: { ai: versionOf('ai') }, runs };
console.log(JSON.stringify(result));
await provider.shutdown();
