import type { Metric } from '../../domain/effect.ts';
import type { Task } from '../../domain/task.ts';
import { own } from '../../domain/value.ts';
import type { Arm } from '../arm.ts';
import { mean } from '../evidence/distributions.ts';
import type { Outcome } from '../evidence/outcome.ts';

/** Returns an outcome, with the effect added if the arm is the one that gets it. */
export type AddEffect = (outcome: Outcome, arm: Arm, effect: number) => Outcome;

/** Creates a function that adds an effect to outcomes: the old value is worse than the new one in the metric. */
export function addEffectOf(
  metric: Metric,
  tasks: readonly Task[],
  random: () => number,
): AddEffect {
  switch (metric.kind) {
    case 'outcome':
    case 'latency':
      return (outcome, arm, factor) =>
        arm === 'old' && outcome.latencyMs !== undefined
          ? { ...outcome, latencyMs: outcome.latencyMs * factor }
          : outcome;
    case 'success':
      return changeSuccess(tasks, random);
    case 'measurement':
      return changeMeasurement(metric, tasks);
  }
}

function changeSuccess(tasks: readonly Task[], random: () => number): AddEffect {
  const rate = mean(tasks.map(({ status }) => (status === 'success' ? 1 : 0)));
  if (rate >= 0.5) {
    return (outcome, arm, share) =>
      arm === 'old' && outcome.status === 'success' && random() < share / rate
        ? { ...outcome, status: 'failure' }
        : outcome;
  }
  // Few successes: failures of the new value are turned into successes instead.
  return (outcome, arm, share) =>
    arm === 'new' && outcome.status !== 'success' && random() < share / (1 - rate)
      ? { ...outcome, status: 'success' }
      : outcome;
}

function changeMeasurement({ name, better }: Metric, tasks: readonly Task[]): AddEffect {
  const values = tasks.flatMap(({ measurements }) => own(measurements, name) ?? []);
  const size = mean(values.map(Math.abs)) * (better === 'lower' ? 1 : -1);
  return (outcome, arm, part) => {
    const value = own(outcome.measurements, name);
    if (arm === 'new' || value === undefined) return outcome;
    return { ...outcome, measurements: { ...outcome.measurements, [name]: value + part * size } };
  };
}
