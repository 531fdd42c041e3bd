import { clip } from '../domain/clip.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { OtlpSettings } from '../domain/otlp.ts';
import type { Sliced } from '../domain/slices.ts';
import { MAX_CPU_PERCENT, MAX_ID_BYTES } from '../domain/task.ts';
import { readAll } from './read-all.ts';
import { type Point, readNewestPoint } from './read-metrics.ts';
import type { Wanted } from './read-spans.ts';

/** The maximum of agents, a uint32 in the proto. */
const MAX_AGENTS = 2 ** 32 - 1;

const SERVICE = 'service.name';
const INSTANCE = 'service.instance.id';

/** What an Export of metrics leads to. */
export interface TakenMetrics {
  /** One for each process that reports. */
  readonly reports: readonly CoordinationMetrics[];
  /** Metrics in the request. */
  readonly count: number;
  /** Data points that are mapped and have no number within bounds. */
  readonly rejected: number;
}

type Draft = { subAgentCount: number; cpuPercent: number; values: Record<string, number> };

/**
 * Takes an ExportMetricsServiceRequest. Throws MALFORMED.
 *
 * @param wallMs Unix time in milliseconds: nothing was observed later
 */
export function* takeMetrics(
  bytes: Uint8Array,
  { metrics: mapped, attributes }: OtlpSettings,
  wallMs: number,
): Sliced<TakenMetrics> {
  const wanted: Wanted = (key) => key === SERVICE || key === INSTANCE || attributes.has(key);
  const points = yield* readAll(bytes, wanted, (reader, item) =>
    readNewestPoint(reader, item, (name) => mapped.has(name), wanted),
  );
  const reports = new Map<string, Draft & { observeTimeMs: number }>();
  let rejected = 0;
  for (const point of points) {
    if (point === undefined) continue;
    const clientId = clientOf(point);
    const report = reports.get(clientId) ?? {
      ...{ subAgentCount: 0, cpuPercent: 0, values: {}, observeTimeMs: 0 },
    };
    report.observeTimeMs = Math.max(report.observeTimeMs, Math.min(point.timeMs, wallMs));
    if (addTo(report, point, mapped)) reports.set(clientId, report);
    else rejected += 1;
  }
  return {
    reports: [...reports].map(([clientId, report]) => ({
      ...report,
      ...(clientId === '' ? {} : { clientId }),
    })),
    count: points.length,
    rejected,
  };
}

/** The process that reports. */
function clientOf({ resource }: Point): string {
  return clip(String(resource[INSTANCE] ?? resource[SERVICE] ?? ''), MAX_ID_BYTES);
}

/** Returns whether the point had anything within bounds. */
function addTo(report: Draft, point: Point, mapped: OtlpSettings['metrics']): boolean {
  const mapping = mapped.get(point.instrument);
  const { value, attributes, resource } = point;
  if (mapping === undefined || !Number.isFinite(value)) return false;
  const context = { value, attributes, resource };
  const agents = mapping.subAgentCount?.(context);
  const percent = mapping.cpuPercent?.(context);
  const isAgents = agents !== undefined && agents >= 0 && agents <= MAX_AGENTS;
  const isPercent = percent !== undefined && percent >= 0 && percent <= MAX_CPU_PERCENT;
  if (isAgents) report.subAgentCount = Math.round(agents);
  if (isPercent) report.cpuPercent = percent;
  let isValue = false;
  for (const [name, numberOf] of mapping.values) {
    const found = numberOf(context);
    if (found === undefined) continue;
    report.values[name] = found;
    isValue = true;
  }
  return isAgents || isPercent || isValue;
}
