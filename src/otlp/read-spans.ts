import {
  type Attributes,
  type Scalar,
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanContext,
} from '../domain/otlp.ts';
import { EVALUATION_ATTRIBUTES, evaluationOf } from './evaluation.ts';
import { type FieldReader, MAX_ITEMS, type Place } from './field-reader.ts';
import { EVALUATION, type Evaluation, keyOf, type Span } from './span.ts';

/** Fields by number, as opentelemetry/proto has them; the groups of all signals have the same. */
const REQUEST = { resourceGroups: 1 };
const RESOURCE_GROUP = { resource: 1, scopeGroups: 2 };
const SCOPE_GROUP = { scope: 1, items: 2 };
const RESOURCE = { attributes: 1 };
const SCOPE = { name: 1, version: 2 };
const SPAN = {
  ...{ traceId: 1, spanId: 2, parentSpanId: 4, name: 5, kind: 6, start: 7, end: 8 },
  ...{ attributes: 9, events: 11, status: 15 },
};
const EVENT = { name: 2, attributes: 3 };
const STATUS = { code: 3 };

const MAX_NAME_BYTES = 256;
const EXCEPTION = 'exception';
const EXCEPTION_TYPE = 'exception.type';
const ERROR_TYPE = 'error.type';
/** What a span says whose error has no type. */
const OTHER = '_OTHER';

/** Whether an attribute is to be kept. */
export type Wanted = (key: string) => boolean;

/** What is around spans, log records or data points. */
export interface Around {
  readonly resource: Attributes;
  readonly scope: SpanContext['scope'];
}

/** One span, log record or metric: where it is in the bytes, and what is around it. */
export interface Item extends Around {
  readonly place: Place;
}

/** Spans, records or metrics of a request: 700 bytes each at the largest size there is. */
const MAX_ITEMS_OF_REQUEST = 100_000;

/**
 * Finds what stands in groups by resource and scope, as all signals have it, without reading it. Throws where the
 * bytes are no message, or hold more than `MAX_ITEMS_OF_REQUEST`.
 */
export function findItems(reader: FieldReader, wanted: Wanted): readonly Item[] {
  const items: Item[] = [];
  let places = 0;
  const place = () => {
    places += 1;
    if (places > MAX_ITEMS_OF_REQUEST) {
      throw new RangeError(`more than ${MAX_ITEMS_OF_REQUEST} items`);
    }
    return reader.place();
  };
  const readScopeGroup = (resource: Attributes) => {
    const scope = { name: '', version: '' };
    const found: Place[] = [];
    reader.fields((field) => {
      if (field === SCOPE_GROUP.items) found.push(place());
      else if (field === SCOPE_GROUP.scope) reader.message(() => readScope(reader, scope));
    });
    for (const one of found) items.push({ resource, scope, place: one });
  };
  const readResourceGroup = () => {
    const resource: Record<string, Scalar> = {};
    const groups: Place[] = [];
    // Fields may come in any order, and an item needs what is around it.
    reader.fields((field) => {
      if (field === RESOURCE_GROUP.scopeGroups) groups.push(place());
      else if (field === RESOURCE_GROUP.resource) {
        reader.message(() => readAttributes(reader, RESOURCE.attributes, wanted, resource));
      }
    });
    for (const group of groups) reader.at(group, () => readScopeGroup(resource));
  };
  reader.fields((field) => {
    if (field !== REQUEST.resourceGroups) return;
    const group = place();
    reader.at(group, readResourceGroup);
  });
  return items;
}

function readScope(reader: FieldReader, scope: { name: string; version: string }): void {
  reader.fields((field) => {
    if (field === SCOPE.name) scope.name = reader.text(MAX_NAME_BYTES);
    else if (field === SCOPE.version) scope.version = reader.text(MAX_NAME_BYTES);
  });
}

function readAttributes(
  reader: FieldReader,
  attributesField: number,
  wanted: Wanted,
  attributes: Record<string, Scalar>,
): void {
  let count = 0;
  reader.fields((field) => {
    if (field !== attributesField || ++count > MAX_ITEMS) return;
    reader.attribute(wanted, attributes);
  });
}

/** What is read of a span before it is one. */
interface SpanDraft {
  traceId: string;
  spanId: string;
  parentId: string;
  name: string;
  kind: number;
  code: number;
  startMs: number;
  endMs: number;
  attributeCount: number;
  eventCount: number;
  /** Of the last exception. */
  exceptionType: string;
  readonly attributes: Record<string, Scalar>;
  readonly evaluations: Evaluation[];
}

/** Reads a span. Throws where it is none. */
export function readSpan(reader: FieldReader, { place, ...around }: Item, wanted: Wanted): Span {
  const draft: SpanDraft = {
    ...{ traceId: '', spanId: '', parentId: '', name: '', exceptionType: '' },
    ...{ kind: 0, code: 0, startMs: 0, endMs: 0, attributeCount: 0, eventCount: 0 },
    ...{ attributes: {}, evaluations: [] },
  };
  reader.at(place, () => reader.fields((field) => readSpanField(reader, field, draft, wanted)));
  const { attributes, evaluations, traceId, name, startMs, endMs } = draft;
  const errorType = String(attributes[ERROR_TYPE] ?? OTHER);
  return {
    ...around,
    ...{ name, startMs, endMs, attributes, evaluations },
    key: keyOf(traceId, draft.spanId),
    parentKey: keyOf(traceId, draft.parentId),
    kind: SPAN_KINDS[draft.kind] ?? 'UNSPECIFIED',
    status: SPAN_STATUSES[draft.code] ?? 'UNSET',
    errorType: errorType === OTHER ? draft.exceptionType : errorType,
  };
}

function readSpanField(reader: FieldReader, field: number, draft: SpanDraft, wanted: Wanted): void {
  switch (field) {
    case SPAN.traceId:
      draft.traceId = reader.hex();
      break;
    case SPAN.spanId:
      draft.spanId = reader.hex();
      break;
    case SPAN.parentSpanId:
      draft.parentId = reader.hex();
      break;
    case SPAN.name:
      draft.name = reader.text(MAX_NAME_BYTES);
      break;
    case SPAN.kind:
      draft.kind = reader.varint();
      break;
    case SPAN.start:
      draft.startMs = reader.nanoseconds();
      break;
    case SPAN.end:
      draft.endMs = reader.nanoseconds();
      break;
    case SPAN.attributes:
      draft.attributeCount += 1;
      if (draft.attributeCount <= MAX_ITEMS) reader.attribute(wanted, draft.attributes);
      break;
    case SPAN.events:
      draft.eventCount += 1;
      if (draft.eventCount <= MAX_ITEMS) takeEvent(reader, draft);
      break;
    case SPAN.status:
      reader.message(() =>
        reader.fields((inner) => {
          if (inner === STATUS.code) draft.code = reader.varint();
        }),
      );
      break;
    default:
  }
}

function takeEvent(reader: FieldReader, draft: SpanDraft): void {
  const { name, attributes } = readEvent(reader);
  if (name === EXCEPTION) draft.exceptionType = String(attributes[EXCEPTION_TYPE] ?? '');
  const evaluation = name === EVALUATION ? evaluationOf(attributes) : undefined;
  if (evaluation !== undefined) draft.evaluations.push(evaluation);
}

function isOfEvent(key: string): boolean {
  return key === EXCEPTION_TYPE || EVALUATION_ATTRIBUTES.has(key);
}

function readEvent(reader: FieldReader): { name: string; attributes: Attributes } {
  const attributes: Record<string, Scalar> = {};
  let name = '';
  let count = 0;
  reader.message(() =>
    reader.fields((field) => {
      if (field === EVENT.name) name = reader.text(MAX_NAME_BYTES);
      else if (field === EVENT.attributes && ++count <= MAX_ITEMS) {
        reader.attribute(isOfEvent, attributes);
      }
    }),
  );
  return { name, attributes };
}
