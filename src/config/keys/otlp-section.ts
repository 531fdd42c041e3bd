import { z } from 'zod';
import { expression, flag, section, string, whole } from './fields.ts';
import {
  MAX_ATTRIBUTE_LENGTH,
  MAX_LABEL_LENGTH,
  MAX_METRIC_LENGTH,
  MAX_OTLP_ENTRIES,
} from './limits.ts';

const number = expression('a number', 'CEL: its value');

/** Numbers by name, as CEL. */
function numbers(text: string) {
  return z
    .record(
      string(MAX_METRIC_LENGTH, 'a name', 'Its name'),
      number,
      'expected an object of CEL expressions by name',
    )
    .refine(
      (all) => Object.keys(all).length <= MAX_OTLP_ENTRIES,
      `expected at most ${MAX_OTLP_ENTRIES} names`,
    )
    .describe(text);
}

const instrument = section(
  {
    sub_agent_count: expression('a number', 'CEL: sub-agents at work').optional(),
    cpu_percent: expression('a number', 'CEL: percent of one core').optional(),
    values: numbers('CEL: other values, by name').optional(),
  },
  'What is made of its newest data point; CEL over `value`, `attributes` and `resource`.',
);

export const otlp = section(
  {
    enabled: flag('Takes in spans, logs and metrics; a change takes a restart').default(false),
    tasks: expression('true or false', 'CEL: which spans are tasks').default('id != ""'),
    id: z
      .array(
        string(MAX_ATTRIBUTE_LENGTH, 'an attribute', 'Name of an attribute'),
        'expected a list of attributes',
      )
      .max(MAX_OTLP_ENTRIES, `expected at most ${MAX_OTLP_ENTRIES} attributes`)
      .describe("Attributes that hold a task's id; the first that a span has counts")
      .default(['learning.task_id']),
    status: z
      .string('expected a CEL expression that gives a text')
      .describe(
        'CEL: success, failure, timeout or cancelled; where it gives "", or is empty, the status of ' +
          'the span and the type of its error tell',
      )
      .default(''),
    labels: z
      .array(
        string(MAX_LABEL_LENGTH, 'an attribute', 'Name of an attribute'),
        'expected a list of attributes',
      )
      .max(MAX_OTLP_ENTRIES, `expected at most ${MAX_OTLP_ENTRIES} attributes`)
      .describe(
        'Attributes of the span, or of its resource, that become labels beside agent, model and service',
      )
      .default([]),
    measurements: numbers(
      'CEL, by name: { cost: \'span.attributes["llm.cost.total"]\' }; beside input_tokens, ' +
        'output_tokens, llm_calls, tool_calls and tool_errors',
    ).default({}),
    metrics: z
      .record(
        string(MAX_ATTRIBUTE_LENGTH, 'an instrument', 'Name of an instrument'),
        instrument,
        'expected an object of instruments by name',
      )
      .refine(
        (all) => Object.keys(all).length <= MAX_OTLP_ENTRIES,
        `expected at most ${MAX_OTLP_ENTRIES} instruments`,
      )
      .describe(
        'Coordination metrics by instrument, a gauge or an up-down counter: ' +
          '{ agents.active: { sub_agent_count: value } }',
      )
      .default({}),
    // Spans hold whole prompts; 64 MiB is what the protocol recommends.
    max_request_bytes: whole(
      { from: 65_536, to: 268_435_456 },
      'Most bytes of a request, unpacked; a change takes a restart',
    ).default(67_108_864),
  },
  'Tasks from OpenTelemetry: what is taken in is learned from. CEL is over `id`, `agent`, `span` (name, ' +
    'kind, status, attributes), `scope`, `resource`, `error_type` and `duration_ms`, and sees the ' +
    'attributes that conventions or expressions here name.',
).prefault({});
