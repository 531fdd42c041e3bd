import { z } from 'zod';
import { COMBINATIONS } from '../domain/metrics.ts';
import * as limits from './limits.ts';
import { choice, number, section, text } from './schema-fields.ts';

export const combine = section(
  {
    sub_agent_count: choice(COMBINATIONS, 'Of the counts of sub-agents.'),
    cpu_percent: choice(COMBINATIONS, 'Of the shares of a core.'),
    values: z
      .record(
        text(limits.MAX_METRIC_LENGTH, 'a name', 'Name of a value.'),
        choice(COMBINATIONS, 'Of the values of this name.'),
        'expected an object of words by name',
      )
      .describe('Of other values, by name; the mean of those that are not here.'),
  },
  'What rules see of metrics that several clients report: sum, max or mean.',
);

export const metrics = section(
  {
    max_age_seconds: number(
      limits.MAX_AGE_SECONDS,
      'Seconds; a report that is older does not count. 0 = none gets too old.',
    ),
    combine,
  },
  'Coordination metrics.',
);
