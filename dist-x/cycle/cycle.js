import { curate } from './curate.js';
import { generate } from './generate.js';
import { reflect } from './reflect.js';
/** One cycle: generate, reflect, curate. */
export function planCycle(input) {
    const { settings, window, metrics, parameters } = input;
    if (window === undefined)
        return { tasksAnalyzed: 0, decisions: [], faults: [] };
    const { candidates, faults } = generate({ ...input, context: { window, metrics, parameters } });
    const scored = candidates.map((candidate) => ({
        candidate,
        evaluation: reflect({ ...candidate.rule, reasoning: candidate.reasoning }, settings.reflection),
    }));
    const decisions = curate(scored, settings, budgetOf(input));
    return { tasksAnalyzed: window.count, decisions, faults };
}
function budgetOf({ settings, appliedLastHour }) {
    const { maxDeltasPerHour } = settings.curation;
    return maxDeltasPerHour === 0 ? Number.POSITIVE_INFINITY : maxDeltasPerHour - appliedLastHour;
}
//# sourceMappingURL=cycle.js.map