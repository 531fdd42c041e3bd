import type { LedgerEvent } from '../../ledger/event.ts';
import { type Projection, project } from '../../ledger/projection.ts';
import type { TrialStep } from '../../trial/step.ts';

/** What can change, as events name it: the routes of these names answer something else then. */
export const TOPICS = [
  'status',
  'deltas',
  'trials',
  'gains',
  'timeline',
  'parameters',
  'rules',
  'subscribers',
  'cycles',
  'config',
  'ledger',
] as const;
export type Topic = (typeof TOPICS)[number];

const OF_DELTA: readonly Topic[] = ['deltas', 'status', 'gains', 'timeline', 'parameters', 'rules'];

/** Whether a step does more than count a task. */
function isMove({ step }: TrialStep): boolean {
  return !['assign', 'outcome', 'late', 'missing', 'settle', 'acknowledged'].includes(step);
}

/** What an event changes. */
const CHANGED: Projection<[], readonly Topic[]> = {
  tasks_recorded: () => ['status', 'timeline'],
  task_ids_kept: () => [],
  metrics_reported: () => ['status'],
  delta_proposed: () => ['deltas', 'status', 'rules'],
  delta_applied: () => OF_DELTA,
  delta_rejected: () => OF_DELTA,
  delta_expired: () => OF_DELTA,
  delta_reverted: () => OF_DELTA,
  delta_refused: () => OF_DELTA,
  delta_withdrawn: () => OF_DELTA,
  delta_observed: () => OF_DELTA,
  trial_advanced: ({ receipts }) =>
    receipts.some(({ step }) => isMove(step)) ? ['trials', ...OF_DELTA] : ['trials'],
  trials_paused: () => ['trials', 'status'],
  delta_acknowledged: () => ['subscribers'],
  cycle_completed: () => ['cycles', 'status', 'rules', 'gains'],
  parameters_declared: () => ['parameters'],
  parameters_retired: () => ['parameters'],
  search_advanced: () => ['status', 'parameters'],
  clock_set: () => ['status'],
};

/** What the events of a commit change. */
export function topicsOf(events: readonly LedgerEvent[]): ReadonlySet<Topic> {
  const topics = new Set<Topic>();
  for (const event of events) for (const topic of project(CHANGED, event)) topics.add(topic);
  return topics;
}
