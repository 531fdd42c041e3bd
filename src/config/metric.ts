import { LATENCY, type Metric, SUCCESS } from '../domain/effect.ts';
import type { MetricText } from './schema.ts';

/** A metric as the program reads it. */
export function settleMetric(text: MetricText): Metric {
  if (text === 'latency') return LATENCY;
  if (text === 'success') return SUCCESS;
  return { name: text.measurement, kind: 'measurement', better: text.better };
}

/** A metric as a config writes it. */
export function metricText({ name, kind, better }: Metric): MetricText {
  return kind === 'measurement' ? { measurement: name, better } : kind;
}

/** Guards of a rule that names none. */
export function defaultGuards(primary: Metric): Metric[] {
  return [LATENCY, SUCCESS].filter(({ name }) => name !== primary.name);
}
