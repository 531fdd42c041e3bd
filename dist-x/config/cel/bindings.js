import { celList, celMap } from '@bufbuild/cel';
/**
 * `metrics.values` where a rule asks for one of them by name: what was not reported is 0. Plain
 * `metrics.values`, as `has` and macros see it, holds only what was reported.
 */
export const METRIC_VALUES = '@metric_values';
/** A rule's context as its expressions see it. */
export function bindingsOf(context) {
    const metrics = context.metrics;
    const values = metrics?.values ?? {};
    return {
        window: celMap(new RecordView(windowFields(context.window))),
        metrics: celMap(new RecordView({
            sub_agent_count: metrics?.subAgentCount ?? 0,
            cpu_percent: metrics?.cpuPercent ?? 0,
            values,
        })),
        [METRIC_VALUES]: celMap(new ZeroFilledView(values)),
        parameters: celMap(new RecordView(context.parameters)),
    };
}
function windowFields(window) {
    return {
        count: window.count,
        avg_latency_ms: window.avgLatencyMs,
        p50_latency_ms: window.p50LatencyMs,
        p95_latency_ms: window.p95LatencyMs,
        p99_latency_ms: window.p99LatencyMs,
        success_rate: window.successRate,
        statuses: window.statuses,
        measurements: window.measurements,
    };
}
function toInput(value) {
    if (typeof value !== 'object' || value === null)
        return value;
    // `isArray` does not narrow a union with a readonly list.
    if (Array.isArray(value))
        return celList(value.map(toInput));
    return celMap(new RecordView(value));
}
/** An object read as a map without being copied: rules read a few fields of many. */
class RecordView {
    #record;
    constructor(record) {
        this.#record = record;
    }
    get size() {
        return Object.keys(this.#record).length;
    }
    // Asked with keys of any type: `1 in parameters` is a question like any other.
    get(key) {
        if (typeof key !== 'string' || !Object.hasOwn(this.#record, key))
            return undefined;
        const value = this.#record[key];
        return value === undefined ? undefined : toInput(value);
    }
    has(key) {
        return this.get(key) !== undefined;
    }
    keys() {
        return Object.keys(this.#record).values();
    }
    values() {
        return Object.values(this.#record).map(toInput).values();
    }
    entries() {
        const pairs = Object.entries(this.#record);
        return pairs.map(([key, value]) => [key, toInput(value)]).values();
    }
    [Symbol.iterator]() {
        return this.entries();
    }
    forEach(callback) {
        for (const [key, value] of this.entries())
            callback(value, key, this);
    }
}
class ZeroFilledView extends RecordView {
    get(key) {
        return super.get(key) ?? (typeof key === 'string' ? 0 : undefined);
    }
}
//# sourceMappingURL=bindings.js.map