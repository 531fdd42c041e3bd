import type { Scalar } from '../domain/otlp.ts';
import { EVALUATION_ATTRIBUTES, evaluationOf } from './evaluation.ts';
import { type FieldReader, MAX_ITEMS } from './field-reader.ts';
import type { Item } from './read-spans.ts';
import { EVALUATION, keyOf, type LoggedEvaluation } from './span.ts';

/** Fields by number, as opentelemetry/proto/logs/v1/logs.proto has them. */
const RECORD = { attributes: 6, traceId: 9, spanId: 10, eventName: 12 };

const MAX_NAME_BYTES = 256;
/** Where the name of an event was before records had a field for it. */
const EVENT_NAME = 'event.name';

/** Reads the evaluation that a record tells of; `undefined` if it tells of none, or has no span. */
export function readRecord(reader: FieldReader, { place }: Item): LoggedEvaluation | undefined {
  const attributes: Record<string, Scalar> = {};
  let [traceId, spanId, eventName] = ['', '', ''];
  let attributeCount = 0;
  reader.at(place, () =>
    reader.fields((field) => {
      if (field === RECORD.traceId) traceId = reader.hex();
      else if (field === RECORD.spanId) spanId = reader.hex();
      else if (field === RECORD.eventName) eventName = reader.text(MAX_NAME_BYTES);
      else if (field === RECORD.attributes && ++attributeCount <= MAX_ITEMS) {
        reader.attribute(isOfRecord, attributes);
      }
    }),
  );
  const spanKey = keyOf(traceId, spanId);
  if (spanKey === '' || (eventName || attributes[EVENT_NAME]) !== EVALUATION) return undefined;
  const evaluation = evaluationOf(attributes);
  return evaluation && { spanKey, evaluation };
}

function isOfRecord(key: string): boolean {
  return key === EVENT_NAME || EVALUATION_ATTRIBUTES.has(key);
}
