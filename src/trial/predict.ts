import { hash } from 'node:crypto';
import { own } from '../domain/value.ts';
import { median } from './evidence/distributions.ts';
import { logLatency } from './evidence/outcome.ts';

/** A finished task, as predictions use it. */
export type Seen = readonly [kind: string, latencyMs: number];

/** Number of the newest tasks that a prediction uses: of the same kind, and of all kinds. */
const OF_KIND = 30;
export const OF_ALL = 200;

/** Weight of the median of all kinds, in tasks of the predicted kind. */
const PRIOR_TASKS = 2;

/** Average number of tasks per distinct value that a label needs to be used for prediction. */
const MIN_SHARING = 3;

/** Maximum number of labels used for prediction. */
const MAX_LABELS = 8;

/** Maximum length of a kind in characters; a longer one is replaced by its hash. */
const MAX_KIND_LENGTH = 64;

/**
 * The predicted log latency of a task: the median of its kind, shrunk towards the median of all kinds.
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

/** The values of the named labels as one short string; empty if none are named. */
export function kindOf(labels: Readonly<Record<string, string>>, names: readonly string[]): string {
  if (names.length === 0) return '';
  const text = JSON.stringify(names.map((name) => own(labels, name) ?? null));
  return text.length <= MAX_KIND_LENGTH ? text : hash('sha256', text).slice(0, 32);
}

/** Names of the labels used for prediction: their values vary, and are not nearly unique. */
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
