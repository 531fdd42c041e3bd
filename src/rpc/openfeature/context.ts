import {
  MAX_ID_BYTES,
  MAX_LABEL_BYTES,
  MAX_LABEL_KEY_BYTES,
  MAX_LABELS,
} from '../../domain/task.ts';
import { kindOf, type Value } from '../../domain/value.ts';

/** What is used of an evaluation context. */
export interface FlagContext {
  /** Empty if the context names no task. */
  readonly taskId: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Reads an evaluation context. No evaluation fails for its context, so these are left out: a targeting key that is no
 * string, labels that are neither string, number nor boolean, and what is over the bounds of a task.
 */
export function readContext(context: Value | undefined): FlagContext {
  if (context === undefined || context === null || kindOf(context) !== 'object') {
    return { taskId: '', labels: {} };
  }
  const { targetingKey, ...others } = context as { readonly [key: string]: Value };
  const isTask =
    typeof targetingKey === 'string' && Buffer.byteLength(targetingKey) <= MAX_ID_BYTES;
  const labels: [string, string][] = [];
  for (const [key, value] of Object.entries(others)) {
    if (labels.length === MAX_LABELS) break;
    if (typeof value === 'object' || Buffer.byteLength(key) > MAX_LABEL_KEY_BYTES) continue;
    const text = String(value);
    if (Buffer.byteLength(text) <= MAX_LABEL_BYTES) labels.push([key, text]);
  }
  return { taskId: isTask ? targetingKey : '', labels: Object.fromEntries(labels) };
}
