import { toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { runAtOnce } from '../../src/domain/slices.ts';
import {
  type ExportMetricsServiceRequest,
  ExportMetricsServiceRequestSchema,
} from '../../src/gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.ts';
import { takeMetrics } from '../../src/otlp/to-metrics.ts';
import { fromYaml } from '../config/support.ts';
import { metricRequests, readFixture } from './support.ts';

const NOW_MS = 4e12;

function take(request: ExportMetricsServiceRequest, metrics: Record<string, unknown>) {
  const { otlp } = fromYaml(JSON.stringify({ otlp: { metrics } }));
  const bytes = toBinary(ExportMetricsServiceRequestSchema, request);
  return runAtOnce(takeMetrics(bytes, otlp, NOW_MS));
}

function fixtureRequests(): ExportMetricsServiceRequest[] {
  return metricRequests(readFixture('metrics-python'));
}

const [REQUEST] = fixtureRequests();

test('instruments become coordination metrics, by expressions', () => {
  if (REQUEST === undefined) throw new Error('the fixture has a request');
  const taken = take(REQUEST, {
    'orchestrator.agents.active': { sub_agent_count: 'value' },
    'process.cpu.utilization': { cpu_percent: 'value * 400.0' },
    'orchestrator.queue_depth': { values: { queue_depth: 'value', double: 'value * 2.0' } },
    'process.cpu.time': { values: { never: 'value' } },
    'no.such': { values: { none: 'value' } },
  });
  expect(taken).toMatchObject({ count: 7, rejected: 0 });
  expect(taken.reports).toHaveLength(1);
  const [report] = taken.reports;
  expect(report).toMatchObject({
    subAgentCount: 8,
    values: { queue_depth: 3, double: 6 },
    clientId: 'metrics',
  });
  expect(report?.cpuPercent).toBeCloseTo(10.2, 6);
  expect(report?.observeTimeMs).toBeCloseTo(1_795_967_830_739.8, 0);
  expect(Object.keys(report?.values ?? {})).not.toContain('never');
});

test('without a mapping nothing is reported', () => {
  if (REQUEST === undefined) throw new Error('the fixture has a request');
  expect(take(REQUEST, {}).reports).toEqual([]);
});

test('what is out of bounds is left out and told', () => {
  if (REQUEST === undefined) throw new Error('the fixture has a request');
  const { reports, rejected } = take(REQUEST, {
    'orchestrator.agents.active': { sub_agent_count: '0.0 - value' },
    'process.cpu.utilization': { cpu_percent: 'value / 0.0' },
    'orchestrator.queue_depth': { values: { queue_depth: 'attributes["no.such"]' } },
  });
  expect(reports).toEqual([]);
  expect(rejected).toBe(3);
});
