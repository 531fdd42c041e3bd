import { z } from 'zod';
import { COMBINATIONS } from '../../domain/metrics.ts';
import { CURATION_MODES, TRIAL_ASSIGNMENTS } from '../../domain/rule.ts';
import { REFUSAL_RULES } from '../../domain/settings.ts';
import { choice, flag, labels, number, path, section, string, whole } from './fields.ts';
import { MAX_LABEL_LENGTH, MAX_METRIC_LENGTH, MAX_SECONDS, MAX_SEED_LENGTH } from './limits.ts';
import { LOG_LEVELS } from './log-level.ts';
import { otlp } from './otlp-section.ts';
import { admin, limits, openfeature, tls, tokens } from './service-sections.ts';

// The keys of all sections, each with its kind, range, text, and default or, without one, an example. A comment gives
// the reason for a range. Everything else that knows keys is derived from these: the checks, the defaults,
// config/default.yaml, config/schema.json, `--print-config` and the settings.

const cycle = section(
  {
    enabled: flag('The timer runs from the start').default(true),
    // Below 0.01 s the loop would do nothing but commit. Timers reach 24 days at most.
    interval_seconds: number({ from: 0.01, to: 86_400 }, 'Seconds between cycles').default(30),
    // Tasks are held in memory, and each cycle may read all of them.
    history_limit: whole({ from: 1, to: 100_000 }, 'Tasks retained').default(100),
    analysis_window: whole(
      { from: 1, to: 100_000 },
      'Newest tasks that a cycle looks at; at most history_limit',
    ).default(30),
    min_tasks: whole(
      { from: 1, to: 100_000 },
      'Tasks retained before anything is proposed; at most history_limit',
    ).default(30),
    max_age_seconds: number(
      { from: 0, to: MAX_SECONDS },
      'With curation.suppress_unchanged, rules do not act on a window whose newest task was recorded ' +
        'longer ago; 0 = never too old',
    ).default(86_400),
  },
  'When a cycle runs and what it looks at.',
).prefault({});

const recording = section(
  {
    // Each id takes about 100 bytes: 1 GB at most.
    dedup_window: whole(
      { from: 0, to: 10_000_000 },
      'Newest task ids by which a task sent twice is recognised; 0 = it counts twice',
    ).default(100_000),
  },
  'How tasks are recorded.',
).prefault({});

const metrics = section(
  {
    max_age_seconds: number(
      { from: 0, to: MAX_SECONDS },
      'Reports that are older do not count; 0 = never too old',
    ).default(120),
    combine: section(
      {
        sub_agent_count: choice(COMBINATIONS, 'Of the counts of sub-agents').default('sum'),
        cpu_percent: choice(COMBINATIONS, 'Of the shares of a core').default('mean'),
        values: z
          .record(
            string(MAX_METRIC_LENGTH, 'a name', 'Name of a value'),
            choice(COMBINATIONS, 'Of the values of this name'),
            'expected an object of words by name',
          )
          .describe('Of other values, by name: { queue_depth: max }; those not named are the mean')
          .default({}),
      },
      'What rules see of the reports of several clients.',
    ).prefault({}),
  },
  'Coordination metrics.',
).prefault({});

// The score is clamped at 100: ten times that is plenty.
const points = (text: string) => number({ from: 0, to: 1000 }, text);

const reflection = section(
  {
    min_score: number({ from: 0, to: 100 }, 'Score from which a delta is recommended').default(65),
    min_confidence: number(
      { from: 0, to: 1 },
      'Confidence from which a recommended delta is put through',
    ).default(0.5),
    enforce_min_confidence: flag('false: min_confidence is not applied').default(true),
    weights: section(
      {
        confidence: points('For a confidence of 1').default(40),
        reasoning: points('For a reasoning of quality 1').default(30),
        impact: points('For a positive impact; neutral is half').default(20),
        risk: points('For a low risk; medium is half').default(10),
      },
      'Most points of each part of the score.',
    ).prefault({}),
  },
  'How a delta is scored.',
).prefault({});

const curation = section(
  {
    mode: choice(
      CURATION_MODES,
      'What becomes of a recommended delta. apply: live at once; recommend: a person decides; trial: ' +
        'tested before it is live; auto: as trial where tasks ask for parameters by their ids, else ' +
        'live at once and compared in blocks',
    ).default('auto'),
    suppress_unchanged: flag(
      'A value that changes nothing is not proposed; and a rule acts on a parameter only on tasks ' +
        'that began after its last change, in a window not older than cycle.max_age_seconds',
    ).default(true),
    cooldown_seconds: number(
      { from: 0, to: MAX_SECONDS },
      'Seconds that a target rests once a delta for it is decided; 0 = none',
    ).default(300),
    max_deltas_per_hour: whole(
      { from: 0, to: 1_000_000 },
      'Deltas that become live in any hour; 0 = no bound',
    ).default(20),
    // At 0 a proposal would expire before anyone saw it.
    proposal_ttl_seconds: number(
      { above: 0, to: MAX_SECONDS },
      'Seconds that a proposal waits for a person or a trial',
    ).default(86_400),
    ack_timeout_seconds: number(
      { from: 0, to: MAX_SECONDS },
      'Seconds until a delta that no client has acknowledged is reverted; 0 = never',
    ).default(0),
    refusals: choice(
      REFUSAL_RULES,
      'Whose refusals take a delta back: those of any client, or of the majority (more than half); ' +
        'without it, majority for a delta that has helped (PROVISIONAL or CONFIRMED), else any',
    )
      .optional()
      .meta({ examples: ['any'] }),
  },
  'What becomes of a delta.',
).prefault({});

const trial = section(
  {
    assignment: choice(TRIAL_ASSIGNMENTS, 'How tasks get their arm').default('auto'),
    // At 50, two pairs of blocks fit into the 200 tasks that a trial uses.
    block_tasks: whole(
      { from: 1, to: 50 },
      'Reports that end a block of a switchback trial',
    ).default(5),
    settle_seconds: number(
      { from: 0, to: MAX_SECONDS },
      'Seconds after the switch to a block within which tasks that begin do not count for it: queues and ' +
        'caches take that time to follow the value',
    ).default(0),
    pair_by: labels('Labels that tasks of a pair have in common').default([]),
    pair_wait_tasks: whole(
      { from: 0, to: 100_000 },
      'Tasks that an unpaired one waits for its like; 0 = it does not',
    ).default(20),
    cohorts: string(
      MAX_LABEL_LENGTH,
      'a label',
      'Label of tasks, of 2 to 5 values, each of which may get values of parameters of its own; without it, ' +
        'one value is for all',
    )
      .optional()
      .meta({ examples: ['kind'] }),
    predict_by: labels(
      'Labels that latency is predicted by, where pair_by is empty; without it, all but those that ' +
        'are nearly unique',
    )
      .optional()
      .meta({ examples: [['kind']] }),
    // At 0 all outcomes would be missing.
    outcome_timeout_seconds: number(
      { above: 0, to: MAX_SECONDS },
      'Seconds until an outcome counts as missing; without it, three times as long as the longest ' +
        'task took to be reported lately, at least 60',
    )
      .optional()
      .meta({ examples: [3600] }),
    max_seconds: number(
      { above: 0, to: MAX_SECONDS },
      'Seconds until a trial ends, inconclusive: in a week, 50 tasks a day are enough for 200',
    ).default(604_800),
    // At 0 a task that fails fast would look better.
    timeout_ms: number(
      { above: 0 },
      'Latency that a failed or timed-out task counts as at least; without it, the p99 of successes',
    )
      .optional()
      .meta({ examples: [30_000] }),
    // A million tasks prove a difference of a few percent.
    probation_tasks: whole(
      { from: 1, to: 1_000_000 },
      'Tasks that a probation takes at most',
    ).default(3000),
    // At 0 nothing would ever be proven.
    probation_seconds: number(
      { above: 0, to: MAX_SECONDS },
      'Seconds that a probation takes at most',
    ).default(2_592_000),
    // The old value is known to be worse: a larger share would cost more than it tells.
    holdback: number(
      { from: 0, to: 0.2 },
      'Share of tasks that keep the old value of a confirmed change',
    ).default(0.05),
    seed: string(
      MAX_SEED_LENGTH,
      'a text',
      'Makes the coins repeatable, for tests; without it, each trial draws its own',
    )
      .optional()
      .meta({ examples: ['1'] }),
  },
  'Randomised trials of deltas. What helped in its trial is live on probation until it is confirmed or ' +
    'reverted; some tasks keep the old value meanwhile.',
).prefault({});

const monitoring = section(
  {
    log_file: path(
      'File that the log is appended to; without it, standard output',
      '/var/log/learning.log',
    ),
    log_level: choice(LOG_LEVELS, 'Least severe level that is logged').default('info'),
  },
  'The log.',
).prefault({});

// A delta or a cycle takes about 1 KB.
const retained = (text: string) => whole({ from: 1, to: 1_000_000 }, text);

const ledger = section(
  {
    retain_deltas: retained('Newest deltas kept in the history').default(10_000),
    retain_cycles: retained('Newest cycles kept in the history').default(10_000),
    backup: section(
      {
        every_hours: number({ above: 0, to: 168 }, 'Hours between two backups').default(24),
        keep: whole({ from: 1, to: 1000 }, 'Newest backups kept').default(7),
        directory: path('Where they are; without it, backups in the data directory', '/backups'),
      },
      'Copies of the ledger for the command restore; without it, none is made.',
    ).optional(),
  },
  'What the ledger keeps.',
).prefault({});

/** Every section; each may be left out. */
export const sections = {
  ...{ cycle, recording, metrics, reflection, curation, trial },
  ...{ openfeature, otlp, tls, tokens, admin, limits, monitoring, ledger },
};

/** The sections of a config file, with a default for each key that has one. */
export const sectionsSchema = z.object(sections);

/** Sections as a file writes them, complete. */
export type Sections = z.output<typeof sectionsSchema>;
