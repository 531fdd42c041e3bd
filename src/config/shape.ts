import type { z } from 'zod';
import type { ConfigDocument, LocatedFault } from './document.ts';
import { type ConfigPath, formatPath, show } from './fault.ts';

/** What a schema finds in a document. */
export interface Shape {
  /** The data that was checked, without its faulty and unknown keys. */
  readonly passed: unknown;
  readonly faults: readonly LocatedFault[];
  /** Unknown keys: a warning in JSON, a fault in YAML. */
  readonly unknownKeys: readonly LocatedFault[];
  /** Whether the document had a fault at the path, or at something around it. */
  isFaulty(path: ConfigPath): boolean;
}

/**
 * Checks every key by itself.
 *
 * @param schema made of `keys/fields.ts`, whose messages say what is expected
 * @param data of the document; faulty and unknown keys are removed from it
 */
export function checkShape(schema: z.ZodType, document: ConfigDocument, data: unknown): Shape {
  const faults: LocatedFault[] = [];
  const unknownKeys: LocatedFault[] = [];
  const faulty = new Set<string>(document.faults.map((fault) => formatPath(fault.path)));

  const report = (path: ConfigPath, message: string) => {
    const text = formatPath(path);
    // A number that is neither whole nor in range is one fault, not two.
    if (!faulty.has(text)) faults.push({ path, line: document.lineOf(path), message });
    faulty.add(text);
  };
  const issues = schema.safeParse(data).error?.issues ?? [];
  for (const issue of issues.flatMap(narrow)) {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n');
      for (const [index, key] of issue.keys.entries()) {
        const inner = [...path, key];
        const message = messages[index] ?? issue.message;
        unknownKeys.push({ path: inner, line: document.lineOf(inner), message });
      }
    } else if (issue.code === 'invalid_key') {
      report(path, `${issue.issues[0]?.message}, found ${show(path.at(-1))}`);
    } else report(path, `${issue.message}, found ${show(valueAt(data, path))}`);
  }
  for (const { path } of unknownKeys) remove(data, path);
  for (const { path } of faults) remove(data, path);
  return {
    passed: data,
    faults,
    unknownKeys,
    isFaulty: (path) =>
      faulty.has('') || path.some((_, index) => faulty.has(formatPath(path.slice(0, index + 1)))),
  };
}

type Issue = z.core.$ZodIssue;

/** Replaces a union's issue by the issues of the kind with the fewest, all within the value, if there is one. */
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

/** Whether data is an object of keys and values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path; `undefined` if there is none. */
export function valueAt(data: unknown, path: ConfigPath): unknown {
  let current = data;
  for (const part of path) {
    // Lists are read by index as objects are by key.
    const container = current as Record<string | number, unknown> | null | undefined;
    current = Object.hasOwn(container ?? {}, part) ? container?.[part] : undefined;
  }
  return current;
}

/** Removes a value. A faulty rule becomes an empty one, so that the indexes of later ones stay. */
function remove(data: unknown, path: ConfigPath): void {
  if (path.length === 0) return;
  const last = path.at(-1);
  const container = valueAt(data, path.slice(0, -1));
  if (Array.isArray(container)) {
    if (path.length === 2 && path[0] === 'rules') container[Number(last)] = {};
    else remove(data, path.slice(0, -1));
  } else if (isRecord(container) && last !== undefined) delete container[last];
}
