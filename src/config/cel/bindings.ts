import { type CelInput, celList, celMap } from '@bufbuild/cel';
import type { RuleContext } from '../../domain/rule.ts';
import type { Parameters, Value } from '../../domain/value.ts';
import type { WindowStatistics } from '../../domain/window.ts';

/**
 * The variable that takes the place of `metrics.values` where a rule reads a value by name: a value that was not
 * reported is 0. Plain `metrics.values`, as `has` and macros see it, holds only what was reported.
 */
export const METRIC_VALUES = '@metric_values';

/** Fields of `window`, with their names in `WindowStatistics`. */
export const WINDOW_FIELDS = {
  count: 'count',
  avg_latency_ms: 'avgLatencyMs',
  p50_latency_ms: 'p50LatencyMs',
  p95_latency_ms: 'p95LatencyMs',
  p99_latency_ms: 'p99LatencyMs',
  success_rate: 'successRate',
  statuses: 'statuses',
  measurements: 'measurements',
} as const satisfies Record<string, keyof WindowStatistics>;

/** Values of the variables of an expression. */
export type Bindings = Record<string, CelInput>;

/**
 * The variables of a rule's expressions, with their values in a context.
 *
 * @param initial initial values of the parameters that the config declares
 */
export function bindingsOf(context: RuleContext, initial: Parameters): Bindings {
  const metrics = context.metrics;
  const values = metrics?.values ?? {};
  return {
    window: celMap(new RecordView(windowFields(context.window))),
    metrics: celMap(
      new RecordView({
        sub_agent_count: metrics?.subAgentCount ?? 0,
        cpu_percent: metrics?.cpuPercent ?? 0,
        values,
      }),
    ),
    [METRIC_VALUES]: celMap(new ZeroFilledView(values)),
    parameters: celMap(new RecordView(context.parameters)),
    initial: celMap(new RecordView(initial)),
  };
}

function windowFields(window: WindowStatistics): Record<string, Value> {
  const fields: Record<string, Value> = {};
  for (const [name, key] of Object.entries(WINDOW_FIELDS)) fields[name] = window[key];
  return fields;
}

function toInput(value: Value): CelInput {
  if (typeof value !== 'object' || value === null) return value;
  // `isArray` does not narrow a union with a readonly list.
  if (Array.isArray(value)) return celList((value as readonly Value[]).map(toInput));
  return celMap(new RecordView(value as Readonly<Record<string, Value>>));
}

/** An object as a map of CEL. */
export function mapOf(record: Readonly<Record<string, Value>>): CelInput {
  return celMap(new RecordView(record));
}

/** A map view of an object, which is not copied: rules read a few fields of many. */
class RecordView implements ReadonlyMap<string, CelInput> {
  readonly #record: Readonly<Record<string, Value>>;

  constructor(record: Readonly<Record<string, Value>>) {
    this.#record = record;
  }

  get size(): number {
    return Object.keys(this.#record).length;
  }

  // Keys may be of any type: `1 in parameters` is a valid expression.
  get(key: unknown): CelInput | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#record, key)) return undefined;
    const value = this.#record[key];
    return value === undefined ? undefined : toInput(value);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  keys(): MapIterator<string> {
    return Object.keys(this.#record).values();
  }

  values(): MapIterator<CelInput> {
    return Object.values(this.#record).map(toInput).values();
  }

  entries(): MapIterator<[string, CelInput]> {
    const pairs = Object.entries(this.#record);
    return pairs.map(([key, value]): [string, CelInput] => [key, toInput(value)]).values();
  }

  [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries();
  }

  forEach(callback: (value: CelInput, key: string, map: ReadonlyMap<string, CelInput>) => void) {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}

class ZeroFilledView extends RecordView {
  override get(key: unknown): CelInput | undefined {
    return super.get(key) ?? (typeof key === 'string' ? 0 : undefined);
  }
}
