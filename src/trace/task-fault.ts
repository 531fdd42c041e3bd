import { LearningError, messageOf } from '../domain/errors.ts';
import { TaskStatusSchema } from '../gen/learning/v1/task_pb.ts';

/** Messages of protobuf-es about JSON that it cannot read, and ours for the same. */
const TRANSLATIONS: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/^cannot decode field learning\.v1\.Task\.(\w+) from JSON: (.*)$/s, '$1: $2'],
  [
    /^cannot decode enum learning\.v1\.TaskStatus from JSON: (.*)$/s,
    `status: expected ${TaskStatusSchema.values.map(({ name }) => name).join(', ')}; got $1`,
  ],
  [
    /^cannot decode message google\.protobuf\.Timestamp from JSON: .*$/s,
    'finish_time: expected a time such as "2023-07-29T23:35:13.722Z", of the years 1 to 9999',
  ],
  [
    /^cannot decode message learning\.v1\.Task from JSON: key (.*) is unknown$/s,
    'expected the fields of a Task; there is no $1',
  ],
  [
    /^cannot decode message learning\.v1\.Task from JSON: (.*)$/s,
    'expected a Task as a JSON object, got $1',
  ],
];

/** Why a line of a trace is no valid task, in words. */
export function explainTaskFault(error: unknown): string {
  if (error instanceof SyntaxError) {
    // V8 was given a single line, so its message need not say `line 1`.
    const why = error.message.replace(/ in JSON at position \d+ \(line 1 (column \d+)\)/, ' at $1');
    return `expected a Task in JSON on one line: ${why}`;
  }
  if (error instanceof LearningError) {
    return error.violations
      .map(({ field, description }) => `${field.replace(/^task\./, '')}: ${description}`)
      .join('; ');
  }
  const message = messageOf(error);
  const [pattern, text] = TRANSLATIONS.find(([one]) => one.test(message)) ?? [
    '',
    'expected a Task: ',
  ];
  return message.replace(pattern, text);
}
