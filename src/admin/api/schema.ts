import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 has them. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

export const TEXT: Schema = { type: 'string' };
export const NUMBER: Schema = { type: 'number' };
export const WHOLE: Schema = { type: 'integer' };
export const FLAG: Schema = { type: 'boolean' };
export const TIME: Schema = { type: 'string', format: 'date-time' };
/** Any JSON: the value of a parameter. */
export const ANY: Schema = {};

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function described(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

/** An object with these properties and no other; all are there but the optional ones. */
export function objectOf(
  properties: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return {
    type: 'object',
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** Refers to a message, whose schema is one of the document's components. */
export function messageOf(message: DescMessage): Schema {
  return { $ref: `#/components/schemas/${message.name}` };
}

/** Schemas of messages and of all that they hold, by name: proto3 JSON, with fields that have their default, too. */
export function schemasOf(messages: readonly DescMessage[]): Record<string, Schema> {
  const found = new Map<string, DescMessage>();
  const visit = (message: DescMessage) => {
    if (WELL_KNOWN[message.typeName] !== undefined || found.has(message.name)) return;
    found.set(message.name, message);
    for (const { message: inner } of message.fields) if (inner !== undefined) visit(inner);
  };
  for (const message of messages) visit(message);
  return Object.fromEntries([...found].map(([name, message]) => [name, schemaOf(message)]));
}

function schemaOf(message: DescMessage): Schema {
  const properties = message.fields.map((field) => [field.jsonName, fieldSchema(field)]);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  };
}

/** How proto3 JSON writes messages of their own notation. */
const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  'google.protobuf.Timestamp': TIME,
  'google.protobuf.Duration': TEXT,
  'google.protobuf.Value': ANY,
  'google.protobuf.Struct': { type: 'object' },
  'google.protobuf.ListValue': { type: 'array' },
};

function fieldSchema(field: DescField): Schema {
  switch (field.fieldKind) {
    case 'list':
      return listOf(
        field.listKind === 'scalar'
          ? scalarSchema(field.scalar)
          : field.listKind === 'enum'
            ? enumSchema(field.enum)
            : refTo(field.message),
      );
    case 'map':
      return {
        type: 'object',
        additionalProperties:
          field.mapKind === 'scalar'
            ? scalarSchema(field.scalar)
            : field.mapKind === 'enum'
              ? enumSchema(field.enum)
              : refTo(field.message),
      };
    case 'enum':
      return enumSchema(field.enum);
    case 'message':
      return refTo(field.message);
    case 'scalar':
      return scalarSchema(field.scalar);
  }
}

function refTo(message: DescMessage): Schema {
  return WELL_KNOWN[message.typeName] ?? messageOf(message);
}

function enumSchema({ values }: DescEnum): Schema {
  return { type: 'string', enum: values.map(({ name }) => name) };
}

const LARGE: readonly ScalarType[] = [
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
];

function scalarSchema(scalar: ScalarType): Schema {
  if (LARGE.includes(scalar)) return { type: 'string', pattern: '^-?[0-9]+$' };
  switch (scalar) {
    case ScalarType.BOOL:
      return FLAG;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return TEXT;
    // `NaN` and the infinities are texts.
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: ['number', 'string'] };
    default:
      return WHOLE;
  }
}
