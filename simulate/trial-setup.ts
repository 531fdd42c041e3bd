import { DEFAULT_MARGIN, LATENCY, OUTCOME, SUCCESS } from '../src/domain/effect.ts';
import type { Task } from '../src/domain/task.ts';
import { SUFFICIENT } from '../src/trial/evidence/bets.ts';
import {
  clipsOf,
  formatOf,
  MEASURED_TASKS,
  measureHistory,
  measureLarge,
  measureOutcomeTimeout,
  measureScale,
  type TrialPlan,
} from '../src/trial/plan.ts';
import { tellingLabels } from '../src/trial/predict.ts';
import type { Flow } from './flow.ts';

/** One trial; its plan is measured from the tasks before its first one. */
export interface TrialSetup extends Flow {
  readonly assignment: TrialPlan['assignment'];
  readonly seed: string;
  readonly plan?: Partial<TrialPlan> | undefined;
  /** Ends with the promotion; by default, the trial goes on through probation. */
  readonly untilPromoted?: boolean;
  /** Ends after this many counted tasks; by default, the trial ends itself. */
  readonly maxUsed?: number;
}

/** The plan that the engine would make. */
export function planOf(setup: TrialSetup): TrialPlan {
  const tasks = tasksBefore(setup);
  const { seed, assignment, plan: wanted } = setup;
  const { predictBy = tellingLabels(tasks) } = wanted ?? {};
  return {
    format: formatOf(assignment),
    deltaId: seed,
    ruleId: 'rule',
    fingerprint: '',
    target: 'parameter',
    oldValue: 0,
    newValue: 1,
    retrialOf: undefined,
    assignment,
    seed,
    ...measureScale(tasks),
    primary: OUTCOME,
    guards: [SUCCESS, LATENCY].map((metric) => ({ ...metric, margin: DEFAULT_MARGIN })),
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    predictBy,
    history: measureHistory(tasks, predictBy),
    outcomeTimeoutMs: measureOutcomeTimeout(tasks),
    maxMs: Number.POSITIVE_INFINITY,
    sufficient: SUFFICIENT,
    probationTasks: 3000,
    probationMs: Number.POSITIVE_INFINITY,
    holdback: 0,
    clips: clipsOf(measureLarge(tasks)),
    large: measureLarge(tasks),
    carried: undefined,
    ...wanted,
  };
}

/** The newest tasks before a trial, oldest first. */
export function tasksBefore({ perform, from }: Flow): Task[] {
  const count = Math.min(from, MEASURED_TASKS);
  return Array.from({ length: count }, (_, place) => {
    const i = from - count + place;
    const { status, labels, measurements = {}, isUntimed, ...timed } = perform(i, 'old');
    const { latencyMs, reportMs = latencyMs } = timed;
    return {
      taskId: `before-${i}`,
      agentId: '',
      finishTimeMs: 0,
      deltaSequence: 0,
      status,
      labels,
      measurements,
      latencyMs: isUntimed === true ? undefined : latencyMs,
      reportMs: Number.isFinite(reportMs) ? reportMs : latencyMs,
    };
  });
}
