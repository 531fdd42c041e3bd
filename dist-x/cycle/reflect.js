const RISK_OF = {
    remove: 'high',
    modify: 'medium',
    add: 'low',
    adjust: 'low',
};
/** A guess by type, and labelled as one wherever it is shown. */
const ESTIMATED_BENEFIT = {
    coordination: 'Potential latency improvement: ~10-15%',
    resource: 'Better resource utilization, reduced contention',
    metric: 'More realistic performance targets',
    strategy: 'Unknown benefit',
};
/** Words that make a reasoning better, in groups; each group counts once. Case matters. */
const QUALITY_SIGNS = [
    [['observed', '%'], 0.2],
    [['system', 'performance'], 0.15],
    [['because', 'therefore'], 0.15],
];
/**
 * Phase 2: scores one delta. `overallScore` = confidence × weight + reasoning quality × weight +
 * impact points + risk points, clamped to 0..100; a negative impact wipes out what was scored
 * before it.
 */
export function reflect(delta, settings) {
    const { weights } = settings;
    const riskLevel = RISK_OF[delta.operation];
    const quality = reasoningQuality(delta.reasoning);
    const confidencePoints = delta.confidence * weights.confidence;
    const reasoningPoints = quality * weights.reasoning;
    const impactPoints = pointsOfImpact(delta.impact, weights);
    const riskPoints = pointsOfRisk(riskLevel, weights);
    const argued = delta.impact === 'negative' ? 0 : confidencePoints + reasoningPoints + impactPoints;
    const overallScore = Math.min(Math.max(argued + riskPoints, 0), 100);
    return {
        overallScore,
        recommended: overallScore >= settings.minScore,
        reasoning: [
            `Confidence: ${plain(delta.confidence * 100)}% = ${plain(confidencePoints)}pts`,
            `Reasoning: ${plain(quality)} = ${plain(reasoningPoints)}pts`,
            `Impact: ${delta.impact} = ${plain(impactPoints)}pts`,
            `Risk: ${riskLevel} = ${plain(riskPoints)}pts`,
        ].join('; '),
        riskLevel,
        estimatedBenefit: ESTIMATED_BENEFIT[delta.type],
    };
}
/** 0.5 and a gain for each group of signs found in the text; at most 1. */
export function reasoningQuality(text) {
    let quality = 0.5;
    for (const [words, gain] of QUALITY_SIGNS) {
        if (words.some((word) => text.includes(word)))
            quality += gain;
    }
    return Math.min(quality, 1);
}
function pointsOfImpact(impact, weights) {
    return { positive: weights.impact, neutral: weights.impact / 2, negative: 0 }[impact];
}
function pointsOfRisk(risk, weights) {
    return { low: weights.risk, medium: weights.risk / 2, high: 0 }[risk];
}
/** At most two decimals, none where none are needed. */
function plain(value) {
    return String(Number(value.toFixed(2)));
}
//# sourceMappingURL=reflect.js.map