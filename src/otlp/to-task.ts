import { clip } from '../domain/clip.ts';
import type { OtlpSettings, SpanContext } from '../domain/otlp.ts';
import {
  MAX_ID_BYTES,
  MAX_LABEL_BYTES,
  TASK_STATUSES,
  type Task,
  type TaskStatus,
} from '../domain/task.ts';
import { agentOf, modelOf, type Role, tokensOf } from './conventions.ts';
import { onlyOne, type Place, type Rejection } from './place.ts';
import type { Evaluation, Span } from './span.ts';

/** What a task is made with, besides its span. */
export interface TaskSources {
  readonly settings: OtlpSettings;
  /** Unix time in milliseconds: a task has not finished later. */
  readonly wallMs: number;
  /** The sequence of the newest delta when a task asked for its parameters; `undefined` if it is not known. */
  sequenceOf(taskId: string): number | undefined;
}

/** Different ids of a span: two are none. */
function idsOf({ marks }: Place): readonly string[] {
  const { named, evaluations } = marks;
  return named.length > 0 ? named : [...new Set(evaluations.map(({ id }) => id))];
}

/** What a span is to the expressions of `otlp`. */
function contextOf(span: Span, role: Role, id: string): SpanContext {
  const { name, kind, status, attributes, scope, resource, errorType, startMs, endMs } = span;
  return {
    id,
    agent: role === 'agent' ? agentOf(span) : '',
    span: { name, kind, status, attributes },
    ...{ scope, resource, errorType },
    durationMs: endMs - startMs,
  };
}

/** The task that a span is; `undefined` if it is none. */
export function toTask(place: Place, sources: TaskSources): Task | Rejection | undefined {
  const { arrived } = place;
  if (arrived === undefined) return undefined;
  const { span, role } = arrived;
  const { settings, wallMs } = sources;
  const ids = idsOf(place);
  const [id = ''] = ids;
  const context = contextOf(span, role, id);
  if (!settings.isTask(context)) return undefined;
  if (ids.length > 1) return { rejected: 'several_ids' };
  if (span.key === '') return { rejected: 'no_span_id' };
  if (span.startMs === 0 || span.endMs === 0) return { rejected: 'no_times' };
  if (span.endMs < span.startMs) return { rejected: 'reversed_times' };
  if (Buffer.byteLength(id) > MAX_ID_BYTES) return { rejected: 'long_id' };
  const status = statusOf(context, settings);
  if (status === undefined) return { rejected: 'unknown_status' };
  const evaluations = place.marks.evaluations.filter((one) => one.id === id);
  const agent = nameOfAgent(place, span, role);
  return {
    taskId: id || span.key,
    agentId: clip(agent, MAX_ID_BYTES),
    status,
    latencyMs: context.durationMs,
    finishTimeMs: Math.min(span.endMs, wallMs),
    labels: labelsOf(place, span, agent, settings),
    measurements: measurementsOf(place, context, settings),
    deltaSequence: (id && sources.sequenceOf(id)) || sequenceIn(evaluations),
    ...(evaluations.length === 0 ? {} : { variants: variantsIn(evaluations) }),
  };
}

/** `undefined` if the expression gives no word that is one. */
function statusOf(context: SpanContext, settings: OtlpSettings): TaskStatus | undefined {
  const said = settings.status(context);
  if (said !== '') return TASK_STATUSES.find((word) => word === said);
  if (context.span.status !== 'ERROR') return 'success';
  const type = context.errorType;
  if (/cancel|abort/i.test(type)) return 'cancelled';
  return /timeout|deadline/i.test(type) ? 'timeout' : 'failure';
}

function nameOfAgent({ sums }: Place, span: Span, role: Role): string {
  const { attributes } = span;
  if (role === 'agent') return agentOf(span);
  const own = attributes['gen_ai.agent.name'] ?? attributes['agent.name'];
  return String(own ?? onlyOne(sums.agents));
}

function labelsOf(place: Place, span: Span, agent: string, settings: OtlpSettings): Task['labels'] {
  const { attributes, resource } = span;
  const all: [string, string][] = [
    ['agent', agent],
    ['model', modelOf(span) || onlyOne(place.sums.models)],
    ['service', String(resource['service.name'] ?? '')],
    ...settings.labels.map((key): [string, string] => [
      key,
      String(attributes[key] ?? resource[key] ?? ''),
    ]),
  ];
  const told = all.filter(([, value]) => value !== '');
  return Object.fromEntries(told.map(([key, value]) => [key, clip(value, MAX_LABEL_BYTES)]));
}

function measurementsOf(
  { arrived, sums }: Place,
  context: SpanContext,
  settings: OtlpSettings,
): Task['measurements'] {
  const tokens = (arrived && tokensOf(arrived.span)) ?? sums.tokens;
  const { llmCalls, toolCalls, toolErrors } = sums;
  const counts = { llm_calls: llmCalls, tool_calls: toolCalls, tool_errors: toolErrors };
  const measured: Record<string, number> = {
    ...(tokens === undefined ? {} : { input_tokens: tokens.input, output_tokens: tokens.output }),
    // Without a call below it, nobody instruments them.
    ...(llmCalls + toolCalls === 0 ? {} : counts),
  };
  for (const [name, valueIn] of settings.measurements) {
    const value = valueIn(context);
    if (value !== undefined) measured[name] = value;
  }
  return measured;
}

function sequenceIn(evaluations: readonly Evaluation[]): number {
  return evaluations.find(({ sequence }) => sequence > 0)?.sequence ?? 0;
}

/** What the task was told to run with: of each parameter the names of all values that it was given. */
function variantsIn(evaluations: readonly Evaluation[]): Record<string, readonly string[]> {
  const variants = new Map<string, Set<string>>();
  for (const { parameter, variant, isError } of evaluations) {
    const names = variants.get(parameter) ?? new Set();
    variants.set(parameter, names.add(isError ? 'error' : variant));
  }
  return Object.fromEntries([...variants].map(([name, given]) => [name, [...given]]));
}
