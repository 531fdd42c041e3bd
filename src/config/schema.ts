import { z } from 'zod';
import { DELTA_IMPACTS, DELTA_OPERATIONS, DELTA_TYPES } from '../domain/delta.ts';
import { CURATION_MODES, HARM_RESPONSES } from '../domain/rule.ts';
import { REFUSAL_RULES, TRIAL_ASSIGNMENTS } from '../domain/settings.ts';
import * as limits from './limits.ts';
import { LOG_LEVELS } from './log-level.ts';
import {
  bound,
  choice,
  expression,
  flag,
  labels,
  number,
  parameterName,
  partial,
  path,
  ruleId,
  section,
  text,
  value,
} from './schema-fields.ts';
import { ledger } from './schema-ledger.ts';
import { guard, primary } from './schema-metric.ts';
import { combine, metrics } from './schema-metrics.ts';

const weights = section(
  {
    confidence: number(limits.WEIGHT, 'Points for a confidence of 1.'),
    reasoning: number(limits.WEIGHT, 'Points for a reasoning of quality 1.'),
    impact: number(limits.WEIGHT, 'Points for a positive impact; neutral is half.'),
    risk: number(limits.WEIGHT, 'Points for a low risk; medium is half.'),
  },
  'Most points of each part of the score.',
);

const sections = {
  cycle: section(
    {
      enabled: flag('The timer runs from the start.'),
      interval_seconds: number(limits.INTERVAL_SECONDS, 'Seconds between cycles.'),
      history_limit: number(limits.HISTORY_LIMIT, 'Tasks retained.'),
      analysis_window: number(limits.ANALYSIS_WINDOW, 'Newest tasks that a cycle looks at.'),
      min_tasks: number(limits.MIN_TASKS, 'Tasks retained before anything is proposed.'),
      max_age_seconds: number(
        limits.MAX_AGE_SECONDS,
        'Seconds; with curation.suppress_unchanged, rules do not act on a window whose newest task was ' +
          'recorded longer ago; 0 = never too old.',
      ),
    },
    'When a cycle runs and what it looks at.',
  ),
  recording: section(
    { dedup_window: number(limits.DEDUP_WINDOW, 'Newest task ids that duplicates are found by.') },
    'How tasks are recorded.',
  ),
  metrics,
  reflection: section(
    {
      min_score: number(limits.MIN_SCORE, 'Score from which a delta is recommended, 0 to 100.'),
      min_confidence: number(limits.CONFIDENCE, 'Confidence to be put through, 0 to 1.'),
      enforce_min_confidence: flag('Whether min_confidence is applied.'),
      weights,
    },
    'How a delta is scored.',
  ),
  curation: section(
    {
      mode: choice(
        CURATION_MODES,
        'What becomes of a recommended delta: applied at once, left to a person, or put on trial; ' +
          'auto: on trial if tasks ask for their parameters by their ids, else applied and compared.',
      ),
      suppress_unchanged: flag(
        'A value that changes nothing is not proposed; and a rule acts on a parameter only on tasks ' +
          'that began after its last change, in a window not older than cycle.max_age_seconds.',
      ),
      cooldown_seconds: number(limits.COOLDOWN_SECONDS, 'Seconds that a target rests; 0 = none.'),
      max_deltas_per_hour: number(limits.MAX_DELTAS_PER_HOUR, 'Put in force; 0 = no bound.'),
      proposal_ttl_seconds: number(limits.PROPOSAL_TTL_SECONDS, 'Seconds a proposal waits.'),
      ack_timeout_seconds: number(
        limits.ACK_TIMEOUT_SECONDS,
        'Seconds until a delta that no client has acknowledged is reverted; 0 = never.',
      ),
      refusals: choice(
        REFUSAL_RULES,
        'Whose refusals take a delta back: those of any client, or of more than half of them; without ' +
          'it, majority for one that has helped (PROVISIONAL or CONFIRMED), and any for others.',
      ).optional(),
    },
    'What becomes of a delta.',
  ),
  trial: section(
    {
      assignment: choice(TRIAL_ASSIGNMENTS, 'How tasks get their arm.'),
      block_tasks: number(limits.BLOCK_TASKS, 'Reports that end a block of a switchback trial.'),
      pair_by: labels('Labels that tasks of a pair have in common.'),
      pair_wait_tasks: number(
        limits.PAIR_WAIT_TASKS,
        'Tasks that a single one waits for its like.',
      ),
      predict_by: labels(
        'Labels that latency is predicted by, where pair_by is empty; without it, all but those that ' +
          'are nearly unique.',
      ).optional(),
      outcome_timeout_seconds: number(
        limits.OUTCOME_TIMEOUT_SECONDS,
        'Seconds until an outcome counts as missing; without it, three times as long as the longest ' +
          'task took to be reported lately, at least 60.',
      ).optional(),
      max_seconds: number(limits.TRIAL_SECONDS, 'Seconds until a trial ends, inconclusive.'),
      timeout_ms: number(
        limits.TRIAL_TIMEOUT_MS,
        'Latency that a failed or timed-out task counts as at least; without it, the p99 of successes.',
      ).optional(),
      probation_tasks: number(limits.PROBATION_TASKS, 'Tasks that a probation takes at most.'),
      probation_seconds: number(limits.PROBATION_SECONDS, 'Seconds that it takes at most.'),
      holdback: number(
        limits.HOLDBACK,
        'Share of tasks that keep the old value of a confirmed change, 0 to 0.2.',
      ),
      seed: text(
        limits.MAX_SEED_LENGTH,
        'a text',
        'Makes the coins repeatable, for tests; without it, each trial draws its own.',
      ).optional(),
    },
    'Randomised trials of deltas.',
  ),
  tls: section(
    {
      certificate_file: path('PEM: the certificate of this service, and those it is issued by.'),
      key_file: path('PEM: its private key, without a passphrase.'),
      client_ca_file: path('PEM: who issues the certificates that clients must then show.'),
      allowed_names: z
        .array(
          text(limits.MAX_NAME_LENGTH, 'a name', 'A host, URI, address, e-mail or common name.'),
          'expected a list of names',
        )
        .max(limits.MAX_ALLOWED_NAMES, `expected at most ${limits.MAX_ALLOWED_NAMES} names`)
        .describe("Names, one of which a client's certificate must have; [] = any."),
    },
    'TLS on every TCP listener; the files are read again when they change.',
  ),
  tokens: section(
    {
      client_file: path('Tokens for LearningService, one a line.'),
      admin_file: path('Tokens for LearningService and LearningAdminService, one a line.'),
    },
    'Bearer tokens that callers must show; the files are read again when they change.',
  ),
  limits: section(
    {
      max_pending_calls: number(limits.MAX_PENDING_CALLS, 'Unary calls that may be under way.'),
      max_streams: number(limits.MAX_STREAMS, 'Streams that may be open.'),
      max_streams_per_client: number(limits.MAX_STREAMS_PER_CLIENT, 'Those of one connection.'),
      max_connections: number(limits.MAX_CONNECTIONS, 'gRPC connections that may be open.'),
    },
    'How much is taken at once; what is beyond is refused, and may be tried again.',
  ),
  monitoring: section(
    {
      log_file: text(limits.MAX_PATH_LENGTH, 'a path', 'File that the log is appended to.'),
      log_level: choice(LOG_LEVELS, 'Least severe level that is logged.'),
    },
    'The log.',
  ),
  ledger,
};

const parameter = section(
  {
    initial: value
      .describe(
        'Value in a ledger that has none yet; without `allowed`, others are of its type, unless it is null.',
      )
      .optional(),
    min: bound('Least value; null = none.').optional(),
    max: bound('Greatest value; null = none.').optional(),
    max_step: number(limits.MAX_STEP, 'Most that one delta may move it; null = no bound.')
      .nullable()
      .optional(),
    allowed: z
      .array(value, 'expected a list of values, or null for any')
      .min(1, 'expected at least one value')
      .max(limits.MAX_ALLOWED, `expected at most ${limits.MAX_ALLOWED} values`)
      .nullable()
      .describe('The only values it may have; null = any.')
      .optional(),
  },
  'A parameter that rules may change.',
);

const rule = section(
  {
    id: ruleId('Name of the rule, unique among all.'),
    when: expression('true or false', 'CEL: whether the rule fires.'),
    for_seconds: number(
      limits.FOR_SECONDS,
      'Seconds that when must have held, at every cycle, before the rule acts; without it, 0.',
    ).optional(),
    type: choice(DELTA_TYPES, 'What its deltas are about.'),
    operation: choice(DELTA_OPERATIONS, 'Risk: add and adjust low, modify medium, remove high.'),
    target: parameterName('The parameter that it changes.'),
    new_value: expression('a value', 'CEL: the value proposed; none for remove.').optional(),
    old_value: expression('a value', "CEL; without it, the parameter's current value.").optional(),
    reasoning: z
      .string('expected a CEL expression that gives a text')
      .describe('CEL: why, as a text.'),
    confidence: number(limits.CONFIDENCE, 'How sure the rule is, 0 to 1.'),
    impact: choice(DELTA_IMPACTS, 'Expected impact; negative is a veto.'),
    mode: choice(CURATION_MODES, 'Overrides curation.mode.').optional(),
    primary: primary('What its trials are to improve; without it, outcome.').optional(),
    guards: z
      .array(guard('A metric.'), 'expected a list of metrics')
      .max(limits.MAX_GUARDS, `expected at most ${limits.MAX_GUARDS} metrics`)
      .describe(
        'What its trials must not make worse; without it, success and latency, but the primary.',
      )
      .optional(),
    on_harm: choice(
      HARM_RESPONSES,
      'What follows a trial that found harm, beside the old value; without it, revert.',
    ).optional(),
  },
  'When to change which parameter to what, and why.',
);

/** What a config file may hold. Everything is optional: it is merged over the defaults. */
export const configFileSchema = z
  .strictObject(
    {
      $schema: z.string('expected the address of a JSON Schema').optional(),
      version: z
        .union([text(limits.MAX_VERSION_LENGTH, 'a version', ''), z.number()], 'expected a version')
        .describe('Reported as config_version; "unknown" without it.')
        .optional(),
      cycle: partial(sections.cycle),
      recording: partial(sections.recording),
      metrics: partial(metrics.extend({ combine: partial(combine) })),
      reflection: partial(sections.reflection.extend({ weights: partial(weights) })),
      curation: partial(sections.curation),
      parameters: z
        .record(
          parameterName('Name of a parameter.'),
          parameter.nullable(),
          'expected an object of parameters by name',
        )
        .describe(
          'What rules may change, each merged over the built-in one of its name. With rules of its own, a ' +
            'config has only these; without, the built-in ones, too, and null takes one away.',
        )
        .optional(),
      rules: z
        .array(rule, 'expected a list of rules')
        .max(limits.MAX_RULES, `expected at most ${limits.MAX_RULES} rules`)
        .describe('Looked at in this order; they replace the built-in ones.')
        .optional(),
      trial: partial(sections.trial),
      tls: partial(sections.tls),
      tokens: partial(sections.tokens),
      limits: partial(sections.limits),
      monitoring: partial(sections.monitoring),
      ledger: partial(sections.ledger),
    },
    'expected an object with keys',
  )
  .describe('Config of learning-sidecar.');

type Output<T extends z.ZodType> = z.output<T>;

/** Sections with every key that has a default. */
export type Sections = { [K in keyof typeof sections]: Output<(typeof sections)[K]> };

/** One parameter as written; `null` lifts a bound of the default. */
export type ParameterText = Output<typeof parameter>;

/** What trials are to improve, as written. */
export type PrimaryText = Output<ReturnType<typeof primary>>;

/** A guard as written. */
export type GuardText = Output<ReturnType<typeof guard>>;

/** One rule as written. Some of its fields may have been taken away as faulty. */
export type RuleText = Partial<Output<typeof rule>>;

/** A config file of which every value that is left passed the schema. */
export type ConfigFile = Omit<Output<typeof configFileSchema>, 'rules'> & {
  rules?: readonly RuleText[] | undefined;
};
