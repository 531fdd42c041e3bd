import { z } from 'zod';
import type { ConfigDocument, LocatedFault } from './document.ts';
import { type ConfigPath, formatPath } from './fault.ts';
import { type ConfigFile, configFileSchema } from './schema.ts';
import { suggest } from './suggest.ts';

/** What a document says, as far as it has the right shape. */
export interface Structure {
  /** Only what passed: faulty fields, and keys not known, are taken away. */
  readonly file: ConfigFile;
  readonly faults: readonly LocatedFault[];
  /** Keys not known: a warning in JSON, a fault in YAML. */
  readonly unknownKeys: readonly LocatedFault[];
  /** The value at the path, or something around it, was there and is faulty. */
  isFaulty(path: ConfigPath): boolean;
}

/** Checks every field by itself. */
export function checkStructure(document: ConfigDocument): Structure {
  const data = document.data === undefined ? {} : readSourceTexts(document);
  const faults: LocatedFault[] = [];
  const unknownKeys: LocatedFault[] = [];
  const faulty = new Set<string>(document.faults.map((fault) => formatPath(fault.path)));

  const report = (path: ConfigPath, message: string) => {
    const text = formatPath(path);
    // A number that is neither whole nor in range is one fault, not two.
    if (!faulty.has(text)) faults.push({ path, line: document.lineOf(path), message });
    faulty.add(text);
  };
  const issues = configFileSchema.safeParse(data).error?.issues ?? [];
  for (const issue of issues.flatMap(narrow)) {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(path, data);
      for (const key of issue.keys) {
        const inner = [...path, key];
        const message = `expected one of ${known.join(', ')}, found ${show(key)}`;
        const line = document.lineOf(inner);
        unknownKeys.push({ path: inner, line, message: message + suggest(key, known) });
      }
    } else if (issue.code === 'invalid_key') {
      report(path, `${issue.issues[0]?.message}, found ${show(path.at(-1))}`);
    } else report(path, `${issue.message}, found ${show(valueAt(data, path))}`);
  }
  for (const { path } of unknownKeys) remove(data, path);
  for (const { path } of faults) remove(data, path);
  return {
    // Every part that is left passed its own check above.
    file: (isRecord(data) ? data : {}) as ConfigFile,
    faults,
    unknownKeys,
    isFaulty: (path) =>
      faulty.has('') || path.some((_, index) => faulty.has(formatPath(path.slice(0, index + 1)))),
  };
}

type Issue = z.core.$ZodIssue;

/** Of a value that is one of several kinds: what is wrong within the kind that it is of, if any. */
function narrow(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const isWithin = ({ path, code }: Issue) => path.length > 0 || code === 'unrecognized_keys';
  const within = issue.errors
    .filter((issues) => issues.every(isWithin))
    .sort((one, other) => countFaults(one) - countFaults(other));
  return within[0]?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function countFaults(issues: readonly Issue[]): number {
  return issues.reduce(
    (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
    0,
  );
}

const EXPRESSIONS = ['when', 'new_value', 'old_value'] as const;

/** `version: 2026.10` and `new_value: 0.75` are meant as they were written, not as numbers. */
function readSourceTexts(document: ConfigDocument): unknown {
  const data = document.data;
  if (!isRecord(data)) return data;
  const asWritten = (target: Record<string, unknown>, key: string, path: ConfigPath) => {
    const value = target[key];
    if (typeof value !== 'number' && typeof value !== 'boolean') return;
    target[key] = document.sourceOf(path) ?? String(value);
  };
  if (typeof data.version === 'number') asWritten(data, 'version', ['version']);
  const rules = Array.isArray(data.rules) ? (data.rules as unknown[]) : [];
  for (const [index, rule] of rules.entries()) {
    if (!isRecord(rule)) continue;
    for (const key of EXPRESSIONS) asWritten(rule, key, ['rules', index, key]);
  }
  return data;
}

/** Keys that the schema knows of the object at a path of the data. */
function keysAt(path: ConfigPath, data: unknown): string[] {
  let schema: unknown = configFileSchema;
  for (const [index, part] of path.entries()) {
    schema = unwrap(schema, valueAt(data, path.slice(0, index)));
    if (schema instanceof z.ZodObject) schema = schema.shape[part];
    else if (schema instanceof z.ZodArray) schema = schema.element;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
  }
  schema = unwrap(schema, valueAt(data, path));
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Of several kinds, those that have keys are objects: the one that has most of the value's. */
function unwrap(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap(), value);
  }
  if (!(schema instanceof z.ZodUnion)) return schema;
  const keys = isRecord(value) ? Object.keys(value) : [];
  const shared = ({ shape }: z.ZodObject) => keys.filter((key) => Object.hasOwn(shape, key)).length;
  return schema.options
    .filter((option) => option instanceof z.ZodObject)
    .sort((one, other) => shared(other) - shared(one))[0];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(data: unknown, path: ConfigPath): unknown {
  let current = data;
  for (const part of path) {
    // Lists are read by index as objects are by key.
    const container = current as Record<string | number, unknown> | null | undefined;
    current = Object.hasOwn(container ?? {}, part) ? container?.[part] : undefined;
  }
  return current;
}

/** Takes a value away; a faulty rule leaves an empty one, so that those after it keep theirs. */
function remove(data: unknown, path: ConfigPath): void {
  if (path.length === 0) return;
  const last = path.at(-1);
  const container = valueAt(data, path.slice(0, -1));
  if (Array.isArray(container)) {
    if (path.length === 2 && path[0] === 'rules') container[Number(last)] = {};
    else remove(data, path.slice(0, -1));
  } else if (isRecord(container) && last !== undefined) delete container[last];
}

/** A value found, short enough for a message. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
