import { z } from 'zod';
import { DELTA_IMPACTS, DELTA_OPERATIONS, DELTA_TYPES } from '../../domain/delta.ts';
import { DEFAULT_MARGIN } from '../../domain/effect.ts';
import { PARAMETER_TYPES } from '../../domain/parameter-type.ts';
import { CURATION_MODES, HARM_RESPONSES } from '../../domain/rule.ts';
import { SEARCH_SCALES } from '../../domain/search.ts';
import {
  bound,
  budget,
  choice,
  expression,
  number,
  ownAssignment,
  parameterName,
  ruleId,
  section,
  string,
  value,
} from './fields.ts';
import {
  MAX_ALLOWED,
  MAX_GUARDS,
  MAX_INTERFERING,
  MAX_RULES,
  MAX_SEARCHED,
  MAX_SECONDS,
  MAX_VERSION_LENGTH,
} from './limits.ts';
import { guard, primary } from './metric.ts';
import { type ObjectiveText, objective } from './objective.ts';
import { type Sections, sections } from './sections.ts';

const values = z
  .array(value, 'expected a list of values, or null for any')
  .min(1, 'expected at least one value')
  .max(MAX_ALLOWED, `expected at most ${MAX_ALLOWED} values`);

function guards(text: string) {
  return z
    .array(guard('A metric'), 'expected a list of metrics')
    .max(MAX_GUARDS, `expected at most ${MAX_GUARDS} metrics`)
    .describe(text);
}

const SEARCH_MESSAGE = `expected { scale: log }, { scale: linear } or { values: [...] }`;

/** Where the best value of a parameter is looked for. */
const search = z
  .union(
    [
      section(
        {
          scale: choice(
            SEARCH_SCALES,
            'Numbers from min to max, in steps that are factors (log) or shares of the range (linear)',
          ),
        },
        'A range of numbers.',
      ),
      section(
        {
          values: z
            .array(value, 'expected a list of values')
            .min(2, 'expected at least two values')
            .max(MAX_SEARCHED, `expected at most ${MAX_SEARCHED} values`)
            .describe(`The values to choose from, 2 to ${MAX_SEARCHED}`),
        },
        'Some values.',
      ),
    ],
    SEARCH_MESSAGE,
  )
  .describe(
    'Looks for its best value without rules: { scale: log } or { scale: linear } from min to max, or ' +
      '{ values: [...] }; no rule may have it as a target',
  )
  .meta({ examples: [{ scale: 'log' }] });

/** One parameter. Its bounds have no default here, since they are merged over those of the built-in parameter. */
const parameter = section(
  {
    initial: value
      .describe(
        'Value in a ledger that has none yet; without `allowed`, others are of its type, unless it is null',
      )
      .optional(),
    type: choice(
      PARAMETER_TYPES,
      'Its type; without it, that of its values: integer where initial, min, max, max_step and allowed are ' +
        'all whole',
    ).optional(),
    min: bound('Least value; null = none').optional(),
    max: bound('Greatest value; null = none').optional(),
    // At 0 the parameter could never change.
    max_step: number({ above: 0 }, 'Most that one delta may move it; null = no bound')
      .nullable()
      .optional(),
    allowed: values.nullable().describe('The only values it may have; null = any').optional(),
    objective: objective('As `objective` above, for trials of this parameter alone'),
    primary: primary(
      'As `primary` of a rule, for the rules that say nothing of metrics',
    ).optional(),
    guards: guards('As `guards` of a rule, likewise').optional(),
    assignment: ownAssignment('trial.assignment'),
    interferes_with: z
      .array(parameterName('A parameter'), 'expected a list of parameters')
      .max(MAX_INTERFERING, `expected at most ${MAX_INTERFERING} parameters`)
      .describe(
        'Parameters that it must not be on trial together with; [] = none. Without it, all: two are on trial ' +
          'at once only if both have this list, and neither names the other',
      )
      .optional()
      .meta({ examples: [[]] }),
    budget: budget('all of them may'),
    search: search.optional(),
  },
  'A parameter that rules may change.',
);

/** One rule. */
export const ruleSchema = section(
  {
    id: ruleId('Name of the rule, unique among all'),
    when: expression('true or false', 'CEL: whether the rule fires'),
    where: expression(
      'true or false',
      'CEL: the tasks that it looks at, and changes the parameter for',
    )
      .optional()
      .meta({ examples: ['labels.kind == "code"'] }),
    for_seconds: number(
      { from: 0, to: MAX_SECONDS },
      'Seconds that `when` must have held, at every cycle, before the rule acts; counted anew once it ' +
        'has, and after a restart',
    ).default(0),
    type: choice(DELTA_TYPES, 'What its deltas are about'),
    operation: choice(DELTA_OPERATIONS, 'Risk: add and adjust low, modify medium, remove high'),
    target: parameterName('The parameter that it changes'),
    new_value: expression('a value', 'CEL: the value proposed; none for remove').optional(),
    old_value: expression('a value', "CEL; without it, the parameter's current value")
      .meta({ examples: ['parameters.max_cpu_per_agent'] })
      .optional(),
    reasoning: z
      .string('expected a CEL expression that gives a text')
      .describe('CEL: why, as a text'),
    confidence: number({ from: 0, to: 1 }, 'How sure the rule is'),
    impact: choice(DELTA_IMPACTS, 'Expected impact; negative is a veto'),
    mode: choice(CURATION_MODES, 'Without it, curation.mode')
      .optional()
      .meta({ examples: ['trial'] }),
    objective: objective(
      'What its trials are to reach, instead of primary and guards; without all three, those of its parameter, else ' +
        'the objective above',
    ),
    assignment: ownAssignment("the parameter's"),
    budget: budget("the parameter's"),
    primary: primary(
      'What its trials are to improve: outcome (success first, then latency), latency, success, ' +
        '{ metric: latency, statistic: total }, or a measurement of tasks: { measurement: cost, ' +
        'better: lower }. statistic: median (what is typical) or total (what adds up)',
    )
      .optional()
      .meta({ examples: ['outcome'] }),
    guards: guards(
      `What its trials must not make worse by more than margin (${DEFAULT_MARGIN}), a share of the old ` +
        `value, of success a difference of rates; at most ${MAX_GUARDS}, [] = none; without them, success and ` +
        'latency, but the primary',
    )
      .optional()
      .meta({
        examples: [['success', { metric: 'latency', statistic: 'median', margin: DEFAULT_MARGIN }]],
      }),
    on_harm: choice(
      HARM_RESPONSES,
      'What follows a trial that found harm, beside the old value: nothing else, a pause of all ' +
        'trials, or a person decides',
    ).default('revert'),
  },
  'When to change which parameter to what, and why.',
);

/** What a config file may hold. Every key is optional, since the file is merged over the defaults. */
export const configFileSchema = section(
  {
    $schema: z.string('expected the address of a JSON Schema').optional(),
    version: z
      .union([string(MAX_VERSION_LENGTH, 'a version', 'A text'), z.number()], 'expected a version')
      .describe('Reported as config_version; "unknown" without it')
      .optional()
      .meta({ examples: ['2026.1'] }),
    objective: objective(
      'What is wanted: the metric to improve, and what others may lose by it. It holds for every parameter and rule ' +
        'that says nothing of its own; without it, success first, then latency',
    ),
    ...sections,
    parameters: z
      .record(
        parameterName('Name of a parameter'),
        parameter.nullable(),
        'expected an object of parameters by name',
      )
      .describe(
        'What rules may change. `initial` is the value in a ledger that has none yet. A new value moves ' +
          'by at most max_step, stays within min and max, and must be one of `allowed` where that is ' +
          'given, else of its `type`, unless `initial` is null and no type is said; null lifts a bound. A file without ' +
          'rules has these, and yours merged over them field by field; `NAME: null` takes one away, ' +
          'with the rules for it. A file with rules has only the parameters that it names, each merged ' +
          'over the one of that name here: `NAME: {}` is this one.',
      )
      .optional(),
    rules: z
      .array(ruleSchema, 'expected a list of rules')
      .max(MAX_RULES, `expected at most ${MAX_RULES} rules`)
      .describe(
        'Evaluated in this order, every cycle. `when`, `new_value`, `old_value` and `reasoning` are CEL ' +
          "(https://cel.dev) over `window`, `metrics`, `parameters` and `initial`, the parameters' " +
          'initial values. Every number there is a double: write 1.0, not 1, in arithmetic. Rules in ' +
          'your file replace all of these.',
      )
      .optional(),
  },
  'Config of learning-sidecar.',
);

/** One parameter as written; `null` lifts a bound of the default. */
export type ParameterText = z.output<typeof parameter>;

/** One rule as written, without its faulty keys. */
export type RuleText = Partial<z.input<typeof ruleSchema>>;

/** A config file without the values that did not pass the schema. */
export interface ConfigFile extends Partial<Sections> {
  readonly objective?: ObjectiveText;
  readonly version?: string | number;
  readonly parameters?: Readonly<Record<string, ParameterText | null>>;
  readonly rules?: readonly RuleText[];
}
