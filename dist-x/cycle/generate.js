import { limitValue } from '../domain/parameters.js';
import { sameValue } from '../domain/value.js';
/**
 * Phase 1: what the rules propose, in their order. Of two rules with one target, the first that
 * fires in a cycle has it.
 */
export function generate(input) {
    const candidates = [];
    const faults = [];
    const taken = new Set();
    for (const rule of input.settings.rules) {
        if (taken.has(rule.target) || input.isResting(rule.target))
            continue;
        if (rule.usesMetrics && areStale(input))
            continue;
        try {
            const candidate = propose(rule, input);
            if (candidate === undefined)
                continue;
            candidates.push(candidate);
            taken.add(rule.target);
        }
        catch (error) {
            faults.push({
                ruleId: rule.id,
                message: error instanceof Error ? error.message : `${error}`,
            });
        }
    }
    return { candidates, faults };
}
function areStale({ settings, metricsAgeMs }) {
    const { maxAgeSeconds } = settings.metrics;
    return maxAgeSeconds > 0 && !(metricsAgeMs !== undefined && metricsAgeMs <= maxAgeSeconds * 1000);
}
function propose(rule, input) {
    const { settings, context } = input;
    if (!rule.when(context))
        return undefined;
    const current = own(context.parameters, rule.target);
    const raw = rule.newValue(context);
    const newValue = raw === undefined ? undefined : limitValue(own(settings.parameters, rule.target), current, raw);
    if (settings.curation.suppressUnchanged && sameOrAbsent(current, newValue))
        return undefined;
    if (input.isPending(rule.id, rule.target, newValue))
        return undefined;
    return {
        rule,
        oldValue: rule.oldValue === undefined ? current : rule.oldValue(context),
        newValue,
        reasoning: rule.reasoning(context),
    };
}
function sameOrAbsent(a, b) {
    return (a === undefined && b === undefined) || sameValue(a, b);
}
function own(record, key) {
    return Object.hasOwn(record, key) ? record[key] : undefined;
}
//# sourceMappingURL=generate.js.map