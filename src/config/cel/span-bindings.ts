import type { PointContext, SpanContext } from '../../domain/otlp.ts';
import { type Bindings, mapOf } from './bindings.ts';
import type { Scope } from './names.ts';

/** What expressions over a span may name. */
export const SPAN_SCOPE: Scope = {
  variables: ['id', 'agent', 'span', 'scope', 'resource', 'error_type', 'duration_ms'],
  fields: new Map([
    ['span', ['name', 'kind', 'status', 'attributes']],
    ['scope', ['name', 'version']],
  ]),
};

/** What expressions over a data point may name. */
export const POINT_SCOPE: Scope = {
  variables: ['value', 'attributes', 'resource'],
  fields: new Map(),
};

/** A span as expressions see it. */
export function spanBindings(context: SpanContext): Bindings {
  const { id, agent, span, scope, resource, errorType, durationMs } = context;
  return {
    ...{ id, agent, error_type: errorType, duration_ms: durationMs },
    span: mapOf({ ...span }),
    scope: mapOf({ ...scope }),
    resource: mapOf(resource),
  };
}

/** A data point as expressions see it. */
export function pointBindings({ value, attributes, resource }: PointContext): Bindings {
  return { value, attributes: mapOf(attributes), resource: mapOf(resource) };
}

/** Spans to try expressions on: a task that went well, one that failed, and one that is none. */
export const SPAN_SAMPLES: readonly Bindings[] = [
  { id: 'task-1', agent: '', status: 'UNSET', errorType: '', durationMs: 150.5 } as const,
  {
    id: '',
    agent: 'researcher',
    status: 'ERROR',
    errorType: 'TimeoutError',
    durationMs: 0,
  } as const,
  { id: '', agent: '', status: 'OK', errorType: '', durationMs: 120_000 } as const,
].map(({ status, ...sample }) =>
  spanBindings({
    ...sample,
    span: { name: 'task', kind: 'INTERNAL', status, attributes: { 'agent.name': 'researcher' } },
    scope: { name: 'orchestrator', version: '1.0.0' },
    resource: { 'service.name': 'orchestrator' },
  }),
);

/** Data points to try expressions on. */
export const POINT_SAMPLES: readonly Bindings[] = [1.5, 0, 6400].map((value) =>
  pointBindings({ value, attributes: { state: 'user' }, resource: { 'service.name': 's' } }),
);
