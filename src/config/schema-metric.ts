import { z } from 'zod';
import * as limits from './limits.ts';
import { choice, number } from './schema-fields.ts';

// How a config writes what trials look at. A metric is a word, or an object with what else is to be
// said of it: `metric` names one of ours, `measurement` a key of Task.measurements.

const STATISTICS = ['median', 'total'] as const;

function statistic(usual: (typeof STATISTICS)[number]) {
  const description = `What is compared: what is typical, or what adds up; without it, ${usual}.`;
  return choice(STATISTICS, description).optional();
}

const margin = number(
  limits.MARGIN,
  'By how much it may be worse, which a trial has to prove: a share of the old value; of success, ' +
    'a difference of rates. Without it, 0.05.',
).optional();

/** A measurement that trials look at. */
function measurementName(description: string) {
  const most = limits.MAX_MEASUREMENT_BYTES;
  const message = `expected a measurement of 1 to ${most} bytes, not outcome, latency, success or __proto__`;
  return z
    .string(message)
    .min(1, message)
    .max(most, message)
    .regex(limits.MEASUREMENT_NAME, message)
    .refine((name) => Buffer.byteLength(name) <= most, message)
    .describe(description);
}

const measurement = z.strictObject({
  measurement: measurementName('A key of Task.measurements.'),
  better: z
    .enum(['lower', 'higher'], 'expected one of lower, higher (there is no default)')
    .describe('Which direction is an improvement.'),
  statistic: statistic('total'),
});

const latency = z.strictObject({
  metric: z.enum(['latency'], 'expected latency (outcome and success have no statistic)'),
  statistic: statistic('median'),
});

const NO_GUARD = 'outcome is no guard: success and latency are';

const named = z
  .strictObject({
    metric: z.enum(['latency', 'success'], `expected latency or success (${NO_GUARD})`),
    statistic: statistic('median'),
    margin,
  })
  .refine(({ metric, statistic }) => metric === 'latency' || statistic === undefined, {
    path: ['statistic'],
    message: 'expected none: of success, it is the share of tasks',
  });

/** What trials are to improve. */
export function primary(description: string) {
  const message =
    'expected outcome, latency, success, or an object with metric, or with measurement and better';
  const word = z.enum(['outcome', 'latency', 'success']);
  return z.union([word, latency, measurement], message).describe(description);
}

/** What trials must not make worse. */
export function guard(description: string) {
  const message =
    'expected latency, success, or an object with metric, or with measurement and better';
  return z
    .union([z.enum(['latency', 'success']), named, measurement.extend({ margin })], {
      error: ({ input }) => (input === 'outcome' ? `${message} (${NO_GUARD})` : message),
    })
    .describe(description);
}
