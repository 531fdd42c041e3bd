import type { Delta } from '../domain/delta.ts';
import type { DeltaEffect } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import { type LedgerView, trialOf } from '../ledger/view.ts';
import { trialEffect } from '../trial/effect.ts';
import { compareSamples, sampleOf } from '../trial/observe.ts';
import { describeMetrics } from '../trial/text/describe-effect.ts';
import { isOfThisFormat } from '../trial/trial.ts';
import { OBSERVED_TASKS } from './decision/changes.ts';

/** The effect of a delta, with what its open trial has found so far; `undefined` if nothing is known. */
export function effectOf(view: LedgerView, delta: Delta): Partial<DeltaEffect> | undefined {
  const trial = trialOf(view, delta.deltaId);
  if (trial === undefined || !isOfThisFormat(trial.plan)) return delta.effect;
  const { verdict: _, ...known } = trialEffect(undefined, trial);
  return { ...delta.effect, ...known };
}

/** Events for the deltas whose observation these tasks complete. */
export function observeEffects(
  view: LedgerView,
  fresh: readonly Task[],
  nowMs: number,
): LedgerEvent[] {
  const { observations } = view.pendingWork;
  if (observations.length === 0) return [];
  const recorded = view.head.counters.tasksRecorded + fresh.length;
  return observations
    .filter(({ tasksRecorded }) => recorded >= tasksRecorded + OBSERVED_TASKS)
    .flatMap(({ deltaId, tasksRecorded, sample }) => {
      const delta = view.delta(deltaId);
      if (delta === undefined) return [];
      const since = recorded - tasksRecorded;
      const after = [...view.newestTasks(since - fresh.length), ...fresh].slice(-since);
      const seen = sampleOf(after.slice(0, OBSERVED_TASKS));
      const metrics = compareSamples(sample, seen);
      const counts = `${sample.count} tasks before and ${seen.count} after`;
      const text = `Observed, ${counts}: ${describeMetrics(metrics)}`;
      const summary = `${delta.summary}${delta.summary === '' ? '' : '. '}${text}; no proof`;
      const tasksUsed = sample.count + seen.count;
      const effect = { verdict: 'observed', metrics, tasksUsed } as const;
      return { kind: 'delta_observed', deltaId, timeMs: nowMs, effect, summary } as const;
    });
}
