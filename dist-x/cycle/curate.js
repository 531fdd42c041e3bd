import { violationOf } from '../domain/parameters.js';
/**
 * Phase 3: decides on each scored candidate, in order.
 *
 * @param budget how many may still be put in force this hour
 */
export function curate(scored, settings, budget) {
    let left = budget;
    return scored.map(({ candidate, evaluation }) => {
        const objection = objectionTo(candidate, evaluation, settings);
        if (objection !== undefined) {
            return { candidate, evaluation, outcome: 'reject', summary: `Rejected: ${objection}` };
        }
        const hold = reasonToWait(candidate, evaluation, settings, left);
        if (hold !== undefined) {
            return { candidate, evaluation, outcome: 'propose', summary: `Waits for approval: ${hold}` };
        }
        left -= 1;
        return { candidate, evaluation, outcome: 'apply', summary: '' };
    });
}
function objectionTo({ rule, newValue }, evaluation, settings) {
    const { minScore, minConfidence, enforceMinConfidence } = settings.reflection;
    if (!evaluation.recommended) {
        return `score ${evaluation.overallScore} is below reflection.min_score ${minScore}`;
    }
    if (enforceMinConfidence && rule.confidence < minConfidence) {
        return `confidence ${rule.confidence} is below reflection.min_confidence ${minConfidence}`;
    }
    if (newValue === undefined)
        return undefined;
    const spec = Object.hasOwn(settings.parameters, rule.target)
        ? settings.parameters[rule.target]
        : undefined;
    return violationOf(spec, newValue);
}
function reasonToWait({ rule }, evaluation, { curation }, left) {
    if (evaluation.riskLevel === 'high')
        return 'its risk is high';
    if ((rule.mode ?? curation.mode) === 'recommend')
        return 'curation mode is recommend';
    if (left <= 0)
        return `${curation.maxDeltasPerHour} deltas were put in force in the last hour`;
    return undefined;
}
//# sourceMappingURL=curate.js.map