// Writes docs/api.md, the contract to be read, from the comments and the validation rules in proto/.
// A check fails when it is stale: npm run generate:check.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { getComments } from '@bufbuild/protoplugin';
import { field as fieldRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { describeRules } from './api-docs/describe-rules.ts';

const PACKAGE = 'learning.v1';

const INTRODUCTION = `# The API

Generated from the comments in [proto/learning/v1](../proto/learning/v1) by \`npm run generate\`; not to be
edited. Fields are shown as in the proto; in JSON their names may be in camelCase too. Times are
\`google.protobuf.Timestamp\`, parameter values \`google.protobuf.Value\`. A field out of its bounds is
refused with \`INVALID_ARGUMENT\`, \`INVALID_FIELD\`.
`;

type Described = DescMessage | DescEnum | DescService | DescMethod | DescField;

const image = execFileSync('node', ['scripts/tool.ts', 'buf', 'build', '-o', '-'], {
  maxBuffer: 64 * 1024 * 1024,
});
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const files = [...registry.files].filter(({ proto }) => proto.package === PACKAGE);
const services = files.flatMap((file) => file.services).sort(byLength);
const methods = services.flatMap((service) => service.methods);
const ofMethods = new Set(methods.flatMap(({ input, output }) => [input, output]));
const messages = files.flatMap((file) => file.messages).filter((one) => !ofMethods.has(one));
const enums = files.flatMap((file) => file.enums);

const text = [
  INTRODUCTION,
  contents(),
  ...services.map(serviceSection),
  '## Messages\n',
  ...messages.toSorted(byName).map((message) => messageSection(message)),
  '## Enums\n',
  ...enums.toSorted(byName).map(enumSection),
].join('\n');
writeFileSync(new URL('../docs/api.md', import.meta.url), text);

/** The service of orchestrators comes first. */
function byLength(a: DescService, b: DescService): number {
  return a.name.length - b.name.length;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function contents(): string {
  const of = (names: readonly { readonly name: string }[]) =>
    names.map(({ name }) => link(name)).join(', ');
  return [
    ...services.map((service) => `- ${link(service.name)}: ${of(service.methods)}`),
    `- ${link('Messages')}: ${of(messages.toSorted(byName))}`,
    `- ${link('Enums')}: ${of(enums.toSorted(byName))}\n`,
  ].join('\n');
}

function serviceSection(service: DescService): string {
  const head = `## ${service.name}\n\n\`${service.typeName}\`. ${comment(service)}\n`;
  return [head, ...service.methods.map(methodSection)].join('\n');
}

function methodSection(method: DescMethod): string {
  const { name, methodKind } = method;
  const isBidi = methodKind === 'bidi_streaming';
  const asks = isBidi || methodKind === 'client_streaming' ? 'stream ' : '';
  const answers = isBidi || methodKind === 'server_streaming' ? 'stream ' : '';
  const signature = `\`rpc ${name}(${asks}${method.input.name}) returns (${answers}${method.output.name})\``;
  return [
    `### ${name}\n\n${signature}\n\n${comment(method)}\n`,
    ...[method.input, method.output].map((message) => messageSection(message, '####')),
  ].join('\n');
}

function messageSection(message: DescMessage, heading = '###'): string {
  const head = `${heading} ${message.name}\n\n${comment(message)}\n`;
  if (message.fields.length === 0) return `${head}\nNo fields.\n`;
  const isBounded = message.fields.some((field) => hasOption(field, fieldRules));
  const columns = ['field', 'type', ...(isBounded ? ['bounds'] : []), 'meaning'];
  const rows = message.fields.map((field) => [
    `\`${field.name}\``,
    typeOf(field),
    ...(isBounded ? [boundsOf(field)] : []),
    meaningOf(field),
  ]);
  return [head, table(columns, rows)].join('\n');
}

function enumSection(one: DescEnum): string {
  const rows = one.values.map((value) => [
    `\`${value.name}\``,
    String(value.number),
    inCell(getComments(value).leading),
  ]);
  return `### ${one.name}\n\n${comment(one)}\n\n${table(['value', 'number', 'meaning'], rows)}`;
}

function boundsOf(field: DescField): string {
  return hasOption(field, fieldRules) ? describeRules(getOption(field, fieldRules)) : '';
}

function meaningOf(field: DescField): string {
  const meaning = inCell(getComments(field).leading);
  return field.oneof === undefined
    ? meaning
    : `${meaning} (One of those under \`${field.oneof.name}\`.)`;
}

function typeOf(field: DescField): string {
  switch (field.fieldKind) {
    case 'map':
      return `map of ${scalarName(field.mapKey)} to ${elementOf(field)}`;
    case 'list':
      return `repeated ${elementOf(field)}`;
    default:
      return field.proto.proto3Optional ? `optional ${elementOf(field)}` : elementOf(field);
  }
}

/** The type of a field's values, linked where it is described here. */
function elementOf(field: DescField): string {
  const type = field.message ?? field.enum;
  if (type === undefined) return scalarName(field.scalar);
  return type.file.proto.package === PACKAGE ? link(type.name) : `\`${type.typeName}\``;
}

function scalarName(scalar: ScalarType | undefined): string {
  return scalar === undefined ? '' : `\`${ScalarType[scalar].toLowerCase()}\``;
}

function comment(described: Described): string {
  return (getComments(described).leading ?? '')
    .split('\n')
    .map((line) => line.replace(/^ /, ''))
    .join('\n')
    .trim();
}

function inCell(leading: string | undefined): string {
  return (leading ?? '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|');
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line), ''].join('\n');
}
