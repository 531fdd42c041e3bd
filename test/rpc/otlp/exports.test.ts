import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { credentials, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { StatusSchema } from '../../../src/gen/google/rpc/status_pb.ts';
import { LogsService } from '../../../src/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts';
import {
  ExportMetricsServiceRequestSchema,
  MetricsService,
} from '../../../src/gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.ts';
import {
  ExportTraceServiceRequestSchema,
  ExportTraceServiceResponseSchema,
  TraceService,
} from '../../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { StoreFault } from '../../../src/ledger/store.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { createClient } from '../../../src/wire/client.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import {
  evaluationLog,
  metricRequests,
  readFixture,
  requestOf,
  spanOf,
} from '../../otlp/support.ts';
import { startService } from '../../support/sidecar/running-service.ts';
import { failureOf } from '../wire.ts';

const ON = 'otlp: { enabled: true }';
const MIB = 1024 * 1024;
const PROTOBUF = 'application/x-protobuf';
const PARAMETERS = 'parameters: { knob: { initial: 1 } }\nrules: []';

/** A span of a task of its own, which is as large as it is said to be. */
function task(taskId: string, bytes = 0) {
  return requestOf({
    id: 1 + Number.parseInt(taskId.replace(/\D/g, ''), 10),
    attributes: { 'learning.task_id': taskId, 'gen_ai.prompt': 'x'.repeat(bytes) },
  });
}

async function start(yaml = ON, store = createMemoryStore()) {
  const service = await startService(yaml, store);
  const [address = ''] = service.runtime.addresses;
  const options = { 'grpc.max_send_message_length': -1 };
  const plain = credentials.createInsecure();
  const traces = createClient(TraceService, address, plain, options);
  const logs = createClient(LogsService, address, plain, options);
  const metrics = createClient(MetricsService, address, plain, options);
  onTestFinished(() => {
    for (const client of [traces, logs, metrics]) client.close();
  });
  const post = (body: Uint8Array, path = '/v1/traces', headers: Record<string, string> = {}) =>
    fetch(`http://${address}${path}`, {
      method: 'POST',
      headers: { 'content-type': PROTOBUF, ...headers },
      body,
    });
  const recorded = async () => (await service.client.getStatus({})).totalTasksRecorded;
  const page = async () => (await service.get('/metrics')).text();
  return { ...service, traces, logs, metrics, post, recorded, page };
}

function bytesOf(request: ReturnType<typeof requestOf>): Uint8Array {
  return toBinary(ExportTraceServiceRequestSchema, request);
}

async function statusIn(response: Response) {
  return fromBinary(StatusSchema, new Uint8Array(await response.arrayBuffer()));
}

test('off: nothing takes spans', async () => {
  const { traces, post } = await start('');
  expect((await failureOf(traces.export(task('t1')))).code).toBe(status.UNIMPLEMENTED);
  expect((await post(bytesOf(task('t1')))).status).toBe(404);
});

describe.each(['gRPC', 'HTTP'] as const)('over %s', (over) => {
  const exportBy = async (
    service: Awaited<ReturnType<typeof start>>,
    request: ReturnType<typeof requestOf>,
  ) => {
    if (over === 'gRPC') return service.traces.export(request);
    const response = await service.post(bytesOf(request));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(PROTOBUF);
    return fromBinary(
      ExportTraceServiceResponseSchema,
      new Uint8Array(await response.arrayBuffer()),
    );
  };

  test('a task is durable when the export is answered, and counts once', async () => {
    const service = await start();
    for (let times = 0; times < 2; times++) {
      expect((await exportBy(service, task('t1'))).partialSuccess).toBeUndefined();
      expect(await service.recorded()).toBe(1n);
    }
    const page = await service.page();
    expect(page).toContain('learning_otlp_items_total{kind="spans"} 2');
    expect(page).toContain('learning_otlp_tasks_total 2');
    expect(page).toContain('learning_tasks_recorded_total 1');
  });

  test('what cannot be a task is told in one sentence, and the rest is taken', async () => {
    const service = await start();
    const attributes = { 'learning.task_id': 't2' };
    const request = requestOf(
      { id: 1, attributes: { 'learning.task_id': 't1' } },
      { id: 2, attributes, startMs: 100, endMs: 50 },
      { id: 3 },
    );
    const { partialSuccess } = await exportBy(service, request);
    expect(partialSuccess).toMatchObject({
      rejectedSpans: 1n,
      errorMessage: 'not taken as tasks: spans 1 that ended before they began',
    });
    expect(await service.recorded()).toBe(1n);
    expect(await service.page()).toContain(
      'learning_otlp_rejected_spans_total{reason="reversed_times"} 1',
    );
  });

  test('a ledger that cannot be written: again later, and then it is taken', async () => {
    const store = createMemoryStore();
    const { commit } = store;
    const service = await start(ON, store);
    store.commit = () => {
      throw new StoreFault('the disk is full');
    };
    if (over === 'gRPC') {
      const error = await failureOf(service.traces.export(task('t1')));
      expect(error.code).toBe(status.UNAVAILABLE);
      expect(readStatusDetails(error).retryDelayMs).toBeGreaterThan(0);
    } else {
      const response = await service.post(bytesOf(task('t1')));
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await statusIn(response)).code).toBe(status.UNAVAILABLE);
    }
    store.commit = commit;
    await vi.waitFor(async () => exportBy(service, task('t1')), { timeout: 10_000 });
    expect(await service.recorded()).toBe(1n);
  });

  test('a request of many megabytes is taken, up to the bound', async () => {
    const service = await start();
    await exportBy(service, task('t1', 50 * MIB));
    expect(await service.recorded()).toBe(1n);
  });
});

test('over the bound: refused as too large, not to be repeated', async () => {
  const { traces, post, recorded } = await start(
    'otlp: { enabled: true, max_request_bytes: 8388608 }',
  );
  const large = task('t1', 8 * MIB);
  expect((await failureOf(traces.export(large))).code).toBe(status.RESOURCE_EXHAUSTED);
  const response = await post(bytesOf(large));
  expect(response.status).toBe(413);
  expect(response.headers.get('retry-after')).toBeNull();
  expect((await statusIn(response)).code).toBe(status.RESOURCE_EXHAUSTED);
  expect(await recorded()).toBe(0n);
});

test('other methods keep their bound of 4 MiB, packed or not', async () => {
  const { client, runtime } = await start();
  const labels = { large: 'x'.repeat(5 * MIB) };
  expect((await failureOf(client.recordTask({ task: { labels } }))).code).toBe(
    status.RESOURCE_EXHAUSTED,
  );
  const [address = ''] = runtime.addresses;
  const { LearningService } = await import('../../../src/gen/learning/v1/learning_service_pb.ts');
  const packing = createClient(LearningService, address, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': 2,
    'grpc.use_local_subchannel_pool': 1,
  });
  onTestFinished(() => packing.close());
  expect((await failureOf(packing.recordTask({ task: { labels } }))).code).toBe(
    status.RESOURCE_EXHAUSTED,
  );
  const stream = client.recordTasks();
  const ended = new Promise<{ code: number }>((resolve) => stream.on('error', resolve));
  stream.on('data', () => {});
  stream.write({ tasks: [{ labels }] });
  expect((await ended).code).toBe(status.RESOURCE_EXHAUSTED);
});

describe('gzip', () => {
  test('is unpacked', async () => {
    const { post, recorded, runtime } = await start();
    const packed = gzipSync(bytesOf(task('t1')));
    expect((await post(packed, '/v1/traces', { 'content-encoding': 'gzip' })).status).toBe(200);
    const [address = ''] = runtime.addresses;
    const traces = createClient(TraceService, address, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    onTestFinished(() => traces.close());
    await traces.export(task('t2', 6 * MIB));
    expect(await recorded()).toBe(2n);
  });

  test('what unpacks to more than the bound is refused', async () => {
    const { post, runtime, recorded } = await start(
      'otlp: { enabled: true, max_request_bytes: 1048576 }',
    );
    const bomb = task('t1', 64 * MIB);
    const packed = gzipSync(bytesOf(bomb));
    expect(packed.length).toBeLessThan(100_000);
    expect((await post(packed, '/v1/traces', { 'content-encoding': 'gzip' })).status).toBe(413);
    const [address = ''] = runtime.addresses;
    const traces = createClient(TraceService, address, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    });
    onTestFinished(() => traces.close());
    expect((await failureOf(traces.export(bomb))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(await recorded()).toBe(0n);
  });

  test('what is not gzip is malformed', async () => {
    const { post } = await start();
    const response = await post(Buffer.from('plain'), '/v1/traces', { 'content-encoding': 'gzip' });
    expect(response.status).toBe(400);
  });
});

test('malformed bytes are refused, and nothing of them is taken', async () => {
  const { post, recorded } = await start();
  const whole = bytesOf(
    requestOf(...[1, 2, 3].map((id) => ({ id, attributes: { 'learning.task_id': `t${id}` } }))),
  );
  for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics']) {
    const response = await post(whole.subarray(0, whole.length - 1), path);
    expect(response.status).toBe(400);
    expect((await statusIn(response)).code).toBe(status.INVALID_ARGUMENT);
  }
  expect(await recorded()).toBe(0n);
});

test('what web pages can send is refused', async () => {
  const { post } = await start();
  const body = bytesOf(task('t1'));
  expect((await post(body, '/v1/traces', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await post(body, '/v1/traces', { 'content-type': 'application/json' })).status).toBe(415);
  expect((await post(body, '/v1/traces', { origin: 'http://page.example' })).status).toBe(403);
});

test('log records and spans join, whichever comes first', async () => {
  const { traces, logs, recorded } = await start(`${ON}\n${PARAMETERS}`);
  await logs.export(evaluationLog(1, 'a'));
  await traces.export(requestOf({ id: 1 }, { id: 2 }));
  expect(await recorded()).toBe(1n);
  await logs.export(evaluationLog(2, 'b'));
  expect(await recorded()).toBe(2n);
  await logs.export(evaluationLog(2, 'c', 'new', { 'feature_flag.key': 'unknown' }));
  expect(await recorded()).toBe(2n);
});

test('metrics become those of rules, by client', async () => {
  const { metrics, client } = await start(
    `otlp:\n  enabled: true\n  metrics: { orchestrator.agents.active: { sub_agent_count: value } }`,
  );
  const [request] = metricRequests(readFixture('metrics-python'));
  await metrics.export(request ?? create(ExportMetricsServiceRequestSchema));
  expect((await client.getStatus({})).metrics).toMatchObject({ subAgentCount: 8 });
});

test('thousands of tasks in one request', async () => {
  const { traces, recorded } = await start();
  const spans = Array.from({ length: 5000 }, (_, index) =>
    spanOf({ id: index + 1, attributes: { 'learning.task_id': `t${index}` } }),
  );
  await traces.export({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  expect(await recorded()).toBe(5000n);
});

test('several ids on a span are warned of once', async () => {
  const { traces, lines } = await start(`${ON}\n${PARAMETERS}`);
  const event = (id: string) => ({
    name: 'feature_flag.evaluation',
    attributes: { 'feature_flag.key': 'knob', 'feature_flag.context.id': id },
  });
  for (const id of [1, 2]) await traces.export(requestOf({ id, events: [event('a'), event('b')] }));
  const warnings = lines.filter(({ msg }) => String(msg).includes('marked by several task ids'));
  expect(warnings).toHaveLength(1);
});

test('spans of which none is a task are warned of', async () => {
  const { traces, lines } = await start();
  const spans = Array.from({ length: 1000 }, (_, index) => spanOf({ id: index + 1 }));
  await traces.export({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  expect(lines.filter(({ msg }) => String(msg).includes('none is a task'))).toHaveLength(1);
});
