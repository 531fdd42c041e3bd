import type { Guard, Metric } from '../../../src/domain/effect.ts';
import { type MetricEvidence, noEvidence } from '../../../src/trial/evidence/evidence.ts';
import { startTrial, type Trial } from '../../../src/trial/trial.ts';
import { judge } from '../../../src/trial/verdict.ts';
import { planOf, SCALE } from './trial-bench.ts';

export interface Shown {
  /** E-values of the pairs, and of the groups alone. */
  readonly harm?: number;
  readonly help?: number;
  readonly groupHarm?: number;
  /** Highest e-values: of help, and that a guard is not worse by its margin. */
  readonly peak?: number;
  readonly proven?: number;
  /** Median log ratio, or difference of a measurement; positive is worse. */
  readonly difference?: number;
  /** Of all sets. */
  readonly successLost?: number;
  readonly tasks?: number;
  /** Totals with the old value and with the new one. */
  readonly sums?: readonly [old: number, fresh: number];
}

/** Evidence that has come to this, whatever its pairs were. */
export function shown(metric: Metric | Guard, fields: Shown = {}): MetricEvidence {
  const { harm = 1, help = 1, groupHarm = 1, tasks = 60, sums = [100, 100] } = fields;
  const { peak = help, proven = 1, difference = 0, successLost = 0 } = fields;
  return {
    ...noEvidence(metric, SCALE),
    mixed: { harm: [harm], help: [help], sizes: [] },
    strata: [],
    groups: { harm: [groupHarm], help: [1], sizes: [] },
    peaks: { help: peak, notWorse: proven },
    differences: [difference],
    successLost,
    sums: { old: sums[0], new: sums[1] },
    tasksOld: Math.floor(tasks / 2),
    tasksNew: Math.ceil(tasks / 2),
    sets: tasks / 2,
  };
}

/** A trial that has come to this; every outcome is in. */
export function trialWith(evidence: readonly MetricEvidence[], fields: Partial<Trial> = {}): Trial {
  const [primary, ...guards] = evidence.map(({ metric }) => metric);
  const plan = planOf(primary && { primary, guards: guards as Guard[] });
  const start = startTrial(plan, { timeMs: 0, commitment: '' });
  const tasks = { tasksUsed: 60, assigned: 60, dispatched: 60, expected: { old: 30, new: 30 } };
  return { ...start, ...tasks, evidence, arrival: evidence, ...fields };
}

export function verdictOf(trial: Trial, nowMs = 1): string {
  return judge(trial, nowMs)?.verdict ?? 'goes on';
}
