import { TASK_STATUSES } from '../../domain/task.ts';
import type { UtilityTask } from '../../domain/utility.ts';
import { type Bindings, mapOf } from './bindings.ts';
import type { Scope } from './names.ts';

/** What a utility may name. */
export const TASK_SCOPE: Scope = {
  variables: ['status', 'latency_ms', 'measurements'],
  fields: new Map(),
};

/** A task as a utility sees it. A latency that was not reported has no value: what reads it cannot be computed. */
export function taskBindings({ status, latencyMs, measurements }: UtilityTask): Bindings {
  const latency = latencyMs === undefined ? {} : { latency_ms: latencyMs };
  return { status, ...latency, measurements: mapOf(measurements) };
}

/** Tasks to try expressions on; they have every measurement in `names`. */
export function taskSamples(names: Iterable<string>): readonly Bindings[] {
  const keys = [...names];
  return TASK_STATUSES.flatMap((status) =>
    [1.5, 0, 120_000].map((value) =>
      taskBindings({
        status,
        latencyMs: value,
        measurements: Object.fromEntries(keys.map((key) => [key, value])),
      }),
    ),
  );
}
