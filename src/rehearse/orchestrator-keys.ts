import { z } from 'zod';
import {
  choice,
  flag,
  number,
  parameterName,
  section,
  string,
  value,
  whole,
} from '../config/keys/fields.ts';
import { MAX_LABEL_LENGTH, MAX_MEASUREMENT_BYTES, MAX_SECONDS } from '../config/keys/limits.ts';

/** Lists in the file are searched one after the other for each task. */
const MAX_PLANTED = 100;

/** The latest task at which an effect may begin or end. */
const MAX_TASK = 10_000_000;

const SPREAD = { from: 0, to: 3 } as const;

const metricName = (text: string) =>
  string(MAX_MEASUREMENT_BYTES, 'latency, success or the name of a measurement', text);

/** By metric: a factor or, for success, a difference of rates. */
const effect = z
  .record(metricName('A metric'), z.number('expected a number'), 'expected an object of metrics')
  .superRefine((effects, context) => {
    for (const [metric, size] of Object.entries(effects)) {
      const message = expectedSize(metric, size);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [metric], message });
    }
  });

function expectedSize(metric: string, size: number): string | undefined {
  if (metric === 'success') {
    return size >= -1 && size <= 1 ? undefined : 'expected a difference of rates from -1 to 1';
  }
  return size > 0 ? undefined : 'expected a factor above 0';
}

/** The tasks that something planted concerns; by default all. */
const scope = {
  kinds: z
    .array(string(MAX_LABEL_LENGTH, 'a kind', 'A kind of tasks'), 'expected a list of kinds')
    .optional(),
  from_task: whole({ from: 0, to: MAX_TASK }, 'The first task; tasks are counted from 0').default(
    0,
  ),
  until_task: whole({ from: 1, to: MAX_TASK }, 'The first task no more').optional(),
};

const curve = section(
  {
    metric: metricName('What the distance from the optimum changes').default('latency'),
    optimum: z.number('expected a number'),
    factor: number({ above: 0 }, 'At one step from the optimum; to the power 4 at two').optional(),
    points: number({ from: -1, to: 1 }, 'Instead, for success: the difference there').optional(),
    step: number(
      { above: 0 },
      'A difference that counts as one step; without it, half and twice the optimum are one step away',
    ).optional(),
    ...scope,
  },
  'A curve of a number: its effect grows with the square of the distance from the optimum.',
);

/** Values of a parameter: this one, one of these, or numbers above or below a bound. */
const values = z.union(
  [
    section({ above: z.number() }, 'Numbers above'),
    section({ below: z.number() }, 'Numbers below'),
    z.array(value),
    z.union([z.string(), z.number(), z.boolean(), z.null()]),
  ],
  'expected a value, a list of values, { above: NUMBER } or { below: NUMBER }',
);

const condition = section(
  {
    when: z
      .record(parameterName('A parameter'), values, 'expected an object of values by parameter')
      .default({}),
    effect,
    ...scope,
  },
  'An effect where all parameters named have the values named: a cliff, or an interaction of values.',
);

const interaction = section(
  {
    between: z.tuple([parameterName('A parameter'), parameterName('Another')], {
      error: 'expected the names of two parameters',
    }),
    metric: metricName('Of which both parameters have a curve').default('latency'),
    factor: number({ above: 0 }, 'Where both are one step above their optima'),
  },
  'An interaction of two numbers: it turns the curves that they have of a metric.',
);

const parameter = section(
  {
    effects: z.record(z.string(), effect, 'expected an object of effects by value').default({}),
    curves: z
      .array(curve, 'expected a list of curves')
      .max(MAX_PLANTED, `expected at most ${MAX_PLANTED} curves`)
      .default([]),
  },
  'What the values of a parameter do.',
);

const kind = section(
  {
    share: number({ above: 0 }, 'Its weight among all tasks').default(1),
    latency_ms: number({ above: 0 }, 'Median latency'),
    spread: number(SPREAD, 'Standard deviation of log latency').default(0.4),
    success: number({ from: 0, to: 1 }, 'Share of tasks that succeed').default(0.95),
    measurements: z
      .record(
        string(MAX_MEASUREMENT_BYTES, 'a name', 'A measurement'),
        z.union(
          [
            number({ above: 0 }, 'The same for all tasks'),
            section(
              {
                median: number({ above: 0 }, 'Median'),
                spread: number(SPREAD, 'Standard deviation of its logarithm'),
              },
              'Log-normal',
            ),
          ],
          'expected a number above 0, or { median, spread }',
        ),
        'expected an object of measurements by name',
      )
      .default({}),
  },
  'A kind of tasks.',
);

const noise = section(
  {
    tails: choice(['normal', 'heavy'], 'Of log latency; heavy: Student t of 2 degrees').default(
      'normal',
    ),
    drift: section(
      {
        spread: number(SPREAD, 'Standard deviation of the level that all tasks share, in log'),
        correlation: number({ from: 0, below: 1 }, 'Of the levels of neighbours'),
      },
      'Latency wanders, as an AR(1) of log latency in order of dispatch.',
    ).optional(),
    hours: section(
      {
        factor: number({ above: 0 }, 'Latency at the slowest hour against the fastest'),
        slowest: number({ from: 0, below: 24 }, 'The slowest hour of the day'),
      },
      'Latency follows the hours of the day.',
    ).optional(),
  },
  'What makes latency vary beside the values.',
);

const part = (text: string) => number({ from: 0, to: 1 }, text).default(0);

const losses = section(
  {
    unreported: part('Share of tasks that are never reported'),
    cancelled: part('Share of tasks that are cancelled on their way'),
    hanging: part('Share of tasks that hang until they are given up, and are reported as timeouts'),
    hanging_seconds: number({ above: 0, to: MAX_SECONDS }, 'When those are given up').default(600),
  },
  'What becomes of tasks whatever their values.',
);

/** A file that describes an orchestrator and what the values of its parameters do. */
export const orchestratorSchema = section(
  {
    tasks_per_minute: number(
      { above: 0, to: 60_000 },
      'Tasks that arrive, at random times',
    ).default(60),
    in_flight: whole(
      { from: 1, to: 10_000 },
      'Tasks that run at a time; further ones wait',
    ).default(8),
    resolves: flag(
      'Whether tasks ask for values by their ids; otherwise they have what the stream put in force',
    ).default(true),
    label: string(MAX_LABEL_LENGTH, 'a label', 'The label that tells kinds apart').default('kind'),
    kinds: z
      .record(
        string(MAX_LABEL_LENGTH, 'the name of a kind', 'A value of the label'),
        kind,
        'expected an object of kinds by name',
      )
      .refine((all) => Object.keys(all).length > 0, 'expected at least one kind of tasks'),
    noise: noise.prefault({}),
    losses: losses.prefault({}),
    parameters: z.record(
      parameterName('Name of a parameter'),
      parameter,
      'expected an object of parameters by name',
    ),
    conditions: z
      .array(condition, 'expected a list of conditions')
      .max(MAX_PLANTED, `expected at most ${MAX_PLANTED} conditions`)
      .default([]),
    interactions: z
      .array(interaction, 'expected a list of interactions')
      .max(MAX_PLANTED, `expected at most ${MAX_PLANTED} interactions`)
      .default([]),
  },
  'An orchestrator, and what the values of its parameters do.',
);

/** A described orchestrator, without fault. */
export type OrchestratorText = z.output<typeof orchestratorSchema>;
export type KindText = OrchestratorText['kinds'][string];
export type CurveText = OrchestratorText['parameters'][string]['curves'][number];
export type EffectText = Readonly<Record<string, number>>;
export type ConditionText = OrchestratorText['conditions'][number];
