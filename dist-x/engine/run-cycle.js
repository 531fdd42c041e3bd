import { planCycle } from '../cycle/cycle.js';
import { sameValue } from '../domain/value.js';
import { summarize } from '../window/statistics.js';
import { Changes } from './changes.js';
/**
 * Proposals that may wait for a person at once: more than anybody reads, and a bound on what a
 * rule whose value changes with every cycle can pile up. The oldest expire first.
 */
const MAX_PENDING = 1000;
const HOUR_MS = 3_600_000;
/** One cycle as one decision: look, plan, and say what happened. */
export function runCycle(environment) {
    return (view) => {
        const { nowMs, newId, monotonic } = environment;
        const startedMs = monotonic();
        const changes = new Changes(view, nowMs);
        expireIn(view, changes, nowMs);
        const plan = planCycle(inputOf(view, environment));
        const number = view.head.counters.cycles + 1;
        const deltas = plan.decisions.map((decision) => carryOut(decision, changes, environment, number));
        const total = view.head.counters.deltasProposed + deltas.length;
        const cycle = {
            cycleId: newId(),
            number,
            startTimeMs: nowMs,
            durationMs: monotonic() - startedMs,
            tasksAnalyzed: plan.tasksAnalyzed,
            deltasProposed: deltas.length,
            deltasApplied: plan.decisions.filter(({ outcome }) => outcome === 'apply').length,
            totalDeltasHistory: total,
            // Every proposal is evaluated, once.
            totalEvaluations: total,
        };
        changes.events.push({ kind: 'cycle_completed', cycle });
        return {
            events: changes.events,
            result: (after) => ({
                cycle,
                deltas: deltas.map((delta) => after.delta(delta.deltaId) ?? delta),
                faults: plan.faults,
            }),
        };
    };
}
/** Ends the proposals that have waited too long, as a decision of its own. */
export function expireProposals(nowMs) {
    return (view) => {
        const changes = new Changes(view, nowMs);
        expireIn(view, changes, nowMs);
        return { events: changes.events, result: () => { } };
    };
}
/** When the rules may touch a parameter again; Unix time in milliseconds, 0: at once. */
export function restingUntil({ head }, { curation }, target) {
    const entry = Object.hasOwn(head.targets, target) ? head.targets[target] : undefined;
    if (entry === undefined)
        return 0;
    return Math.max(entry.holdUntilMs, entry.touchedMs + curation.cooldownSeconds * 1000);
}
function expireIn(view, changes, nowMs) {
    const waiting = [...view.pending()];
    const surplus = waiting.length - MAX_PENDING;
    for (const [index, { deltaId, expireTimeMs }] of waiting.entries()) {
        if (index < surplus || (expireTimeMs ?? nowMs) <= nowMs)
            changes.expire(deltaId);
    }
}
function inputOf(view, { settings, nowMs }) {
    const { head } = view;
    const { cycle, curation } = settings;
    const pending = [...view.pending()].filter(({ expireTimeMs }) => (expireTimeMs ?? 0) > nowMs);
    return {
        settings,
        window: view.taskCount < cycle.minTasks
            ? undefined
            : summarize(view.newestTasks(cycle.analysisWindow)),
        metrics: head.metrics?.report,
        metricsAgeMs: head.metrics === null ? undefined : nowMs - head.metrics.reportTimeMs,
        parameters: head.parameters,
        appliedLastHour: view.countAppliedSince(nowMs - HOUR_MS, curation.maxDeltasPerHour),
        isResting: (target) => restingUntil(view, settings, target) > nowMs,
        isPending: (ruleId, target, value) => pending.some((delta) => isSame(delta, ruleId, target, value)),
    };
}
function isSame(delta, ruleId, target, value) {
    if (delta.ruleId !== ruleId || delta.target !== target)
        return false;
    return delta.newValue === value || sameValue(delta.newValue, value);
}
function carryOut({ candidate, evaluation, outcome, summary }, changes, { settings, nowMs, newId }, cycleNumber) {
    const { rule, oldValue, newValue, reasoning } = candidate;
    const delta = changes.propose({
        deltaId: newId(),
        ruleId: rule.id,
        type: rule.type,
        operation: rule.operation,
        target: rule.target,
        oldValue,
        newValue,
        reasoning,
        confidence: rule.confidence,
        impact: rule.impact,
        proposeTimeMs: nowMs,
        cycleNumber,
        evaluation,
        expireTimeMs: outcome === 'propose' ? nowMs + settings.curation.proposalTtlSeconds * 1000 : undefined,
        revertsDeltaId: '',
        summary: outcome === 'propose' ? summary : '',
    });
    if (outcome === 'apply')
        changes.apply(delta);
    if (outcome === 'reject')
        changes.reject(delta.deltaId, summary);
    return delta;
}
//# sourceMappingURL=run-cycle.js.map