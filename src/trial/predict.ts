import { hash } from 'node:crypto';
import { own } from '../domain/value.ts';
import { median } from './distributions.ts';
import { logLatency } from './outcome.ts';

/** A task that has ended, as far as predictions learn from it. */
export type Seen = readonly [kind: string, latencyMs: number];

/** Newest tasks of a kind, and of all, that a prediction looks at. */
const OF_KIND = 30;
export const OF_ALL = 200;

/** What the median of all counts as, in tasks of the kind. */
const PRIOR_TASKS = 2;

/** A label tells the kind of a task where so many tasks share each of its values, on average. */
const MIN_SHARING = 3;

/** Labels that are predicted by at most. */
const MAX_LABELS = 8;

/** Characters of a kind; a longer one is named by its hash. */
const MAX_KIND_LENGTH = 64;

/**
 * The log latency of a task by its kind: the median of its like, drawn towards the median of all.
 *
 * @param seen oldest first
 */
export function predictLogLatency(seen: readonly Seen[], kind: string): number {
  const logOf = ([, latencyMs]: Seen) => logLatency(latencyMs);
  const all = median(seen.slice(-OF_ALL).map(logOf));
  const alike = seen.filter(([other]) => other === kind).slice(-OF_KIND);
  return (
    (alike.length * median(alike.map(logOf)) + PRIOR_TASKS * all) / (alike.length + PRIOR_TASKS)
  );
}

/** The values of some labels as one short text; empty where no labels are named. */
export function kindOf(labels: Readonly<Record<string, string>>, names: readonly string[]): string {
  if (names.length === 0) return '';
  const text = JSON.stringify(names.map((name) => own(labels, name) ?? null));
  return text.length <= MAX_KIND_LENGTH ? text : hash('sha256', text).slice(0, 32);
}

/** Names of the labels that tell the kind of a task: they vary, and are not nearly unique. */
export function tellingLabels(
  tasks: readonly { readonly labels: Readonly<Record<string, string>> }[],
): string[] {
  const values = new Map<string, string[]>();
  for (const { labels } of tasks) {
    for (const [name, value] of Object.entries(labels)) {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return [...values]
    .filter(([, all]) => {
      const distinct = new Set(all).size;
      return distinct > 1 && distinct * MIN_SHARING <= all.length;
    })
    .map(([name]) => name)
    .sort()
    .slice(0, MAX_LABELS);
}
