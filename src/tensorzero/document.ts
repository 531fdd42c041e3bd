import { Document, isMap, isScalar, type Pair, type YAMLMap } from 'yaml';
import { formatPath } from '../config/fault.ts';
import type { Choice, Conversion, Objective } from './convert.ts';
import type { Note } from './notes.ts';

/** The fall in success at which a better metric counts for nothing: a task that fails has no metric. */
const SUCCESS_LOSS = -0.05;

const LINE_WIDTH = 100;

/** A note as one line: `functions.draft.experimentation.delta: …`. */
export function describeNote({ path, text }: Note): string {
  return `${formatPath(path)}: ${text}`;
}

/** The sidecar's config as YAML, with all that is not carried over in comments. */
export function writeDocument({ choices, possible, notes }: Conversion, file: string): string {
  const document = new Document({ parameters: {}, rules: [] });
  const parameters = document.get('parameters');
  if (!isMap(parameters)) throw new Error('a map is made as one');
  for (const choice of choices) parameters.add(parameterPair(document, choice, possible));
  document.commentBefore = comment([
    `Made from ${file} by learning-sidecar import-tensorzero.`,
    'Not carried over, or not as it was:',
    ...notes.map((note) => `- ${describeNote(note)}`),
  ]);
  return document.toString({ lineWidth: LINE_WIDTH });
}

function parameterPair(
  document: Document,
  choice: Choice,
  possible: readonly Objective[],
): Pair<unknown, unknown> {
  const { functionName, parameter, candidates, initial, objective } = choice;
  const value: YAMLMap = document.createNode({ type: 'string', initial });
  if (objective === undefined) value.comment = comment(suggestion(candidates, possible));
  else {
    const search = document.createNode({ values: candidates }, { flow: true });
    value.add(document.createPair('search', search));
    value.add(objectivePair(document, objective));
  }
  const pair = document.createPair(parameter, value);
  commentKey(pair, [`The variant of the function ${functionName}.`]);
  return pair;
}

function objectivePair(document: Document, objective: Objective): Pair<unknown, unknown> {
  const { direction, measurement, metric, type, level } = objective;
  const pair = document.createPair('objective', {
    [direction]: measurement,
    subject_to: document.createNode({ success: SUCCESS_LOSS }, { flow: true }),
  });
  commentKey(pair, [
    `The metric ${metric} (${type}, of an ${level}): a task's measurement ${measurement}${type === 'boolean' ? ', 1 or 0' : ''}.`,
    'A task that fails has none, so success is bounded, too.',
  ]);
  return pair;
}

/** What a person takes in to have the variants of a fixed split compared. */
function suggestion(candidates: readonly string[], possible: readonly Objective[]): string[] {
  const [first] = possible;
  const objective =
    first === undefined ? 'maximise: success' : `${first.direction}: ${first.measurement}`;
  const bound = first === undefined ? '' : `, subject_to: { success: ${SUCCESS_LOSS} }`;
  const others = possible.slice(1).map(({ measurement }) => measurement);
  return [
    'The file compares these variants by no metric. To find the better one:',
    `search: { values: ${JSON.stringify(candidates)} }`,
    `objective: { ${objective}${bound} }${others.length > 0 ? `  # or ${others.join(', ')}` : ''}`,
  ];
}

function commentKey(pair: Pair<unknown, unknown>, lines: readonly string[]): void {
  if (isScalar(pair.key)) pair.key.commentBefore = comment(lines);
}

/** Text of a comment; names from the gateway's file may hold line breaks. */
function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${line.replaceAll(/\s+/g, ' ')}`).join('\n');
}
