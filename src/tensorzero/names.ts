import { MAX_MEASUREMENT_BYTES, MEASUREMENT_NAME } from '../config/keys/limits.ts';

/** The parameter for the variants of a function. */
export function parameterName(functionName: string): string {
  const word = functionName.replaceAll(/[^A-Za-z0-9_.-]/g, '_');
  return `${/^[A-Za-z_]/.test(word) ? '' : '_'}${word}_variant`;
}

/** The measurement that holds a metric: its name, where that says nothing else here and fits. */
export function measurementName(metric: string): string {
  const isFree =
    MEASUREMENT_NAME.test(metric) && Buffer.byteLength(metric) <= MAX_MEASUREMENT_BYTES;
  return isFree ? metric : `metric_${metric}`.slice(0, MAX_MEASUREMENT_BYTES);
}
