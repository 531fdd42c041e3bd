import { z } from 'zod';
import {
  DEFAULT_MARGIN,
  type Guard,
  LATENCY,
  type Metric,
  OUTCOME,
  SUCCESS,
} from '../../domain/effect.ts';
import { choice, number, section } from './fields.ts';
import { MAX_MEASUREMENT_BYTES, MEASUREMENT_NAME } from './limits.ts';

// The form in which a config writes the metrics of trials. A metric is a word, or an object that says more: `metric`
// names a built-in metric, `measurement` a key of Task.measurements.

const statistic = choice(
  ['median', 'total'],
  'What is compared: median (what is typical; usual for latency) or total (what adds up; usual for ' +
    'measurements)',
).optional();

// Neither end is allowed: no trial can prove a margin of 0, and a margin of 1 excludes no loss.
const margin = number(
  { above: 0, below: 1 },
  'By how much it may be worse: a share of the old value; of success, a difference of rates',
).default(DEFAULT_MARGIN);

const NAME_MESSAGE = `expected a measurement of 1 to ${MAX_MEASUREMENT_BYTES} bytes, not outcome, latency, success or __proto__`;

const measurementKeys = {
  measurement: z
    .string(NAME_MESSAGE)
    .min(1, NAME_MESSAGE)
    .max(MAX_MEASUREMENT_BYTES, NAME_MESSAGE)
    .regex(MEASUREMENT_NAME, NAME_MESSAGE)
    .refine((name) => Buffer.byteLength(name) <= MAX_MEASUREMENT_BYTES, NAME_MESSAGE)
    .describe('A key of Task.measurements'),
  better: z
    .enum(['lower', 'higher'], 'expected one of lower, higher (there is no default)')
    .describe('Which direction is an improvement'),
  statistic,
};
const measurement = section(measurementKeys, 'A measurement of tasks.');
const guardedMeasurement = section({ ...measurementKeys, margin }, 'A measurement of tasks.');

const latency = section(
  {
    metric: z.enum(['latency'], 'expected latency (outcome and success have no statistic)'),
    statistic,
  },
  'The latency.',
);

const NO_GUARD = 'outcome is no guard: success and latency are';

const named = section(
  {
    metric: z.enum(['latency', 'success'], `expected latency or success (${NO_GUARD})`),
    statistic,
    margin,
  },
  'The latency or the success rate.',
).refine(({ metric, statistic }) => metric === 'latency' || statistic === undefined, {
  path: ['statistic'],
  message: 'expected none: of success, it is the share of tasks',
});

/** The key for the metric that trials are to improve. */
export function primary(text: string) {
  const message =
    'expected outcome, latency, success, or an object with metric, or with measurement and better';
  const word = z.enum(['outcome', 'latency', 'success']);
  return z.union([word, latency, measurement], message).describe(text);
}

/** The key for a metric that trials must not make worse. */
export function guard(text: string) {
  const message =
    'expected latency, success, or an object with metric, or with measurement and better';
  return z
    .union([z.enum(['latency', 'success']), named, guardedMeasurement], {
      error: ({ input }) => (input === 'outcome' ? `${message} (${NO_GUARD})` : message),
    })
    .describe(text);
}

/** The metric that trials are to improve, as a file writes it. */
export type PrimaryText = z.input<ReturnType<typeof primary>>;

/** A guard as a file writes it. */
export type GuardText = z.input<ReturnType<typeof guard>>;

const METRICS = { outcome: OUTCOME, latency: LATENCY, success: SUCCESS } as const;

/** The metric that trials are to improve, or a guard without its margin, as the program reads it. */
export function settleMetric(text: PrimaryText | GuardText): Metric {
  if (typeof text === 'string') return METRICS[text];
  if ('metric' in text) {
    const metric = METRICS[text.metric];
    return { ...metric, statistic: text.statistic ?? metric.statistic };
  }
  const { measurement: name, better, statistic = 'total' } = text;
  return { name, kind: 'measurement', better, statistic };
}

/** A guard as the program reads it. */
export function settleGuard(text: GuardText): Guard {
  const { margin = DEFAULT_MARGIN } = typeof text === 'string' ? {} : text;
  return { ...settleMetric(text), margin };
}

/** Guards of a rule that names none. */
export function defaultGuards(primary: PrimaryText): GuardText[] {
  return (['success', 'latency'] as const).filter((name) => name !== metricName(primary));
}

/** The name of a metric; `undefined` if the name was faulty and has been removed. */
export function metricName(metric: PrimaryText | GuardText): string | undefined {
  if (typeof metric === 'string') return metric;
  return 'metric' in metric ? metric.metric : metric.measurement;
}
