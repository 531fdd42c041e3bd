import { z } from 'zod';
import type { Guard, Metric, Objective } from '../../domain/effect.ts';
import { LATENCY, SUCCESS } from '../../domain/effect.ts';
import { choice, section } from './fields.ts';
import { MAX_GUARDS, MAX_MEASUREMENT_BYTES } from './limits.ts';
import {
  defaultGuards,
  type GuardText,
  type PrimaryText,
  settleGuard,
  settleMetric,
} from './metric.ts';

// The form in which a config says what it wants: one metric to improve, and what others may lose by it.

const NAME_MESSAGE = `expected latency, success or a measurement of 1 to ${MAX_MEASUREMENT_BYTES} bytes, not outcome or __proto__`;

const isName = (name: string) =>
  !['', 'outcome', '__proto__'].includes(name) && Buffer.byteLength(name) <= MAX_MEASUREMENT_BYTES;

const metricName = z.string(NAME_MESSAGE).refine(isName, NAME_MESSAGE);

const MARGIN_MESSAGE = 'expected a number above -1 and below 1, not 0';

// 0 cannot be proven, and 1 excludes nothing.
const signedMargin = z
  .number(MARGIN_MESSAGE)
  .gt(-1, MARGIN_MESSAGE)
  .lt(1, MARGIN_MESSAGE)
  .refine((margin) => margin !== 0, MARGIN_MESSAGE);

const EXAMPLE = { minimise: 'cost', subject_to: { success: -0.02, latency: 0.1 } };

const objectiveKeys = {
  minimise: metricName
    .describe('The metric to lower: latency or a measurement')
    .optional()
    .meta({ examples: ['cost'] }),
  maximise: metricName
    .describe('Instead, the metric to raise: success or a measurement')
    .optional()
    .meta({ examples: ['quality'] }),
  utility: z
    .string('expected a CEL expression that gives a number')
    .describe(
      "Instead, CEL over one task's status, latency_ms and measurements: what it was worth; more is better",
    )
    .optional()
    .meta({ examples: ['(status == "success" ? 1.0 : 0.0) - measurements.cost'] }),
  statistic: choice(
    ['total', 'median', 'p95'],
    'What is compared: total (what adds up; the default), median (what is typical; the default of ' +
      'latency) or p95 (how many tasks exceed what 5 % did before; takes several times as many tasks)',
  )
    .optional()
    .meta({ examples: ['total'] }),
  subject_to: z
    .record(metricName, signedMargin, 'expected an object of signed shares by metric')
    .refine(
      (all) => Object.keys(all).length <= MAX_GUARDS,
      `expected at most ${MAX_GUARDS} metrics`,
    )
    .describe(
      'What may be lost by it, a share of the old value, of success a difference of rates: ' +
        'negative = it may fall, positive = it may rise. What is not proven by the end of probation is taken back',
    )
    .optional()
    .meta({ examples: [EXAMPLE.subject_to] }),
};

/** The key for what is wanted. */
export function objective(text: string) {
  return section(objectiveKeys, text)
    .optional()
    .meta({ examples: [EXAMPLE] });
}

/** What is wanted, as a file writes it. */
export type ObjectiveText = NonNullable<z.output<ReturnType<typeof objective>>>;

/** What a level of a config (the whole, a parameter, a rule) may say of metrics. */
export interface MetricsText {
  readonly objective?: ObjectiveText | undefined;
  readonly primary?: PrimaryText | undefined;
  readonly guards?: readonly GuardText[] | undefined;
}

/** The kinds of a metric to improve. */
export const GOALS = ['minimise', 'maximise', 'utility'] as const;

/** The metric of a utility; its measurement is computed. */
export const UTILITY_NAME = 'utility';

/** Whether a level says anything of metrics. */
export function saysMetrics({ objective, primary, guards }: MetricsText = {}): boolean {
  return objective !== undefined || primary !== undefined || guards !== undefined;
}

/** What the nearest level with anything to say wants; the nearest comes first. */
export function settleObjective(levels: readonly (MetricsText | undefined)[]): Objective {
  const { objective, primary = 'outcome', guards } = levels.find(saysMetrics) ?? {};
  if (objective !== undefined) {
    return { primary: primaryOf(objective), guards: constraintsOf(objective) };
  }
  return {
    primary: settleMetric(primary),
    guards: (guards ?? defaultGuards(primary)).map(settleGuard),
  };
}

function primaryOf({ minimise, maximise, utility, statistic }: ObjectiveText): Metric {
  if (utility !== undefined) {
    const metric = measurement(UTILITY_NAME, 'higher');
    return { ...metric, expression: utility };
  }
  const metric =
    minimise === undefined ? named(maximise ?? '', 'higher') : named(minimise, 'lower');
  return { ...metric, statistic: statistic ?? metric.statistic };
}

function constraintsOf({ subject_to: constraints = {} }: ObjectiveText): readonly Guard[] {
  return Object.entries(constraints).map(([name, margin]) => ({
    ...named(name, margin < 0 ? 'higher' : 'lower'),
    margin: Math.abs(margin),
    isConstraint: true,
  }));
}

function named(name: string, better: Metric['better']): Metric {
  if (name === 'latency') return LATENCY;
  return name === 'success' ? SUCCESS : measurement(name, better);
}

function measurement(name: string, better: Metric['better']): Metric {
  return { name, kind: 'measurement', better, statistic: 'total' };
}
